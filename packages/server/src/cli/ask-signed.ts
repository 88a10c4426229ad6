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
 * @throws {ConnectCallFailed} `Unreachable`, when there is no answer within 30 seconds
 */
export async function askSigned(
  what: string,
  { endpoint, region, credentials }: Connection,
  { method, url, body }: UnsignedRequest,
): Promise<{ readonly response: Response; readonly answer: Answer }> {
  try {
    const response = await fetch(url, {
      method,
      headers: signedHeaders({ method, url, body }, credentials, region, Date.now()),
      ...(body === '' ? {} : { body }),
      signal: AbortSignal.timeout(patienceMs),
    });
    return { response, answer: readObject(await response.text()) };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConnectCallFailed(
      what,
      'Unreachable',
      isUntrusted(cause)
        ? `The certificate of ${endpoint} is not trusted here (${reason}). Name its authority, or itself, in NODE_EXTRA_CA_CERTS.`
        : `${endpoint} does not answer (${reason}). Is the service running?`,
    );
  }
}

/** Codes of OpenSSL's verification, as Node names them, for a chain that ends in nobody whom we trust. */
const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const isUntrusted = (error: unknown): boolean =>
  error instanceof Error && untrusted.has((error as NodeJS.ErrnoException).code ?? '');

/** Name of the error that a refusal carries, or its status where it carries none. */
export function errorCode({ headers, status }: Response, { __type }: Answer): string {
  return (headers.get('x-amzn-errortype') ?? String(__type ?? status)).replace(/:.*$/u, '');
}

function readObject(text: string): Answer {
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text);
    return typeof value === 'object' && value !== null ? (value as Answer) : {};
  } catch {
    // A proxy's error page; its status says enough.
    return {};
  }
}
