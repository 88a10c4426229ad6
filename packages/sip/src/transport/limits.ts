// What a peer may cost us at most. One object, given to the user agent; every member has a default.

export interface SipLimits {
  /** Largest message, bytes; datagrams and streams. Default 65,535. */
  readonly messageBytes?: number;
  /** Most header fields in a message. Default 256. */
  readonly headerFields?: number;
  /** Requests waiting for our final response; beyond, new ones get 503. Default 20,000. */
  readonly pendingRequests?: number;
  /**
   * Messages per second from one source (an IPv6 source is its /64), with a burst of twice that; what is above is dropped and
   * counted. `accepted` holds for peers that `acceptsFrom` names, default unlimited; `others` for everybody else where there is
   * no `acceptsFrom`, default 100.
   */
  readonly messagesPerSecond?: { readonly accepted?: number; readonly others?: number };
  /** Streams in both directions. Default 1,000. */
  readonly connections?: number;
  /** Streams from one host. Default 50. */
  readonly connectionsPerSource?: number;
  /** Accepted streams that have not brought a whole message yet. Default 100. */
  readonly halfOpenConnections?: number;
  /** How long a stream may stay half open, or a message half arrived, ms. Default 10,000. */
  readonly halfOpenMs?: number;
  /** Longest set-up of an outgoing connection, TLS included, ms. Default 5,000. */
  readonly connectMs?: number;
  /** A stream without any message, or answer to a ping, for that long is closed, ms. Default 900,000. */
  readonly idleMs?: number;
  /** Bytes a stream may queue for a peer that does not read. Default 4 MiB. */
  readonly queuedBytes?: number;
}

export interface EffectiveLimits {
  readonly messageBytes: number;
  readonly headerFields: number;
  readonly pendingRequests: number;
  readonly acceptedPerSecond: number;
  readonly othersPerSecond: number;
  readonly connections: number;
  readonly connectionsPerSource: number;
  readonly halfOpenConnections: number;
  readonly halfOpenMs: number;
  readonly connectMs: number;
  readonly idleMs: number;
  readonly queuedBytes: number;
}

export function effectiveLimits(limits: SipLimits = {}): EffectiveLimits {
  return {
    messageBytes: Math.min(limits.messageBytes ?? 65_535, 65_535),
    headerFields: limits.headerFields ?? 256,
    pendingRequests: limits.pendingRequests ?? 20_000,
    acceptedPerSecond: limits.messagesPerSecond?.accepted ?? Number.POSITIVE_INFINITY,
    othersPerSecond: limits.messagesPerSecond?.others ?? 100,
    connections: limits.connections ?? 1_000,
    connectionsPerSource: limits.connectionsPerSource ?? 50,
    halfOpenConnections: limits.halfOpenConnections ?? 100,
    halfOpenMs: limits.halfOpenMs ?? 10_000,
    connectMs: limits.connectMs ?? 5_000,
    idleMs: limits.idleMs ?? 900_000,
    queuedBytes: limits.queuedBytes ?? 4 * 1024 * 1024,
  };
}
