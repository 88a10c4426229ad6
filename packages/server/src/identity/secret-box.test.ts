import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadSecretKey, SecretKeyUnusable, SecretUnreadable, secretBox } from './secret-box.ts';

const ordinaryId = 65_534;
const onlyAsRoot = process.getuid?.() === 0 ? false : 'needs root';

describe('secret box', () => {
  const box = secretBox(randomBytes(32));

  it('opens what it sealed, and seals the same secret differently each time', () => {
    const sealed = box.seal('sécret', 'AKIA1');
    assert.equal(box.open(sealed, 'AKIA1'), 'sécret');
    assert.notDeepEqual(box.seal('sécret', 'AKIA1'), sealed);
    assert.ok(!Buffer.from(sealed).includes('cret'));
  });

  it('refuses another label, another key and every changed bit', () => {
    const sealed = Buffer.from(box.seal('secret', 'AKIA1'));
    assert.throws(() => box.open(sealed, 'AKIA2'), SecretUnreadable);
    assert.throws(() => secretBox(randomBytes(32)).open(sealed, 'AKIA1'), SecretUnreadable);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.throws(() => box.open(changed, 'AKIA1'), SecretUnreadable, `byte ${at}`);
    }
    assert.throws(() => box.open(sealed.subarray(0, 5), 'AKIA1'), SecretUnreadable);
  });
});

describe('secret key', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'ringback-key-'));
  });
  after(() => rm(directory, { recursive: true }));

  it('is made once, for its owner alone, even by several at a time', async () => {
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadSecretKey(undefined, directory)));
    for (const key of keys) assert.deepEqual(key, keys[0]);
    assert.equal(keys[0]?.length, 32);
    assert.equal((await stat(path.join(directory, 'secret.key'))).mode & 0o777, 0o600);
    assert.deepEqual(await loadSecretKey(undefined, directory), keys[0]);
  });

  it('made by root is the directory owner’s, whose service is to read it', { skip: onlyAsRoot }, async () => {
    const ofAnother = path.join(directory, 'of-another');
    await mkdir(ofAnother);
    await chown(ofAnother, ordinaryId, ordinaryId);
    await loadSecretKey(undefined, ofAnother);
    const { uid, gid, mode } = await stat(path.join(ofAnother, 'secret.key'));
    assert.deepEqual({ uid, gid, mode: mode & 0o777 }, { uid: ordinaryId, gid: ordinaryId, mode: 0o600 });
  });

  it('that cannot be read is told with what to do', async () => {
    const inTheWay = path.join(directory, 'in-the-way');
    await mkdir(path.join(inTheWay, 'secret.key'), { recursive: true, mode: 0o700 });
    await assert.rejects(loadSecretKey(undefined, inTheWay), {
      name: 'SecretKeyUnusable',
      message: /Give .*secret\.key to the user that Ringback runs as/,
    });
  });

  it('is the configured one where there is one', async () => {
    const key = randomBytes(32);
    assert.deepEqual(await loadSecretKey(key.toString('base64'), '/nowhere'), key);
  });

  it('is refused when it is not 32 bytes in base64, and says what would be', async () => {
    for (const wrong of ['', 'short', randomBytes(31).toString('base64'), `${'!'.repeat(44)}`]) {
      await assert.rejects(loadSecretKey(wrong, directory), SecretKeyUnusable);
    }
  });

  it('is refused when others may read it', async () => {
    const file = path.join(directory, 'secret.key');
    await chmod(file, 0o644);
    await assert.rejects(loadSecretKey(undefined, directory), /chmod 600/);
    await chmod(file, 0o600);
  });

  it('is refused when the file is damaged, and not replaced', async () => {
    const file = path.join(directory, 'secret.key');
    await writeFile(file, 'damaged\n');
    await assert.rejects(loadSecretKey(undefined, directory), SecretKeyUnusable);
    assert.equal(await readFile(file, 'utf8'), 'damaged\n');
  });
});
