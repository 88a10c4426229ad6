/** A renderer's WAV answer as mono samples. */

import { readWav } from '@ringback/media';
import { SpeechFailed } from '../speech-errors.ts';
import type { SpeechAudio } from '../speech-synthesizer.ts';

/** @throws {SpeechFailed} the bytes are no WAV file that can be read. */
export function audioFromWav(bytes: Uint8Array, source: string): SpeechAudio {
  let wav: ReturnType<typeof readWav>;
  try {
    wav = readWav(bytes);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new SpeechFailed('unusable-audio', `${source} answered with audio that cannot be read: ${detail}`, {
      cause,
    });
  }
  return { sampleRate: wav.sampleRate, pcm: mixToMono(wav.channels) };
}

function mixToMono(channels: readonly Int16Array[]): Int16Array {
  const [first = new Int16Array(0)] = channels;
  if (channels.length <= 1) return first;
  const mono = new Int16Array(first.length);
  for (let index = 0; index < mono.length; index++) {
    let sum = 0;
    for (const channel of channels) sum += channel[index] ?? 0;
    mono[index] = Math.round(sum / channels.length);
  }
  return mono;
}
