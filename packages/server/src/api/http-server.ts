/** The HTTP server: listens, keeps slow and unreadable requests from harm, and gives each of the others to the edge or to a door beside it. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  type IncomingMessage,
  maxHeaderSize,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import { type Duplex, Transform } from 'node:stream';
import { type TLSSocket, Server as TlsServer } from 'node:tls';
import {
  type ApiError,
  errorResponse,
  malformedHttpRequestException,
  requestHeaderFieldsTooLargeException,
  requestTimeoutException,
  serviceUnavailableException,
} from '@ringback/connect-api';
import Fastify, { type FastifyInstance } from 'fastify';
import { type AgentDoorDeps, addAgentDoor } from './agent-door.ts';
import { Connections } from './connections.ts';
import { hasLargeBody, isDirect, takeDirectly } from './direct-requests.ts';
import { apiRequestOf, BodyGivenUp, Edge, type EdgeDeps, maxBodyBytes } from './edge.ts';
import { addPromptDoor } from './prompt-door.ts';
import { addTraceDoor, type TraceDoorDeps } from './trace-door.ts';
import { UnprovenBodies } from './unproven-bodies.ts';

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
  /** What is held for clients at present, and what was cut at the limits. */
  readonly held: HeldForClients;
  /**
   * New operations are answered with 503 from now on, which SDKs try again elsewhere. Resolves when those under
   * way are answered, so that no contact begins afterwards.
   */
  refuseNewRequests(): Promise<void>;
  /** Stops listening. Clients that have not sent their whole request by now are cut off after a moment. */
  close(): Promise<void>;
}

export interface HeldForClients {
  readonly connections: { readonly size: number; readonly cut: number };
  readonly bodies: { readonly bytes: number; readonly givenUp: number };
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
  const { host, port, tls, connections: most, unprovenMegabytes } = options.config.http;
  const { logger, clock } = options;
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
  const connections = new Connections({
    most,
    refuse: tls ? (socket) => socket.destroy() : refuseConnection,
    logger,
    clock,
  });
  const bodies = new UnprovenBodies({ mostBytes: unprovenMegabytes * 1024 * 1024, logger, clock });
  watchConnections(server.server, connections);

  // The signature covers the bytes, so nothing may parse them first.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  server.setErrorHandler((error, _request, reply) => edge.fail(error, reply));
  server.addHook('onRequest', async (request, reply) => connections.took(request.raw, reply.raw));
  // As with what is taken directly: before the body is read, so that strangers cost no memory.
  server.addHook('onRequest', async (request, reply) => {
    if (!request.is404 || !hasLargeBody(request.headers)) return undefined;
    const { method, headers } = request;
    const refusal = await edge.refusalOfStranger({ method, url: request.raw.url ?? '/', headers });
    if (!refusal) return undefined;
    return reply.code(refusal.status).headers(refusal.headers).send(refusal.body);
  });
  // What has a route has a limit of its own. The stream must say how much came in, which Fastify compares.
  server.addHook('preParsing', async (request, reply, payload) =>
    request.is404 ? payload.pipe(countedBody(bodies, reply.raw)) : payload,
  );
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
    if (!options.accessKeys.wasOpenToAnyone && isDirect(request)) {
      connections.took(request, response);
      takeDirectly(request, response, edge, bodies);
    } else for (const listener of toRoutes) listener(request, response);
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
    held: { connections, bodies },
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

function watchConnections(server: Server, connections: Connections): void {
  // Until its handshake is done a TLS connection is known by the plain one below it.
  const handshakes = new Map<string, Duplex>();
  const peerOf = ({ remoteAddress, remotePort, localAddress }: Socket): string =>
    `${remoteAddress} ${remotePort} ${localAddress}`;
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    if (!(server instanceof TlsServer)) return;
    const peer = peerOf(socket);
    handshakes.set(peer, socket);
    socket.once('close', () => handshakes.delete(peer));
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    const below = handshakes.get(peerOf(socket));
    if (below) connections.replace(below, socket);
  });
  server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => connections.upgraded(socket));
}

/** Every connection that there may be waits for an answer of ours, or is an agent's. */
function refuseConnection(socket: Duplex): void {
  writeAnswer(
    socket,
    serviceUnavailableException('The service has as many connections as it may have; try again.'),
  );
  (socket as Socket).destroySoon();
}

/** Passes a body on, and counts it. */
function countedBody(bodies: UnprovenBodies, response: ServerResponse): Transform {
  let received = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      body.grew(chunk.length);
      done(null, chunk);
    },
    flush(done) {
      body.whole();
      done();
    },
  });
  const body = bodies.begin(() => counted.destroy(new BodyGivenUp()));
  response.once('close', body.gone);
  return Object.defineProperty(counted, 'receivedEncodedLength', { get: () => received });
}

/** Answers what Node's parser refused before there was a request, in the form of all errors, and hangs up. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) writeAnswer(socket, unreadableFor(error.code));
  socket.destroy(error);
}

/** An answer where there is no request to answer. */
function writeAnswer(socket: Duplex, error: ApiError): void {
  const { status, headers, body } = errorResponse(error, randomUUID());
  const head = Object.entries({
    ...headers,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`);
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
