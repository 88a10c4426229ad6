/** A small client of the Connect API, built from the wire contract: for commands that work on a running service, ours or Amazon's. */
import { type OperationInput, type OperationName, operations } from '@ringback/connect-api';
import { type Credentials, encodeUri, signedHeaders } from './sign-request.ts';

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

/** What the API answers, as JSON; members that are read are checked where they are read. */
type Answer = Readonly<Record<string, unknown>>;

export interface ConnectClient {
  /** @throws {ConnectCallFailed} */
  call<Name extends OperationName>(operation: Name, input: OperationInput<Name>): Promise<Answer>;
}

/** A slow service answers within this, ms. */
const patienceMs = 30_000;

export function openConnectClient({ endpoint, region, credentials }: Connection): ConnectClient {
  return {
    async call(operation, input) {
      const { url, method, body } = requestOf(
        operation,
        input as Readonly<Record<string, unknown>>,
        endpoint,
      );
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
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new ConnectCallFailed(
          operation,
          'Unreachable',
          `${endpoint} does not answer (${reason}). Is the service running?`,
        );
      }
      const answer = readObject(text);
      if (!response.ok) {
        const type = response.headers.get('x-amzn-errortype') ?? String(answer.__type ?? response.status);
        throw new ConnectCallFailed(operation, type.replace(/:.*$/u, ''), describeRefusal(answer));
      }
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

function readObject(text: string): Answer {
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text);
    return typeof value === 'object' && value !== null ? (value as Answer) : {};
  } catch {
    // A proxy's error page; its status says enough.
    return {};
  }
}

/** The message, and the problems that only flows have. */
function describeRefusal(answer: Answer): string {
  const problems = [answer.problems ?? answer.Problems ?? []].flat() as { message?: unknown }[];
  return [answer.message ?? answer.Message ?? '', ...problems.map(({ message }) => `\n  ${message}`)]
    .join('')
    .trim();
}
