// Digest access authentication, both sides: answering a challenge as a client, issuing and checking one as a server
// (RFC 2617, RFC 7616, RFC 3261 §22, RFC 8760 for SHA-256 and SHA-512/256).
import { hash, timingSafeEqual } from 'node:crypto';
import { closingQuote, isToken, QUOTE, quote, skipBlanks, sliceTrimmed, unescapeQuoted } from './grammar.ts';
import { ParseFailure } from './parse-failure.ts';

/** As written in `algorithm=`. */
export type DigestAlgorithm =
  | 'MD5'
  | 'MD5-sess'
  | 'SHA-256'
  | 'SHA-256-sess'
  | 'SHA-512-256'
  | 'SHA-512-256-sess';

/** Quality of protection: `auth` covers method and URI, `auth-int` the body too. */
export type DigestQop = 'auth' | 'auth-int';

export interface DigestCredentials {
  readonly username: string;
  readonly password: string;
}

export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: DigestAlgorithm;
  readonly opaque: string | undefined;
  readonly isStale: boolean;
  /** undefined: the server speaks RFC 2069 and sent no qop. */
  readonly qop: DigestQop | undefined;
  /** True when the server wants the user's name hashed (RFC 7616 §3.4.4). */
  readonly hashesUsername?: boolean;
}

/** OpenSSL's name and our order of preference, for each algorithm. */
const ALGORITHMS: Readonly<Record<DigestAlgorithm, { readonly openSsl: string; readonly strength: number }>> =
  {
    MD5: { openSsl: 'md5', strength: 0 },
    'MD5-sess': { openSsl: 'md5', strength: 1 },
    'SHA-256': { openSsl: 'sha256', strength: 2 },
    'SHA-256-sess': { openSsl: 'sha256', strength: 3 },
    'SHA-512-256': { openSsl: 'sha512-256', strength: 4 },
    'SHA-512-256-sess': { openSsl: 'sha512-256', strength: 5 },
  };

/**
 * The strongest challenge for each realm that this package can answer: other schemes, unknown algorithms and malformed challenges
 * are passed over. Several realms ask at once when an INVITE was forked to several proxies (RFC 3261 §22.3).
 *
 * Deviates: RFC 8760 §2.4 prefers the server's order unless local policy says otherwise; ours does, so that nobody on the way can
 * put a weaker one on top.
 *
 * @param fields values of WWW-Authenticate or Proxy-Authenticate, one per header field
 */
export function chooseChallenges(fields: readonly string[]): readonly DigestChallenge[] {
  const byRealm = new Map<string, DigestChallenge>();
  for (const field of fields) {
    const challenge = readChallenge(field);
    if (challenge === undefined) continue;
    const known = byRealm.get(challenge.realm);
    if (known === undefined || strengthOf(challenge) > strengthOf(known))
      byRealm.set(challenge.realm, challenge);
  }
  return [...byRealm.values()];
}

/** The strongest challenge of the first realm that this package can answer, or undefined. */
export function chooseChallenge(fields: readonly string[]): DigestChallenge | undefined {
  return chooseChallenges(fields)[0];
}

function strengthOf(challenge: DigestChallenge): number {
  return ALGORITHMS[challenge.algorithm].strength;
}

function readChallenge(field: string): DigestChallenge | undefined {
  const parameters = digestParameters(field);
  const realm = parameters?.get('realm');
  const nonce = parameters?.get('nonce');
  if (parameters === undefined || realm === undefined || nonce === undefined) return undefined;
  const algorithm = knownAlgorithm(parameters.get('algorithm') ?? 'MD5');
  if (algorithm === undefined) return undefined;
  const qop = chooseQop(parameters.get('qop'));
  if (qop === 'unknown') return undefined;
  return {
    realm,
    nonce,
    algorithm,
    opaque: parameters.get('opaque'),
    isStale: parameters.get('stale')?.toLowerCase() === 'true',
    qop,
    hashesUsername: parameters.get('userhash')?.toLowerCase() === 'true',
  };
}

/** `auth` where it is offered: hops that rewrite SDP break `auth-int`. */
function chooseQop(offered: string | undefined): DigestQop | 'unknown' | undefined {
  if (offered === undefined) return undefined;
  const options = offered.split(',').map((option) => option.trim().toLowerCase());
  return options.includes('auth') ? 'auth' : options.includes('auth-int') ? 'auth-int' : 'unknown';
}

const ALGORITHM_NAMES: ReadonlyMap<string, DigestAlgorithm> = new Map(
  (Object.keys(ALGORITHMS) as DigestAlgorithm[]).map((name) => [name.toLowerCase(), name]),
);

function knownAlgorithm(name: string): DigestAlgorithm | undefined {
  return ALGORITHM_NAMES.get(name.toLowerCase());
}

