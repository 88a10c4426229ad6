// Everything this package throws or rejects with, apart from ParseFailure. Each type is one cause a caller may act on.
import type { SipResponse } from './message/message.ts';
import { parseReason, type ReasonCause } from './message/reason.ts';
import { type RedirectContact, readRetryAfter, redirectContacts } from './message/redirect.ts';
import { endpointText, type SipEndpoint, type SipTransport } from './transport/sip-endpoint.ts';

/** The listening address cannot be had; thrown by `openUserAgent`. */
export class SipPortUnavailable extends Error {
  override readonly name = 'SipPortUnavailable';
  readonly host: string;
  readonly port: number;
  readonly transport: SipTransport;
  /** Code of the socket error: EADDRINUSE, EACCES, EADDRNOTAVAIL. */
  readonly code: string;

  constructor(host: string, port: number, code: string, cause: unknown, transport: SipTransport = 'udp') {
    super(
      `cannot listen for SIP on ${transport.toUpperCase()} ${host}:${port} (${code}): ` +
        (REMEDIES[code] ?? 'choose another address'),
      { cause },
    );
    this.transport = transport;
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

/**
 * Why a message could not be delivered. `refused` nobody listens, `unreachable` no route, `unresolvable` no such name, `timeout` no
 * connection in time, `reset` the peer closed it, `tls` the handshake or the certificate failed, `stalled` the peer reads nothing,
 * `unreadable` what it sends has no end that could be told, so that we closed the connection, `keepAliveLost` a ping went unanswered, `noListenPoint` we do not listen on that transport and address family, `limit` too many
 * connections, `closed` the user agent closes.
 */
export type TransportFailureCode =
  | 'refused'
  | 'unreachable'
  | 'unresolvable'
  | 'timeout'
  | 'reset'
  | 'tls'
  | 'stalled'
  | 'unreadable'
  | 'keepAliveLost'
  | 'noListenPoint'
  | 'limit'
  | 'closed'
  | 'other';

/** A message did not get through; the input that makes transactions fail (RFC 3261 §18.4). */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly endpoint: SipEndpoint;
  readonly code: TransportFailureCode;
  /** `connecting`: the message has certainly not left. `connected`: it may have arrived. */
  readonly phase: 'connecting' | 'connected';

  constructor(
    endpoint: SipEndpoint,
    code: TransportFailureCode,
    phase: 'connecting' | 'connected',
    cause?: unknown,
  ) {
    const detail = cause instanceof Error ? `: ${cause.message}` : '';
    super(`${endpointText(endpoint)} ${TRANSPORT_FAILURES[code]}${detail}`, { cause });
    this.endpoint = endpoint;
    this.code = code;
    this.phase = phase;
  }

  /** From what a socket reports; without an error the peer closed the connection. */
  static from(
    endpoint: SipEndpoint,
    error: Error | undefined,
    phase: 'connecting' | 'connected',
  ): TransportError {
    if (error instanceof TransportError) return error;
    return new TransportError(endpoint, error === undefined ? 'reset' : failureCodeOf(error), phase, error);
  }
}

const TRANSPORT_FAILURES: Readonly<Record<TransportFailureCode, string>> = {
  refused: 'refuses connections',
  unreachable: 'cannot be reached',
  unresolvable: 'cannot be found in DNS',
  timeout: 'does not answer in time',
  reset: 'closed the connection',
  tls: 'failed the TLS handshake',
  stalled: 'reads nothing',
  unreadable: 'sends what cannot be read',
  keepAliveLost: 'answers no keep-alive',
  noListenPoint: 'needs a transport and address family that this user agent does not listen on',
  limit: 'is one connection too many',
  closed: 'is not reached any more: the user agent closes',
  other: 'cannot be reached',
};

const FAILURE_CODES: Readonly<Record<string, TransportFailureCode>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EINVAL: 'unreachable',
  ENOTFOUND: 'unresolvable',
  ENODATA: 'unresolvable',
  EAI_AGAIN: 'unresolvable',
  ETIMEDOUT: 'timeout',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
};

