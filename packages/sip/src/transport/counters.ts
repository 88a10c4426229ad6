// What happened on the wire, as plain numbers that only grow: noise is counted here, never logged line by line.
import type { ParseFailureCode } from '../message/parse-failure.ts';
import type { SipTransport } from './sip-endpoint.ts';

/** Plain data for metrics. All members but `openConnections` only grow. */
export interface SipCounters {
  readonly received: Readonly<Record<SipTransport, number>>;
  readonly sent: Readonly<Record<SipTransport, number>>;
  /** Messages that broke the grammar, by what was wrong. */
  readonly malformed: Readonly<Record<ParseFailureCode, number>>;
  /** Malformed requests that got their 4xx or 5xx. */
  readonly malformedAnswered: number;
  /** Datagrams and connections from peers that are not accepted; they got silence. */
  readonly refusedPeers: number;
  /** Messages above the rate of their source. */
  readonly aboveRate: number;
  /** Requests answered 503, or dropped, because too many were pending. */
  readonly aboveCapacity: number;
  /** Answers to unproved UDP sources made smaller than the request; or kept back because they could not be. */
  readonly answersShortened: number;
  readonly answersWithheld: number;
  readonly sendFailures: number;
  /** Requests sent over TCP for their size, and those among them that went back to UDP (RFC 3261 §18.1.1). */
  readonly movedToTcp: number;
  readonly returnedToUdp: number;
  readonly connectionsOpened: number;
  readonly connectionsAccepted: number;
  /** Connections not accepted for a limit. */
  readonly connectionsAboveLimit: number;
  readonly connectionsFailed: number;
  readonly connectionsClosedIdle: number;
  readonly connectionsClosedHalfOpen: number;
  /** Streams closed because their bytes could not be framed, or their peer did not read. */
  readonly connectionsClosedBroken: number;
  readonly keepAlivesAnswered: number;
  readonly openConnections: number;
}

/** The same, to be counted up. */
export type LiveCounters = { -readonly [Name in keyof SipCounters]: Mutable<SipCounters[Name]> };

type Mutable<T> = T extends number ? number : { -readonly [Name in keyof T]: T[Name] };

export function newCounters(): LiveCounters {
  return {
    received: { udp: 0, tcp: 0, tls: 0 },
    sent: { udp: 0, tcp: 0, tls: 0 },
    malformed: {
      tooLarge: 0,
      incomplete: 0,
      startLine: 0,
      version: 0,
      header: 0,
      headerLimit: 0,
      headerMissing: 0,
      headerRepeated: 0,
      contentLength: 0,
      uri: 0,
    },
    malformedAnswered: 0,
    refusedPeers: 0,
    aboveRate: 0,
    aboveCapacity: 0,
    answersShortened: 0,
    answersWithheld: 0,
    sendFailures: 0,
    movedToTcp: 0,
    returnedToUdp: 0,
    connectionsOpened: 0,
    connectionsAccepted: 0,
    connectionsAboveLimit: 0,
    connectionsFailed: 0,
    connectionsClosedIdle: 0,
    connectionsClosedHalfOpen: 0,
    connectionsClosedBroken: 0,
    keepAlivesAnswered: 0,
    openConnections: 0,
  };
}

/** A copy that later counting does not change. */
export function snapshot(counters: LiveCounters): SipCounters {
  return {
    ...counters,
    received: { ...counters.received },
    sent: { ...counters.sent },
    malformed: { ...counters.malformed },
  };
}
