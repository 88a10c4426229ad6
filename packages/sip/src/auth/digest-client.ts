// Credentials at work: remembers what each realm asked for, so that later requests carry an answer at once with a rising nonce count,
// and decides when a challenge is worth another try (RFC 3261 §22.2–22.3, RFC 7616 §3.3–3.6).

import {
  answerChallenge,
  chooseChallenges,
  type DigestChallenge,
  type DigestCredentials,
} from '../message/digest-auth.ts';
import type { HeaderList } from '../message/headers.ts';
import type { SipResponse } from '../message/message.ts';
import { requirePrintable } from '../message/printable.ts';

/** The parts of a request that its digest covers. */
interface DigestSubject {
  readonly method: string;
  readonly requestUri: string;
  readonly body: string;
}

interface Realm {
  readonly challenge: DigestChallenge;
  readonly header: 'Authorization' | 'Proxy-Authorization';
  readonly cnonce: string;
  /** Requests answered with this nonce. */
  nonceCount: number;
}

/** A call crosses few proxies; more realms than that are somebody's game. */
const MAX_REALMS = 8;
/** Fresh nonces in a row for one request, each called stale by the next answer. */
const MAX_STALE_ANSWERS = 2;
const MAX_ROUNDS = 8;
/** Answers sent ahead of a challenge that were challenged all the same; then the realm's nonces serve one call each. */
const MAX_WASTED_ANSWERS = 3;

export function isChallenge(status: number): boolean {
  return status === 401 || status === 407;
}

/** One account at one place. */
export class DigestClient {
  readonly credentials: DigestCredentials;
  readonly #randomHex: (bytes: number) => string;
  readonly #realms = new Map<string, Realm>();
  #wastedAnswers = 0;

  constructor(credentials: DigestCredentials, randomHex: (bytes: number) => string) {
    this.credentials = credentials;
    this.#randomHex = randomHex;
  }

  /** The header fields that answer every realm known to ask. Counts each nonce up. */
  authorize(subject: DigestSubject): HeaderList {
    const headers: Array<readonly [string, string]> = [];
    for (const realm of this.#realms.values()) {
      realm.nonceCount++;
      const value = answerChallenge({
        challenge: realm.challenge,
        credentials: this.credentials,
        method: subject.method,
        uri: subject.requestUri,
        body: subject.body,
        cnonce: realm.cnonce,
        nonceCount: realm.nonceCount,
      });
      headers.push([realm.header, value]);
    }
    return headers;
  }

  /** The same for the first request of a call, unless experience says that it would be refused. */
  authorizeAhead(subject: DigestSubject): HeaderList {
    return this.#wastedAnswers >= MAX_WASTED_ANSWERS ? [] : this.authorize(subject);
  }

  /** A request that carried an answer from the start was challenged (true) or not. */
  learn(wasChallenged: boolean): void {
    this.#wastedAnswers = wasChallenged ? this.#wastedAnswers + 1 : 0;
  }

  has(realm: string, header: Realm['header']): boolean {
    return this.#realms.has(`${header} ${realm}`);
  }

  keep(challenge: DigestChallenge, header: Realm['header']): void {
    const key = `${header} ${challenge.realm}`;
    if (!this.#realms.has(key) && this.#realms.size >= MAX_REALMS) return;
    this.#realms.set(key, { challenge, header, cnonce: this.#randomHex(8), nonceCount: 0 });
  }
}

/** The tries of one request: a realm that refuses a fresh answer is not asked again. */
export class DigestRounds {
  readonly #client: DigestClient;
  /** Fresh answers by realm. */
  readonly #answered = new Map<string, number>();
  #rounds = 0;

  constructor(client: DigestClient) {
    this.#client = client;
  }

  /** Takes the challenges of a 401 or 407; true when the request is worth sending again. */
  absorb(response: SipResponse): boolean {
    this.#rounds++;
    if (this.#rounds > MAX_ROUNDS) return false;
    const isProxy = response.status === 407;
    const header = isProxy ? 'Proxy-Authorization' : 'Authorization';
    const challenges = chooseChallenges(
      response.headers.fields(isProxy ? 'Proxy-Authenticate' : 'WWW-Authenticate'),
    );
    let isNew = false;
    for (const challenge of challenges.slice(0, MAX_REALMS)) {
      const key = `${header} ${challenge.realm}`;
      const answers = this.#answered.get(key) ?? 0;
      // Credentials that are wrong stay wrong; only a stale nonce deserves a second answer.
      if (answers > 0 && !(challenge.isStale && answers <= MAX_STALE_ANSWERS)) continue;
      if (answers === 0 && this.#client.has(challenge.realm, header)) this.#client.learn(true);
      this.#answered.set(key, answers + 1);
      this.#client.keep(challenge, header);
      isNew = true;
    }
    return isNew;
  }
}

/** Accounts kept between calls. */
const MAX_CLIENTS = 256;

/** The digest clients of a user agent, by account and next hop, so that one call's nonce serves the next. */
export class DigestClients {
  readonly #randomHex: (bytes: number) => string;
  readonly #clients = new Map<string, DigestClient>();

  constructor(randomHex: (bytes: number) => string) {
    this.#randomHex = randomHex;
  }

  /** @throws {UnusableHeader} for a user's name that cannot stand in a header field */
  for(credentials: DigestCredentials, hop: { readonly host: string; readonly port: number }): DigestClient {
    const key = `${hop.host} ${hop.port} ${credentials.username}`;
    const known = this.#clients.get(key);
    if (known !== undefined && known.credentials.password === credentials.password) return known;
    if (this.#clients.size >= MAX_CLIENTS) {
      const [oldest] = this.#clients.keys();
      if (oldest !== undefined) this.#clients.delete(oldest);
    }
    const client = new DigestClient(checkCredentials(credentials), this.#randomHex);
    this.#clients.set(key, client);
    return client;
  }
}

/** The user's name stands in Authorization; the password is only ever hashed. @throws {UnusableHeader} */
export function checkCredentials(credentials: DigestCredentials): DigestCredentials {
  requirePrintable('Authorization', credentials.username);
  return credentials;
}
