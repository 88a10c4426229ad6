/** Makes new access keys in the form that AWS clients know. Their secrets are shown once and stored sealed. */
import { createHash } from 'node:crypto';
import type { AccountId } from '../ids.ts';
import type { StoredAccessKey } from '../store/access-key-store.ts';
import type { SecretBox } from './secret-box.ts';

export interface NewAccessKey {
  readonly accountId: AccountId;
  /** Who the key speaks for; the last part of the ARN in messages and in the audit log. */
  readonly userName: string;
  readonly principal: string | undefined;
  /** A checked policy document; without one the key may do everything in its account. */
  readonly policy: object | undefined;
  /** How long temporary credentials live, ms; a key without it lasts until it is revoked. */
  readonly lifetimeMs: number | undefined;
}

/** What is shown once. */
export interface MintedAccessKey {
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  /** What is kept. */
  readonly stored: StoredAccessKey;
}

/** Ids of lasting keys begin with AKIA and of temporary ones with ASIA (IAM User Guide, "IAM identifiers"). */
const storedIdPattern = /^A[KS]IA[A-Z2-7]{16}$/;

/** Whether an id could be one that was minted here; spares a look into the database for all others. */
export function couldBeMinted(accessKeyId: string): boolean {
  return storedIdPattern.test(accessKeyId);
}

/** `random` gives that many random bytes. */
export function mintAccessKey(
  wanted: NewAccessKey,
  box: SecretBox,
  nowMs: number,
  random: (size: number) => Buffer,
): MintedAccessKey {
  const isTemporary = wanted.lifetimeMs !== undefined;
  const accessKeyId = `${isTemporary ? 'ASIA' : 'AKIA'}${base32(random(10))}`;
  const secretAccessKey = random(30).toString('base64');
  const sessionToken = isTemporary ? random(192).toString('base64') : undefined;
  return {
    secretAccessKey,
    sessionToken,
    stored: {
      accessKeyId,
      accountId: wanted.accountId,
      userName: wanted.userName,
      sealedSecret: box.seal(secretAccessKey, accessKeyId),
      sessionTokenHash: sessionToken === undefined ? undefined : hashOfToken(sessionToken),
      principal: wanted.principal,
      policy: wanted.policy,
      createdAtMs: nowMs,
      expiresAtMs: wanted.lifetimeMs === undefined ? undefined : nowMs + wanted.lifetimeMs,
      revokedAtMs: undefined,
    },
  };
}

/** A token is 192 random bytes, so its plain hash tells nothing. */
export function hashOfToken(sessionToken: string): Buffer {
  return createHash('sha256').update(sessionToken).digest();
}

/** RFC 4648 §6 without padding; 5 bytes make 8 characters. */
function base32(bytes: Uint8Array): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let bits = 0;
  let held = 0;
  let text = '';
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return text;
}
