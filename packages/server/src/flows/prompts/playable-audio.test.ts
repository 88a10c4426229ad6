import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openPlayableAudio } from './playable-audio.ts';

class Engine {
  readonly loaded = new Map<string, number>();
  loadPrompt(id: string, mulaw: Uint8Array): void {
    this.loaded.set(id, mulaw.byteLength);
  }
  unloadPrompt(id: string): void {
    assert.ok(this.loaded.delete(id), `${id} was not loaded`);
  }
}

const bytes = (size: number) => async () => new Uint8Array(size);

describe('playable audio', () => {
  it('loads once for all who ask at the same time, and again after a failure', async () => {
    const engine = new Engine();
    const audio = openPlayableAudio(engine, { clock: { now: () => 0 } });
    let loads = 0;
    const failing = () => {
      loads += 1;
      return Promise.reject(new Error('away'));
    };
    await Promise.all([
      assert.rejects(audio.prepare('a', failing), /away/),
      assert.rejects(audio.prepare('a', failing), /away/),
    ]);
    assert.equal(loads, 1);
    const [first, second] = await Promise.all([audio.prepare('a', bytes(1)), audio.prepare('a', bytes(1))]);
    assert.equal(first, second);
    assert.deepEqual([...engine.loaded.keys()], [first]);
  });

  it('lets go of what was used longest ago when its budget is spent', async () => {
    const engine = new Engine();
    const audio = openPlayableAudio(engine, { clock: { now: () => 0 }, budgetBytes: 100 });
    const a = await audio.prepare('a', bytes(40));
    const b = await audio.prepare('b', bytes(40));
    await audio.prepare('a', bytes(40));
    const c = await audio.prepare('c', bytes(40));
    assert.deepEqual([...engine.loaded.keys()], [a, c]);
    assert.notEqual(await audio.prepare('b', bytes(10)), b);
    // What alone is larger than the budget is played all the same.
    const large = await audio.prepare('large', bytes(1000));
    assert.deepEqual([...engine.loaded.keys()], [large]);
  });

  it('loads anew what may have changed', async () => {
    const engine = new Engine();
    let nowMs = 0;
    const audio = openPlayableAudio(engine, { clock: { now: () => nowMs }, keptForMs: 1000 });
    const first = await audio.prepare('a', bytes(1));
    nowMs = 999;
    assert.equal(await audio.prepare('a', bytes(2)), first);
    nowMs = 1000;
    const second = await audio.prepare('a', bytes(2));
    assert.deepEqual([...engine.loaded], [[second, 2]]);
  });

  it('keeps count of what was let go of while it was loading', async () => {
    const engine = new Engine();
    let nowMs = 0;
    const audio = openPlayableAudio(engine, { clock: { now: () => nowMs }, keptForMs: 10, budgetBytes: 100 });
    let finish: (mulaw: Uint8Array) => void = () => undefined;
    const slow = audio.prepare(
      'a',
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    nowMs = 20;
    await audio.prepare('a', bytes(50));
    finish(new Uint8Array(40));
    await slow;
    assert.equal(engine.loaded.size, 2);
    await audio.prepare('b', bytes(90));
    assert.equal(engine.loaded.size, 1);
  });
});
