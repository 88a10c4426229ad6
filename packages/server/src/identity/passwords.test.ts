import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashPassword, verifyPassword } from './passwords.ts';

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
});
