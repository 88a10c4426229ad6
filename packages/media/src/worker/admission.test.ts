import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IDLE, isOverloaded } from './admission.ts';

describe('admission', () => {
  it('takes calls while the worker keeps time', () => {
    assert.equal(isOverloaded(IDLE, 0), false);
    assert.equal(isOverloaded({ cpuShare: 0.7, latenessP95Ms: 5 }, 500), false);
  });

  it('refuses before audio suffers: nearly a core used, or ticks a frame late', () => {
    assert.equal(isOverloaded({ cpuShare: 0.8, latenessP95Ms: 2 }, 500), true);
    assert.equal(isOverloaded({ cpuShare: 0.5, latenessP95Ms: 25 }, 500), true);
  });

  it('blames no worker that carries few calls, or has little to do, for a machine busy with other things', () => {
    assert.equal(isOverloaded({ cpuShare: 0.3, latenessP95Ms: 300 }, 500), false);
    assert.equal(isOverloaded({ cpuShare: 0.9, latenessP95Ms: 300 }, 49), false);
  });
});
