/** The one source of time. Production passes `systemClock`; tests pass a virtual one. */

/** Time and timers, passed in so that tests can advance them. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** Wall-clock time and Node's own timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

/** Resolves after `delayMs`; rejects with the signal's reason when aborted first. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const aborted = (): void => {
      clock.clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }, delayMs);
    signal?.addEventListener('abort', aborted, { once: true });
  });
}

/** What `work` resolves to, or `late` where it takes longer than `patienceMs`; it goes on then, and how it ends is told to nobody. */
export async function unlessLate<Value>(
  clock: Clock,
  patienceMs: number,
  work: Promise<Value>,
): Promise<Value | 'late'> {
  const over = new AbortController();
  const late = delay(clock, patienceMs, over.signal).then(
    () => 'late' as const,
    () => 'late' as const, // aborted: the race is over
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}

/**
 * A pause that all share who ask for it while it lasts: an AbortSignal looks at all of its listeners to take one more, so a
 * hundred thousand pauses of their own would take minutes. Rejects as `delay` does.
 */
export function sharedDelay(clock: Clock, delayMs: number, signal: AbortSignal): () => Promise<void> {
  let underway: Promise<void> | undefined;
  return () => {
    underway ??= delay(clock, delayMs, signal).finally(() => {
      underway = undefined;
    });
    return underway;
  };
}
