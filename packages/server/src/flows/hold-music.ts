/** Music to wait by, made of sines: free of anybody's rights, and it costs no file. */

/** Chords of an ordinary cadence (C, Am, F, G), as semitones above middle C; the second bar of each is broken backwards. */
const chords = [
  [0, 4, 7, 12],
  [-3, 0, 4, 9],
  [-7, 0, 5, 9],
  [-5, -1, 2, 7],
];
const middleCHz = 261.63;
const noteSeconds = 0.5;
/** How fast a plucked note fades, per second. */
const fading = 3;
const amplitude = 4000;

/** Sixteen seconds of broken chords as 16-bit samples, beginning and ending in silence, fit to be repeated. */
export function holdMusic(sampleRateHz: number): Int16Array {
  const notes = chords.flatMap((chord) => [...chord, ...chord.toReversed()]);
  const noteSamples = noteSeconds * sampleRateHz;
  const mix = new Float64Array(notes.length * noteSamples);
  for (const [index, semitone] of notes.entries()) {
    const hz = middleCHz * 2 ** (semitone / 12);
    // A note rings into the next one, but not beyond the end: the end must meet the beginning.
    for (let n = 0; n < 2 * noteSamples && index * noteSamples + n < mix.length; n += 1) {
      const seconds = n / sampleRateHz;
      const attack = Math.min(1, seconds * 100);
      const release = Math.min(1, (2 * noteSamples - n) / (0.1 * sampleRateHz));
      const at = index * noteSamples + n;
      const angle = 2 * Math.PI * hz * seconds;
      const tone = Math.sin(angle) + 0.3 * Math.sin(2 * angle);
      mix[at] = (mix[at] ?? 0) + amplitude * attack * release * Math.exp(-fading * seconds) * tone;
    }
  }
  const fadeSamples = 0.2 * sampleRateHz;
  return Int16Array.from(mix, (value, n) => Math.round(value * Math.min(1, (mix.length - n) / fadeSamples)));
}
