// Verifies AWS Signature Version 4 on the raw bytes of a request, for the header form and for presigned URLs.
// Source: IAM User Guide, "Create a signed AWS API request".

import { hash, timingSafeEqual } from 'node:crypto';
import {
  ApiError,
  incompleteSignatureException,
  invalidSignatureException,
  unrecognizedClientException,
} from '../errors.ts';
import { canonicalRequest } from './canonical-request.ts';
import {
  type Authorization,
  type CredentialScope,
  dateHeaderOf,
  parseAuthorization,
} from './parse-authorization.ts';
import { headerOf, type SignedRequest, splitUrl } from './request.ts';
import { deriveSigningKey, type SigningKeys } from './signing-keys.ts';

export type VerifyOptions = {
  /**
   * The secret of an access key, undefined if there is no such key. May throw an `ApiError`, such as
   * ExpiredTokenException, which is then the refusal.
   */
  readonly secretFor: (
    accessKeyId: string,
    sessionToken: string | undefined,
  ) => string | undefined | Promise<string | undefined>;
  readonly nowMs: number;
  /** Region the scope must name; any if absent. */
  readonly expectedRegion?: string;
  /** Service the scope must name, such as `connect`; any if absent. */
  readonly expectedService?: string;
  /** Whether a body that the client chose not to sign is taken. Default `refused`. */
  readonly unsignedPayload?: 'refused' | 'accepted';
  /** Keeps derived keys between calls; without it each verification derives its own. */
  readonly signingKeys?: SigningKeys;
};

export type VerifyResult =
  | {
      readonly kind: 'verified';
      readonly scope: CredentialScope;
      readonly form: Authorization['form'];
      /** Covered by the signature; whether it belongs to the access key is for the caller to judge. */
      readonly sessionToken: string | undefined;
    }
  | { readonly kind: 'refused'; readonly error: ApiError };

/** Largest difference between the client's clock and ours, ms: 5 minutes, either way. */
const MAX_CLOCK_SKEW_MS = 300_000;

const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';

const UNKNOWN_KEY_TEXT = 'The access key of the request is not known here.';

/**
 * Verifies a request's signature.
 *
 * Uses the client's own list of signed headers, but insists on `host`, and in the header form on `x-amz-date`, or on
 * `date` where that gives the time; `x-amz-security-token` and `x-amz-target` must be signed where present, and
 * `x-amz-content-sha256`, where present, must be the hash of the body. An equal signature seen twice is not an attack: clients repeat it when they retry
 * within a second.
 *
 * Refusals: MissingAuthenticationTokenException, IncompleteSignatureException, UnrecognizedClientException for an
 * unknown key, else InvalidSignatureException. Throws only what `secretFor` throws besides an `ApiError`.
 *
 * @returns a promise only where `secretFor` gives one.
 */
export function verifySigV4(
  request: SignedRequest,
  options: VerifyOptions,
): VerifyResult | Promise<VerifyResult> {
  const parsed = parseAuthorization(request, options.signingKeys);
  if (parsed.kind === 'refused') return parsed;
  const { authorization } = parsed;
  const payload = payloadHashOf(request, options.unsignedPayload ?? 'refused');
  const values = authorization.signedHeaders.map((name) => headerOf(request, name));
  const problem =
    problemWithHeaders(request, authorization, values) ??
    problemWithScope(authorization, options) ??
    payload.problem;
  if (problem !== undefined) return { kind: 'refused', error: problem };

  // That none is absent was among the problems.
  const signed: SignedParts = { headerValues: values as string[], payloadHash: payload.hash };
  const secret = lookUp(options, authorization);
  return secret instanceof Promise
    ? secret.then((found) => judge(request, authorization, signed, found, options.signingKeys))
    : judge(request, authorization, signed, secret, options.signingKeys);
}

/** What the signature covers besides the request line: the signed headers' values, in the client's order, and the body. */
type SignedParts = { readonly headerValues: readonly string[]; readonly payloadHash: string };

function judge(
  request: SignedRequest,
  authorization: Authorization,
  signed: SignedParts,
  secret: string | ApiError,
  signingKeys: SigningKeys | undefined,
): VerifyResult {
  if (secret instanceof ApiError) return { kind: 'refused', error: secret };
  const { scope, form, sessionToken, head } = authorization;
  const known = signingKeys?.knownHead(head.text);
  const isKnown = known?.secret === secret;
  const key = isKnown ? known.key : (signingKeys?.keyFor(secret, scope) ?? deriveSigningKey(secret, scope));
  const expected = key.sign(stringToSign(request, authorization, signed));
  if (!timingSafeEqual(Buffer.from(expected, 'latin1'), Buffer.from(authorization.signature, 'latin1'))) {
    return { kind: 'refused', error: wrongSignature() };
  }
  if (signingKeys && !isKnown) {
    signingKeys.keep(secret, scope, key);
    if (head.text !== '') signingKeys.keepHead(head, secret, key);
  }
  return { kind: 'verified', scope, form, sessionToken };
}

