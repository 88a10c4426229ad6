/** Gives a task a time limit on top of its caller's signal. */

import type { Clock } from '../../clock.ts';
import { SpeechFailed } from './speech-errors.ts';

/**
 * Runs `task` with a signal that aborts with the caller's reason, or with `SpeechFailed` `timed-out` after `timeoutMs`.
 * The task must settle soon after its signal aborts.
 */
export async function withDeadline<T>(
  limit: {
    readonly clock: Clock;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    readonly what: string;
  },
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = limit.clock.setTimeout(() => {
    late.abort(new SpeechFailed('timed-out', `${limit.what} did not deliver within ${limit.timeoutMs} ms`));
  }, limit.timeoutMs);
  try {
    return await task(AbortSignal.any([limit.signal, late.signal]));
  } finally {
    limit.clock.clearTimeout(timer);
  }
}
