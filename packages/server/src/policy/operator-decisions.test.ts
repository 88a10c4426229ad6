import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import type { DiallingSwitch } from '../store/operator-store.ts';
import { capturedLogger, levels } from '../test-support/captured-logger.ts';
import { type OperatorDecisions, openOperatorDecisions } from './operator-decisions.ts';
import type { AppliedQuota } from './quotas.ts';

const going: DiallingSwitch = { stopped: undefined, hangUpRound: 0 };
const stopped: DiallingSwitch = { stopped: { atMs: 0, reason: 'fraud' }, hangUpRound: 0 };

async function opened(start: DiallingSwitch = going) {
  const clock = new VirtualClock();
  const told: [now: boolean, rounds: number][] = [];
  const { logger, lines } = capturedLogger();
  const stored = { dialling: start, quotas: [] as AppliedQuota[], isAway: false };
  let applied: readonly AppliedQuota[] = [];
  const decisions: OperatorDecisions = await openOperatorDecisions({
    store: {
      appliedQuotas: async () => stored.quotas,
      diallingSwitch: async () => {
        if (stored.isAway) throw new Error('away');
        return stored.dialling;
      },
    },
    quotas: {
      apply: (values) => {
        applied = values;
      },
    },
    clock,
    logger,
    onDialling: (now, before) =>
      told.push([now.stopped !== undefined, now.hangUpRound - (before?.hangUpRound ?? now.hangUpRound)]),
  });
  return { clock, decisions, stored, told, lines, applied: () => applied };
}

describe('decisions of administrators', () => {
  it('are known before the service is', async () => {
    const { decisions, told } = await opened(stopped);
    assert.equal(decisions.dialling.stopped?.reason, 'fraud');
    assert.deepEqual(told, [[true, 0]]);
    await decisions.close();
  });

  it('are seen within a second, and told once', async () => {
    const { clock, decisions, stored, told } = await opened();
    stored.dialling = stopped;
    await clock.advance(999);
    assert.equal(decisions.dialling.stopped, undefined);
    await clock.advance(5001);
    assert.ok(decisions.dialling.stopped);
    stored.dialling = { ...stopped, hangUpRound: 1 };
    await clock.advance(1000);
    stored.dialling = { ...going, hangUpRound: 1 };
    await clock.advance(1000);
    assert.deepEqual(told, [
      [false, 0],
      [true, 0],
      [true, 1],
      [false, 0],
    ]);
    await decisions.close();
  });

  it('stay in force while the database is away', async () => {
    const { clock, decisions, stored, lines } = await opened(stopped);
    stored.isAway = true;
    await clock.advance(3000);
    assert.ok(decisions.dialling.stopped);
    assert.deepEqual(
      lines.map(({ level }) => level),
      [levels.warn],
      'told once, not at each look',
    );
    stored.isAway = false;
    stored.dialling = going;
    await clock.advance(1000);
    assert.equal(decisions.dialling.stopped, undefined);
    await decisions.close();
  });

  it('count at once where they were made', async () => {
    const { decisions, stored, applied } = await opened();
    const raised = { accountId: '0', region: 'us-east-1', code: 'L-1', context: '*', value: 5 } as const;
    stored.quotas = [raised];
    await decisions.refresh();
    assert.deepEqual(applied(), [raised]);
    await decisions.close();
  });
});
