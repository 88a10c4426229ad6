import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import type { AccessKeyStore, StoredAccessKey } from '../store/access-key-store.ts';
import { sampleTenant } from '../test-support/sample-contact.ts';
import { type AccessKeysDeps, openAccessKeys, secretOf } from './access-keys.ts';
import { couldBeMinted, type MintedAccessKey, mintAccessKey, type NewAccessKey } from './mint-access-key.ts';
import { secretBox } from './secret-box.ts';

const box = secretBox(randomBytes(32));
const { accountId, region } = sampleTenant;

function minted(clock: VirtualClock, changes: Partial<NewAccessKey> = {}): MintedAccessKey {
  const wanted = {
    accountId,
    userName: 'crm',
    principal: undefined,
    policy: undefined,
    lifetimeMs: undefined,
  };
  return mintAccessKey({ ...wanted, ...changes }, box, clock.now(), randomBytes);
}

/** Keys over a store in memory that counts its reads. */
function keysOver(clock: VirtualClock, config: Partial<AccessKeysDeps['config']> = {}) {
  const stored = new Map<string, StoredAccessKey>();
  let reads = 0;
  let failure: Error | undefined;
  const store: Pick<AccessKeyStore, 'find' | 'hasAny'> = {
    async find(accessKeyId) {
      reads += 1;
      if (failure) throw failure;
      return stored.get(accessKeyId);
    },
    hasAny: async () => stored.size > 0,
  };
  return {
    keys: openAccessKeys({
      config: { accessKeys: [], region, signatures: 'when there are keys', ...config },
      store: store as AccessKeyStore,
      secretBox: async () => box,
      clock,
    }),
    add: (key: MintedAccessKey) => stored.set(key.stored.accessKeyId, key.stored),
    remove: (key: MintedAccessKey) => stored.delete(key.stored.accessKeyId),
    fail: (error: Error | undefined) => {
      failure = error;
    },
    get reads() {
      return reads;
    },
  };
}

describe('minted access keys', () => {
  it('have the form of AWS keys, and no two are alike', () => {
    const clock = new VirtualClock();
    const lasting = minted(clock);
    const temporary = minted(clock, { lifetimeMs: 1000 });
    assert.match(lasting.stored.accessKeyId, /^AKIA[A-Z2-7]{16}$/);
    assert.match(temporary.stored.accessKeyId, /^ASIA[A-Z2-7]{16}$/);
    assert.ok(couldBeMinted(lasting.stored.accessKeyId) && !couldBeMinted('test'));
    assert.equal(lasting.secretAccessKey.length, 40);
    assert.equal(lasting.sessionToken, undefined);
    assert.equal(temporary.stored.expiresAtMs, clock.now() + 1000);
    assert.notEqual(minted(clock).secretAccessKey, lasting.secretAccessKey);
  });

  it('keep neither secret nor token in what is stored', () => {
    const key = minted(new VirtualClock(), { lifetimeMs: 1000 });
    const kept = JSON.stringify(key.stored) + Buffer.from(key.stored.sealedSecret).toString('latin1');
    assert.ok(!kept.includes(key.secretAccessKey));
    assert.ok(!kept.includes(key.sessionToken ?? ''));
  });
});

