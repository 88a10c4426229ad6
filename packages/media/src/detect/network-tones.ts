/**
 * What a telephone network says of a call with tones before the answer: special information tones, busy, reorder, ringing. Runs in a
 * media worker on early media; knows no voices, so it costs little and believes a cadence only after its third beat.
 */
import type { FrameOrigin } from '../rtp/frame-origin.ts';
import { type SitCause, type ToneSignal, ToneSignals } from './tone-signals.ts';
import { ToneTracker } from './tone-tracker.ts';

/** `sit` with what its three tones mean (Telcordia SR-2275); the others by the cadences of ITU-T E.180. */
export type NetworkTone =
  | { readonly kind: 'busy' | 'reorder' | 'ringback' }
  | { readonly kind: 'sit'; readonly cause: SitCause };

const FRAME_MS = 20;

/** Weaker than any tone that is looked for (−50 dB below full scale), samples of 16 bits. */
const SILENCE_AMPLITUDE = 64;

/** After so much silence no cadence goes on, so that hearing more of it would tell nothing, ms. */
const SILENCE_HEARD_MS = 1_000;

/** A tone is told of so long after its end, ms. */
const AFTERMATH_MS = 200;

const silentFrame = new Int16Array(160);

export class NetworkTones {
  readonly #report: (tone: NetworkTone) => void;
  readonly #signals: ToneSignals;
  readonly #tones: ToneTracker;
  readonly #told = new Set<NetworkTone['kind']>();
  #beats: { readonly kind: 'busy' | 'reorder'; readonly endMs: number } | undefined;
  #nowMs = 0;
  #silenceMs = 0;
  #isOver = false;

  /** @param report called once for each kind of tone, some 100 ms after it could be told. */
  constructor(report: (tone: NetworkTone) => void) {
    this.#report = report;
    this.#signals = new ToneSignals((signal) => this.#take(signal));
    this.#tones = new ToneTracker((stretch) => this.#signals.take(stretch, false));
  }

  /** Special information tones were heard: nothing more is to be learnt. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Takes 160 samples of 8 kHz audio, silence for what did not come. */
  hear(pcm: Int16Array, origin: FrameOrigin = 'received'): void {
    // A tone that goes on after a loss is one tone; what is made up for it has another pitch (its period is a whole number of samples).
    if (this.#isOver || origin === 'lost' || origin === 'concealed') return;
    this.#silenceMs = isSilent(pcm) ? this.#silenceMs + FRAME_MS : 0;
    if (this.#silenceMs > SILENCE_HEARD_MS) return;
    this.#nowMs += FRAME_MS;
    this.#tones.hear(pcm);
    this.#signals.pass(this.#nowMs, this.#tones.ongoing, false);
  }

  /** There is no more audio: tells of a tone that ended, or was cut, just now. */
  finish(): void {
    for (let heardMs = 0; heardMs < AFTERMATH_MS; heardMs += FRAME_MS) this.hear(silentFrame);
    this.#isOver = true;
  }

  #take(signal: ToneSignal): void {
    switch (signal.kind) {
      case 'sit':
        this.#tell({ kind: 'sit', cause: signal.cause });
        this.#isOver = true;
        return;
      case 'ringback':
        this.#tell({ kind: 'ringback' });
        return;
      case 'busy':
      case 'reorder':
        this.#takeBeats(signal.kind, signal.startMs, signal.endMs);
        return;
      case 'beep':
      case 'fax':
        // Nobody has answered: whatever plays these, it tells nothing of the call.
        return;
    }
  }

  /** Two even beats may be a word or a bar of music; a pair that begins with the last pair's second beat is the network's. */
  #takeBeats(kind: 'busy' | 'reorder', startMs: number, endMs: number): void {
    const before = this.#beats;
    this.#beats = { kind, endMs };
    if (before?.kind === kind && before.endMs > startMs) this.#tell({ kind });
  }

  #tell(tone: NetworkTone): void {
    if (this.#told.has(tone.kind)) return;
    this.#told.add(tone.kind);
    this.#report(tone);
  }
}

function isSilent(pcm: Int16Array): boolean {
  for (let n = 0; n < pcm.length; n += 1) if (Math.abs(pcm[n] as number) > SILENCE_AMPLITUDE) return false;
  return true;
}
