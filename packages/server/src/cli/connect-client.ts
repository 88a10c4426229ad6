/** A small client of the Connect API, built from the wire contract: for commands that work on a running service, ours or Amazon's. */
import { type OperationInput, type OperationName, operations } from '@ringback/connect-api';
import { type Answer, askSigned, ConnectCallFailed, type Connection, errorCode } from './ask-signed.ts';
import { encodeUri } from './sign-request.ts';

export interface ConnectClient {
  /** @throws {ConnectCallFailed} */
  call<Name extends OperationName>(operation: Name, input: OperationInput<Name>): Promise<Answer>;
}

export function openConnectClient(connection: Connection): ConnectClient {
  return {
    async call(operation, input) {
      const request = requestOf(operation, input as Readonly<Record<string, unknown>>, connection.endpoint);
      const { response, answer } = await askSigned(operation, connection, request);
      if (!response.ok)
        throw new ConnectCallFailed(operation, errorCode(response, answer), describeRefusal(answer));
      return answer;
    },
  };
}

function requestOf(name: OperationName, input: Readonly<Record<string, unknown>>, endpoint: string) {
  const definition = operations[name];
  const query: Readonly<Record<string, string>> = ('query' in definition && definition.query) || {};
  const inPath = new Set<string>();
  const path = definition.path.replaceAll(/\{(\w+)\}/gu, (_, label: string) => {
    inPath.add(label);
    return encodeUri(String(input[label]));
  });
  const url = new URL(path, endpoint);
  const body: Record<string, unknown> = {};
  for (const [member, value] of Object.entries(input)) {
    if (value === undefined || inPath.has(member)) continue;
    const wireName = query[member];
    if (wireName === undefined) body[member] = value;
    else
      for (const item of Array.isArray(value) ? value : [value])
        url.searchParams.append(wireName, String(item));
  }
  const { method } = definition;
  return { url, method, body: method === 'GET' ? '' : JSON.stringify(body) };
}

/** The message, and the problems that only flows have. */
function describeRefusal(answer: Answer): string {
  const problems = [answer.problems ?? answer.Problems ?? []].flat() as { message?: unknown }[];
  return [answer.message ?? answer.Message ?? '', ...problems.map(({ message }) => `\n  ${message}`)]
    .join('')
    .trim();
}
