// What the dialogs need from the user agent that owns them: time, randomness, transactions, its own address, a directory.
import type { DigestClients } from '../auth/digest-client.ts';
import type { Clock } from '../clock.ts';
import type { Directory } from '../directory.ts';
import type { SipFault } from '../errors.ts';
import type { SipRequest } from '../message/message.ts';
import { MAGIC_COOKIE } from '../message/via.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import type { TransactionLayer } from '../transaction/transaction-layer.ts';
import type { SipEndpoint } from '../transport/sip-endpoint.ts';
import type { LateAnswers } from './late-answers.ts';

/** Methods this user agent understands, for Allow. */
export const ALLOWED_METHODS = 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, NOTIFY';

/** The same for one call, which takes REFER where the application does. */
export function allowedMethods(callbacks: { readonly onTransfer?: unknown }): string {
  return callbacks.onTransfer === undefined ? ALLOWED_METHODS : `${ALLOWED_METHODS}, REFER`;
}

/** Extensions this user agent understands, for Supported; what a peer may Require (RFC 3262, RFC 4028). */
export const SUPPORTED_OPTIONS: readonly string[] = ['100rel', 'timer'];

/** Whatever receives the requests of one dialog. */
export interface DialogMember {
  receiveRequest(request: SipRequest, transaction: ServerTransaction): void;
  receiveAck(ack: SipRequest): void;
  /** The user agent closes: say goodbye once, wait for nothing. */
  closeNow(): void;
}

/** A call being set up, which must end when the user agent does. */
export interface PendingCall {
  closeNow(): void;
}

export interface UserAgentCore {
  readonly clock: Clock;
  readonly randomHex: (bytes: number) => string;
  readonly transactions: TransactionLayer;
  /** host:port as peers see it. The transport layer puts another in its place where a message leaves by another way. */
  readonly sentBy: string;
  /** host:port, and the transport parameter where it is not UDP, at which that peer reaches us. */
  contactAddress(peer: SipEndpoint): string;
  readonly userAgentName: string | undefined;
  /** By `dialogKey`. */
  readonly dialogs: Directory<DialogMember>;
  readonly digests: DigestClients;
  /** By our tag. */
  readonly pendingCalls: Directory<PendingCall>;
  readonly lateAnswers: LateAnswers;
  readonly report: (fault: SipFault) => void;
  /** Runs a callback of the application; what it throws becomes a fault. */
  readonly invoke: (callback: string, run: () => void) => void;
}

export function newBranch(core: UserAgentCore): string {
  return MAGIC_COOKIE + core.randomHex(10);
}

export function viaFor(core: UserAgentCore, branch: string): string {
  return `SIP/2.0/UDP ${core.sentBy};rport;branch=${branch}`;
}

export function newTag(core: UserAgentCore): string {
  return core.randomHex(8);
}

/**
 * Our Contact as `peer` can reach it, with the user of the URI we are called by, so that peers who match on it find us.
 */
export function contactFor(core: UserAgentCore, ownUri: string, peer: SipEndpoint): string {
  return `<sip:${userPrefix(ownUri)}${core.contactAddress(peer)}>`;
}

/** `user@` as it stands in the URI, or nothing when it has none or is not written as a SIP user must be. */
function userPrefix(uri: string): string {
  if (!uri.startsWith('sip:') && !uri.startsWith('sips:')) return '';
  const start = uri.indexOf(':') + 1;
  const at = uri.indexOf('@', start);
  for (let index = start; index < at; index++) {
    if (!USER_CHARACTERS.includes(uri[index] as string)) return '';
  }
  return uri.slice(start, at + 1);
}

/** unreserved, escaped and user-unreserved of RFC 3261 §25.1; no ":", so a password is never repeated. */
const USER_CHARACTERS = "+0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.!~*'()%&=$,;?/";
