import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { onStopSignals, type StopSignal } from './stop-signals.ts';

/** Signals sent at these times, ms, and those that were taken. */
function taken(isRunByNpm: boolean, sent: readonly (readonly [number, StopSignal])[]): string[] {
  const source = new EventEmitter();
  const took: string[] = [];
  let nowMs = 0;
  onStopSignals(source, { isRunByNpm, now: () => nowMs }, (signal) => took.push(`${nowMs} ${signal}`));
  for (const [atMs, signal] of sent) {
    nowMs = atMs;
    source.emit(signal);
  }
  return took;
}

describe('signals to stop', () => {
  it('are taken once where npm hands on what the whole process group got', () => {
    assert.deepEqual(
      taken(true, [
        [0, 'SIGTERM'],
        [700, 'SIGTERM'],
      ]),
      ['0 SIGTERM'],
    );
  });

  it('count again when somebody asks again', () => {
    assert.deepEqual(
      taken(true, [
        [0, 'SIGTERM'],
        [5, 'SIGTERM'],
        [3000, 'SIGTERM'],
      ]),
      ['0 SIGTERM', '3000 SIGTERM'],
    );
  });

  it('of another kind count at once', () => {
    assert.deepEqual(
      taken(true, [
        [0, 'SIGTERM'],
        [700, 'SIGINT'],
        [701, 'SIGINT'],
      ]),
      ['0 SIGTERM', '700 SIGINT'],
    );
  });

  it('are all somebody’s own where no npm is between', () => {
    assert.deepEqual(
      taken(false, [
        [0, 'SIGINT'],
        [50, 'SIGINT'],
      ]),
      ['0 SIGINT', '50 SIGINT'],
    );
  });
});
