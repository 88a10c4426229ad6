/** Speech in what a session receives: brings each packet to its place in media time, guesses while none comes, and lets the detector judge. */
import { ALAW_TO_LINEAR, MULAW_TO_LINEAR } from '../codec/g711.ts';
import { type Law, MULAW } from '../codec/law.ts';
import { type SpeechChange, SpeechDetector } from '../detect/speech-detector.ts';
import { addToTimestamp, timestampDistance } from '../rtp/wrap.ts';

/** A larger jump of timestamps is a new time base, not a pause: 10 s. */
const LARGEST_GAP = 80_000;

const MULAW_SQUARES = Float64Array.from(MULAW_TO_LINEAR, (sample) => sample * sample);
const ALAW_SQUARES = Float64Array.from(ALAW_TO_LINEAR, (sample) => sample * sample);

export class SessionSpeech {
  readonly #detector: SpeechDetector;
  /** A packet of the present source has come. */
  #isListening = false;
  #expectedTimestamp = 0;
  #guessedSamples = 0;

  /**
   * @param silenceMs silence after speech that ends it, ms of media time.
   * @param report called with the change and the media time at which sound began or ended.
   */
  constructor(silenceMs: number, report: (change: SpeechChange, mediaTimeMs: number) => void) {
    this.#detector = new SpeechDetector(silenceMs, report);
  }

  /** Takes a packet's audio, at its RTP timestamp. Late packets are not for it: their time was judged as a gap. */
  hear(timestamp: number, datagram: Uint8Array, start: number, end: number, law: Law): void {
    this.#align(timestamp);
    const samples = end - start;
    const squares = law === MULAW ? MULAW_SQUARES : ALAW_SQUARES;
    let energy = 0;
    for (let i = start; i < end; i += 1) energy += squares[datagram[i] as number] as number;
    this.#detector.hear(energy / samples, samples);
    this.#expectedTimestamp = addToTimestamp(timestamp, samples);
  }

  /** Takes it that the sender is silent for so many samples more. */
  guess(samples: number): void {
    if (!this.#isListening) return;
    this.#guessedSamples += samples;
    this.#detector.skip(samples);
  }

  /** Another source is heard, whose timestamps have nothing to do with those before. */
  restart(): void {
    this.#isListening = false;
  }

  /** Brings the detector to the packet's place in media time, whatever was guessed while none came. */
  #align(timestamp: number): void {
    if (this.#isListening) {
      const gap = timestampDistance(timestamp, this.#expectedTimestamp);
      const correction = gap - this.#guessedSamples;
      if (Math.abs(gap) <= LARGEST_GAP) {
        if (correction > 0) this.#detector.skip(correction);
        else if (correction < 0) this.#detector.moveTo(Math.max(0, this.#detector.position + correction));
      }
    }
    this.#isListening = true;
    this.#guessedSamples = 0;
  }
}
