/**
 * G.711 µ-law and A-law through lookup tables (ITU-T G.711). Used by everything that touches audio:
 * prompts, tones, recordings and detectors.
 */

/** One µ-law byte of silence (positive zero). */
export const MULAW_SILENCE = 0xff;

/** One A-law byte of silence (smallest positive step; A-law has no zero). */
export const ALAW_SILENCE = 0xd5;

const MULAW_BIAS = 0x84;
const MULAW_CLIP = 32_635;

function mulawByte(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), MULAW_CLIP) + MULAW_BIAS;
  // The bias puts the leading one at bit 7 or above; its place is the segment.
  const segment = 24 - Math.clz32(magnitude);
  const mantissa = (magnitude >> (segment + 3)) & 0x0f;
  return ~(sign | (segment << 4) | mantissa) & 0xff;
}

function mulawSample(byte: number): number {
  const bits = ~byte & 0xff;
  const segment = (bits >> 4) & 0x07;
  const magnitude = ((((bits & 0x0f) << 3) + MULAW_BIAS) << segment) - MULAW_BIAS;
  return bits & 0x80 ? -magnitude : magnitude;
}

function alawByte(sample: number): number {
  const sign = sample >= 0 ? 0x80 : 0;
  // Negative values are mirrored by complement, so that −1 falls in the same smallest step as 0.
  const magnitude = (sample >= 0 ? sample : ~sample) >> 4;
  const segment = magnitude < 16 ? 0 : 28 - Math.clz32(magnitude);
  const mantissa = segment === 0 ? magnitude & 0x0f : (magnitude >> (segment - 1)) & 0x0f;
  return (sign | (segment << 4) | mantissa) ^ 0x55;
}

function alawSample(byte: number): number {
  const bits = byte ^ 0x55;
  const segment = (bits >> 4) & 0x07;
  const step = ((bits & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? step : (step + 0x100) << (segment - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}

function table<T extends Uint8Array | Int16Array>(target: T, value: (index: number) => number): T {
  for (let index = 0; index < target.length; index += 1) target[index] = value(index);
  return target;
}

/** µ-law byte → 16-bit linear sample. */
export const MULAW_TO_LINEAR: Int16Array = table(new Int16Array(256), mulawSample);

/** A-law byte → 16-bit linear sample. */
export const ALAW_TO_LINEAR: Int16Array = table(new Int16Array(256), alawSample);

/** 16-bit linear sample, taken modulo 65 536 (`sample & 0xffff`), → µ-law byte. */
export const LINEAR_TO_MULAW: Uint8Array = table(new Uint8Array(65_536), (index) =>
  mulawByte((index << 16) >> 16),
);

/** µ-law byte → nearest A-law byte, for sending stored µ-law on a PCMA leg. */
export const MULAW_TO_ALAW: Uint8Array = table(new Uint8Array(256), (byte) => alawByte(mulawSample(byte)));

/** 16-bit linear sample, taken modulo 65 536, → A-law byte. */
export const LINEAR_TO_ALAW: Uint8Array = table(new Uint8Array(65_536), (index) =>
  alawByte((index << 16) >> 16),
);

/** A-law byte → nearest µ-law byte. */
export const ALAW_TO_MULAW: Uint8Array = table(new Uint8Array(256), (byte) => mulawByte(alawSample(byte)));

/** Encodes 16-bit linear samples as µ-law, one byte a sample. */
export function encodeMulaw(pcm: Int16Array): Uint8Array {
  const bytes = new Uint8Array(pcm.length);
  for (let i = 0; i < pcm.length; i += 1) bytes[i] = LINEAR_TO_MULAW[(pcm[i] as number) & 0xffff] as number;
  return bytes;
}

/** Decodes µ-law bytes to 16-bit linear samples. */
export function decodeMulaw(bytes: Uint8Array): Int16Array {
  return decode(bytes, MULAW_TO_LINEAR);
}

/** Encodes 16-bit linear samples as A-law, one byte a sample. */
export function encodeAlaw(pcm: Int16Array): Uint8Array {
  const bytes = new Uint8Array(pcm.length);
  for (let i = 0; i < pcm.length; i += 1) bytes[i] = alawByte(pcm[i] as number);
  return bytes;
}

/** Decodes A-law bytes to 16-bit linear samples. */
export function decodeAlaw(bytes: Uint8Array): Int16Array {
  return decode(bytes, ALAW_TO_LINEAR);
}

function decode(bytes: Uint8Array, toLinear: Int16Array): Int16Array {
  const pcm = new Int16Array(bytes.length);
  for (let i = 0; i < bytes.length; i += 1) pcm[i] = toLinear[bytes[i] as number] as number;
  return pcm;
}
