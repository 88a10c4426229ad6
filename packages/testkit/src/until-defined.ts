// Waiting for facts in real time: tests with programs of others have no clock that they could advance.
import { setTimeout as sleep } from 'node:timers/promises';

const betweenQuestionsMs = 100;

/**
 * Asks until there is an answer.
 *
 * @param complaint what is missing, for the error: `the phone did not ring`
 */
export async function untilDefined<Value>(
  withinMs: number,
  complaint: string,
  ask: () => Promise<Value | undefined> | Value | undefined,
): Promise<Value> {
  const giveUpAtMs = Date.now() + withinMs;
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (Date.now() >= giveUpAtMs) throw new Error(`${complaint} within ${withinMs} ms`);
    await sleep(betweenQuestionsMs);
  }
}
