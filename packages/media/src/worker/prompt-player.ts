/**
 * Plays one queue of sources on a session, a µ-law frame at a time. Time is counted in frames only.
 */
import { MULAW_SILENCE } from '../codec/g711.ts';
import { ToneGenerator } from '../codec/tone-generator.ts';
import type { PlayOutcome, PlaySource } from '../play-source.ts';
import type { PlayOrder } from './messages.ts';

/** Samples (and bytes) in one frame of 20 ms. */
export const FRAME_SAMPLES = 160;

const SAMPLES_PER_MS = 8;

/** A source under way: fills frames until it has none left. */
interface FrameSource {
  /** Samples still to come. */
  left: number;
  fill(frame: Uint8Array, samples: number): void;
  rewind(): void;
}

class PromptSource implements FrameSource {
  left: number;
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    // Out of shared memory `copy` takes a third of the time of `set`.
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.left = bytes.length;
  }

  fill(frame: Uint8Array, samples: number): void {
    const from = this.#bytes.length - this.left;
    this.#bytes.copy(frame, 0, from, from + samples);
  }

  rewind(): void {
    this.left = this.#bytes.length;
  }
}

class ToneSource implements FrameSource {
  left: number;
  readonly #samples: number;
  readonly #generator: ToneGenerator;

  constructor(generator: ToneGenerator, durationMs: number) {
    this.#generator = generator;
    this.#samples = Math.round(durationMs * SAMPLES_PER_MS);
    this.left = this.#samples;
  }

  fill(frame: Uint8Array, samples: number): void {
    this.#generator.fill(frame, samples);
  }

  rewind(): void {
    this.left = this.#samples;
    this.#generator.rewind();
  }
}

class SilenceSource implements FrameSource {
  left: number;
  readonly #samples: number;

  constructor(silenceMs: number) {
    this.#samples = Math.round(silenceMs * SAMPLES_PER_MS);
    this.left = this.#samples;
  }

  fill(frame: Uint8Array, samples: number): void {
    frame.fill(MULAW_SILENCE, 0, samples);
  }

  rewind(): void {
    this.left = this.#samples;
  }
}

export class PromptPlayer {
  readonly #promptBytes: (prompt: string) => Uint8Array | undefined;
  readonly #ended: (play: number, outcome: PlayOutcome) => void;
  #order: PlayOrder | undefined;
  #sources: FrameSource[] = [];
  #index = 0;

  /**
   * @param promptBytes finds a loaded prompt; one unloaded in the meantime is passed over.
   * @param ended called once for each order.
   */
  constructor(
    promptBytes: (prompt: string) => Uint8Array | undefined,
    ended: (play: number, outcome: PlayOutcome) => void,
  ) {
    this.#promptBytes = promptBytes;
    this.#ended = ended;
  }

  /** Begins an order with the next frame; one that is playing ends as replaced. */
  start(order: PlayOrder): void {
    this.stop('replaced');
    this.#order = order;
    this.#sources = order.sources.map((source) => this.#open(source)).filter((source) => source.left > 0);
    this.#index = 0;
    if (this.#sources.length === 0) this.#end({ kind: 'finished' });
  }

  stop(by: 'signal' | 'digit' | 'replaced' | 'close'): void {
    this.#end({ kind: 'stopped', by });
  }

  /** Stops one order only if it is the one playing. */
  stopPlay(play: number): void {
    if (this.#order?.play === play) this.stop('signal');
  }

  digitPressed(): void {
    if (this.#order?.stopOnDigit) this.stop('digit');
  }

  /** Fills the next frame; false when nothing plays. */
  nextFrame(frame: Uint8Array): boolean {
    const source = this.#sources[this.#index];
    if (!source) return false;
    const samples = Math.min(FRAME_SAMPLES, source.left);
    source.fill(frame, samples);
    if (samples < FRAME_SAMPLES) frame.fill(MULAW_SILENCE, samples);
    source.left -= samples;
    return true;
  }

  /** To be called once the frame is on its way: moves to the next source, or ends the order. */
  frameSent(): void {
    if (this.#sources[this.#index]?.left !== 0) return;
    this.#index += 1;
    if (this.#index < this.#sources.length) return;
    if (this.#order?.repeat !== 'forever') {
      this.#end({ kind: 'finished' });
      return;
    }
    for (const source of this.#sources) source.rewind();
    this.#index = 0;
  }

  #open(source: PlaySource): FrameSource {
    if ('tone' in source) return new ToneSource(new ToneGenerator(source.tone), source.durationMs);
    if ('prompt' in source) return new PromptSource(this.#promptBytes(source.prompt) ?? new Uint8Array(0));
    return new SilenceSource(source.silenceMs);
  }

  #end(outcome: PlayOutcome): void {
    const order = this.#order;
    this.#order = undefined;
    this.#sources = [];
    if (order) this.#ended(order.play, outcome);
  }
}
