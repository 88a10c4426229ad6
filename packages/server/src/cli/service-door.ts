/** Asks a running service what the Connect API has no operation for, at its paths under /_ringback and at /health. Used by commands. */
import { ConnectCallFailed, type Connection } from './connect-client.ts';
import { signedHeaders } from './sign-request.ts';

/** A slow service answers within this, ms. */
const patienceMs = 30_000;

/**
 * A signed GET; the answer as JSON.
 *
 * @throws {ConnectCallFailed}
 */
export async function askService(
  { endpoint, region, credentials }: Connection,
  path: string,
): Promise<Readonly<Record<string, unknown>>> {
  const url = new URL(path, endpoint);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      headers: signedHeaders({ method: 'GET', url, body: '' }, credentials, region, Date.now()),
      signal: AbortSignal.timeout(patienceMs),
    });
    text = await response.text();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConnectCallFailed(
      path,
      'Unreachable',
      `${endpoint} does not answer (${reason}). Is the service running?`,
    );
  }
  const answer = readObject(text);
  // An unhealthy service says so with 503, and its parts all the same.
  if (response.ok || (path === '/health' && response.status === 503)) return answer;
  const code = response.headers.get('x-amzn-errortype') ?? String(response.status);
  throw new ConnectCallFailed(
    path,
    code.replace(/:.*$/u, ''),
    String(answer.message ?? answer.Message ?? ''),
  );
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    // A proxy's error page; its status says enough.
    return {};
  }
}
