/** The conversion itself, pure: length from the header, then samples, one channel, the telephone's rate, µ-law. */
import { encodeMulaw, readWav, resample, WavUnusable } from '@ringback/media';
import { type Conversion, maxAudioSeconds } from './prompt-audio.ts';

/** Samples a second on the telephone (ITU-T G.711). */
const telephoneRateHz = 8000;

export function convertWav(wav: Uint8Array): Conversion {
  const seconds = lengthOf(wav);
  if (seconds !== undefined && seconds > maxAudioSeconds) {
    return {
      kind: 'refused',
      reason: `The audio lasts ${Math.round(seconds)} s; at most ${maxAudioSeconds} s (5 minutes) are allowed.`,
    };
  }
  try {
    const { sampleRate, channels } = readWav(wav);
    const mulaw = encodeMulaw(resample(mixed(channels), sampleRate, telephoneRateHz));
    if (mulaw.length === 0) return { kind: 'refused', reason: 'The WAV file has no audio in it.' };
    return { kind: 'converted', mulaw };
  } catch (error) {
    if (!(error instanceof WavUnusable)) throw error;
    return { kind: 'refused', reason: error.message };
  }
}

/**
 * Seconds of audio by the header, so that a long file is refused before its samples are read. Undefined where the header
 * is not understood: reading it then says what is wrong.
 */
function lengthOf(wav: Uint8Array): number | undefined {
  const view = new DataView(wav.buffer, wav.byteOffset, wav.byteLength);
  let bytesPerSecond: number | undefined;
  // RIFF, size, WAVE, then chunks of name, size and body, padded to even length.
  for (let offset = 12; offset + 8 <= wav.length; ) {
    const name = Buffer.from(wav.buffer, wav.byteOffset + offset, 4).toString('latin1');
    const size = view.getUint32(offset + 4, true);
    const start = offset + 8;
    if (name === 'fmt ' && start + 16 <= wav.length) {
      const frameBits = view.getUint16(start + 2, true) * view.getUint16(start + 14, true);
      bytesPerSecond = (view.getUint32(start + 4, true) * frameBits) / 8;
    }
    if (name === 'data') {
      return bytesPerSecond ? Math.min(size, wav.length - start) / bytesPerSecond : undefined;
    }
    offset = start + size + (size & 1);
  }
  return undefined;
}

function mixed(channels: readonly Int16Array[]): Int16Array {
  const [first = new Int16Array(0)] = channels;
  if (channels.length <= 1) return first;
  return first.map((_, index) => {
    let sum = 0;
    for (const channel of channels) sum += channel[index] ?? 0;
    return Math.round(sum / channels.length);
  });
}