function failureCodeOf(error: Error): TransportFailureCode {
  const { code } = error as NodeJS.ErrnoException;
  if (error.name === 'TlsNameMismatch') return 'tls';
  if (code === undefined) return 'other';
  // OpenSSL's verdicts on certificates have no common prefix: SELF_SIGNED_CERT_IN_CHAIN, CERT_HAS_EXPIRED, UNABLE_TO_VERIFY_…
  const isTls =
    code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL') || /CERT|VERIFY|ISSUER|CRL/.test(code);
  return FAILURE_CODES[code] ?? (isTls ? 'tls' : 'other');
}

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

  /** Where else to try, most preferred first: the contacts of a 3xx. Empty for every other status. */
  get contacts(): readonly RedirectContact[] {
    return this.status < 400 ? redirectContacts(this.response.headers) : [];
  }

  /** How long to stay away, seconds, where the far end said so (RFC 3261 §20.33). */
  get retryAfterSeconds(): number | undefined {
    return readRetryAfter(this.response.headers);
  }

  /** SIP and Q.850 causes of the Reason header, where there is one (RFC 3326; RFC 6432 allows it in responses). */
  get causes(): readonly ReasonCause[] {
    return parseReason(this.response.headers.fields('Reason').join(', '));
  }
}

/** A re-INVITE or UPDATE was refused, or met the other side's too often; the session stays as it was. */
export class SessionChangeRefused extends Error {
  override readonly name = 'SessionChangeRefused';
  /** Undefined when the other side's own offer never ended. */
  readonly response: SipResponse | undefined;
  readonly status: number;

  constructor(method: string, response: SipResponse | undefined) {
    super(
      response === undefined
        ? `${method} could not be sent: an offer of the other side stays open`
        : `${method} was answered with ${response.status} ${response.reason}; the session stays as it was`,
    );
    this.response = response;
    this.status = response?.status ?? 491;
  }
}

/** The 2xx to an INVITE without offer brought one that found no answer here; the call was hung up. */
export class OfferUnanswered extends Error {
  override readonly name = 'OfferUnanswered';
  constructor() {
    super('the far end’s offer got no answer, so the call was hung up; an INVITE without body needs onOffer');
  }
}

/** No answer at all within 64·T1 (RFC 3261 timer B). A 2xx that still comes is acknowledged and hung up. */
export class InviteTimedOut extends Error {
  override readonly name = 'InviteTimedOut';
  constructor() {
    super('no response to the INVITE within 32 s; is the target address right and reachable?');
  }
}

/** The INVITE could not be sent, or its connection ended before the answer; or the user agent was closed. */
export class InviteTransportError extends Error {
  override readonly name = 'InviteTransportError';
  /** What failed, where the transport knows; undefined when the user agent was closed. */
  readonly transport: TransportError | undefined;

  constructor(cause: Error) {
    const transport = cause instanceof TransportError ? cause : undefined;
    const what = transport?.phase === 'connected' ? 'got no answer' : 'could not be sent';
    super(`the INVITE ${what}: ${cause.message}`, { cause });
    this.transport = transport;
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
  readonly because:
    | 'answered'
    | 'rejected'
    | 'ignored'
    | 'cancelled'
    | 'transportError'
    /** A reliable provisional response got no PRACK within 32 s. */
    | 'unacknowledged'
    | 'closed';
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
  /** A session could not be refreshed; unless another try succeeds, it ends when it expires (RFC 4028). */
  | { readonly kind: 'refreshFailed'; readonly callId: string; readonly error: unknown }
  /** The call goes out without its Identity header field: signing it failed. */
  | { readonly kind: 'unsigned'; readonly callId: string; readonly error: unknown }
  /** A callback of the application threw or rejected. */
  | { readonly kind: 'callbackFailed'; readonly callback: string; readonly error: unknown };
