/**
 * Band-limited resampling with a windowed sinc, for prompts and speech on their way to 8 kHz.
 * Runs once per prompt, never on the packet path.
 */

/** Zero crossings of the sinc kept on either side; 16 keeps the alias rejection near 60 dB. */
const LOBES = 16;

/** The pass band ends a little below Nyquist, leaving room for the window's transition. */
const PASS_BAND = 0.94;

/** Highest rate accepted, Hz; above it a "sample rate" is a corrupt header, not audio. */
const HIGHEST_RATE_HZ = 768_000;

/**
 * Converts 16-bit mono audio from one sample rate to another.
 *
 * @throws {RangeError} when a rate is not an integer in 1 … 768 000 Hz.
 */
export function resample(pcm: Int16Array, fromHz: number, toHz: number): Int16Array {
  for (const rate of [fromHz, toHz]) {
    if (!Number.isInteger(rate) || rate < 1 || rate > HIGHEST_RATE_HZ) {
      throw new RangeError(`sample rate ${rate} Hz is not an integer in 1 … ${HIGHEST_RATE_HZ}`);
    }
  }
  if (fromHz === toHz) return pcm.slice();

  const divisor = greatestCommonDivisor(fromHz, toHz);
  const phases = toHz / divisor;
  const advance = fromHz / divisor;
  // When going down, the filter must cut at the target's Nyquist: a wider kernel, lower gain.
  const cutoff = Math.min(1, toHz / fromHz) * PASS_BAND;
  const reach = Math.ceil(LOBES / cutoff);
  const taps = phaseTaps(phases, reach, cutoff);

  const output = new Int16Array(Math.round((pcm.length * toHz) / fromHz));
  for (let n = 0; n < output.length; n += 1) {
    const exact = n * advance;
    const centre = Math.floor(exact / phases);
    const kernel = taps(exact % phases);
    let sum = 0;
    const first = Math.max(0, centre - reach + 1);
    const last = Math.min(pcm.length - 1, centre + reach);
    for (let i = first; i <= last; i += 1) {
      sum += (pcm[i] as number) * (kernel[i - centre + reach - 1] as number);
    }
    output[n] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
  }
  return output;
}

/** Kernels are made as their phase is first met: odd rate pairs have more phases than samples. */
function phaseTaps(phases: number, reach: number, cutoff: number): (phase: number) => Float64Array {
  const kernels = new Map<number, Float64Array>();
  return (phase) => {
    const known = kernels.get(phase);
    if (known) return known;
    const kernel = windowedSinc(phase / phases, reach, cutoff);
    kernels.set(phase, kernel);
    return kernel;
  };
}

function windowedSinc(fraction: number, reach: number, cutoff: number): Float64Array {
  const kernel = new Float64Array(2 * reach);
  let gain = 0;
  for (let tap = 0; tap < kernel.length; tap += 1) {
    const x = tap - reach + 1 - fraction;
    const angle = Math.PI * cutoff * x;
    const sinc = x === 0 ? 1 : Math.sin(angle) / angle;
    const place = Math.PI * (x / reach);
    const blackman = Math.abs(x) >= reach ? 0 : 0.42 + 0.5 * Math.cos(place) + 0.08 * Math.cos(2 * place);
    const value = sinc * blackman;
    kernel[tap] = value;
    gain += value;
  }
  // Unity gain at DC in each phase, else the phases would modulate a steady level.
  for (let tap = 0; tap < kernel.length; tap += 1) kernel[tap] = (kernel[tap] as number) / gain;
  return kernel;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
