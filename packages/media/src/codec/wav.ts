/**
 * Reads and writes RIFF/WAVE files held in memory: prompts coming in, short test audio going out.
 * Call recordings grow on disk instead, see `recording/growing-wav-file.ts`.
 */
import { decodeAlaw, decodeMulaw, encodeMulaw } from './g711.ts';

/** A file that is not audio we can read; `reason` says what was found. */
export class WavUnusable extends Error {
  readonly reason: string;
  constructor(reason: string) {
    super(`WAV file cannot be used: ${reason}. Use PCM of 8, 16, 24 or 32 bits, float, µ-law or A-law.`);
    this.name = 'WavUnusable';
    this.reason = reason;
  }
}

export interface WavAudio {
  /** Samples a second and channel, Hz. */
  sampleRate: number;
  /** One array a channel, all of one length, 16-bit linear. */
  channels: Int16Array[];
}

const FORMAT_PCM = 1;
const FORMAT_FLOAT = 3;
const FORMAT_ALAW = 6;
const FORMAT_MULAW = 7;
const FORMAT_EXTENSIBLE = 0xfffe;

/** Size of the header this package writes: RIFF + `fmt ` (16) + `data`, bytes. */
export const WAV_HEADER_BYTES = 44;

const USUAL_CHUNKS: ReadonlySet<string> = new Set(['fmt ', 'data', 'LIST', 'fact', 'bext', 'id3 ']);

interface WavFormat {
  code: number;
  channelCount: number;
  sampleRate: number;
  bitsPerSample: number;
}

/**
 * Reads a WAV file: PCM 8/16/24/32 bit, IEEE float 32/64 bit, µ-law or A-law, plain or extensible header.
 * A data chunk that claims more than the file holds, or nothing, is read as far as it goes: a recorder died, or wrote into a pipe.
 *
 * @throws {WavUnusable}
 */
export function readWav(bytes: Uint8Array): WavAudio {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || chunkName(view, 0) !== 'RIFF' || chunkName(view, 8) !== 'WAVE') {
    throw new WavUnusable('it does not begin with RIFF … WAVE');
  }
  let format: WavFormat | undefined;
  let offset = 12;
  while (offset + 8 <= bytes.length) {
    const name = chunkName(view, offset);
    const size = view.getUint32(offset + 4, true);
    const start = offset + 8;
    if (name === 'fmt ') format = readFormat(view, start, size);
    if (name === 'data') {
      if (!format) throw new WavUnusable('the data chunk comes before the fmt chunk');
      const isUntold = size === 0 && !isChunkAt(view, start);
      const end = isUntold ? bytes.length : Math.min(bytes.length, start + size);
      return readSamples(bytes.subarray(start, end), format);
    }
    // Chunks are padded to even length, though not by everybody.
    const isPadded = size % 2 === 1 && !isChunkAt(view, start + size);
    offset = start + size + (isPadded ? 1 : 0);
  }
  throw new WavUnusable('it has no data chunk');
}

function readFormat(view: DataView, start: number, size: number): WavFormat {
  if (size < 16 || start + 16 > view.byteLength) throw new WavUnusable('its fmt chunk is cut short');
  let code = view.getUint16(start, true);
  if (code === FORMAT_EXTENSIBLE) {
    if (size < 40 || start + 40 > view.byteLength)
      throw new WavUnusable('its extensible fmt chunk is cut short');
    code = view.getUint16(start + 24, true);
  }
  const format = {
    code,
    channelCount: view.getUint16(start + 2, true),
    sampleRate: view.getUint32(start + 4, true),
    bitsPerSample: view.getUint16(start + 14, true),
  };
  if (format.channelCount < 1 || format.channelCount > 32) {
    throw new WavUnusable(`it has ${format.channelCount} channels`);
  }
  if (format.sampleRate < 1_000 || format.sampleRate > 768_000) {
    throw new WavUnusable(`its sample rate is ${format.sampleRate} Hz`);
  }
  return format;
}

type SampleReader = (view: DataView, offset: number) => number;

function sampleReader({ code, bitsPerSample }: WavFormat): SampleReader {
  switch (`${code}/${bitsPerSample}`) {
    case `${FORMAT_PCM}/8`:
      return (view, offset) => (view.getUint8(offset) - 128) << 8;
    case `${FORMAT_PCM}/16`:
      return (view, offset) => view.getInt16(offset, true);
    case `${FORMAT_PCM}/24`:
      return (view, offset) => view.getInt16(offset + 1, true);
    case `${FORMAT_PCM}/32`:
      return (view, offset) => view.getInt16(offset + 2, true);
    case `${FORMAT_FLOAT}/32`:
      return (view, offset) => linearOf(view.getFloat32(offset, true));
    case `${FORMAT_FLOAT}/64`:
      return (view, offset) => linearOf(view.getFloat64(offset, true));
    case `${FORMAT_MULAW}/8`:
      return (view, offset) => decodeMulaw(Uint8Array.of(view.getUint8(offset)))[0] as number;
    case `${FORMAT_ALAW}/8`:
      return (view, offset) => decodeAlaw(Uint8Array.of(view.getUint8(offset)))[0] as number;
    default:
      throw new WavUnusable(`its format code is ${code} with ${bitsPerSample} bits`);
  }
}

