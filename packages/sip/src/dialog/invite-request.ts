// What an INVITE is asked for with, what it then says, and the CANCEL that stops it. Sent by `outgoing-invite.ts`.
import type { DigestClient } from '../auth/digest-client.ts';
import { type HeaderList, SipHeaders } from '../message/headers.ts';
import type { SipBody, SipRequest, SipResponse } from '../message/message.ts';
import { requirePrintable } from '../message/printable.ts';
import {
  DEFAULT_INTERVAL_SECONDS,
  requestTerms,
  type SessionTimerPolicy,
} from '../session/session-timer-terms.ts';
import type { SipEndpoint } from '../transport/sip-endpoint.ts';
import {
  type CallerIdentity,
  type CallParty,
  contactUser,
  identityHeaders,
  shownParty,
} from './caller-identity.ts';
import type { EarlyDialog, SessionCallbacks } from './invite-dialog.ts';
import { appendOwnHeaders, formatNameAddress, requireUri } from './own-headers.ts';
import { allowedMethods, contactFor, type UserAgentCore, viaFor } from './user-agent-core.ts';

/** Media before the answer: announcements, ringing tones, or a person speaking too soon (RFC 3960). */
export interface EarlyMedia {
  /** The provisional status that brought it, usually 183. */
  readonly status: number;
  /** Usually the answer to our offer; the offer itself where the INVITE had none. */
  readonly body: SipBody;
  /** Tells forks apart. */
  readonly remoteTag: string;
  /** Sent with 100rel: then it is the answer, and the 2xx brings no other (RFC 3261 §13.2.1). */
  readonly isReliable: boolean;
}

export interface OutgoingInviteRequest extends SessionCallbacks {
  /** Where the INVITE is sent: the next hop, not necessarily the host of the Request-URI. */
  target: SipEndpoint;
  requestUri: string;
  from: CallParty;
  to: CallParty;
  /** Chosen by the caller, who may have to store it before the INVITE leaves. */
  callId: string;
  headers?: HeaderList;
  /** Our offer. Without one the far end makes it, and `onOffer` answers. */
  body?: SipBody;
  /** Answers 401 and 407: MD5, SHA-256, SHA-512-256 and their session variants, qop auth and auth-int. */
  credentials?: { username: string; password: string };
  /** Who the far end is told is calling. */
  identity?: CallerIdentity;
  /**
   * Value of an Identity header field (RFC 8224), asked for before the INVITE leaves. What it throws becomes a fault, and the call goes
   * out unsigned.
   */
  sign?: () => Promise<string>;
  /** Reliable provisional responses (RFC 3262). Default `supported`. */
  reliability?: 'off' | 'supported' | 'required';
  /** Session timer (RFC 4028). Default: 1800 s, refreshed by whom the far end chooses. */
  sessionTimer?: SessionTimerPolicy | 'off';
  /** 101–199 in order, with a body or without; not after `cancel()`. The dialog is there when the response has a To tag. */
  onProvisional?: (response: SipResponse, dialog: EarlyDialog | undefined) => void;
  /** A provisional response described a session. Called after `onProvisional`, for each one that does. */
  onEarlyMedia?: (media: EarlyMedia) => void;
}

/** What changes from one INVITE of a call to the next. */
export interface InviteTurn {
  readonly sequence: number;
  readonly branch: string;
  readonly fromTag: string;
  /** Shortest session interval that every hop takes, seconds (RFC 4028 Min-SE). */
  readonly leastSeconds: number;
  /** Value of the Identity header field. */
  readonly signature: string | undefined;
  readonly credentials: (subject: Parameters<DigestClient['authorize']>[0]) => HeaderList;
}

/** @throws {UnusableHeader} when something given would break the message */
export function inviteRequest(
  core: UserAgentCore,
  options: OutgoingInviteRequest,
  turn: InviteTurn,
): SipRequest {
  const { from, to, body, identity, sessionTimer, reliability = 'supported' } = options;
  const headers = new SipHeaders([], [], []);
  headers.append('Via', viaFor(core, turn.branch));
  headers.append('Max-Forwards', '70');
  headers.append('From', `${formatNameAddress('From', shownParty(from, identity))};tag=${turn.fromTag}`);
  headers.append('To', formatNameAddress('To', to));
  headers.append('Call-ID', requirePrintable('Call-ID', options.callId));
  headers.append('CSeq', `${turn.sequence} INVITE`);
  headers.append('Contact', contactFor(core, contactUser(from, identity), options.target));
  headers.append('Allow', allowedMethods(options));
  if (reliability === 'required') headers.append('Require', '100rel');
  const hasTimer = sessionTimer !== 'off';
  const supported = [...(reliability === 'off' ? [] : ['100rel']), ...(hasTimer ? ['timer'] : [])];
  if (supported.length > 0) headers.append('Supported', supported.join(', '));
  if (hasTimer) appendAll(headers, timerTerms(sessionTimer, turn.leastSeconds));
  appendAll(headers, identityHeaders(identity));
  if (turn.signature !== undefined) headers.append('Identity', turn.signature);
  const { requestUri } = options;
  const content = body?.content ?? '';
  appendAll(headers, turn.credentials({ method: 'INVITE', requestUri, body: content }));
  appendOwnHeaders(headers, {
    headers: options.headers,
    body,
    agentHeader: 'User-Agent',
    agentName: core.userAgentName,
  });
  return {
    kind: 'request',
    method: 'INVITE',
    requestUri: requireUri('Request-URI', requestUri),
    headers,
    body: content,
  };
}

function appendAll(headers: SipHeaders, list: HeaderList): void {
  for (const [name, value] of list) headers.append(name, value);
}

function timerTerms(policy: SessionTimerPolicy | undefined, leastSeconds: number): HeaderList {
  const { intervalSeconds = DEFAULT_INTERVAL_SECONDS, refresher } = policy ?? {};
  return requestTerms({
    seconds: Math.max(intervalSeconds, leastSeconds),
    minSeconds: leastSeconds,
    refresher: refresher === undefined ? undefined : refresher === 'local' ? 'uac' : 'uas',
  });
}

/** Same Request-URI, Call-ID, To, From, CSeq number, Route and branch as the INVITE (RFC 3261 §9.1). */
export function cancelRequest(invite: SipRequest, reason: string | undefined): SipRequest {
  const { headers: same, requestUri } = invite;
  const headers = new SipHeaders([], [], []);
  headers.append('Via', same.topViaValue);
  for (const route of same.fields('route')) headers.append('Route', route);
  headers.append('Max-Forwards', '70');
  headers.append('From', same.get('From') ?? '');
  headers.append('To', same.get('To') ?? '');
  headers.append('Call-ID', same.get('Call-ID') ?? '');
  headers.append('CSeq', `${same.cseq.sequence} CANCEL`);
  if (reason !== undefined) headers.append('Reason', reason);
  return { kind: 'request', method: 'CANCEL', requestUri, headers, body: '' };
}
