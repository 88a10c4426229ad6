/** Looks whether the key for secrets opens the access keys that are stored: one that opens none is another's. */
import type { AccessKeyStore } from '../store/access-key-store.ts';
import { type SecretBox, SecretKeyUnusable, SecretUnreadable } from './secret-box.ts';

/** Most keys that are looked at, newest first. */
const maxLookedAt = 1000;

/**
 * The ids of keys in force that cannot be opened. Those may have been sealed with a key that was lost, and others made since.
 * Where none is stored the box is left closed, so that no key is made before one is needed.
 *
 * @throws {SecretKeyUnusable} it opens none of those that there are.
 */
export async function requireReadableKeys(
  store: Pick<AccessKeyStore, 'listInForce'>,
  secretBox: () => Promise<SecretBox>,
  nowMs: number,
): Promise<readonly string[]> {
  const keys = await store.listInForce(nowMs, maxLookedAt);
  if (keys.length === 0) return [];
  const box = await secretBox();
  const unreadable = keys
    .filter(({ sealedSecret, accessKeyId }) => !opens(box, sealedSecret, accessKeyId))
    .map(({ accessKeyId }) => accessKeyId);
  if (unreadable.length < keys.length) return unreadable;
  throw new SecretKeyUnusable(
    `The database has access keys (${unreadable.slice(0, 3).join(', ')}${unreadable.length > 3 ? ' …' : ''}) that were sealed ` +
      'with another key than this one: RINGBACK_SECRET_KEY, or without it the file secret.key in the data directory. Give the key ' +
      'that they were made with, the same for everyone who uses this database. If it is lost, revoke them with `ringback keys ' +
      'revoke`, and make new ones.',
  );
}

function opens(box: SecretBox, sealed: Uint8Array, label: string): boolean {
  try {
    box.open(sealed, label);
    return true;
  } catch (error) {
    if (error instanceof SecretUnreadable) return false;
    throw error;
  }
}
