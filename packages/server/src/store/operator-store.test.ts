// Quotas and the kill switch in a real PostgreSQL, started once for this file.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type InstanceId, newId } from '../ids.ts';
import type { AppliedQuota } from '../policy/quotas.ts';
import { sampleTenant, sampleTimeMs } from '../test-support/sample-contact.ts';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.ts';
import {
  applyCallSlotCapacity,
  type OperatorStore,
  openOperatorStore,
  type QuotaRequest,
  QuotaRequestPending,
} from './operator-store.ts';

const code = 'L-12AB7C57';
const pool = 'active-calls';

let server: TestDatabase;
let store: OperatorStore;
let first: InstanceId;
const second = newId<InstanceId>();

before(async () => {
  server = await openTestDatabase();
  store = openOperatorStore(server.database);
  first = server.instanceId;
  await server.database.query(
    `INSERT INTO instance (id, account_id, region, alias, created_at)
     SELECT $1, account_id, region, 'second', created_at + interval '1 s' FROM instance`,
    [second],
  );
  await server.database.query(
    'INSERT INTO call_slot_pool (instance_id, pool, capacity) SELECT $1, pool, capacity FROM call_slot_pool',
    [second],
  );
});

after(() => server.close());

beforeEach(async () => {
  await server.database.query('TRUNCATE service_quota, service_quota_request');
  await server.database.query('UPDATE call_slot_pool SET capacity = 1');
});

const value = (changes: Partial<AppliedQuota> = {}): AppliedQuota => ({
  ...sampleTenant,
  code,
  context: '*',
  value: 10,
  ...changes,
});

const request = (changes: Partial<QuotaRequest> = {}): QuotaRequest => ({
  id: newId(),
  tenant: sampleTenant,
  code,
  context: '*',
  desiredValue: 20,
  status: 'PENDING',
  requester: 'arn:aws:iam::000000000000:user/test',
  createdAtMs: sampleTimeMs,
  updatedAtMs: sampleTimeMs,
  ...changes,
});

async function capacities(): Promise<number[]> {
  const { rows } = await server.database.query<{ capacity: number }>(
    `SELECT p.capacity FROM call_slot_pool p JOIN instance i ON i.id = p.instance_id
      WHERE p.pool = $1 ORDER BY i.created_at`,
    [pool],
  );
  return rows.map(({ capacity }) => capacity);
}

describe('stored quotas', () => {
  it('of the account give call slots to instances without a value of their own', async () => {
    await store.setQuota(value({ context: first, value: 5 }), pool, sampleTimeMs);
    await store.setQuota(value({ value: 10 }), pool, sampleTimeMs);
    assert.deepEqual(await capacities(), [5, 10]);
    await store.setQuota(value({ context: first, value: 0 }), pool, sampleTimeMs);
    assert.deepEqual(await capacities(), [0, 10]);
    assert.equal((await store.appliedQuotas()).length, 2);
  });

  it('leave other accounts and other pools alone', async () => {
    await store.setQuota(value({ accountId: '111111111111' }), pool, sampleTimeMs);
    await store.setQuota(value({ region: 'eu-west-2' }), pool, sampleTimeMs);
    await store.setQuota(value({ code: 'L-22922690' }), undefined, sampleTimeMs);
    assert.deepEqual(await capacities(), [1, 1]);
    const { rows } = await server.database.query(
      `SELECT DISTINCT capacity FROM call_slot_pool WHERE pool = 'campaign-calls'`,
    );
    assert.deepEqual(rows, [{ capacity: 1 }]);
  });

  it('win over the configuration at the next start', async () => {
    await store.setQuota(value({ context: second, value: 7 }), pool, sampleTimeMs);
    await applyCallSlotCapacity(server.database, [{ pool, code, capacity: 1000 }]);
    assert.deepEqual(await capacities(), [1000, 7]);
    await store.setQuota(value({ value: 30 }), pool, sampleTimeMs);
    await applyCallSlotCapacity(server.database, [{ pool, code, capacity: 2000 }]);
    assert.deepEqual(await capacities(), [30, 7]);
  });
});

describe('requests to raise a quota', () => {
  it('wait until they are decided, one for each quota and context', async () => {
    const waiting = request();
    await store.addRequest(waiting, pool);
    await assert.rejects(store.addRequest(request(), pool), QuotaRequestPending);
    await store.addRequest(request({ context: first }), pool);
    assert.deepEqual(await capacities(), [1, 1]);

    const decided = await store.decideRequest(waiting.id, 'APPROVED', () => pool, sampleTimeMs + 1);
    assert.deepEqual(decided, { ...waiting, status: 'APPROVED', updatedAtMs: sampleTimeMs + 1 });
    assert.deepEqual(await capacities(), [20, 20]);
    assert.equal(await store.decideRequest(waiting.id, 'DENIED', () => pool, sampleTimeMs), undefined);
    await store.addRequest(request({ desiredValue: 40 }), pool);
  });

  it('change nothing when they are denied', async () => {
    const waiting = request();
    await store.addRequest(waiting, pool);
    await store.decideRequest(waiting.id, 'DENIED', () => pool, sampleTimeMs);
    assert.deepEqual(await capacities(), [1, 1]);
    assert.deepEqual(await store.appliedQuotas(), []);
  });

  it('that are approved at once are in force at once', async () => {
    await store.addRequest(request({ status: 'APPROVED', context: first }), pool);
    assert.deepEqual(await capacities(), [20, 1]);
  });

  it('are listed to their account', async () => {
    const own = request();
    await store.addRequest(own, pool);
    const elsewhere = { ...sampleTenant, region: 'eu-west-2' };
    await store.addRequest(request({ tenant: elsewhere }), pool);
    assert.deepEqual(await store.listRequests(sampleTenant), [own]);
    assert.equal((await store.listRequests()).length, 2);
  });
});

describe('the kill switch', () => {
  it('stays as it was left, and keeps the first time and the last reason', async () => {
    assert.deepEqual(await store.diallingSwitch(), { stopped: undefined, hangUpRound: 0 });
    await store.stopDialling({ reason: 'fraud', callsUnderWay: 'keep', nowMs: sampleTimeMs });
    await store.stopDialling({ reason: undefined, callsUnderWay: 'end', nowMs: sampleTimeMs + 5 });
    assert.deepEqual(await openOperatorStore(server.database).diallingSwitch(), {
      stopped: { atMs: sampleTimeMs, reason: 'fraud' },
      hangUpRound: 1,
    });
    await store.startDialling();
    assert.deepEqual(await store.diallingSwitch(), { stopped: undefined, hangUpRound: 1 });
  });
});
