/** Where accepted contacts wait until they may be dialled: open, or paused by configuration. Nobody waits longer than the dial delay allows. */
import type { Clock } from '../clock.ts';
import { ContactEnded, endings } from './endings.ts';

export interface DialGate {
  /**
   * Resolves when the contact may be dialled.
   *
   * @throws {ContactEnded} with `dialDelayExceeded` when `deadlineMs` passes first; the signal's reason on abort.
   */
  pass(deadlineMs: number, signal: AbortSignal): Promise<void>;
}

/** Nobody is rung hours later because a service was down or paused: see maxDialDelayMs. */
export function openDialGate(state: 'open' | 'paused', clock: Clock): DialGate {
  return {
    async pass(deadlineMs, signal) {
      signal.throwIfAborted();
      const leftMs = deadlineMs - clock.now();
      if (leftMs <= 0) throw new ContactEnded(endings.dialDelayExceeded);
      if (state === 'open') return;
      await new Promise<void>((_, reject) => {
        const timer = clock.setTimeout(() => reject(new ContactEnded(endings.dialDelayExceeded)), leftMs);
        signal.addEventListener(
          'abort',
          () => {
            clock.clearTimeout(timer);
            reject(signal.reason);
          },
          { once: true },
        );
      });
    },
  };
}
