// Takes the credential scope and the signature out of a request: from the Authorization header, or from the query of
// a presigned URL. Verifies nothing, so it also serves where no keys are configured.

import {
  type ApiError,
  incompleteSignatureException,
  missingAuthenticationTokenException,
} from '../errors.ts';
import { parseQuery, type QueryPair } from './canonical-request.ts';
import { headerOf, type SignedRequest, splitUrl } from './request.ts';
import type { KnownHead, SigningKeys } from './signing-keys.ts';

/** Who signed, and for what: `date/region/service/aws4_request`. */
export type CredentialScope = {
  readonly accessKeyId: string;
  /** `YYYYMMDD`, UTC. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
};

/** All that an authorization says besides its signature and its time: alike in all requests of a client on a day. */
export type AuthorizationHead = {
  /** The Authorization header up to its signature; empty where that does not stand at its end, or in the query. */
  readonly text: string;
  readonly scope: CredentialScope;
  readonly signedHeaders: readonly string[];
};

export type Authorization = {
  /** Where the signature stands: in the Authorization header or in the query of a presigned URL. */
  readonly form: 'header' | 'query';
  readonly head: AuthorizationHead;
  readonly scope: CredentialScope;
  /** Lower-case names in the order signed. */
  readonly signedHeaders: readonly string[];
  /** 64 hexadecimal digits, lower case. */
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly timestamp: string;
  readonly signedAtMs: number;
  /** How long a presigned URL holds, seconds; undefined in the header form. */
  readonly expiresSeconds: number | undefined;
  /** Present with temporary credentials. */
  readonly sessionToken: string | undefined;
  /** The whole query, decoded. */
  readonly query: readonly QueryPair[];
};

export type AuthorizationResult =
  | { readonly kind: 'parsed'; readonly authorization: Authorization }
  | { readonly kind: 'refused'; readonly error: ApiError };

type FieldName = 'Credential' | 'SignedHeaders' | 'Signature';

type Fields = Readonly<Record<FieldName, string | undefined>>;

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** Longest Authorization header or presigned query looked at, characters. A session token may take 4 KiB. */
const MAX_LENGTH = 16_384;

/** Hexadecimal digits of a signature. */
const SIGNATURE_LENGTH = 64;

/** Longest life of a presigned URL, seconds: 7 days. */
const MAX_EXPIRES_SECONDS = 604_800;

/**
 * Reads a request's authorization. A request without any gives MissingAuthenticationTokenException; one that lacks a
 * part, or has a malformed one, IncompleteSignatureException.
 *
 * @param known headers that were read before and need no second reading.
 */
export function parseAuthorization(
  request: SignedRequest,
  known?: Pick<SigningKeys, 'knownHead'>,
): AuthorizationResult {
  try {
    return { kind: 'parsed', authorization: parse(request, known) };
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', error: error.apiError };
    throw error;
  }
}

/** Carries a refusal out of the parser's depth; never leaves this file. */
class Refusal extends Error {
  readonly apiError: ApiError;

  constructor(apiError: ApiError) {
    super(apiError.message);
    this.apiError = apiError;
  }
}

function incomplete(message: string): Refusal {
  return new Refusal(incompleteSignatureException(message));
}

function parse(request: SignedRequest, known: Pick<SigningKeys, 'knownHead'> | undefined): Authorization {
  const { query: rawQuery } = splitUrl(request.url);
  const query = decodedQuery(rawQuery);
  const header = headerOf(request, 'authorization');
  if (header !== undefined) {
    if (header.length > MAX_LENGTH) throw incomplete('The Authorization header is too long.');
    const same = known?.knownHead(header.slice(0, -SIGNATURE_LENGTH));
    if (!same) return withTime(request, readHeader(header), query, undefined);
    const signature = readSignature(header.slice(-SIGNATURE_LENGTH));
    return withTime(request, { head: same.head, signature }, query, same);
  }
  if (query.some(([name]) => name === 'X-Amz-Algorithm' || name === 'X-Amz-Signature')) {
    if (rawQuery.length > MAX_LENGTH) throw incomplete('The query is too long.');
    return parsePresigned(query);
  }
  throw new Refusal(
    missingAuthenticationTokenException('The request has no Authorization header and no signed query.'),
  );
}

function decodedQuery(rawQuery: string): readonly QueryPair[] {
  try {
    return parseQuery(rawQuery);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw incomplete('The query is not percent-encoded UTF-8.');
  }
}

type Read = { readonly head: AuthorizationHead; readonly signature: string };

/** The header that says when a request in the header form was signed; it must be signed itself. */
export function dateHeaderOf(request: SignedRequest): 'x-amz-date' | 'date' {
  return headerOf(request, 'x-amz-date') === undefined ? 'date' : 'x-amz-date';
}

/** The signed time. `Date` may be as HTTP writes it, or mail (botocore: `-0000`); the signature covers the form of X-Amz-Date. */
function timestampOf(request: SignedRequest): string | undefined {
  const text = headerOf(request, dateHeaderOf(request));
  if (text === undefined || !/^[A-Z][a-z]{2}, .* (GMT|[+-]0000)$/.test(text)) return text;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? text : new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

/** The header form, whose time and session token stand in headers of their own. */
function withTime(
  request: SignedRequest,
  { head, signature }: Read,
  query: readonly QueryPair[],
  known: KnownHead | undefined,
): Authorization {
  const timestamp = timestampOf(request);
  if (timestamp === undefined) throw incomplete('The request has neither an X-Amz-Date nor a Date header.');
  const isKnown = known?.time.text === timestamp;
  const signedAtMs = isKnown ? known.time.ms : readTimestamp(timestamp, head.scope);
  if (known && !isKnown) known.time = { text: timestamp, ms: signedAtMs };
  return {
    form: 'header',
    head,
    scope: head.scope,
    signedHeaders: head.signedHeaders,
    signature,
    timestamp,
    signedAtMs,
    expiresSeconds: undefined,
    sessionToken: headerOf(request, 'x-amz-security-token'),
    query,
  };
}

function readHeader(header: string): Read {
  const space = header.indexOf(' ');
  const algorithm = space === -1 ? header : header.slice(0, space);
  if (algorithm !== ALGORITHM) throw incomplete(`The Authorization header must begin with ${ALGORITHM}.`);
  const fields: Record<FieldName, string | undefined> = {
    Credential: undefined,
    SignedHeaders: undefined,
    Signature: undefined,
  };
  for (const field of header.slice(algorithm.length).split(',')) {
    const equals = field.indexOf('=');
    const name = field.slice(0, equals).trim();
    if (equals === -1 || !isFieldName(name)) {
      throw incomplete('The Authorization header must hold Credential, SignedHeaders and Signature.');
    }
    if (fields[name] !== undefined) throw incomplete(`The Authorization header gives ${name} twice.`);
    fields[name] = field.slice(equals + 1).trim();
  }
  const text = header.endsWith(`Signature=${fields.Signature}`) ? header.slice(0, -SIGNATURE_LENGTH) : '';
  return readFields(fields, text, 'Authorization header');
}

function parsePresigned(query: readonly QueryPair[]): Authorization {
  const fields = new Map<string, string>();
  for (const [name, value] of query) {
    if (!name.startsWith('X-Amz-')) continue;
    if (fields.has(name)) throw incomplete(`The query gives a signing parameter twice.`);
    fields.set(name, value);
  }
  if (fields.get('X-Amz-Algorithm') !== ALGORITHM) throw incomplete(`X-Amz-Algorithm must be ${ALGORITHM}.`);
  const timestamp = fields.get('X-Amz-Date');
  if (timestamp === undefined) throw incomplete('The query has no X-Amz-Date.');
  const expires = fields.get('X-Amz-Expires') ?? '';
  const expiresSeconds = /^\d{1,6}$/.test(expires) ? Number(expires) : 0;
  if (expiresSeconds < 1 || expiresSeconds > MAX_EXPIRES_SECONDS) {
    throw incomplete(`X-Amz-Expires must be a number of seconds from 1 to ${MAX_EXPIRES_SECONDS}.`);
  }
  const { head, signature } = readFields(presignedFields(fields), '', 'query');
  return {
    form: 'query',
    head,
    scope: head.scope,
    signedHeaders: head.signedHeaders,
    signature,
    timestamp,
    signedAtMs: readTimestamp(timestamp, head.scope),
    expiresSeconds,
    sessionToken: fields.get('X-Amz-Security-Token'),
    query,
  };
}

function presignedFields(parameters: ReadonlyMap<string, string>): Fields {
  return {
    Credential: parameters.get('X-Amz-Credential'),
    SignedHeaders: parameters.get('X-Amz-SignedHeaders'),
    Signature: parameters.get('X-Amz-Signature'),
  };
}

function isFieldName(name: string): name is FieldName {
  return name === 'Credential' || name === 'SignedHeaders' || name === 'Signature';
}

function readFields(fields: Fields, text: string, where: string): Read {
  const { Credential: credential, SignedHeaders: signedHeaders, Signature: signature } = fields;
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    throw incomplete(`The ${where} must hold Credential, SignedHeaders and Signature.`);
  }
  const read = readSignature(signature);
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+(;[!#$%&'*+.^_`|~0-9a-z-]+)*$/.test(signedHeaders)) {
    throw incomplete('SignedHeaders must be lower-case header names separated by semicolons.');
  }
  const head = { text, scope: readScope(credential), signedHeaders: signedHeaders.split(';') };
  return { head, signature: read };
}

function readSignature(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) throw incomplete('The signature must be 64 hexadecimal digits.');
  return text;
}

function readScope(credential: string): CredentialScope {
  const match =
    /^([\w.@+=-]{1,128})\/(\d{8})\/([A-Za-z0-9-]{1,64})\/([A-Za-z0-9-]{1,64})\/aws4_request$/.exec(
      credential,
    );
  if (match === null) {
    throw incomplete('The credential must have the form KEY/YYYYMMDD/REGION/SERVICE/aws4_request.');
  }
  const [, accessKeyId = '', date = '', region = '', service = ''] = match;
  return { accessKeyId, date, region, service };
}

function readTimestamp(timestamp: string, scope: CredentialScope): number {
  if (!/^\d{8}T\d{6}Z$/.test(timestamp)) {
    throw incomplete('The date of the request must have the form YYYYMMDDTHHMMSSZ.');
  }
  if (!timestamp.startsWith(scope.date))
    throw incomplete('The date of the credential is not that of the request.');
  const digits = (start: number, end: number) => Number(timestamp.slice(start, end));
  return Date.UTC(
    digits(0, 4),
    digits(4, 6) - 1,
    digits(6, 8),
    digits(9, 11),
    digits(11, 13),
    digits(13, 15),
  );
}
