/**
 * What a receiver knows about one incoming RTP stream: loss, order and jitter
 * (RFC 3550 §6.4.1, appendices A.1 and A.8). One per session; told of every accepted packet.
 */
import { nextSequence, sequenceDistance } from './wrap.ts';

/** RFC 3550 A.1: a jump ahead of this many packets, or back by more than the second, is a restart. */
const MAX_DROPOUT = 3_000;
const MAX_MISORDER = 100;

/** Recently seen sequence numbers, to tell a copy from a late packet. A power of two above MAX_MISORDER. */
const HISTORY = 128;

const CLOCK_PER_MS = 8;

/** A packet further off its time than this tells of another time base (music on hold, a switch), not of jitter: 1 s. */
const TIME_BASE_CHANGE = 8_000;

/**
 * How a packet stands in its stream. `jump`: far outside, and not yet confirmed by its successor (A.1);
 * it is not counted.
 */
export type PacketStanding = 'next' | 'late' | 'duplicate' | 'jump';

export class ReceptionStatistics {
  received = 0;
  outOfOrder = 0;
  duplicates = 0;
  #started = false;
  #ssrc = 0;
  #base = 0;
  #highest = 0;
  #badSequence = -1;
  #receivedHere = 0;
  #expectedBefore = 0;
  #receivedBefore = 0;
  #transit: number | undefined;
  #jitter = 0;
  readonly #seen = new Int32Array(HISTORY).fill(-1);

  /** Interarrival jitter, ms (RFC 3550 §6.4.1; A.8 with the 1/16 gain). */
  get jitterMs(): number {
    return this.#jitter / CLOCK_PER_MS;
  }

  /** The source that is received; undefined before the first packet. */
  get ssrc(): number | undefined {
    return this.#started ? this.#ssrc : undefined;
  }

  /** Packets that the sequence numbers say were sent. */
  get expected(): number {
    return this.#expectedBefore + (this.#started ? this.#highest - this.#base + 1 : 0);
  }

  /** Highest sequence number of the source, cycles in the upper half. */
  get highestSequence(): number {
    return Math.max(0, this.#highest - 0x10000) >>> 0;
  }

  /** Packets expected less packets received, not below zero; copies do not hide losses. */
  get lost(): number {
    return Math.max(0, this.expected - this.#receivedBefore - this.#receivedHere);
  }

  /**
   * Takes one packet's header and its arrival in ms of any steady clock. `arrivalMs` undefined: the timestamp is
   * not the time of sending (all packets of a telephone-event share one), so it says nothing about jitter.
   */
  record(
    ssrc: number,
    sequenceNumber: number,
    timestamp: number,
    arrivalMs: number | undefined,
  ): PacketStanding {
    if (!this.#started || ssrc !== this.#ssrc) this.#restart(ssrc, sequenceNumber);
    // The highest sequence number is kept extended: cycles in the upper bits.
    const distance = sequenceDistance(sequenceNumber, this.#highest & 0xffff);
    if (distance >= MAX_DROPOUT || distance < -MAX_MISORDER) {
      if (sequenceNumber !== this.#badSequence) {
        this.#badSequence = nextSequence(sequenceNumber);
        return 'jump';
      }
      this.#restart(ssrc, sequenceNumber);
      return this.#count(this.#highest, timestamp, arrivalMs, 'next');
    }
    const extended = this.#highest + distance;
    if (this.#seen[extended & (HISTORY - 1)] === extended) {
      this.duplicates += 1;
      return 'duplicate';
    }
    if (distance < 0) {
      this.outOfOrder += 1;
      if (extended < this.#base) this.#base = extended;
      return this.#count(extended, timestamp, arrivalMs, 'late');
    }
    this.#highest = extended;
    return this.#count(extended, timestamp, arrivalMs, 'next');
  }

  #count(
    extended: number,
    timestamp: number,
    arrivalMs: number | undefined,
    standing: PacketStanding,
  ): PacketStanding {
    this.#seen[extended & (HISTORY - 1)] = extended;
    this.received += 1;
    this.#receivedHere += 1;
    if (arrivalMs === undefined) return standing;
    const transit = (Math.round(arrivalMs * CLOCK_PER_MS) - timestamp) | 0;
    if (this.#transit !== undefined) {
      const difference = Math.abs((transit - this.#transit) | 0);
      if (difference < TIME_BASE_CHANGE) this.#jitter += (difference - this.#jitter) / 16;
    }
    this.#transit = transit;
    return standing;
  }

  #restart(ssrc: number, sequenceNumber: number): void {
    if (this.#started) {
      this.#expectedBefore += this.#highest - this.#base + 1;
      this.#receivedBefore += this.#receivedHere;
    }
    this.#started = true;
    this.#ssrc = ssrc;
    // One cycle up, so that packets from before the first one keep a positive number.
    this.#base = sequenceNumber + 0x10000;
    this.#highest = this.#base;
    this.#receivedHere = 0;
    this.#badSequence = -1;
    this.#seen.fill(-1);
    this.#transit = undefined;
  }
}
