import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AccountId } from '../ids.ts';
import { sampleTenant, sampleTimeMs } from '../test-support/sample-contact.ts';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.ts';
import { type AccessKeyStore, openAccessKeyStore, type StoredAccessKey } from './access-key-store.ts';

const lasting: StoredAccessKey = {
  accessKeyId: 'AKIALASTING',
  accountId: sampleTenant.accountId,
  userName: 'crm',
  sealedSecret: Buffer.from([1, 0, 255]),
  sessionTokenHash: undefined,
  principal: undefined,
  policy: undefined,
  createdAtMs: sampleTimeMs,
  expiresAtMs: undefined,
  revokedAtMs: undefined,
};
const temporary: StoredAccessKey = {
  ...lasting,
  accessKeyId: 'ASIATEMPORARY',
  accountId: '111111111111' as AccountId,
  sessionTokenHash: Buffer.alloc(32, 7),
  principal: 'connect-campaigns.amazonaws.com',
  policy: { Version: '2012-10-17', Statement: [] },
  createdAtMs: sampleTimeMs + 1,
  expiresAtMs: sampleTimeMs + 1000,
};

describe('access key store', () => {
  let test: TestDatabase;
  let store: AccessKeyStore;
  before(async () => {
    test = await openTestDatabase();
    store = openAccessKeyStore(test.database);
  });
  after(() => test?.close());

  it('keeps keys as they are, lists the newest first, and forgets revoked ones', async () => {
    assert.equal(await store.hasAny(), false);
    await store.add(lasting);
    await store.add(temporary);
    assert.deepEqual(await store.find('AKIALASTING'), lasting);
    assert.deepEqual(await store.find('ASIATEMPORARY'), temporary);
    assert.equal(await store.find('AKIANOBODY'), undefined);
    assert.deepEqual(await store.list(), [temporary, lasting]);
    assert.deepEqual(await store.list(sampleTenant.accountId), [lasting]);
    await assert.rejects(store.add(lasting));
    await assert.rejects(store.add({ ...temporary, accessKeyId: 'ASIAENDLESS', expiresAtMs: undefined }));

    assert.equal(await store.revoke('AKIALASTING', sampleTimeMs + 5), true);
    assert.equal(await store.revoke('AKIALASTING', sampleTimeMs + 6), false);
    assert.equal(await store.find('AKIALASTING'), undefined);
    assert.equal((await store.list())[1]?.revokedAtMs, sampleTimeMs + 5);
    assert.equal(await store.hasAny(), true);

    await store.removeOld(sampleTimeMs + 6);
    assert.deepEqual(await store.list(), [temporary]);
    await store.removeOld(sampleTimeMs + 2000);
    assert.equal(await store.hasAny(), false);
  });

  it('names the account of the first instance', async () => {
    assert.equal(await store.firstAccount(), sampleTenant.accountId);
  });
});
