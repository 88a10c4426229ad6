// Hashes of passwords: what matches, what does not, and what checking costs everybody else.

import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { hashPassword, PasswordsBusy, verifyPassword } from './passwords.ts';

/** Of the reference implementation's own tests: version 0x13, 64 MiB, 2 passes, 1 lane, salt `somesalt`. */
const referenceHash =
  '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';

describe('passwords', () => {
  it('are known again by their hash, and no other is', async () => {
    const stored = await hashPassword('Correct-horse-1');
    assert.match(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    assert.equal(await verifyPassword('Correct-horse-1', stored), true);
    assert.equal(await verifyPassword('Correct-horse-2', stored), false);
  });

  it('have a salt of their own', async () => {
    assert.notEqual(await hashPassword('Same-word-1'), await hashPassword('Same-word-1'));
  });

  it('are read as other implementations write them', async () => {
    assert.equal(await verifyPassword('password', referenceHash), true);
    assert.equal(await verifyPassword('Password', referenceHash), false);
  });

  it('are the same word in either Unicode form', async () => {
    assert.equal(await verifyPassword('Caf\u00e9-word-1', await hashPassword('Cafe\u0301-word-1')), true);
  });

  it('match nothing that is no hash of ours', async () => {
    const notHashes = [
      undefined,
      '',
      'plain',
      '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$x',
      '$argon2id$v=19$m=9999999,t=999,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    ];
    for (const stored of notHashes) assert.equal(await verifyPassword('password', stored), false);
  });

  it('are checked for somebody unknown, too, so that time tells no names', async () => {
    for (const stored of [undefined, 'plain']) {
      let isAnswered = false;
      const answer = verifyPassword('password', stored).finally(() => {
        isAnswered = true;
      });
      // An answer that hashed nothing would be here after a few promises; hashing takes another thread.
      for (let turn = 0; turn < 100; turn += 1) await undefined;
      assert.equal(isAnswered, false);
      await answer;
    }
  });

  it('leave threads for others, however many are checked at once', async () => {
    let checked = 0;
    const all = Array.from({ length: 8 }, async () => {
      await verifyPassword('password', undefined);
      checked += 1;
    });
    await stat('.');
    // Node has four threads: behind eight hashes, the file would be looked at after five.
    assert.ok(checked < 5, `${checked} were checked before`);
    await Promise.all(all);
  });

  it('are refused while a hundred wait to be checked, and taken again afterwards', async () => {
    // The cheapest hash there is: what counts is how many, not how long.
    const cheap = `$argon2id$v=19$m=8,t=1,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
    const checked = await Promise.allSettled(
      Array.from({ length: 150 }, () => verifyPassword('password', cheap)),
    );
    const refused = checked.filter(({ status }) => status === 'rejected');
    assert.equal(refused.length, 150 - 102);
    for (const one of refused) assert.ok((one as PromiseRejectedResult).reason instanceof PasswordsBusy);
    assert.equal(await verifyPassword('password', cheap), false);
  });
});
