/** Where accepted contacts wait until they may be dialled: open, or closed by configuration or the kill switch. Nobody waits longer than the dial delay allows. */
import type { Clock } from '../clock.ts';
import { ContactEnded, endings } from './endings.ts';

export interface DialGate {
  readonly isOpen: boolean;
  /** Has `opened` called each time that the gate opens. */
  onOpen(opened: () => void): void;
  /**
   * Resolves when the contact may be dialled.
   *
   * @throws {ContactEnded} with `dialDelayExceeded` when `deadlineMs` passes first; the signal's reason on abort.
   */
  pass(deadlineMs: number, signal: AbortSignal): Promise<void>;
  /** Lets everyone through who waits, and who comes later. */
  open(): void;
  /** From now on nobody passes. */
  close(): void;
}

/** Nobody is rung hours later because a service was down or paused: see maxDialDelayMs. */
export function openDialGate(state: 'open' | 'closed', clock: Clock): DialGate {
  let isOpen = state === 'open';
  const waiting = new Set<() => void>();
  const listeners: (() => void)[] = [];
  return {
    get isOpen() {
      return isOpen;
    },
    onOpen(opened) {
      listeners.push(opened);
    },
    async pass(deadlineMs, signal) {
      signal.throwIfAborted();
      const leftMs = deadlineMs - clock.now();
      if (leftMs <= 0) throw new ContactEnded(endings.dialDelayExceeded);
      if (isOpen) return;
      await new Promise<void>((resolve, reject) => {
        const leave = (): void => {
          waiting.delete(letThrough);
          clock.clearTimeout(timer);
          signal.removeEventListener('abort', abort);
        };
        const letThrough = (): void => {
          leave();
          resolve();
        };
        const abort = (): void => {
          leave();
          reject(signal.reason);
        };
        const timer = clock.setTimeout(() => {
          leave();
          reject(new ContactEnded(endings.dialDelayExceeded));
        }, leftMs);
        waiting.add(letThrough);
        signal.addEventListener('abort', abort, { once: true });
      });
    },
    open() {
      isOpen = true;
      for (const letThrough of [...waiting]) letThrough();
      for (const opened of listeners) opened();
    },
    close() {
      isOpen = false;
    },
  };
}
