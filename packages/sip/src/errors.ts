// Everything this package throws or rejects with, apart from ParseFailure. Each type is one cause a caller may act on.
import type { SipResponse } from './message/message.ts';

/** The listening address cannot be had; thrown by `openUserAgent`. */
export class SipPortUnavailable extends Error {
  override readonly name = 'SipPortUnavailable';
  readonly host: string;
  readonly port: number;
  /** Code of the socket error: EADDRINUSE, EACCES, EADDRNOTAVAIL. */
  readonly code: string;

  constructor(host: string, port: number, code: string, cause: unknown) {
    super(
      `cannot listen for SIP on UDP ${host}:${port} (${code}): ${REMEDIES[code] ?? 'choose another address'}`,
      {
        cause,
      },
    );
    this.host = host;
    this.port = port;
    this.code = code;
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses the port; stop it, or choose another port (0 picks a free one)',
  EACCES: 'this user may not use the port; choose one above 1023, or grant the right to bind low ports',
  EADDRNOTAVAIL: 'this machine has no such address; choose one of its own, or 127.0.0.1',
};

/** The INVITE got a final answer from 300 to 699. */
export class InviteRejected extends Error {
  override readonly name = 'InviteRejected';
  readonly response: SipResponse;
  readonly status: number;
  /** The reason phrase. */
  readonly reason: string;

  constructor(response: SipResponse) {
    super(`the INVITE was answered with ${response.status} ${response.reason}`);
    this.response = response;
    this.status = response.status;
    this.reason = response.reason;
  }
}

/** No answer at all within 64·T1 (RFC 3261 timer B). A 2xx that still comes is acknowledged and hung up. */
export class InviteTimedOut extends Error {
  override readonly name = 'InviteTimedOut';
  constructor() {
    super('no response to the INVITE within 32 s; is the target address right and reachable?');
  }
}

/** The INVITE could not be sent: unresolvable host, unreachable network, or the user agent was closed. */
export class InviteTransportError extends Error {
  override readonly name = 'InviteTransportError';
  constructor(cause: Error) {
    super(`the INVITE could not be sent: ${cause.message}`, { cause });
  }
}

/** Why a request got no response: `close()` was called on its user agent. Appears as a `cause`. */
export class UserAgentClosed extends Error {
  override readonly name = 'UserAgentClosed';
  constructor() {
    super('the user agent was closed');
  }
}

/** `cancel()` was called, and the call did not come about. */
export class InviteCancelled extends Error {
  override readonly name = 'InviteCancelled';
  constructor() {
    super('the INVITE was cancelled');
  }
}

/** An incoming INVITE can no longer be answered or rejected: it was already, or its caller gave up. */
export class InviteNotPending extends Error {
  override readonly name = 'InviteNotPending';
  readonly because: 'answered' | 'rejected' | 'ignored' | 'cancelled' | 'transportError' | 'closed';
  constructor(because: InviteNotPending['because']) {
    super(`the INVITE can no longer be answered: ${because}`);
    this.because = because;
  }
}

/** A request inside a dialog got no final response: timer F, a failing transport, or the dialog is over. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
  readonly because: 'timeout' | 'transportError' | 'dialogEnded' | 'closed';
  constructor(method: string, because: RequestFailed['because'], cause?: Error) {
    super(`${method} got no response: ${because}${cause === undefined ? '' : ` (${cause.message})`}`, {
      cause,
    });
    this.because = because;
  }
}

/** A header or URI given by the caller would break the message (line breaks, control characters, reserved name). */
export class UnusableHeader extends Error {
  override readonly name = 'UnusableHeader';
  readonly header: string;
  constructor(header: string, problem: string) {
    super(`${header} cannot be sent: ${problem}`);
    this.header = header;
  }
}

/** Things that go wrong where nobody awaits; given to `onFault`. */
export type SipFault =
  | {
      readonly kind: 'malformedDatagram';
      /** Malformed datagrams since the last report; reported at once, then at most every ten seconds. */
      readonly count: number;
      /** Sender and problem of the latest one. */
      readonly source: { readonly host: string; readonly port: number };
      readonly problem: string;
    }
  | { readonly kind: 'socketError'; readonly error: Error }
  /** A datagram that no transaction waits for (ACK, response) could not be sent. */
  | {
      readonly kind: 'sendFailed';
      readonly to: { readonly host: string; readonly port: number };
      readonly error: Error;
    }
  /** A callback of the application threw or rejected. */
  | { readonly kind: 'callbackFailed'; readonly callback: string; readonly error: unknown };
