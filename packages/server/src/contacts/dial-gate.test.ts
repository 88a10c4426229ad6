// The gate before dialling, on virtual time.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import { openDialGate } from './dial-gate.ts';
import { ContactEnded, endings } from './endings.ts';

const never = new AbortController().signal;

describe('dial gate', () => {
  it('lets a contact through at once when it is open', async () => {
    const clock = new VirtualClock();
    await openDialGate('open', clock).pass(clock.now() + 1, never);
    assert.equal(clock.pendingTimers, 0);
  });

  it('lets nobody through whose time is over, open or not', async () => {
    const clock = new VirtualClock();
    for (const state of ['open', 'closed'] as const) {
      assert.equal(
        await endingOf(openDialGate(state, clock).pass(clock.now(), never)),
        endings.dialDelayExceeded,
      );
    }
  });

  it('holds a contact back while paused, until exactly its time is over', async () => {
    const clock = new VirtualClock();
    let ending: unknown = 'waiting';
    void endingOf(openDialGate('closed', clock).pass(clock.now() + 30_000, never)).then((end) => {
      ending = end;
    });
    await clock.advance(29_999);
    assert.equal(ending, 'waiting');
    await clock.advance(1);
    assert.equal(ending, endings.dialDelayExceeded);
  });

  it('gives up at once when the contact is stopped, before or while it waits', async () => {
    const clock = new VirtualClock();
    const gate = openDialGate('closed', clock);
    const stop = new AbortController();
    const passing = endingOf(gate.pass(clock.now() + 30_000, stop.signal));
    stop.abort(new ContactEnded(endings.stoppedByApi));
    assert.equal(await passing, endings.stoppedByApi);
    assert.equal(await endingOf(gate.pass(clock.now() + 30_000, stop.signal)), endings.stoppedByApi);
    assert.equal(clock.pendingTimers, 0);
  });

  it('lets everyone through when it opens, and holds those who come after it closes again', async () => {
    const clock = new VirtualClock();
    const gate = openDialGate('closed', clock);
    const passed: string[] = [];
    const wait = (name: string): void =>
      void gate.pass(clock.now() + 30_000, never).then(() => passed.push(name));
    for (const name of ['first', 'second', 'third']) wait(name);
    await clock.advance(10_000);
    assert.deepEqual(passed, []);
    gate.open();
    gate.close();
    wait('late');
    await clock.advance(20_000);
    assert.deepEqual(passed, ['first', 'second', 'third']);
    gate.open();
    await clock.advance(0);
    assert.deepEqual(passed, ['first', 'second', 'third', 'late']);
    assert.equal(clock.pendingTimers, 0);
  });
});

async function endingOf(passing: Promise<void>) {
  const error = await passing.then(
    () => assert.fail('it passed'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ContactEnded);
  return error.ending;
}
