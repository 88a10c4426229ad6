/**
 * Level measures over a stretch of audio: the Goertzel share of one frequency, and root mean square.
 */

/**
 * Share of the energy that lies at one frequency: 1 for a pure tone there, near 0 for anything else.
 * Resolution is about `sampleRate / pcm.length` Hz. Silence gives 0.
 */
export function toneLevel(pcm: Int16Array, sampleRate: number, frequencyHz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequencyHz) / sampleRate);
  let previous = 0;
  let beforePrevious = 0;
  let energy = 0;
  for (let i = 0; i < pcm.length; i += 1) {
    const sample = pcm[i] as number;
    const state = sample + coefficient * previous - beforePrevious;
    beforePrevious = previous;
    previous = state;
    energy += sample * sample;
  }
  if (energy === 0) return 0;
  const power =
    previous * previous + beforePrevious * beforePrevious - coefficient * previous * beforePrevious;
  return Math.min(1, power / ((pcm.length / 2) * energy));
}

/** Root mean square in sample units, 0 … 32 768; 0 for an empty array. */
export function rms(pcm: Int16Array): number {
  if (pcm.length === 0) return 0;
  let energy = 0;
  for (let i = 0; i < pcm.length; i += 1) energy += (pcm[i] as number) ** 2;
  return Math.sqrt(energy / pcm.length);
}
