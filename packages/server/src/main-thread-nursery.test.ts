// Runs a process of its own, because the option is one of the whole process.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';

const nursery = new URL('./main-thread-nursery.ts', import.meta.url).href;

/** Prints the largest nursery of a worker whose objects live just long enough to make it grow, bytes. */
const program = (prepare: string): string => `
  import { Worker } from 'node:worker_threads';
  import { keepNurseryToMainThread } from '${nursery}';
  ${prepare}
  const worker = new Worker(\`
    import { getHeapSpaceStatistics } from 'node:v8';
    import { parentPort } from 'node:worker_threads';
    let kept = [];
    for (let n = 0; n < 3e6; n += 1) {
      kept.push({ n: [n] });
      if (kept.length > 1e5) kept = [];
    }
    const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    parentPort.postMessage(space_size);
  \`, { eval: true, resourceLimits: { maxYoungGenerationSizeMb: 6 } });
  worker.on('message', (bytes) => console.log(bytes));
`;

async function nurseryOfWorker(prepare: string): Promise<number> {
  const flags = ['--max-semi-space-size=64', '--input-type=module', '--eval', program(prepare)];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  return Number(stdout);
}

describe('nursery of the main thread', () => {
  it('leaves workers the nursery of their own limits', async () => {
    const [shared, own] = await Promise.all([
      nurseryOfWorker(''),
      nurseryOfWorker('keepNurseryToMainThread();'),
    ]);
    assert.ok(own <= 6 * 2 ** 20, `${own} bytes`);
    assert.ok(shared > own, 'without it the option of the process overrules their limits');
  });
});
