// Waiting that ends at once when the call does.
import type { Clock } from '@ringback/sip';

/**
 * Waits for something that `begin` starts and reports by `resolve`; when the signal aborts first, undoes it with the
 * function `begin` returned and rejects with the signal's reason.
 */
export function abortable(
  signal: AbortSignal,
  begin: (resolve: () => void) => (() => void) | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const undo = begin(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    function stop(): void {
      undo?.();
      reject(signal.reason);
    }
    signal.addEventListener('abort', stop, { once: true });
  });
}

export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return abortable(signal, (resolve) => {
    const timer = clock.setTimeout(resolve, delayMs);
    return () => clock.clearTimeout(timer);
  });
}

/** Rejects with the signal's reason when it aborts; never resolves. */
export async function untilAborted(signal: AbortSignal): Promise<never> {
  await abortable(signal, () => undefined);
  throw signal.reason;
}
