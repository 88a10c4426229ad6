// The step table of a trunk's health.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  describeHealth,
  failureShare,
  type HealthInput,
  newHealth,
  stepHealth,
  type TrunkHealth,
} from './trunk-health.ts';

/** Inputs in short: the second they come at, and what comes. */
type Script = readonly (readonly [
  seconds: number,
  what: 'answered' | 'silent' | 'carried' | 'failed' | 'time',
])[];

function run(script: Script, from: TrunkHealth = newHealth(0)): TrunkHealth {
  return script.reduce((health, [seconds, what]) => stepHealth(health, inputOf(what, seconds * 1000)), from);
}

function inputOf(what: Script[number][1], atMs: number): HealthInput {
  switch (what) {
    case 'answered':
      return { kind: 'probe', result: 'answered', atMs };
    case 'silent':
      return { kind: 'probe', result: 'failed', atMs };
    case 'time':
      return { kind: 'time', atMs };
    default:
      return { kind: 'call', result: what, atMs };
  }
}

const fiveFailures: Script = [1, 2, 3, 4, 5].map((second) => [second, 'failed'] as const);
/** It failed twice, was away, came back, and fails again. */
const throughOutage: Script = [
  ...fiveFailures,
  [36, 'failed'],
  [40, 'silent'],
  [41, 'silent'],
  [50, 'answered'],
  ...fiveFailures.map(([second, what]) => [second + 50, what] as const),
];

describe('trunk health', () => {
  const cases: [what: string, script: Script, standing: string][] = [
    ['one lost probe is no outage', [[0, 'silent']], 'in service'],
    [
      'two in a row are',
      [
        [0, 'silent'],
        [30, 'silent'],
      ],
      'side-lined',
    ],
    [
      'an answer between them counts anew',
      [
        [0, 'silent'],
        [30, 'answered'],
        [60, 'silent'],
      ],
      'in service',
    ],
    [
      'an answered probe brings it back',
      [
        [0, 'silent'],
        [30, 'silent'],
        [60, 'answered'],
      ],
      'in service',
    ],
    [
      'time alone does not bring an unreachable one back',
      [
        [0, 'silent'],
        [30, 'silent'],
        [9_000, 'time'],
      ],
      'side-lined',
    ],
    [
      'a carried call brings it back, whatever probes say',
      [
        [0, 'silent'],
        [30, 'silent'],
        [40, 'carried'],
      ],
      'in service',
    ],
    ['four failed calls are not enough', fiveFailures.slice(1), 'in service'],
    ['five are', fiveFailures, 'side-lined'],
    [
      'five among more good ones are not',
      [...[1, 1, 1, 2, 2, 2].map((second) => [second, 'carried'] as const), ...fiveFailures],
      'in service',
    ],
    [
      'old failures are forgotten',
      [
        [0, 'failed'],
        [1, 'failed'],
        [62, 'failed'],
        [63, 'failed'],
        [64, 'failed'],
      ],
      'in service',
    ],
    ['a failing one is aside for half a minute', [...fiveFailures, [34, 'time']], 'side-lined'],
    ['and then tried', [...fiveFailures, [35, 'time']], 'on trial'],
    ['an answered probe does not end that time', [...fiveFailures, [20, 'answered']], 'side-lined'],
    ['one good call on trial is enough', [...fiveFailures, [36, 'carried']], 'in service'],
    ['one bad call on trial is enough, too', [...fiveFailures, [36, 'failed']], 'side-lined'],
    ['the second time is twice as long', [...fiveFailures, [36, 'failed'], [95, 'time']], 'side-lined'],
    ['and ends', [...fiveFailures, [36, 'failed'], [96, 'time']], 'on trial'],
    ['an outage in between does not forgive', [...throughOutage, [174, 'time']], 'side-lined'],
    ['and the third time ends, too', [...throughOutage, [175, 'time']], 'on trial'],
  ];
  for (const [what, script, standing] of cases) {
    it(what, () => assert.equal(run(script).standing, standing));
  }

  it('keeps the time aside within ten minutes', () => {
    let health = run(fiveFailures);
    for (let relapse = 0; relapse < 20; relapse += 1) {
      const trialAtMs = health.trialAtMs ?? Number.NaN;
      assert.ok(trialAtMs - health.sinceMs <= 600_000);
      health = stepHealth(health, { kind: 'call', result: 'failed', atMs: trialAtMs });
    }
    assert.equal((health.trialAtMs ?? 0) - health.sinceMs, 600_000);
  });

  it('keeps few outcomes, however many calls there are', () => {
    const calls = Array.from({ length: 500 }, () => [1, 'carried'] as const);
    assert.equal(run(calls).outcomes.length, 50);
  });

  it('tells the share of failures, and itself in words', () => {
    const health = run([
      [1, 'failed'],
      [2, 'carried'],
      [3, 'carried'],
      [4, 'carried'],
    ]);
    assert.equal(failureShare(health, 5_000), 0.25);
    assert.equal(failureShare(health, 120_000), 0);
    assert.equal(describeHealth(health), 'in service');
    assert.equal(describeHealth(run(fiveFailures)), 'side-lined since 1970-01-01T00:00:05.000Z: failing');
  });
});
