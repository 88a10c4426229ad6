/** The HTTP server: listens, keeps slow and unreadable requests from harm, and gives each of the others to the edge or to a door beside it. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, maxHeaderSize, type RequestListener, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type ApiError,
  errorResponse,
  malformedHttpRequestException,
  requestHeaderFieldsTooLargeException,
  requestTimeoutException,
} from '@ringback/connect-api';
import Fastify, { type FastifyInstance } from 'fastify';
import { type AgentDoorDeps, addAgentDoor } from './agent-door.ts';
import { hasLargeBody, isDirect, takeDirectly } from './direct-requests.ts';
import { apiRequestOf, Edge, type EdgeDeps, maxBodyBytes } from './edge.ts';
import { addPromptDoor } from './prompt-door.ts';
import { addTraceDoor, type TraceDoorDeps } from './trace-door.ts';

/** Longest wait for a client to send its request, ms; a slow one must not hold a socket for ever. */
const defaultRequestTimeoutMs = 30_000;

/** Time to read an answer before connections are cut at the end, ms. */
const closingGraceMs = 1_000;

export interface HttpServerOptions extends EdgeDeps {
  /** Signing in, the socket and the page of agents; absent where there are none. */
  readonly agentDoor?: AgentDoorDeps;
  /** The SIP messages of contacts; absent where nobody shows them. */
  readonly traceDoor?: TraceDoorDeps;
  /** Parts and their states for `GET /health`: 200 if `ok` and not draining, else 503. */
  readonly health: () => Promise<{ readonly ok: boolean; readonly parts: Readonly<Record<string, unknown>> }>;
  /** Text for `GET /metrics`, in the Prometheus format. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** Time for a whole request to come in, ms. Default 30,000. */
  readonly requestTimeoutMs?: number;
}

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  /**
   * New operations are answered with 503 from now on, which SDKs try again elsewhere. Resolves when those under
   * way are answered, so that no contact begins afterwards.
   */
  refuseNewRequests(): Promise<void>;
  /** Stops listening. Clients that have not sent their whole request by now are cut off after a moment. */
  close(): Promise<void>;
}

/** The port cannot be listened on. The message says what to do. */
export class HttpPortUnavailable extends Error {
  override readonly name = 'HttpPortUnavailable';
}

/**
 * Listens.
 *
 * @throws {HttpPortUnavailable} the port is taken or may not be used.
 */
export async function openHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port, tls } = options.config.http;
  const { requestTimeoutMs = defaultRequestTimeoutMs } = options;
  // Where the time for headers is the longer one, Node takes each of the two for the other.
  const settings = {
    headersTimeout: requestTimeoutMs,
    connectionsCheckingInterval: requestTimeoutMs,
    shouldUpgradeCallback: (request: IncomingMessage) =>
      options.agentDoor !== undefined && asksForWebSocket(request),
  };
  const server = Fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: 'idle',
    clientErrorHandler: refuseUnreadable,
    // The name of an uploaded prompt may take three characters for each of its own.
    routerOptions: { maxParamLength: 512 },
    // A path that cannot be decoded never reaches a route, nor the error handler.
    frameworkErrors: (error, _request, reply) => edge.fail(error, reply),
    ...(tls
      ? { https: { ...settings, cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) } }
      : { http: settings }),
  }) as FastifyInstance;
  const edge = new Edge(options);

  // The signature covers the bytes, so nothing may parse them first.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  server.setErrorHandler((error, _request, reply) => edge.fail(error, reply));
  // As with what is taken directly: before the body is read, so that strangers cost no memory.
  server.addHook('onRequest', async (request, reply) => {
    if (!request.is404 || !hasLargeBody(request.headers)) return undefined;
    const { method, headers } = request;
    const refusal = await edge.refusalOfStranger({ method, url: request.raw.url ?? '/', headers });
    if (!refusal) return undefined;
    return reply.code(refusal.status).headers(refusal.headers).send(refusal.body);
  });
  server.get('/health', async (_request, reply) => {
    const { ok, parts } = await options.health();
    // Load balancers are to send nothing more to a service that drains, though all its parts are well.
    const status = !ok ? 'unavailable' : edge.isDraining ? 'draining' : 'ok';
    return reply.code(status === 'ok' ? 200 : 503).send({ status, ...parts });
  });
  server.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await options.metrics();
    return reply.type(contentType).send(text);
  });
  addPromptDoor(server, edge, options.api);
  if (options.traceDoor) addTraceDoor(server, edge, options.api, options.traceDoor);
  if (options.agentDoor) addAgentDoor(server, options.agentDoor);
  server.setNotFoundHandler(async (request, reply) => {
    const { status, headers, body } = await edge.answer(apiRequestOf(request));
    return reply.code(status).headers(headers).send(body);
  });
  if (options.accessKeys.wasOpenToAnyone) {
    server.addHook('onRequest', async (request, reply) => edge.refuseForeignOrigin(request, reply));
  }
  const toRoutes = server.server.listeners('request') as RequestListener[];
  server.server.removeAllListeners('request').on('request', (request, response) => {
    // Without keys every request must pass the hook above.
    if (!options.accessKeys.wasOpenToAnyone && isDirect(request)) takeDirectly(request, response, edge);
    else for (const listener of toRoutes) listener(request, response);
  });

  try {
    await server.listen({ host, port });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    await server.close();
    if (code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL') {
      throw new HttpPortUnavailable(
        `The HTTP port ${host}:${port} cannot be used (${code}). ` +
          'Stop what listens there, or set RINGBACK_HTTP_PORT to another port (0 takes any free one).',
      );
    }
    throw error;
  }
  const address = server.server.address();
  return {
    host,
    port: typeof address === 'object' && address ? address.port : port,
    refuseNewRequests: () => edge.drain(),
    async close() {
      // A half-sent request counts as one under way, and would hold the end up until its own time-out.
      const cutOff = setTimeout(() => server.server.closeAllConnections(), closingGraceMs);
      edge.isClosing = true;
      try {
        await server.close();
      } finally {
        clearTimeout(cutOff);
      }
    },
  };
}

/**
 * Any other protocol that a client offers is left aside, and the request answered in the one that it came in
 * (RFC 9110 §7.8): Java's HTTP client offers HTTP/2 on each connection without TLS.
 */
function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/** Answers what Node's parser refused before there was a request, in the form of all errors, and hangs up. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) {
    const { status, headers, body } = errorResponse(unreadableFor(error.code), randomUUID());
    const head = Object.entries({
      ...headers,
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`);
  }
  socket.destroy(error);
}

function unreadableFor(code: string | undefined): ApiError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return requestHeaderFieldsTooLargeException(maxHeaderSize);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return requestTimeoutException();
    default:
      return malformedHttpRequestException('The request cannot be read as HTTP/1.1.');
  }
}