describe('access keys', () => {
  it('gives the secret and the caller of a stored key', async () => {
    const clock = new VirtualClock();
    const over = keysOver(clock);
    const key = minted(clock, { principal: 'connect-campaigns.amazonaws.com', policy: { Statement: [] } });
    over.add(key);
    const found = await over.keys.find(key.stored.accessKeyId);
    assert.equal(secretOf(found, undefined, clock.now()), key.secretAccessKey);
    assert.equal(found?.caller.arn, `arn:aws:iam::${accountId}:user/crm`);
    assert.equal(found?.caller.principal, 'connect-campaigns.amazonaws.com');
    assert.deepEqual(found?.caller.policy, { statements: [] });
  });

  it('allows nothing where a stored policy cannot be read', async () => {
    const clock = new VirtualClock();
    const over = keysOver(clock);
    const key = minted(clock, { policy: { Statement: 'of a newer version' } });
    over.add(key);
    assert.deepEqual((await over.keys.find(key.stored.accessKeyId))?.caller.policy, { statements: [] });
  });

  it('reads a key once a second, and sees it revoked after that', async () => {
    const clock = new VirtualClock();
    const over = keysOver(clock);
    const key = minted(clock);
    over.add(key);
    for (let n = 0; n < 5; n += 1) assert.ok(await over.keys.find(key.stored.accessKeyId));
    assert.equal(over.reads, 1);
    over.remove(key);
    await clock.advance(1000);
    assert.equal(await over.keys.find(key.stored.accessKeyId), undefined);
    assert.equal(over.reads, 2);
  });

  it('does not ask the database for ids that it cannot hold', async () => {
    const over = keysOver(new VirtualClock());
    assert.equal(await over.keys.find('test'), undefined);
    assert.equal(over.reads, 0);
  });

  it('reads again after a read that failed', async () => {
    const clock = new VirtualClock();
    const over = keysOver(clock);
    const key = minted(clock);
    over.add(key);
    over.fail(new Error('database away'));
    await assert.rejects(async () => over.keys.find(key.stored.accessKeyId), /database away/);
    over.fail(undefined);
    assert.ok(await over.keys.find(key.stored.accessKeyId));
  });

  it('is open while there is no key, and closes within a second of the first', async () => {
    const clock = new VirtualClock();
    const over = keysOver(clock);
    assert.equal(over.keys.wasOpenToAnyone, true);
    assert.equal(await over.keys.isOpenToAnyone(), true);
    over.add(minted(clock));
    await clock.advance(1000);
    assert.equal(await over.keys.isOpenToAnyone(), false);
    assert.equal(over.keys.wasOpenToAnyone, false);
  });

  it('is never open where the configuration has keys or asks for signatures', async () => {
    const clock = new VirtualClock();
    assert.equal(keysOver(clock, { signatures: 'strict' }).keys.wasOpenToAnyone, false);
    const configured = { accessKeyId: 'AKIA1', secretAccessKey: 'secret', accountId, userName: 'file' };
    const { keys } = keysOver(clock, {
      accessKeys: [{ ...configured, principal: undefined, policy: undefined }],
    });
    assert.equal(await keys.isOpenToAnyone(), false);
    assert.equal((await keys.find('AKIA1'))?.caller.userName, 'file');
  });

  describe('of a session', () => {
    const clock = new VirtualClock();
    const over = keysOver(clock);
    const temporary = minted(clock, { lifetimeMs: 60_000 });
    const lasting = minted(clock);
    over.add(temporary);
    over.add(lasting);
    const secretFor = async (key: MintedAccessKey, token: string | undefined) =>
      secretOf(await over.keys.find(key.stored.accessKeyId), token, clock.now());
    const invalid = {
      name: 'UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
    };

    it('needs its own token, to the letter', async () => {
      const token = temporary.sessionToken ?? '';
      assert.equal(await secretFor(temporary, token), temporary.secretAccessKey);
      await assert.rejects(secretFor(temporary, undefined), invalid);
      await assert.rejects(secretFor(temporary, ''), invalid);
      await assert.rejects(secretFor(temporary, `${token}A`), invalid);
      await assert.rejects(secretFor(temporary, minted(clock, { lifetimeMs: 1 }).sessionToken), invalid);
    });

    it('is not taken with a lasting key, nor is an unknown key told apart', async () => {
      await assert.rejects(secretFor(lasting, temporary.sessionToken), invalid);
      await assert.rejects(secretFor(minted(clock), undefined), invalid);
    });

    it('expires at its time, and tells so only to whoever has the token', async () => {
      await clock.advance(59_999);
      assert.ok(await secretFor(temporary, temporary.sessionToken));
      await clock.advance(1);
      await assert.rejects(secretFor(temporary, temporary.sessionToken), { name: 'ExpiredTokenException' });
      await assert.rejects(secretFor(temporary, 'guess'), invalid);
    });
  });
});
