// Random identifiers: branches, tags, client nonces.
import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4_096;

/** A source of unpredictable lower-case hexadecimal strings. Draws from the system in blocks, since each draw costs a call. */
export function createRandomHex(): (bytes: number) => string {
  const pool = Buffer.alloc(POOL_BYTES);
  let used = POOL_BYTES;
  return (bytes) => {
    if (bytes > POOL_BYTES) throw new RangeError(`at most ${POOL_BYTES} bytes at a time, not ${bytes}`);
    if (used + bytes > POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    const hex = pool.toString('hex', used, used + bytes);
    used += bytes;
    return hex;
  };
}
