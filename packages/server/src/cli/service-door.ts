/** Asks a running service what the Connect API has no operation for, at its paths under /_ringback and at /health. Used by commands. */
import { type Answer, askSigned, ConnectCallFailed, type Connection, errorCode } from './ask-signed.ts';

/**
 * A signed GET; the answer as JSON.
 *
 * @throws {ConnectCallFailed}
 */
export async function askService(connection: Connection, path: string): Promise<Answer> {
  const url = new URL(path, connection.endpoint);
  const { response, answer } = await askSigned(path, connection, { method: 'GET', url, body: '' });
  // An unhealthy service says so with 503, and its parts all the same.
  if (response.ok || (path === '/health' && response.status === 503)) return answer;
  throw new ConnectCallFailed(
    path,
    errorCode(response, answer),
    String(answer.message ?? answer.Message ?? ''),
  );
}