export interface DigestAnswerInput {
  readonly challenge: DigestChallenge;
  readonly credentials: DigestCredentials;
  readonly method: string;
  /** The Request-URI of the request that carries the answer. */
  readonly uri: string;
  /** Its body, which `auth-int` protects. Default: none. */
  readonly body?: string;
  /** Client nonce, hexadecimal; used with qop, and with the `-sess` algorithms. */
  readonly cnonce: string;
  /** How often this nonce was used, from 1. */
  readonly nonceCount: number;
}

/** Value of an Authorization or Proxy-Authorization header field. */
export function answerChallenge(input: DigestAnswerInput): string {
  const { challenge, credentials, method, uri, cnonce } = input;
  const { algorithm, realm, qop } = challenge;
  const nonceCount = input.nonceCount.toString(16).padStart(8, '0');
  const response = digestResponse({
    algorithm,
    username: credentials.username,
    password: credentials.password,
    realm,
    nonce: challenge.nonce,
    method,
    uri,
    body: input.body ?? '',
    cnonce,
    qop: qop === undefined ? undefined : { name: qop, nonceCount },
  });
  const isHashed = challenge.hashesUsername === true;
  const username = isHashed
    ? hash(ALGORITHMS[algorithm].openSsl, `${credentials.username}:${realm}`)
    : credentials.username;
  let value = `Digest username=${quote(username)}, realm=${quote(realm)}`;
  value += `, nonce=${quote(challenge.nonce)}, uri=${quote(uri)}, response="${response}"`;
  value += `, algorithm=${algorithm}`;
  if (challenge.opaque !== undefined) value += `, opaque=${quote(challenge.opaque)}`;
  if (qop !== undefined) value += `, qop=${qop}, cnonce="${cnonce}", nc=${nonceCount}`;
  else if (algorithm.endsWith('-sess')) value += `, cnonce="${cnonce}"`;
  return isHashed ? `${value}, userhash=true` : value;
}

interface DigestResponseInput {
  algorithm: DigestAlgorithm;
  username: string;
  password: string;
  realm: string;
  nonce: string;
  method: string;
  uri: string;
  body: string;
  cnonce: string;
  qop: { name: DigestQop; nonceCount: string } | undefined;
}

/** RFC 7616 §3.4.1: H(H(A1) : nonce [: nc : cnonce : qop] : H(A2)). */
function digestResponse(input: DigestResponseInput): string {
  const name = ALGORITHMS[input.algorithm].openSsl;
  const { nonce, cnonce, qop } = input;
  let secret = hash(name, `${input.username}:${input.realm}:${input.password}`);
  if (input.algorithm.endsWith('-sess')) secret = hash(name, `${secret}:${nonce}:${cnonce}`);
  const isWhole = qop?.name === 'auth-int';
  const request = hash(name, `${input.method}:${input.uri}${isWhole ? `:${hash(name, input.body)}` : ''}`);
  const middle = qop === undefined ? '' : `${qop.nonceCount}:${cnonce}:${qop.name}:`;
  return hash(name, `${secret}:${nonce}:${middle}${request}`);
}

/** Value of a WWW-Authenticate or Proxy-Authenticate header field. */
export function createDigestChallenge(options: {
  realm: string;
  /** Unpredictable, and checked again by `verifyDigest`'s `isNonceValid`. */
  nonce: string;
  /** Default SHA-256. Send one challenge per algorithm, the preferred one first (RFC 8760 §2.4). */
  algorithm?: DigestAlgorithm;
  /** Default `auth`. */
  qop?: DigestQop;
  opaque?: string;
  /** True when the credentials were right but the nonce too old: the client retries without asking anybody. */
  isStale?: boolean;
}): string {
  let value = `Digest realm=${quote(options.realm)}, nonce=${quote(options.nonce)}`;
  if (options.opaque !== undefined) value += `, opaque=${quote(options.opaque)}`;
  if (options.isStale === true) value += ', stale=true';
  return `${value}, algorithm=${options.algorithm ?? 'SHA-256'}, qop="${options.qop ?? 'auth'}"`;
}

export type DigestVerdict =
  | {
      readonly kind: 'accepted';
      readonly username: string;
      readonly nonce: string;
      readonly nonceCount: number;
    }
  | {
      readonly kind: 'refused';
      readonly reason:
        | 'malformed'
        | 'wrongRealm'
        | 'staleNonce'
        | 'unknownUser'
        | 'wrongUri'
        | 'wrongResponse';
    };

/**
 * Checks an Authorization or Proxy-Authorization value against a challenge this server issued. Requires a qop. The nonce
 * count is returned, so that a server that wants to can refuse replays.
 */
