/** Random numbers that a seed repeats, so that a failed run can be run again. */

export interface SeededRandom {
  /** From 0 to 1. */
  next(): number;
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number;
}

/** mulberry32. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, between: (least, most) => least + Math.floor(next() * (most - least + 1)) };
}

/** `RINGBACK_TEST_SEED`, or a new seed. */
export function seedOfThisRun(): number {
  return Number(process.env.RINGBACK_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
}
