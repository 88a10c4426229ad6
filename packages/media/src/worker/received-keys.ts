/**
 * The keys that the far end of a session presses, by whichever of three ways they come: telephone-events, tones in the audio, SIP
 * INFO. Each press is told once. Used by rtp-session.ts.
 */
import { type KeyMethod, PressedOnce } from '../dtmf/pressed-once.ts';
import { ToneDigitDetector } from '../dtmf/tone-digit-detector.ts';
import type { ToneDigits } from '../media-session.ts';
import { DigitReceiver } from '../rtp/digit-receiver.ts';
import type { RtpPacketView } from '../rtp/packet.ts';
import type { Digit } from '../rtp/telephone-event.ts';

/** The session, as these keys know it. */
export interface KeyedSession {
  addListener(listener: ToneDigitDetector): void;
  removeListener(listener: ToneDigitDetector): void;
  /** Wall clock, ms since the epoch. */
  nowMs(): number;
  pressed(digit: Digit, atMs: number): void;
}

export class ReceivedKeys {
  readonly #session: KeyedSession;
  readonly #events = new DigitReceiver();
  readonly #pressedOnce = new PressedOnce();
  #eventSsrc = -1;
  /** `never` once the far end has sent a telephone-event: it would be heard twice. */
  #tonesWanted: ToneDigits;
  #tones: ToneDigitDetector | undefined;

  constructor(tonesWanted: ToneDigits, session: KeyedSession) {
    this.#session = session;
    this.#tonesWanted = tonesWanted;
    this.#listenForTones(tonesWanted === 'always');
  }

  /** Telephone-events that made no sense. */
  get refused(): number {
    return this.#events.refused;
  }

  /** Something was agreed with the far end, with telephone-events or without. */
  agreed(events: 'telephone-events' | 'none'): void {
    const isWithout = this.#tonesWanted === 'withoutTelephoneEvents' && events === 'none';
    this.#listenForTones(this.#tonesWanted === 'always' || isWithout);
  }

  hearEvent(datagram: Uint8Array, packet: RtpPacketView, nowMs: number): void {
    const { payloadStart, payloadEnd, timestamp, ssrc } = packet;
    if (ssrc !== this.#eventSsrc) this.#events.restart();
    this.#eventSsrc = ssrc;
    const digit = this.#events.receive(datagram, payloadStart, payloadEnd, timestamp, nowMs);
    this.#tonesWanted = 'never';
    this.#listenForTones(false);
    if (digit !== undefined) this.#pressed(digit, 'telephone-event', nowMs);
  }

  /** A key came by SIP INFO. */
  hearInfo(digit: Digit): void {
    this.#pressed(digit, 'info', this.#session.nowMs());
  }

  #listenForTones(isWanted: boolean): void {
    if (isWanted === (this.#tones !== undefined)) return;
    if (this.#tones) {
      this.#session.removeListener(this.#tones);
      this.#tones = undefined;
      return;
    }
    this.#tones = new ToneDigitDetector((digit) => this.#pressed(digit, 'tones', this.#session.nowMs()));
    this.#session.addListener(this.#tones);
  }

  #pressed(digit: Digit, method: KeyMethod, nowMs: number): void {
    if (this.#pressedOnce.isNew(digit, method, nowMs)) this.#session.pressed(digit, nowMs);
  }
}
