// The state of one dialog (RFC 3261 §12): who, in which order, and by which way its requests travel.
import { splitList } from '../message/grammar.ts';
import { SipHeaders } from '../message/headers.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import { parseNameAddress } from '../message/name-address.ts';
import { ParseFailure } from '../message/parse-failure.ts';
import { parseSipUri } from '../message/uri.ts';
import { endpointOf, type SipPeer, towards } from '../transport/sip-endpoint.ts';

interface RemoteTarget {
  readonly uri: string;
  readonly address: SipPeer;
}

export interface DialogState {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** True on the side that sent the INVITE, and so chose the Call-ID. */
  readonly isCaller: boolean;
  /** From of our requests, with our tag. */
  readonly localParty: string;
  /** To of our requests, with the peer's tag. */
  readonly remoteParty: string;
  /** Our own Contact. */
  readonly contact: string;
  /** Fixed once the dialog is confirmed; an early one's is taken anew from the 2xx (§13.2.2.4). */
  routeSet: readonly string[];
  /** The peer's Contact; a target refresh replaces it (§12.2). */
  target: RemoteTarget;
  /** CSeq of our latest request. */
  localSequence: number;
  /** CSeq of the peer's latest request, undefined before the first. */
  remoteSequence: number | undefined;
  /** Whether the peer said that it takes UPDATE (RFC 3311 §4). */
  takesUpdate: boolean;
  /** Used where the peer's Contact or Record-Route names nothing we can reach: where its message came from. */
  readonly peer: SipPeer;
}

/** Dialog of the calling side, from our INVITE and a response to it (§12.1.2). */
export function dialogFromResponse(invite: SipRequest, response: SipResponse, peer: SipPeer): DialogState {
  return {
    callId: invite.headers.callId,
    localTag: invite.headers.from.tag ?? '',
    remoteTag: response.headers.to.tag ?? '',
    isCaller: true,
    localParty: invite.headers.get('From') ?? '',
    remoteParty: response.headers.get('To') ?? '',
    contact: invite.headers.get('Contact') ?? '',
    routeSet: recordRoute(response.headers).reverse(),
    target: contactTarget(response.headers) ?? { uri: invite.requestUri, address: peer },
    localSequence: invite.headers.cseq.sequence,
    remoteSequence: undefined,
    takesUpdate: allowsUpdate(response.headers) ?? false,
    peer,
  };
}

/** Takes over what the 2xx says about an early dialog: its route set and target are the ones that count (§13.2.2.4). */
export function confirmDialog(dialog: DialogState, response: SipResponse): void {
  dialog.routeSet = recordRoute(response.headers).reverse();
  refreshTarget(dialog, response.headers);
}

/** Dialog of the called side, from the received INVITE (§12.1.1). */
export function dialogFromRequest(
  invite: SipRequest,
  localTag: string,
  contact: string,
  peer: SipPeer,
): DialogState {
  const { headers } = invite;
  return {
    callId: headers.callId,
    localTag,
    remoteTag: headers.from.tag ?? '',
    isCaller: false,
    localParty: `${headers.get('To') ?? ''};tag=${localTag}`,
    remoteParty: headers.get('From') ?? '',
    contact,
    routeSet: recordRoute(headers),
    target: contactTarget(headers) ?? { uri: headers.from.uri, address: peer },
    localSequence: 0,
    remoteSequence: headers.cseq.sequence,
    takesUpdate: allowsUpdate(headers) ?? false,
    peer,
  };
}

/**
 * Start of a request inside the dialog: request line, Via, routes, parties, Call-ID, CSeq (§12.2.1.1).
 *
 * @param sequence the CSeq number: `nextSequence`'s, except for ACK, which repeats that of its INVITE
 */
export function dialogRequest(
  dialog: DialogState,
  method: string,
  via: string,
  sequence: number,
): { request: SipRequest; destination: SipPeer } {
  const { requestUri, routes, destination } = routing(dialog);
  const headers = new SipHeaders([], [], []);
  headers.append('Via', via);
  for (const route of routes) headers.append('Route', route);
  headers.append('Max-Forwards', '70');
  headers.append('From', dialog.localParty);
  headers.append('To', dialog.remoteParty);
  headers.append('Call-ID', dialog.callId);
  headers.append('CSeq', `${sequence} ${method}`);
  return {
    request: { kind: 'request', method, requestUri, headers, body: '' },
    destination,
  };
}

export function nextSequence(dialog: DialogState): number {
  dialog.localSequence++;
  return dialog.localSequence;
}

function routing(dialog: DialogState): {
  requestUri: string;
  routes: readonly string[];
  destination: SipPeer;
} {
  const { routeSet, target, peer } = dialog;
  const targetAddress = towards(target.address, peer);
  const first = routeSet[0];
  if (first === undefined) return { requestUri: target.uri, routes: [], destination: targetAddress };
  const firstUri = routeUri(first);
  if (firstUri === undefined) return { requestUri: target.uri, routes: routeSet, destination: peer };
  const destination = towards(addressOf(firstUri) ?? peer, peer);
  if (isLoose(firstUri)) return { requestUri: target.uri, routes: routeSet, destination };
  // A strict router (RFC 2543) wants itself in the request line and the target at the end of the routes.
  return { requestUri: firstUri, routes: [...routeSet.slice(1), `<${target.uri}>`], destination };
}

function isLoose(uri: string): boolean {
  try {
    return parseSipUri(uri).parameter('lr') !== undefined;
  } catch (error) {
    return asUnreadable(error, true);
  }
}

function routeUri(route: string): string | undefined {
  try {
    return parseNameAddress(route).uri;
  } catch (error) {
    return asUnreadable(error, undefined);
  }
}

function addressOf(uri: string): SipPeer | undefined {
  try {
    return endpointOf(parseSipUri(uri));
  } catch (error) {
    return asUnreadable(error, undefined);
  }
}

function recordRoute(headers: SipHeaders): string[] {
  try {
    return headers.fields('record-route').flatMap((field) => splitList(field));
  } catch (error) {
    return asUnreadable(error, []);
  }
}

/** The peer's Contact, where it is a SIP URI. */
function contactTarget(headers: SipHeaders): RemoteTarget | undefined {
  try {
    const uri = headers.contact?.uri;
    const address = uri === undefined ? undefined : addressOf(uri);
    return uri === undefined || address === undefined ? undefined : { uri, address };
  } catch (error) {
    return asUnreadable(error, undefined);
  }
}

/** undefined: the message has no Allow and so says nothing. */
function allowsUpdate(headers: SipHeaders): boolean | undefined {
  const allow = headers.fields('allow');
  return allow.length === 0 ? undefined : allow.some((field) => field.toUpperCase().includes('UPDATE'));
}

/** Takes over a changed Contact and Allow of the peer, as INVITE, UPDATE and their 2xx may bring (§12.2, RFC 3311 §5). */
export function refreshTarget(dialog: DialogState, headers: SipHeaders): void {
  dialog.target = contactTarget(headers) ?? dialog.target;
  dialog.takesUpdate = allowsUpdate(headers) ?? dialog.takesUpdate;
}

/** A dialog exists once the 2xx is there, however badly its peer writes addresses; only then it falls back. */
function asUnreadable<T>(error: unknown, otherwise: T): T {
  if (error instanceof ParseFailure) return otherwise;
  throw error;
}
