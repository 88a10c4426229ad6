/**
 * What the three programs of `bench:media` say to each other over the child processes' channel; plain data.
 */

/** Service → generator, through the main program: where a call's RTP goes, and back. */
export interface CallAddress {
  call: number;
  port: number;
}

export type ToGenerator =
  | { kind: 'open'; calls: readonly CallAddress[] }
  | { kind: 'count' }
  | { kind: 'stop' };

export type FromGenerator =
  | { kind: 'opened'; calls: readonly CallAddress[] }
  | { kind: 'counted'; received: number; lost: number; sent: number; cpuMicros: number };

/** What a call can go without, to see what it costs. */
export type Omitted = 'recording' | 'detection';

export type ToService =
  | {
      kind: 'open';
      legs: number;
      pairs: 'single' | 'bridged';
      folder: string;
      workers: number;
      without: readonly Omitted[];
    }
  | { kind: 'connect'; calls: readonly CallAddress[] }
  | { kind: 'measure' }
  | { kind: 'stop' };

export type FromService =
  | { kind: 'opened'; calls: readonly CallAddress[] }
  | { kind: 'connected' }
  | { kind: 'measured'; reading: ServiceReading };

/** Counters at one moment; a step's figures are differences of two. */
export interface ServiceReading {
  atMs: number;
  /** Whole process and each worker, µs. */
  cpuMicros: number;
  workerCpuMicros: number[];
  rssBytes: number;
  baselineRssBytes: number;
  ticksSkipped: number;
  latenessP99Ms: number;
  latenessMaxMs: number;
  packetsSent: number;
  packetsReceived: number;
  /** Of what the generator sent, by the gaps in its sequence numbers. */
  lost: number;
}
