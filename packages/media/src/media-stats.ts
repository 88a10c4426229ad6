/**
 * Counters that sessions and the engine answer with; plain data.
 */

/** One session's RTP in both directions. Times are ms since the epoch. */
export interface RtpStats {
  packetsSent: number;
  /** Payload octets, without headers. */
  octetsSent: number;
  packetsReceived: number;
  octetsReceived: number;
  /** Expected less received, as RFC 3550 A.3 counts it, copies left out. */
  lost: number;
  outOfOrder: number;
  duplicates: number;
  /** Interarrival jitter at the last packet, ms (RFC 3550 §6.4.1). */
  jitterMs: number;
  /** Datagrams that were no RTP, or audio of a size nobody sends. */
  malformed: number;
  /** RTP with a payload type that was not agreed, or before anything was agreed. */
  unexpected: number;
  /**
   * RTP from another address than the one the session follows, until two seconds after it was found: from then on the
   * system drops such packets before they cost us anything.
   */
  refused: number;
  /** Digits that came faster than keys can be pressed; they were not reported. */
  digitsRefused: number;
  /** Packets the system did not take, but for the first few of a row of them. */
  sendFailures: number;
  /** Frames made up while others listened, each 20 ms, and how long received audio waits for its turn, ms. */
  concealedFrames: number;
  playoutDelayMs: number;
  /** RTCP packets in each direction; refused are those from elsewhere, or no RTCP. */
  rtcpSent: number;
  rtcpReceived: number;
  rtcpRefused: number;
  /** Time there and back by RTCP (RFC 3550 §6.4.1), last and longest, ms. */
  roundTripMs: number | undefined;
  longestRoundTripMs: number | undefined;
  /** Of what we sent, as the far end reports it. */
  remoteLost: number | undefined;
  remoteJitterMs: number | undefined;
  firstReceivedAtMs: number | undefined;
  lastReceivedAtMs: number | undefined;
}

/** The counters of a session that is gone together with its worker, or that never saw a packet. */
export const NO_STATS: RtpStats = {
  packetsSent: 0,
  octetsSent: 0,
  packetsReceived: 0,
  octetsReceived: 0,
  lost: 0,
  outOfOrder: 0,
  duplicates: 0,
  jitterMs: 0,
  malformed: 0,
  unexpected: 0,
  refused: 0,
  digitsRefused: 0,
  sendFailures: 0,
  concealedFrames: 0,
  playoutDelayMs: 0,
  rtcpSent: 0,
  rtcpReceived: 0,
  rtcpRefused: 0,
  roundTripMs: undefined,
  longestRoundTripMs: undefined,
  remoteLost: undefined,
  remoteJitterMs: undefined,
  firstReceivedAtMs: undefined,
  lastReceivedAtMs: undefined,
};

/** The engine as a whole. Lateness covers the last minute of ticks of all workers, or what was asked for. */
export interface EngineStats {
  sessions: number;
  /** How late the 20 ms ticks ran, ms. */
  tickLatenessMs: { p50: number; p95: number; p99: number; max: number };
  ticks: number;
  /** Ticks given up after a stall; each is 20 ms that no session sent. */
  ticksSkipped: number;
  packetsSent: number;
  packetsReceived: number;
  /** CPU time of the worker threads since their start, µs. */
  cpuMicros: number;
  /** Sessions refused since the start, because of their number or of the load (`MediaAtCapacity`). */
  refused: { sessions: number; load: number };
  workers: readonly {
    sessions: number;
    cpuMicros: number;
    eventLoopUtilization: number;
    /** Over the last second, share of one core. */
    cpuShare: number;
  }[];
}
