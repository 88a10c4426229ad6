// Reproducible randomness for tests: the same seed always gives the same run.

/**
 * A generator of numbers in [0, 1) that depends only on `seed` (mulberry32; fine for tests, useless for secrets).
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A source of lower-case hexadecimal strings of `2 × bytes` digits, repeatable by seed. */
export function seededHex(seed: number): (bytes: number) => string {
  const random = seededRandom(seed);
  return (bytes) => {
    let hex = '';
    for (let index = 0; index < bytes; index++) {
      hex += Math.floor(random() * 256)
        .toString(16)
        .padStart(2, '0');
    }
    return hex;
  };
}
