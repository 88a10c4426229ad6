/**
 * Power spectrum of 32 ms of 8 kHz audio, Hann-windowed: what tones are told from voices by. Allocates nothing after
 * its construction.
 */

/** Samples of one analysis. */
export const SPECTRUM_SAMPLES = 256;

/** Bins of 31.25 Hz, from 0 Hz to 4 kHz. */
export const SPECTRUM_BINS = 129;

export const BIN_HZ = 8_000 / SPECTRUM_SAMPLES;

const HALF = SPECTRUM_SAMPLES / 2;
const WINDOW = Float64Array.from(
  { length: SPECTRUM_SAMPLES },
  (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (n + 0.5)) / SPECTRUM_SAMPLES),
);
const COS = Float64Array.from({ length: HALF }, (_, k) => Math.cos((2 * Math.PI * k) / SPECTRUM_SAMPLES));
const SIN = Float64Array.from({ length: HALF }, (_, k) => Math.sin((2 * Math.PI * k) / SPECTRUM_SAMPLES));
const REVERSED = Uint8Array.from({ length: HALF }, (_, n) => reverseBits(n, Math.log2(HALF)));

/** A sine of amplitude A has the power A²/2 in all its bins together. */
const SCALE = 2 / ((SPECTRUM_SAMPLES * SPECTRUM_SAMPLES * 3) / 8);

export class Spectrum {
  /** Mean-square power by bin, in squared sample units. */
  readonly power = new Float64Array(SPECTRUM_BINS);
  readonly #re = new Float64Array(HALF);
  readonly #im = new Float64Array(HALF);

  /** Analyses a ring of `SPECTRUM_SAMPLES` samples whose oldest stands at `start`. */
  analyse(ring: Float64Array, start: number): void {
    const re = this.#re;
    const im = this.#im;
    // Real input as half as many complex samples: even ones real, odd ones imaginary.
    for (let n = 0; n < HALF; n += 1) {
      const at = REVERSED[n] as number;
      const first = 2 * at;
      re[n] = (ring[(start + first) & (SPECTRUM_SAMPLES - 1)] as number) * (WINDOW[first] as number);
      im[n] = (ring[(start + first + 1) & (SPECTRUM_SAMPLES - 1)] as number) * (WINDOW[first + 1] as number);
    }
    transform(re, im);
    this.#untangle();
  }

  #untangle(): void {
    const re = this.#re;
    const im = this.#im;
    const { power } = this;
    const zero = (re[0] as number) + (im[0] as number);
    const last = (re[0] as number) - (im[0] as number);
    power[0] = (SCALE * zero * zero) / 2;
    power[HALF] = (SCALE * last * last) / 2;
    for (let k = 1; k < HALF; k += 1) {
      const mirror = HALF - k;
      const evenRe = ((re[k] as number) + (re[mirror] as number)) / 2;
      const evenIm = ((im[k] as number) - (im[mirror] as number)) / 2;
      const oddRe = ((im[k] as number) + (im[mirror] as number)) / 2;
      const oddIm = ((re[mirror] as number) - (re[k] as number)) / 2;
      const c = COS[k] as number;
      const s = SIN[k] as number;
      const x = evenRe + c * oddRe + s * oddIm;
      const y = evenIm + c * oddIm - s * oddRe;
      power[k] = SCALE * (x * x + y * y);
    }
  }
}

/** Radix-2, in place, input already in bit-reversed order. */
function transform(re: Float64Array, im: Float64Array): void {
  for (let size = 2; size <= HALF; size *= 2) {
    const half = size / 2;
    const stride = SPECTRUM_SAMPLES / size;
    for (let k = 0; k < half; k += 1) {
      const c = COS[k * stride] as number;
      const s = SIN[k * stride] as number;
      for (let a = k; a < HALF; a += size) {
        const b = a + half;
        const bRe = re[b] as number;
        const bIm = im[b] as number;
        const tRe = bRe * c + bIm * s;
        const tIm = bIm * c - bRe * s;
        const aRe = re[a] as number;
        const aIm = im[a] as number;
        re[b] = aRe - tRe;
        im[b] = aIm - tIm;
        re[a] = aRe + tRe;
        im[a] = aIm + tIm;
      }
    }
  }
}

function reverseBits(value: number, bits: number): number {
  let reversed = 0;
  for (let bit = 0; bit < bits; bit += 1) reversed |= ((value >> bit) & 1) << (bits - 1 - bit);
  return reversed;
}

/**
 * Frequency of the peak at bin `k`, Hz, between the bins: for a Hann window the ratio of the two largest amplitudes
 * tells it.
 */
export function peakFrequency(power: Float64Array, k: number): number {
  const here = Math.sqrt(power[k] as number);
  const left = Math.sqrt(power[k - 1] ?? 0);
  const right = Math.sqrt(power[k + 1] ?? 0);
  if (here === 0) return k * BIN_HZ;
  const ratio = Math.max(left, right) / here;
  const offset = (2 * ratio - 1) / (ratio + 1);
  return (k + (right >= left ? offset : -offset)) * BIN_HZ;
}
