/**
 * Which of the sources that send to a session is the one that is heard, and how each packet stands in it (RFC 3550 §8.2). Used by
 * rtp-session.ts.
 */
import type { RtpPacketView } from '../rtp/packet.ts';
import { type PacketStanding, ReceptionStatistics } from '../rtp/reception-statistics.ts';

/** A source that was left comes back when so many of its packets come with none of the present one among them. */
const PACKETS_TO_RETURN = 3;

export class HeardSource {
  readonly reception = new ReceptionStatistics();
  readonly #changed: () => void;
  #ssrc = -1;
  /** The source before it; what comes of it late must not take its place. */
  #formerSsrc = -1;
  #returning = 0;

  /** @param changed another source is heard from now on; also for the first. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** @param arrivalMs wall clock; measures jitter. */
  audio(packet: RtpPacketView, arrivalMs: number): PacketStanding {
    return this.#judge(packet, arrivalMs);
  }

  event(packet: RtpPacketView): PacketStanding {
    // Some gateways give their telephone-events a source of their own, in the middle of the audio's.
    if (this.#ssrc >= 0 && packet.ssrc !== this.#ssrc) {
      this.reception.received += 1;
      return 'next';
    }
    return this.#judge(packet, undefined);
  }

  #judge({ ssrc, sequenceNumber, timestamp }: RtpPacketView, arrivalMs: number | undefined): PacketStanding {
    if (ssrc !== this.#ssrc && ssrc === this.#formerSsrc) {
      this.#returning += 1;
      if (this.#returning < PACKETS_TO_RETURN) {
        this.reception.outOfOrder += 1;
        return 'duplicate';
      }
    }
    this.#returning = 0;
    const standing = this.reception.record(ssrc, sequenceNumber, timestamp, arrivalMs);
    if (ssrc !== this.#ssrc) {
      this.#formerSsrc = this.#ssrc;
      this.#ssrc = ssrc;
      this.#changed();
    }
    return standing;
  }
}
