/** Seals secrets for storage and opens them again: AES-256-GCM with a key that is kept outside the database. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type FileHandle, link, open, readFile, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { makeDirectories } from '../make-directories.ts';

/** Seals and opens. The label (the access key's id) is bound to the seal, so that rows cannot be swapped. */
export interface SecretBox {
  seal(secret: string, label: string): Uint8Array;
  /** @throws {SecretUnreadable} sealed with another key or for another label, or damaged. */
  open(sealed: Uint8Array, label: string): string;
}

/** A stored secret cannot be opened; the message says why that usually is. */
export class SecretUnreadable extends Error {
  override readonly name = 'SecretUnreadable';
}

/** The key for secrets cannot be used. The message says where it should be and what it should hold. */
export class SecretKeyUnusable extends Error {
  override readonly name = 'SecretKeyUnusable';
}

const keyBytes = 32;
/** NIST SP 800-38D §8.2.2: a random nonce of 96 bits. */
const nonceBytes = 12;
const tagBytes = 16;
const format = 1;

/** Sealed form: `format (1) | nonce (12) | tag (16) | ciphertext`. */
export function secretBox(key: Uint8Array): SecretBox {
  return {
    seal(secret, label) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(Buffer.from(label));
      const ciphertext = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return Buffer.concat([Uint8Array.of(format), nonce, cipher.getAuthTag(), ciphertext]);
    },
    open(sealed, label) {
      try {
        if (sealed[0] !== format) throw new Error(`unknown format ${sealed[0]}`);
        const nonce = sealed.subarray(1, 1 + nonceBytes);
        const tag = sealed.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes);
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
        decipher.setAAD(Buffer.from(label));
        decipher.setAuthTag(tag);
        const ciphertext = sealed.subarray(1 + nonceBytes + tagBytes);
        return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
      } catch (error) {
        throw new SecretUnreadable(
          `The secret of ${label} cannot be opened. It was sealed with another key: RINGBACK_SECRET_KEY, or the file ` +
            'secret.key in the data directory, must be the same for everyone who uses this database.',
          { cause: error },
        );
      }
    },
  };
}

/**
 * The key: `configured` (RINGBACK_SECRET_KEY, base64) or the file `secret.key` of the data directory, which is made,
 * readable by its owner alone, when it is needed first.
 *
 * @throws {SecretKeyUnusable} it is not 32 bytes in base64, others may read the file, or it cannot be read or made.
 */
export async function loadSecretKey(configured: string | undefined, dataDir: string): Promise<Uint8Array> {
  if (configured !== undefined) return decodeKey(configured, 'RINGBACK_SECRET_KEY');
  const file = path.join(dataDir, 'secret.key');
  try {
    await makeDirectories(dataDir, 0o700);
    return (await readKeyFile(file)) ?? (await makeKeyFile(file)) ?? (await requireKeyFile(file));
  } catch (error) {
    if (error instanceof SecretKeyUnusable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new SecretKeyUnusable(
      `The key for secrets cannot be read or made: ${reason}. Give ${file} to the user that Ringback runs as (chown), ` +
        'or set RINGBACK_SECRET_KEY to what it holds.',
      { cause: error },
    );
  }
}

/**
 * The box, which is made when it is needed first. A key that is configured is looked at now, so that a mistake in it shows at
 * the start; the file waits for need, and one that could not be used is looked for again, for it may have been put in place since.
 *
 * @throws {SecretKeyUnusable} the configured one; what it gives rejects with the same.
 */
export async function openSecretBox(
  configured: string | undefined,
  dataDir: string,
): Promise<() => Promise<SecretBox>> {
  const load = async (): Promise<SecretBox> => secretBox(await loadSecretKey(configured, dataDir));
  let box = configured === undefined ? undefined : Promise.resolve(await load());
  return () => {
    box ??= load().catch((error: unknown) => {
      box = undefined;
      throw error;
    });
    return box;
  };
}

async function readKeyFile(file: string): Promise<Uint8Array | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { mode } = await handle.stat();
    if ((mode & 0o077) !== 0) {
      throw new SecretKeyUnusable(
        `${file} may be read by others (mode ${(mode & 0o777).toString(8)}). Say: chmod 600 ${file}`,
      );
    }
    return decodeKey((await handle.readFile('utf8')).trim(), file);
  } finally {
    await handle.close();
  }
}

/** Written whole under another name and then linked, so that two starts at once agree on one key. */
async function makeKeyFile(file: string): Promise<Uint8Array | undefined> {
  const key = randomBytes(keyBytes);
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(`${key.toString('base64')}\n`);
    await giveToOwnerOf(path.dirname(file), handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(temporary, file);
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  } finally {
    await unlink(temporary);
  }
}

/** Root may say `ringback keys create` beside a service that runs as another user, and that one is to read the file. */
async function giveToOwnerOf(directory: string, file: FileHandle): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(directory);
  await file.chown(uid, gid);
}

async function requireKeyFile(file: string): Promise<Uint8Array> {
  return decodeKey((await readFile(file, 'utf8')).trim(), file);
}

function decodeKey(text: string, where: string): Uint8Array {
  const key = Buffer.from(text, 'base64');
  // Node skips what is not base64, so the way back must give the same text.
  if (key.length !== keyBytes || key.toString('base64') !== text.replace(/=*$/, '=')) {
    throw new SecretKeyUnusable(
      `${where} must hold ${keyBytes} bytes in base64, as this prints: openssl rand -base64 ${keyBytes}`,
    );
  }
  return key;
}
