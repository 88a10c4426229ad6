/**
 * One session's talk with the far end about the quality of its streams: when to report, what, and what was heard back
 * (RFC 3550 §6.2, §6.4). Time is counted in ticks; clock readings are passed in.
 */
import type { ReceptionStatistics } from './reception-statistics.ts';
import { middleOfNtp, readReport, writeReport } from './rtcp.ts';

/** Mean time between reports, ticks of 20 ms (5 s); each is drawn from half to one and a half of it. */
const MEAN_TICKS = 250;

/** A round trip longer than this is nonsense or malice, ms. */
const LONGEST_ROUND_TRIP_MS = 30_000;

const PER_SECOND = 65_536;
const SAMPLES_PER_MS = 8;

/** The far end's view of our stream, as it last reported it. */
export interface RemoteView {
  lost: number;
  /** Since its report before, 0 … 1. */
  fractionLost: number;
  jitterMs: number;
}

export class RtcpConversation {
  sent = 0;
  received = 0;
  malformed = 0;
  refused = 0;
  /** The last measured round trip, and the longest, ms. */
  roundTripMs: number | undefined;
  longestRoundTripMs: number | undefined;
  remote: RemoteView | undefined;
  readonly #ssrc: number;
  readonly #random: () => number;
  #ticksLeft: number;
  #packetsAtLastReport = 0;
  #expectedBefore = 0;
  #receivedBefore = 0;
  #lastSenderReport = 0;
  #lastSenderReportAtMs = 0;

  /** @param random random 32-bit numbers; reports of many sessions must not fall together. */
  constructor(ssrc: number, random: () => number) {
    this.#ssrc = ssrc;
    this.#random = random;
    // The first comes after half the time (RFC 3550 §6.2).
    this.#ticksLeft = this.#interval() >> 1;
  }

  /** True when a report is due in this tick. */
  tick(): boolean {
    this.#ticksLeft -= 1;
    if (this.#ticksLeft > 0) return false;
    this.#ticksLeft = this.#interval();
    return true;
  }

  /** The report due now. `isGoodbye`: it is the last. */
  report(
    nowMs: number,
    own: { rtpTimestamp: number; packets: number; octets: number },
    reception: ReceptionStatistics,
    kind: 'regular' | 'goodbye' = 'regular',
  ): Uint8Array {
    const hasSent = own.packets > this.#packetsAtLastReport;
    this.#packetsAtLastReport = own.packets;
    this.sent += 1;
    return writeReport({
      ssrc: this.#ssrc,
      // No name of a machine or person: the SSRC is as good (RFC 7022 §4.2).
      cname: this.#ssrc.toString(16).padStart(8, '0'),
      sender: hasSent ? { nowMs, ...own } : undefined,
      reception: reception.ssrc === undefined ? undefined : this.#reception(nowMs, reception, reception.ssrc),
      isGoodbye: kind === 'goodbye',
    });
  }

  /** Takes a datagram of the far end's RTCP. */
  hear(datagram: Uint8Array, nowMs: number): void {
    const heard = readReport(datagram, this.#ssrc);
    if (!heard) {
      this.malformed += 1;
      return;
    }
    this.received += 1;
    if (heard.senderReport !== undefined) {
      this.#lastSenderReport = heard.senderReport;
      this.#lastSenderReportAtMs = nowMs;
    }
    const { ofUs } = heard;
    if (!ofUs) return;
    this.remote = {
      lost: Math.max(0, ofUs.lost),
      fractionLost: ofUs.fractionLost,
      jitterMs: ofUs.jitter / SAMPLES_PER_MS,
    };
    if (ofUs.lastSenderReport === 0) return;
    const units = (middleOfNtp(nowMs) - ofUs.lastSenderReport - ofUs.delaySinceLastSenderReport) | 0;
    const roundTripMs = (units / PER_SECOND) * 1_000;
    // Clocks are read in different places; a little below zero is zero.
    if (roundTripMs < -5 || roundTripMs > LONGEST_ROUND_TRIP_MS) return;
    this.roundTripMs = Math.max(0, roundTripMs);
    this.longestRoundTripMs = Math.max(this.longestRoundTripMs ?? 0, this.roundTripMs);
  }

  #reception(nowMs: number, reception: ReceptionStatistics, ssrc: number) {
    const { expected, received, jitterMs, highestSequence, lost } = reception;
    const expectedNow = expected - this.#expectedBefore;
    const lostNow = expectedNow - (received - this.#receivedBefore);
    this.#expectedBefore = expected;
    this.#receivedBefore = received;
    const sinceMs = nowMs - this.#lastSenderReportAtMs;
    const isKnown = this.#lastSenderReport !== 0;
    return {
      ssrc,
      fractionLost: expectedNow > 0 ? Math.max(0, lostNow / expectedNow) : 0,
      lost,
      highestSequence,
      jitter: jitterMs * SAMPLES_PER_MS,
      lastSenderReport: this.#lastSenderReport,
      delaySinceLastSenderReport: isKnown ? Math.round((sinceMs / 1_000) * PER_SECOND) >>> 0 : 0,
    };
  }

  #interval(): number {
    return Math.round(MEAN_TICKS * (0.5 + this.#random() / 2 ** 32));
  }
}
