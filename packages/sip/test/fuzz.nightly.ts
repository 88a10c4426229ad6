// A million hostile messages, from a seed of the day; RINGBACK_FUZZ_SEED repeats one.
import { test } from 'node:test';
import { assertHealthy, runFuzz } from './fuzz/run-fuzz.ts';

const seed = Number(process.env.RINGBACK_FUZZ_SEED ?? Math.floor(Date.now() / 86_400_000));

test(`fuzz › 1,000,000 messages from seed ${seed}`, async (context) => {
  const outcome = await runFuzz(1_000_000, seed);
  context.diagnostic(JSON.stringify(outcome));
  assertHealthy(outcome);
});
