// Asks a caller for the trunk's credentials and checks them, keeping no state: a nonce proves by itself who issued it, for
// which call and when (RFC 7616 §5.4 recommends such nonces).
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createDigestChallenge, type SipRequest, verifyDigest } from '@ringback/sip';

/** The credentials a trunk towards the simulated carrier is configured with. */
export const TRUNK_CREDENTIALS = { username: 'ringback', password: 'ringback' } as const;

const REALM = 'simulated-carrier';

/** How long a nonce may be answered, ms. */
const NONCE_LIFE_MS = 60_000;

export type GateVerdict =
  | { readonly kind: 'admitted' }
  /** Values for Proxy-Authenticate, the preferred one first. */
  | { readonly kind: 'asked'; readonly challenges: readonly string[] }
  | { readonly kind: 'refused' };

export class DigestGate {
  readonly #secret: Uint8Array;
  readonly #now: () => number;

  /** @param secret unpredictable; at least 16 bytes */
  constructor(secret: Uint8Array, now: () => number) {
    this.#secret = secret;
    this.#now = now;
  }

  /** Without credentials, or with ones for another realm or an old nonce, a caller is asked (again). */
  judge(request: SipRequest): GateVerdict {
    const { callId } = request.headers;
    const authorization = request.headers.get('Proxy-Authorization');
    if (authorization === undefined) return this.#ask(callId, false);
    const verdict = verifyDigest({
      authorization,
      realm: REALM,
      method: request.method,
      requestUri: request.requestUri,
      algorithms: ['SHA-256', 'MD5'],
      isNonceValid: (nonce) => this.#isOurs(nonce, callId),
      passwordOf: (username) =>
        username === TRUNK_CREDENTIALS.username ? TRUNK_CREDENTIALS.password : undefined,
    });
    if (verdict.kind === 'accepted') return { kind: 'admitted' };
    if (verdict.reason === 'staleNonce') return this.#ask(callId, true);
    if (verdict.reason === 'wrongRealm') return this.#ask(callId, false);
    return { kind: 'refused' };
  }

  #ask(callId: string, isStale: boolean): GateVerdict {
    const nonce = this.#nonce(this.#now(), callId);
    const challenges = (['SHA-256', 'MD5'] as const).map((algorithm) =>
      createDigestChallenge({ realm: REALM, nonce, algorithm, isStale }),
    );
    return { kind: 'asked', challenges };
  }

  #nonce(issuedAtMs: number, callId: string): string {
    const seal = createHmac('sha256', this.#secret).update(`${issuedAtMs} ${callId}`).digest('hex');
    return `${issuedAtMs.toString(16)}.${seal}`;
  }

  #isOurs(nonce: string, callId: string): boolean {
    const issuedAtMs = Number.parseInt(nonce, 16);
    const ageMs = this.#now() - issuedAtMs;
    if (!(ageMs >= 0 && ageMs <= NONCE_LIFE_MS)) return false;
    const given = Buffer.from(nonce);
    const expected = Buffer.from(this.#nonce(issuedAtMs, callId));
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}
