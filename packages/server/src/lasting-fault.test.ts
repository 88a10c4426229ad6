// A fault that goes on, in the log: neither line by line nor forgotten.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import { lastingFault } from './lasting-fault.ts';
import { capturedLogger, levels } from './test-support/captured-logger.ts';

it('lasting fault › is told when it begins, once a minute, and when it is over', async () => {
  const clock = new VirtualClock();
  const { logger, lines } = capturedLogger();
  const fault = lastingFault('no database', { logger, clock });
  fault.over();
  for (let second = 0; second < 150; second += 1) {
    fault.met(new Error('refused'), 'warn');
    await clock.advance(1000);
  }
  fault.over();
  fault.over();
  fault.met(new Error('again'));
  assert.deepEqual(
    lines.map(({ level, msg, sinceMs, lastedMs }) => [level, msg, sinceMs ?? lastedMs]),
    [
      [levels.warn, 'no database', 0],
      [levels.warn, 'no database', 60_000],
      [levels.warn, 'no database', 120_000],
      [levels.info, 'over: no database', 150_000],
      [levels.error, 'no database', 0],
    ],
  );
});
