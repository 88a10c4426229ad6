import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { sampleTenant } from '../test-support/sample-contact.ts';
import { mintAccessKey } from './mint-access-key.ts';
import { requireReadableKeys } from './readable-keys.ts';
import { type SecretBox, SecretKeyUnusable, secretBox } from './secret-box.ts';

const box = secretBox(randomBytes(32));
const lostBox = secretBox(randomBytes(32));

function sealedWith(sealing: SecretBox) {
  const wanted = {
    accountId: sampleTenant.accountId,
    userName: 'crm',
    principal: undefined,
    policy: undefined,
    lifetimeMs: undefined,
  };
  return mintAccessKey(wanted, sealing, 0, randomBytes).stored;
}

const unreadableAmong = (...keys: ReturnType<typeof sealedWith>[]) =>
  requireReadableKeys({ listInForce: async () => keys }, async () => box, 0);

describe('the key for secrets', () => {
  it('is refused where it opens none of the stored keys', async () => {
    const key = sealedWith(lostBox);
    await assert.rejects(unreadableAmong(key, sealedWith(lostBox)), (error: Error) => {
      assert.ok(error instanceof SecretKeyUnusable);
      assert.ok(error.message.includes(key.accessKeyId));
      return /RINGBACK_SECRET_KEY.*keys revoke/.test(error.message);
    });
  });

  it('is taken where it opens one, and what it does not open is told', async () => {
    const lost = sealedWith(lostBox);
    assert.deepEqual(await unreadableAmong(lost, sealedWith(box)), [lost.accessKeyId]);
  });

  it('is not asked for while no key is stored', async () => {
    const store = { listInForce: async () => [] };
    assert.deepEqual(await requireReadableKeys(store, () => assert.fail('asked for'), 0), []);
  });
});