function lookUp(
  options: VerifyOptions,
  { scope, sessionToken }: Authorization,
): string | ApiError | Promise<string | ApiError> {
  try {
    const found = options.secretFor(scope.accessKeyId, sessionToken);
    return found instanceof Promise ? found.then(orUnknown).catch(onlyApiError) : orUnknown(found);
  } catch (error) {
    return onlyApiError(error);
  }
}

function orUnknown(secret: string | undefined): string | ApiError {
  return secret ?? unrecognizedClientException(UNKNOWN_KEY_TEXT);
}

function onlyApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  throw error;
}

function stringToSign(
  request: SignedRequest,
  authorization: Authorization,
  { headerValues, payloadHash }: SignedParts,
): string {
  const { scope, form, query, signedHeaders, timestamp } = authorization;
  const canonical = canonicalRequest({
    method: request.method,
    path: splitUrl(request.url).path,
    query: form === 'query' ? query.filter(([name]) => name !== 'X-Amz-Signature') : query,
    headerNames: signedHeaders,
    headerValues,
    payloadHash,
  });
  const { date, region, service } = scope;
  return `AWS4-HMAC-SHA256\n${timestamp}\n${date}/${region}/${service}/aws4_request\n${hash('sha256', canonical)}`;
}

/** The target names the operation of some services; in a presigned URL the session token stands in the query. */
const signedIfPresentInHeaderForm = ['x-amz-security-token', 'x-amz-target'];
const signedIfPresentInQueryForm = ['x-amz-target'];

function problemWithHeaders(
  request: SignedRequest,
  { form, signedHeaders }: Authorization,
  values: readonly (string | undefined)[],
): ApiError | undefined {
  for (const name of form === 'header' ? ['host', dateHeaderOf(request)] : ['host']) {
    if (!signedHeaders.includes(name))
      return incompleteSignatureException(`The header ${name} must be signed.`);
  }
  for (const name of form === 'header' ? signedIfPresentInHeaderForm : signedIfPresentInQueryForm) {
    if (headerOf(request, name) !== undefined && !signedHeaders.includes(name)) {
      return incompleteSignatureException(`The header ${name} must be signed.`);
    }
  }
  if (values.includes(undefined)) {
    return invalidSignatureException('A header that the signature covers is not in the request.');
  }
  return undefined;
}

function problemWithScope(authorization: Authorization, options: VerifyOptions): ApiError | undefined {
  const { scope, signedAtMs, expiresSeconds } = authorization;
  const { nowMs, expectedRegion, expectedService } = options;
  if (expectedRegion !== undefined && scope.region !== expectedRegion) {
    return invalidSignatureException(
      `The credential is for region ${scope.region}, this is ${expectedRegion}.`,
    );
  }
  if (expectedService !== undefined && scope.service !== expectedService) {
    return invalidSignatureException(
      `The credential is for service ${scope.service}, this is ${expectedService}.`,
    );
  }
  if (!(signedAtMs - nowMs <= MAX_CLOCK_SKEW_MS)) {
    return invalidSignatureException(`Signature not yet current: ${clockText(authorization, nowMs)}`);
  }
  const lifeMs = expiresSeconds === undefined ? MAX_CLOCK_SKEW_MS : expiresSeconds * 1000;
  if (!(nowMs - signedAtMs <= lifeMs)) {
    return invalidSignatureException(`Signature expired: ${clockText(authorization, nowMs)}`);
  }
  return undefined;
}

function clockText({ timestamp }: Authorization, nowMs: number): string {
  const now = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `signed at ${timestamp}, while it is ${now} here. Check the client's clock.`;
}

type Payload = { readonly hash: string; readonly problem: ApiError | undefined };

function payloadHashOf(request: SignedRequest, unsignedPayload: 'refused' | 'accepted'): Payload {
  const stated = headerOf(request, 'x-amz-content-sha256');
  if (stated === UNSIGNED_PAYLOAD) {
    const problem =
      unsignedPayload === 'accepted'
        ? undefined
        : invalidSignatureException('The body of the request must be signed.');
    return { hash: UNSIGNED_PAYLOAD, problem };
  }
  const actual = hash('sha256', request.body);
  const problem =
    stated === undefined || stated === actual
      ? undefined
      : invalidSignatureException('The body is not the one that x-amz-content-sha256 describes.');
  return { hash: actual, problem };
}

function wrongSignature(): ApiError {
  return invalidSignatureException(
    'The signature of the request is not the one calculated here. Check the secret access key, and that nothing ' +
      'between client and service, such as a proxy, changed the method, path, query, signed headers (Host) or body.',
  );
}