export function verifyDigest(input: {
  /** The header value; undefined when the request had none. */
  authorization: string | undefined;
  realm: string;
  method: string;
  /** The Request-URI; the digest must be for it. */
  requestUri: string;
  /** Its body; needed to check `auth-int`. Default: none. */
  body?: string;
  /** Refuses algorithms the challenge did not name. Default: all. */
  algorithms?: readonly DigestAlgorithm[];
  isNonceValid: (nonce: string) => boolean;
  passwordOf: (username: string) => string | undefined;
}): DigestVerdict {
  const refused = (reason: Extract<DigestVerdict, { kind: 'refused' }>['reason']): DigestVerdict => ({
    kind: 'refused',
    reason,
  });
  const parameters = input.authorization === undefined ? undefined : digestParameters(input.authorization);
  const username = parameters?.get('username');
  const nonce = parameters?.get('nonce');
  const uri = parameters?.get('uri');
  const response = parameters?.get('response')?.toLowerCase();
  const cnonce = parameters?.get('cnonce');
  const nonceCountText = parameters?.get('nc');
  const algorithm = knownAlgorithm(parameters?.get('algorithm') ?? 'MD5');
  if (username === undefined || nonce === undefined || uri === undefined || response === undefined) {
    return refused('malformed');
  }
  if (cnonce === undefined || nonceCountText === undefined || !/^[0-9a-fA-F]{8}$/.test(nonceCountText)) {
    return refused('malformed');
  }
  const qop = parameters?.get('qop')?.toLowerCase();
  if (parameters === undefined || (qop !== 'auth' && qop !== 'auth-int') || algorithm === undefined) {
    return refused('malformed');
  }
  if (input.algorithms !== undefined && !input.algorithms.includes(algorithm)) return refused('malformed');
  if (parameters.get('realm') !== input.realm) return refused('wrongRealm');
  if (uri !== input.requestUri) return refused('wrongUri');
  if (!input.isNonceValid(nonce)) return refused('staleNonce');
  const password = input.passwordOf(username);
  if (password === undefined) return refused('unknownUser');
  const expected = digestResponse({
    algorithm,
    username,
    password,
    realm: input.realm,
    nonce,
    method: input.method,
    uri,
    body: input.body ?? '',
    cnonce,
    qop: { name: qop, nonceCount: nonceCountText },
  });
  if (!isEqualInConstantTime(expected, response)) return refused('wrongResponse');
  return { kind: 'accepted', username, nonce, nonceCount: Number.parseInt(nonceCountText, 16) };
}

function isEqualInConstantTime(expected: string, given: string): boolean {
  const expectedBytes = Buffer.from(expected);
  const givenBytes = Buffer.from(given);
  return expectedBytes.length === givenBytes.length && timingSafeEqual(expectedBytes, givenBytes);
}

/** The parameters of `Digest name=value, name="value" …`, names in lower case, or undefined when it is none. */
function digestParameters(field: string): ReadonlyMap<string, string> | undefined {
  const schemeEnd = field.indexOf(' ');
  if (schemeEnd === -1 || field.slice(0, schemeEnd).toLowerCase() !== 'digest') return undefined;
  try {
    return parseAuthParameters(field, schemeEnd + 1);
  } catch (error) {
    // Authentication data is optional to understand: a malformed challenge is one we cannot answer.
    if (error instanceof ParseFailure) return undefined;
    throw error;
  }
}

function parseAuthParameters(text: string, from: number): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  let index = skipBlanks(text, from);
  while (index < text.length) {
    const equals = text.indexOf('=', index);
    const name = sliceTrimmed(text, index, equals === -1 ? text.length : equals).toLowerCase();
    if (equals === -1 || !isToken(name)) throw new ParseFailure('header', 'malformed digest parameter', text);
    const valueStart = skipBlanks(text, equals + 1);
    let valueEnd: number;
    if (text.charCodeAt(valueStart) === QUOTE) {
      const close = closingQuote(text, valueStart);
      if (close === -1) throw new ParseFailure('header', 'a quoted string does not end', text);
      if (!parameters.has(name)) parameters.set(name, unescapeQuoted(text.slice(valueStart + 1, close)));
      valueEnd = skipBlanks(text, close + 1);
    } else {
      const comma = text.indexOf(',', valueStart);
      valueEnd = comma === -1 ? text.length : comma;
      if (!parameters.has(name)) parameters.set(name, sliceTrimmed(text, valueStart, valueEnd));
    }
    if (valueEnd < text.length && text[valueEnd] !== ',') {
      throw new ParseFailure('header', 'expected "," between digest parameters', text);
    }
    index = skipBlanks(text, valueEnd + 1);
  }
  return parameters;
}
