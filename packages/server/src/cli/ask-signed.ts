/** One signed request to a running service, and its answer as JSON: what every command that speaks to a service stands on. */
import { type Credentials, signedHeaders, type UnsignedRequest } from './sign-request.ts';

/** Where the service is, and as whom to speak to it. */
export interface Connection {
  /** `http://host:port`. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
}

/** The service refused, or cannot be reached. */
export class ConnectCallFailed extends Error {
  override readonly name = 'ConnectCallFailed';
  /** Name of the API's error, such as `ResourceNotFoundException`; `Unreachable` when there was no answer. */
  readonly code: string;
  constructor(operation: string, code: string, detail: string) {
    super(`${operation}: ${code}${detail ? `: ${detail}` : ''}`);
    this.code = code;
  }
}

/** What a service answers, as JSON; members that are read are checked where they are read. */
export type Answer = Readonly<Record<string, unknown>>;

/** A slow service answers within this, ms. */
const patienceMs = 30_000;

/**
 * Asks, and reads the answer whatever its status is.
 *
 * @param what Operation or path, for the error.
 * @throws {ConnectCallFailed} `Unreachable`, when there is no answer within 30 seconds; the status, when it is another's answer
 */
export async function askSigned(
  what: string,
  { endpoint, region, credentials }: Connection,
  { method, url, body }: UnsignedRequest,
): Promise<{ readonly response: Response; readonly answer: Answer }> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method,
      headers: signedHeaders({ method, url, body }, credentials, region, Date.now()),
      ...(body === '' ? {} : { body }),
      signal: AbortSignal.timeout(patienceMs),
    });
    text = await response.text();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new ConnectCallFailed(what, 'Unreachable', whyUnreachable(endpoint, cause));
  }
  const answer = readObject(text);
  if (answer) return { response, answer };
  throw new ConnectCallFailed(
    what,
    String(response.status),
    `What answers at ${endpoint} is not Ringback, but perhaps a proxy before it. Does that address lead to the service?`,
  );
}

function whyUnreachable(endpoint: string, cause: unknown): string {
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
  // OpenSSL's texts have the line of its source, and end in a line break.
  const reason = (cause instanceof Error ? cause.message : String(cause)).trim();
  if (untrusted.has(code ?? '')) {
    return `The certificate of ${endpoint} is not trusted here (${reason}). Name its authority, or itself, in NODE_EXTRA_CA_CERTS.`;
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return `There is no TLS at ${endpoint}. Try ${endpoint.replace(/^https/u, 'http')}`;
  }
  const orTls =
    code === 'UND_ERR_SOCKET' && endpoint.startsWith('http:')
      ? ` If it listens with TLS, say ${endpoint.replace(/^http/u, 'https')}`
      : '';
  return `${endpoint} does not answer (${reason}). Is the service running?${orTls}`;
}

/** Codes of OpenSSL's verification, as Node names them, for a chain that ends in nobody whom we trust. */
const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Name of the error that a refusal carries, or its status where it carries none. */
export function errorCode({ headers, status }: Response, { __type }: Answer): string {
  return (headers.get('x-amzn-errortype') ?? String(__type ?? status)).replace(/:.*$/u, '');
}

/** Undefined where it is not JSON, as a proxy's error page. */
function readObject(text: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text);
    return typeof value === 'object' && value !== null ? (value as Answer) : undefined;
  } catch {
    return undefined;
  }
}