function linearOf(value: number): number {
  if (Number.isNaN(value)) return 0;
  return Math.max(-32_768, Math.min(32_767, Math.round(value * 32_768)));
}

function readSamples(data: Uint8Array, format: WavFormat): WavAudio {
  const read = sampleReader(format);
  const bytesPerSample = format.bitsPerSample / 8;
  const frameBytes = bytesPerSample * format.channelCount;
  const frames = Math.floor(data.length / frameBytes);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const channels = Array.from({ length: format.channelCount }, (_, channel) => {
    const pcm = new Int16Array(frames);
    let offset = channel * bytesPerSample;
    for (let frame = 0; frame < frames; frame += 1, offset += frameBytes) pcm[frame] = read(view, offset);
    return pcm;
  });
  return { sampleRate: format.sampleRate, channels };
}

/**
 * Writes a WAV file, 16-bit PCM by default or µ-law.
 *
 * @throws {RangeError} when there is no channel or the channels differ in length.
 */
export function writeWav(audio: WavAudio, options: { encoding?: 'pcm16' | 'mulaw' } = {}): Uint8Array {
  const [first] = audio.channels;
  if (!first || audio.channels.some((channel) => channel.length !== first.length)) {
    throw new RangeError('a WAV file needs at least one channel, all of the same length');
  }
  const encoding = options.encoding ?? 'pcm16';
  const bytesPerSample = encoding === 'pcm16' ? 2 : 1;
  const channelCount = audio.channels.length;
  const dataBytes = first.length * channelCount * bytesPerSample;
  const file = new Uint8Array(WAV_HEADER_BYTES + dataBytes);
  writeWavHeader(file, { encoding, sampleRate: audio.sampleRate, channelCount, dataBytes });
  const view = new DataView(file.buffer);
  audio.channels.forEach((pcm, channel) => {
    const coded = encoding === 'mulaw' ? encodeMulaw(pcm) : undefined;
    for (let frame = 0; frame < pcm.length; frame += 1) {
      const offset = WAV_HEADER_BYTES + (frame * channelCount + channel) * bytesPerSample;
      if (coded) file[offset] = coded[frame] as number;
      else view.setInt16(offset, pcm[frame] as number, true);
    }
  });
  return file;
}

/**
 * Writes the 44-byte header in front of `dataBytes` of samples.
 *
 * ```
 *  0 'RIFF' | 4 size of all that follows | 8 'WAVE'
 * 12 'fmt ' | 16 size 16 | 20 code | 22 channels | 24 rate | 28 bytes/s | 32 frame bytes | 34 bits
 * 36 'data' | 40 size of the samples | 44 samples …
 * ```
 */
export function writeWavHeader(
  target: Uint8Array,
  header: { encoding: 'pcm16' | 'mulaw'; sampleRate: number; channelCount: number; dataBytes: number },
): void {
  const view = new DataView(target.buffer, target.byteOffset, WAV_HEADER_BYTES);
  const bytesPerSample = header.encoding === 'pcm16' ? 2 : 1;
  const frameBytes = bytesPerSample * header.channelCount;
  writeName(view, 0, 'RIFF');
  view.setUint32(4, WAV_HEADER_BYTES - 8 + header.dataBytes, true);
  writeName(view, 8, 'WAVE');
  writeName(view, 12, 'fmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, header.encoding === 'pcm16' ? FORMAT_PCM : FORMAT_MULAW, true);
  view.setUint16(22, header.channelCount, true);
  view.setUint32(24, header.sampleRate, true);
  view.setUint32(28, header.sampleRate * frameBytes, true);
  view.setUint16(32, frameBytes, true);
  view.setUint16(34, bytesPerSample * 8, true);
  writeName(view, 36, 'data');
  view.setUint32(40, header.dataBytes, true);
}

/** Whether one of the usual chunks begins here. */
function isChunkAt(view: DataView, offset: number): boolean {
  return offset + 8 <= view.byteLength && USUAL_CHUNKS.has(chunkName(view, offset));
}

function chunkName(view: DataView, offset: number): string {
  return String.fromCharCode(
    view.getUint8(offset),
    view.getUint8(offset + 1),
    view.getUint8(offset + 2),
    view.getUint8(offset + 3),
  );
}

function writeName(view: DataView, offset: number, name: string): void {
  for (let i = 0; i < 4; i += 1) view.setUint8(offset + i, name.charCodeAt(i));
}
