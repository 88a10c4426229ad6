/** From a WAV file to what a call plays (8 kHz µ-law), beside the event loop: size and length are judged before anything is decoded. */
import { Worker } from 'node:worker_threads';

/** Largest file, bytes (Administrator Guide, prompts: 50 MB). */
export const maxAudioBytes = 50 * 1024 * 1024;

/** Longest audio, seconds (Administrator Guide, prompts: 5 minutes). */
export const maxAudioSeconds = 300;

/** Files that wait for the one that is converted; more are refused, each may hold 50 MB. */
const mostWaiting = 8;

/** A conversion takes a second or two at the limits; one that takes longer is ended, ms. */
const conversionTimeoutMs = 20_000;

/** Audio that cannot be a prompt. The message says what was found and what would be right. */
export class AudioRefused extends Error {
  override readonly name = 'AudioRefused';
}

/** Too many files are being converted at this moment; the same one may be taken later. */
export class AudioOverloaded extends Error {
  override readonly name = 'AudioOverloaded';
}

/** What the worker gives back. */
export type Conversion =
  | { readonly kind: 'converted'; readonly mulaw: Uint8Array }
  | { readonly kind: 'refused'; readonly reason: string };

export interface PromptAudio {
  /**
   * Reads a WAV file of any usual format into telephone audio.
   *
   * @throws {AudioRefused} it is too large, too long, or no WAV file that can be read.
   * @throws {AudioOverloaded} too many are waiting.
   */
  convert(wav: Uint8Array): Promise<Uint8Array>;
}

export function openPromptAudio(): PromptAudio {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    convert(wav) {
      if (wav.byteLength > maxAudioBytes) {
        return Promise.reject(
          new AudioRefused(
            `The file has ${wav.byteLength} bytes; at most ${maxAudioBytes} (50 MB) are allowed.`,
          ),
        );
      }
      if (waiting > mostWaiting) {
        return Promise.reject(new AudioOverloaded('Too many audio files are being converted; try again.'));
      }
      waiting += 1;
      // One at a time: the calls need the processor more.
      const result = last.then(() => convertInWorker(wav));
      last = result.then(
        () => undefined,
        () => undefined,
      );
      return result.finally(() => {
        waiting -= 1;
      });
    },
  };
}

// The published package holds JavaScript, the repository TypeScript; the worker's entry is of the same kind as this file.
const workerEntry = import.meta.url.endsWith('.ts')
  ? new URL('./convert-worker.ts', import.meta.url)
  : new URL('./convert-worker.js', import.meta.url);

function convertInWorker(wav: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // Decoded samples are off the heap, so only a mistake of ours could meet this limit.
    const worker = new Worker(workerEntry, {
      workerData: wav,
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    });
    const timer = setTimeout(() => {
      reject(new AudioRefused(`The audio could not be converted within ${conversionTimeoutMs / 1000} s.`));
      void worker.terminate();
    }, conversionTimeoutMs);
    worker.once('message', (conversion: Conversion) => {
      if (conversion.kind === 'converted') resolve(conversion.mulaw);
      else reject(new AudioRefused(conversion.reason));
    });
    worker.once('error', reject);
    worker.once('exit', () => {
      clearTimeout(timer);
      reject(new Error('the thread that converts audio ended without an answer'));
    });
  });
}
