/** The seam between the speech cache and whatever makes the sound. Adapters stand under `synthesizers/`. */

import type { SpeechRequest } from './speech-request.ts';

export interface SpeechAudio {
  /** Samples a second. */
  readonly sampleRate: number;
  /** Mono. */
  readonly pcm: Int16Array;
}

export interface SpeechSynthesizer {
  /** Names the renderer in cache keys, faults and health: `espeak-ng`. */
  readonly name: string;
  /** Changes whenever equal requests may sound different; part of the cache key. */
  readonly version: string;
  /**
   * Speaks one request. Many may be asked for at once; an adapter queues what it cannot do in parallel.
   *
   * @throws {SpeechFailed} the renderer did not deliver.
   * @throws {SpeechTooLong} the renderer gave up on the length.
   * @throws `signal.reason` when aborted.
   */
  synthesize(request: SpeechRequest, signal: AbortSignal): Promise<SpeechAudio>;
  /** Ends processes and connections; waiting requests fail. May be called twice. */
  close(): Promise<void>;
}
