// 50,000 hostile messages; `npm run nightly` throws a million, from another seed each night.
import { test } from 'node:test';
import { assertHealthy, runFuzz } from './fuzz/run-fuzz.ts';

test('fuzz › 50,000 messages, as datagrams and over streams: no crash, no slow message, no growth', async () => {
  assertHealthy(await runFuzz(50_000, 20_261));
});
