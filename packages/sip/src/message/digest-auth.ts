// Digest access authentication, both sides: answering a challenge as a client, issuing and checking one as a server
// (RFC 2617, RFC 3261 §22, RFC 8760 for SHA-256 and SHA-512/256).
import { hash, timingSafeEqual } from 'node:crypto';
import { closingQuote, isToken, QUOTE, quote, skipBlanks, sliceTrimmed, unescapeQuoted } from './grammar.ts';
import { ParseFailure } from './parse-failure.ts';

/** As written in `algorithm=`. The session variants (`-sess`) are not offered. */
export type DigestAlgorithm = 'MD5' | 'SHA-256' | 'SHA-512-256';

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
  readonly qop: 'auth' | undefined;
}

const OPENSSL_NAMES: Readonly<Record<DigestAlgorithm, string>> = {
  MD5: 'md5',
  'SHA-256': 'sha256',
  'SHA-512-256': 'sha512-256',
};

/**
 * The first challenge this package can answer, in the server's order of preference (RFC 8760 §2.4), or undefined: other
 * schemes, unknown algorithms, `auth-int` only, or malformed challenges are passed over.
 *
 * @param fields values of WWW-Authenticate or Proxy-Authenticate, one per header field
 */
export function chooseChallenge(fields: readonly string[]): DigestChallenge | undefined {
  for (const field of fields) {
    const challenge = readChallenge(field);
    if (challenge !== undefined) return challenge;
  }
  return undefined;
}

function readChallenge(field: string): DigestChallenge | undefined {
  const parameters = digestParameters(field);
  const realm = parameters?.get('realm');
  const nonce = parameters?.get('nonce');
  if (parameters === undefined || realm === undefined || nonce === undefined) return undefined;
  const algorithm = knownAlgorithm(parameters.get('algorithm') ?? 'MD5');
  if (algorithm === undefined) return undefined;
  const offered = parameters.get('qop');
  const offersAuth = offered?.split(',').some((option) => option.trim().toLowerCase() === 'auth');
  if (offered !== undefined && offersAuth !== true) return undefined;
  return {
    realm,
    nonce,
    algorithm,
    opaque: parameters.get('opaque'),
    isStale: parameters.get('stale')?.toLowerCase() === 'true',
    qop: offered === undefined ? undefined : 'auth',
  };
}

function knownAlgorithm(name: string): DigestAlgorithm | undefined {
  const upper = name.toUpperCase();
  return upper === 'MD5' || upper === 'SHA-256' || upper === 'SHA-512-256' ? upper : undefined;
}

export interface DigestAnswerInput {
  readonly challenge: DigestChallenge;
  readonly credentials: DigestCredentials;
  readonly method: string;
  /** The Request-URI of the request that carries the answer. */
  readonly uri: string;
  /** Client nonce, hexadecimal; used with qop only. */
  readonly cnonce: string;
  /** How often this nonce was used, from 1. */
  readonly nonceCount: number;
}

/** Value of an Authorization or Proxy-Authorization header field. */
export function answerChallenge(input: DigestAnswerInput): string {
  const { challenge, credentials, method, uri, cnonce } = input;
  const nonceCount = input.nonceCount.toString(16).padStart(8, '0');
  const response = digestResponse({
    algorithm: challenge.algorithm,
    username: credentials.username,
    password: credentials.password,
    realm: challenge.realm,
    nonce: challenge.nonce,
    method,
    uri,
    qop: challenge.qop === undefined ? undefined : { name: challenge.qop, cnonce, nonceCount },
  });
  let value = `Digest username=${quote(credentials.username)}, realm=${quote(challenge.realm)}`;
  value += `, nonce=${quote(challenge.nonce)}, uri=${quote(uri)}, response="${response}"`;
  value += `, algorithm=${challenge.algorithm}`;
  if (challenge.opaque !== undefined) value += `, opaque=${quote(challenge.opaque)}`;
  if (challenge.qop !== undefined) value += `, qop=auth, cnonce="${cnonce}", nc=${nonceCount}`;
  return value;
}

interface DigestResponseInput {
  algorithm: DigestAlgorithm;
  username: string;
  password: string;
  realm: string;
  nonce: string;
  method: string;
  uri: string;
  qop: { name: string; cnonce: string; nonceCount: string } | undefined;
}

/** RFC 2617 §3.2.2: H(H(A1) : nonce [: nc : cnonce : qop] : H(A2)). */
function digestResponse(input: DigestResponseInput): string {
  const name = OPENSSL_NAMES[input.algorithm];
  const secret = hash(name, `${input.username}:${input.realm}:${input.password}`);
  const request = hash(name, `${input.method}:${input.uri}`);
  const { qop } = input;
  const middle = qop === undefined ? '' : `${qop.nonceCount}:${qop.cnonce}:${qop.name}:`;
  return hash(name, `${secret}:${input.nonce}:${middle}${request}`);
}

/** Value of a WWW-Authenticate or Proxy-Authenticate header field that asks for qop=auth. */
export function createDigestChallenge(options: {
  realm: string;
  /** Unpredictable, and checked again by `verifyDigest`'s `isNonceValid`. */
  nonce: string;
  /** Default SHA-256. Send one challenge per algorithm, the preferred one first (RFC 8760 §2.4). */
  algorithm?: DigestAlgorithm;
  opaque?: string;
  /** True when the credentials were right but the nonce too old: the client retries without asking anybody. */
  isStale?: boolean;
}): string {
  let value = `Digest realm=${quote(options.realm)}, nonce=${quote(options.nonce)}`;
  if (options.opaque !== undefined) value += `, opaque=${quote(options.opaque)}`;
  if (options.isStale === true) value += ', stale=true';
  return `${value}, algorithm=${options.algorithm ?? 'SHA-256'}, qop="auth"`;
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
 * Checks an Authorization or Proxy-Authorization value against a challenge this server issued. Requires qop=auth. The
 * nonce count is returned, so that a server that wants to can refuse replays.
 */
export function verifyDigest(input: {
  /** The header value; undefined when the request had none. */
  authorization: string | undefined;
  realm: string;
  method: string;
  /** The Request-URI; the digest must be for it. */
  requestUri: string;
  /** Refuses algorithms the challenge did not name. Default: all three. */
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
  if (parameters?.get('qop')?.toLowerCase() !== 'auth' || algorithm === undefined)
    return refused('malformed');
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
    qop: { name: 'auth', cnonce, nonceCount: nonceCountText },
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
