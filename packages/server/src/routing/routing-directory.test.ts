// What routing knows of an instance's set-up, against a real PostgreSQL: kept while nothing changes, and read again when something did.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Clock } from '../clock.ts';
import { openResourceStore } from '../store/resource-store.ts';
import { setUpFingerprint } from '../store/routing-set-up-store.ts';
import { openTestDatabase } from '../test-support/test-database.ts';
import { openRoutingDirectory } from './routing-directory.ts';

it('keeps a set-up that has not changed, and sees within a second that outbound calls were switched off', async (context) => {
  const { database, instanceId, close } = await openTestDatabase();
  context.after(close);
  const resources = openResourceStore(database);
  let nowMs = Date.UTC(2026, 0, 1);
  const clock = { now: () => nowMs } as Clock;
  const directory = openRoutingDirectory(resources, clock, (id) => setUpFingerprint(database, id));
  const before = await directory.of(instanceId);
  assert.equal(before?.instance.outboundCallsEnabled, true);
  nowMs += 1000;
  assert.equal(await directory.of(instanceId), before);
  await resources.switchInstance(instanceId, 'outboundCallsEnabled', false);
  nowMs += 1000;
  assert.equal((await directory.of(instanceId))?.instance.outboundCallsEnabled, false);
});
