/** Every access key there is: those of the configuration file, and those in the database, remembered for a moment. */
import { timingSafeEqual } from 'node:crypto';
import { expiredTokenException, unrecognizedClientException } from '@ringback/connect-api';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { AccessKeyStore, StoredAccessKey } from '../store/access-key-store.ts';
import { type Caller, callerOf } from './caller.ts';
import { couldBeMinted, hashOfToken } from './mint-access-key.ts';
import { type Policy, readPolicy } from './policy.ts';
import type { SecretBox } from './secret-box.ts';

/** A key as signatures are checked with it. */
export interface AccessKey {
  readonly secretAccessKey: string;
  readonly caller: Caller;
  readonly session: { readonly tokenHash: Uint8Array; readonly expiresAtMs: number } | undefined;
}

export interface AccessKeys {
  /** The key, or undefined; a change in the database is seen within a second. */
  find(accessKeyId: string): AccessKey | undefined | Promise<AccessKey | undefined>;
  /**
   * Whether unknown keys are let in: only while there is no key at all, and the configuration does not ask for
   * signatures.
   */
  isOpenToAnyone(): boolean | Promise<boolean>;
  /** The answer that `isOpenToAnyone` gave last; for those who cannot wait. */
  readonly wasOpenToAnyone: boolean;
}

export interface AccessKeysDeps {
  readonly config: Pick<Config, 'accessKeys' | 'region' | 'signatures'>;
  readonly store: AccessKeyStore;
  /** Opened when the first stored key is needed, so that a service without stored keys needs no key for them. */
  readonly secretBox: () => Promise<SecretBox>;
  readonly clock: Clock;
}

/** Longest time that a new or revoked key in the database stays unseen, ms. */
const keptForMs = 1000;
/** Most remembered ids, known and unknown; the oldest go first. */
const maxRemembered = 10_000;

/** AWS's own sentence for an unknown key and for a token that does not belong to it: it tells neither apart. */
const invalidToken = 'The security token included in the request is invalid.';
const expiredToken = 'The security token included in the request is expired.';

export function openAccessKeys({ config, store, secretBox, clock }: AccessKeysDeps): AccessKeys {
  const configured = new Map<string, AccessKey>(
    config.accessKeys.map((key) => [
      key.accessKeyId,
      {
        secretAccessKey: key.secretAccessKey,
        session: undefined,
        caller: callerOf({ ...key, region: config.region, credentials: 'lasting' }),
      },
    ]),
  );
  const isAlwaysStrict = configured.size > 0 || config.signatures === 'strict';
  const remembered = new Map<
    string,
    { readonly untilMs: number; readonly key: Promise<AccessKey | undefined> }
  >();
  let openness = { isOpen: !isAlwaysStrict, untilMs: 0 };

  async function read(accessKeyId: string): Promise<AccessKey | undefined> {
    const stored = await store.find(accessKeyId);
    return stored && opened(stored, await secretBox(), config.region);
  }

  function findStored(accessKeyId: string): Promise<AccessKey | undefined> {
    const nowMs = clock.now();
    const known = remembered.get(accessKeyId);
    if (known && known.untilMs > nowMs) return known.key;
    const entry = { untilMs: nowMs + keptForMs, key: read(accessKeyId) };
    remembered.delete(accessKeyId);
    remembered.set(accessKeyId, entry);
    if (remembered.size > maxRemembered) {
      const oldest = remembered.keys().next();
      if (!oldest.done) remembered.delete(oldest.value);
    }
    // The caller of `find` is told; here it only means that the next one reads again.
    entry.key.catch(() => {
      if (remembered.get(accessKeyId) === entry) remembered.delete(accessKeyId);
    });
    return entry.key;
  }

  return {
    find(accessKeyId) {
      return (
        configured.get(accessKeyId) ?? (couldBeMinted(accessKeyId) ? findStored(accessKeyId) : undefined)
      );
    },
    isOpenToAnyone() {
      const nowMs = clock.now();
      if (isAlwaysStrict || nowMs < openness.untilMs) return openness.isOpen;
      return store.hasAny().then((hasAny) => {
        openness = { isOpen: !hasAny, untilMs: nowMs + keptForMs };
        return openness.isOpen;
      });
    },
    get wasOpenToAnyone() {
      return openness.isOpen;
    },
  };
}

/**
 * The secret to check a signature with.
 *
 * @throws {ApiError} ExpiredTokenException, or UnrecognizedClientException for an unknown key, a missing token, a wrong
 *   one, and one that a lasting key does not have; in AWS's words.
 */
export function secretOf(
  key: AccessKey | undefined,
  sessionToken: string | undefined,
  nowMs: number,
): string {
  if (!key) throw unrecognizedClientException(invalidToken);
  const { session } = key;
  const belongs = session
    ? sessionToken !== undefined && timingSafeEqual(hashOfToken(sessionToken), session.tokenHash)
    : sessionToken === undefined;
  if (!belongs) throw unrecognizedClientException(invalidToken);
  // Only whoever has the token learns that it has expired.
  if (session && nowMs >= session.expiresAtMs) throw expiredTokenException(expiredToken);
  return key.secretAccessKey;
}

function opened(stored: StoredAccessKey, box: SecretBox, region: string): AccessKey {
  const { accessKeyId, sessionTokenHash, expiresAtMs } = stored;
  const session =
    sessionTokenHash && expiresAtMs !== undefined ? { tokenHash: sessionTokenHash, expiresAtMs } : undefined;
  return {
    secretAccessKey: box.open(stored.sealedSecret, accessKeyId),
    session,
    caller: callerOf({
      accessKeyId,
      accountId: stored.accountId,
      region,
      userName: stored.userName,
      credentials: session ? 'temporary' : 'lasting',
      principal: stored.principal,
      policy: storedPolicy(stored),
    }),
  };
}

/** A document that was written by a newer Ringback must not be read as if it allowed everything. */
function storedPolicy({ policy }: StoredAccessKey): Policy | undefined {
  if (policy === undefined) return undefined;
  const reading = readPolicy(policy);
  return reading.ok ? reading.policy : { statements: [] };
}
