/** Passwords of users: hashed with argon2id (RFC 9106) and kept in the PHC string format, so that the cost can grow later. */
import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Turnstile } from '../turnstile.ts';

const derive: (algorithm: 'argon2id', parameters: Argon2Parameters) => Promise<Buffer> = promisify(argon2);

interface Cost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

/** 19 MiB, two passes, one lane: the OWASP password storage cheat sheet's recommendation. About 50 ms of one core. */
const cost: Cost = { memoryKib: 19_456, passes: 2, lanes: 1 };

/** More than we ever write; a hash that asks for more is not one of ours. */
const maxMemoryKib = 1_048_576;
const maxPasses = 64;
const maxLanes = 16;

const saltBytes = 16;
const tagBytes = 32;

/** Hashes run in Node's thread pool; several at once would starve everyone else's file and name look-ups. */
const maxAtOnce = 2;
/** Those who wait behind them: some seconds' worth on one core, as long as somebody at a page waits for an answer. */
const maxWaiting = 100;

/** Too many passwords wait to be hashed already; in some seconds there is room again. */
export class PasswordsBusy extends Error {
  override readonly name = 'PasswordsBusy';
  readonly retryAfterSeconds = 5;
  constructor() {
    super('Too many passwords are checked at once; try again in some seconds.');
  }
}

const turnstile = new Turnstile(maxAtOnce, maxWaiting, () => new PasswordsBusy());

/**
 * The password as it is stored, with a salt of its own.
 *
 * @throws {PasswordsBusy}
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const tag = await tagOf(password, salt, tagBytes, cost);
  const { memoryKib, passes, lanes } = cost;
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${unpadded(salt)}$${unpadded(tag)}`;
}

/**
 * Whether the password is the one that was hashed.
 *
 * Takes as long for a user who is unknown or has no password (`stored` undefined), so that names cannot be found out
 * by the time that an answer takes. False for a text that is no hash.
 *
 * @throws {PasswordsBusy}
 */
export async function verifyPassword(password: string, stored: string | undefined): Promise<boolean> {
  const parsed = stored === undefined ? undefined : parse(stored);
  if (!parsed) {
    await tagOf(password, Buffer.alloc(saltBytes), tagBytes, cost);
    return false;
  }
  const tag = await tagOf(password, parsed.salt, parsed.tag.length, parsed.cost);
  return timingSafeEqual(tag, parsed.tag);
}

function tagOf(
  password: string,
  nonce: Buffer,
  tagLength: number,
  { memoryKib, passes, lanes }: Cost,
): Promise<Buffer> {
  return turnstile.pass(undefined, () =>
    derive('argon2id', {
      message: password.normalize('NFC'),
      nonce,
      parallelism: lanes,
      tagLength,
      memory: memoryKib,
      passes,
    }),
  );
}

const phc =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

function parse(
  stored: string,
): { readonly cost: Cost; readonly salt: Buffer; readonly tag: Buffer } | undefined {
  const [, memory, passes, lanes, salt = '', tag = ''] = phc.exec(stored) ?? [];
  const written = { memoryKib: Number(memory), passes: Number(passes), lanes: Number(lanes) };
  const isWithin =
    written.memoryKib >= 8 * written.lanes &&
    written.memoryKib <= maxMemoryKib &&
    written.passes >= 1 &&
    written.passes <= maxPasses &&
    written.lanes >= 1 &&
    written.lanes <= maxLanes;
  if (!isWithin) return undefined;
  return { cost: written, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') };
}

/** The PHC string format writes base64 without its padding. */
const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
