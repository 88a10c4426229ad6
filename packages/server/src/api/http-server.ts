/** The HTTP edge: raw bytes in, signature checked, operation found, typed answer or typed error out. No rules of the product live here. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import {
  ApiError,
  errorResponse,
  internalServiceException,
  isOperationName,
  matchRoute,
  missingAuthenticationTokenException,
  type OperationName,
  operationNotImplementedException,
  parseAuthorization,
  readInput,
  requestEntityTooLargeException,
  SigningKeys,
  serializationException,
  serviceUnavailableException,
  unknownOperationException,
  unrecognizedClientException,
  verifySigV4,
  writeOutput,
} from '@ringback/connect-api';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { type Config, isLoopback } from '../config.ts';
import type { AccessKeys, Caller } from '../identity/caller.ts';
import { BatchClosed, BatchOverloaded } from '../store/micro-batch.ts';
import type { Observer } from '../timeline.ts';
import { implementedOperations } from './implemented-operations.ts';
import type { ApiDeps, OperationCode } from './operation.ts';

/** Largest body of a request, bytes. */
const maxBodyBytes = 1024 * 1024;

/** Longest wait for a client to send its request, ms; a slow one must not hold a socket for ever. */
const requestTimeoutMs = 30_000;

const compatibilityPage = 'docs/compatibility.md';

export interface HttpServerOptions {
  readonly config: Pick<Config, 'http' | 'region'>;
  readonly accessKeys: AccessKeys;
  readonly api: ApiDeps;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Parts and their states for `GET /health`; `ok` decides between 200 and 503. */
  readonly health: () => Promise<{ readonly ok: boolean; readonly parts: Readonly<Record<string, unknown>> }>;
  /** Text for `GET /metrics`, in the Prometheus format. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** Told of each answered operation. */
  readonly answered: (operation: string, status: number, durationMs: number) => void;
  readonly observe?: Observer;
}

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  /** New operations are answered with 503 from now on, which SDKs try again elsewhere. */
  refuseNewRequests(): void;
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
  const server = Fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: 'idle',
    ...(tls ? { https: { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) } } : {}),
  }) as FastifyInstance;
  const edge = new Edge(options);

  // The signature covers the bytes, so nothing may parse them first.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  server.setErrorHandler((error, request, reply) => edge.fail(error, request, reply));
  server.get('/health', async (_request, reply) => {
    const { ok, parts } = await options.health();
    return reply.code(ok ? 200 : 503).send({ status: ok ? 'ok' : 'unavailable', ...parts });
  });
  server.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await options.metrics();
    return reply.type(contentType).send(text);
  });
  server.setNotFoundHandler((request, reply) => edge.answer(request, reply));
  if (options.accessKeys.signatures === 'not checked') {
    server.addHook('onRequest', async (request, reply) => edge.refuseForeignOrigin(request, reply));
  }

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
    close: () => server.close(),
  };
}

class Edge {
  readonly #options: HttpServerOptions;
  readonly #signingKeys = new SigningKeys();
  #isDraining = false;

  constructor(options: HttpServerOptions) {
    this.#options = options;
  }

  drain(): void {
    this.#isDraining = true;
  }

  /** Runs one operation. Every way out, good or bad, is an answer that AWS clients understand. */
  async answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const startedAtMs = performance.now();
    const requestId = randomUUID();
    const [path = '', query = ''] = splitAt(request.raw.url ?? '/', '?');
    let operation = 'unknown';
    let status = 200;
    try {
      const route = matchRoute(request.method, path);
      operation = route?.operation ?? operation;
      const caller = await this.#authenticate(request);
      if (!route) throw unknownOperationException(request.method, path);
      if (this.#isDraining) throw serviceUnavailableException('The service is shutting down.');
      const name = route.operation;
      if (!isOperationName(name) || !isImplemented(name)) {
        throw operationNotImplementedException(name, compatibilityPage);
      }
      const body = await this.#run(name, route.pathParameters, query, caller, request);
      return await reply
        .code(200)
        .headers({ 'content-type': 'application/json', 'x-amzn-requestid': requestId })
        .send(body);
    } catch (error) {
      status = this.#sendError(error, requestId, reply);
      return reply;
    } finally {
      this.#options.answered(operation, status, performance.now() - startedAtMs);
      this.#options.observe?.({ kind: 'api', atMs: this.#options.clock.now(), operation, status });
    }
  }

  async #run<Name extends keyof typeof implementedOperations>(
    name: Name,
    pathParameters: Readonly<Record<string, string>>,
    query: string,
    caller: Caller,
    request: FastifyRequest,
  ): Promise<string> {
    const input = readInput(name, {
      pathParameters,
      query: new URLSearchParams(query),
      body: bodyOf(request),
      contentType: request.headers['content-type'],
    });
    // One name selects code, input and output alike; TypeScript cannot follow that through the table.
    const code = implementedOperations[name] as unknown as OperationCode<Name>;
    return writeOutput(name, await code(input, caller, this.#options.api));
  }

  async #authenticate(request: FastifyRequest): Promise<Caller> {
    const { accessKeys, clock, config } = this.#options;
    const signed = {
      method: request.method,
      url: request.raw.url ?? '/',
      headers: request.headers,
      body: bodyOf(request),
    };
    if (accessKeys.signatures === 'strict') {
      const verdict = await verifySigV4(signed, {
        secretFor: (accessKeyId) => accessKeys.secretFor(accessKeyId),
        nowMs: clock.now(),
        expectedRegion: config.region,
        signingKeys: this.#signingKeys,
      });
      if (verdict.kind === 'refused') throw verdict.error;
      return this.#callerOf(verdict.scope);
    }
    const parsed = parseAuthorization(signed);
    if (parsed.kind === 'refused') throw parsed.error;
    return this.#callerOf(parsed.authorization.scope);
  }

  /** Services share a port and some of their routes; the credential scope says which one is meant. */
  #callerOf(scope: { readonly accessKeyId: string; readonly service: string }): Caller {
    if (scope.service !== 'connect') {
      throw unrecognizedClientException(
        `The request is signed for the service "${scope.service}"; this endpoint serves "connect".`,
      );
    }
    return this.#options.accessKeys.callerFor(scope.accessKeyId);
  }

  /** Without keys the browser's own rules are the only lock, and DNS rebinding would open it. */
  async refuseForeignOrigin(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { host, origin } = request.headers;
    const hostName = hostNameOf(`http://${host ?? ''}`);
    const isOwnHost =
      hostName !== undefined && (isLoopback(hostName) || hostName === this.#options.config.http.host);
    const isOwnOrigin = origin === undefined || isLoopback(hostNameOf(origin) ?? '');
    if (isOwnHost && isOwnOrigin) return;
    this.#sendError(
      missingAuthenticationTokenException(
        `Without access keys requests must come from this machine: Host "${shorten(host)}"${
          origin === undefined ? '' : `, Origin "${shorten(origin)}"`
        } is not it.`,
      ),
      randomUUID(),
      reply,
    );
  }

  /** What Fastify refuses before an operation is known: a body too large, a broken request. */
  fail(error: unknown, _request: FastifyRequest, reply: FastifyReply): void {
    const code = (error as { code?: string }).code;
    const statusCode = (error as { statusCode?: number }).statusCode ?? 500;
    const known =
      code === 'FST_ERR_CTP_BODY_TOO_LARGE'
        ? requestEntityTooLargeException(maxBodyBytes)
        : statusCode < 500
          ? serializationException(
              `The request cannot be read: ${STATUS_CODES[statusCode] ?? 'bad request'}.`,
            )
          : error;
    this.#sendError(known, randomUUID(), reply);
  }

  #sendError(error: unknown, requestId: string, reply: FastifyReply): number {
    const known = error instanceof ApiError ? error : (fromStore(error) ?? internalServiceException(error));
    if (known.httpStatus === 500)
      this.#options.logger.error({ err: known.cause ?? error, requestId }, 'operation failed');
    const answer = errorResponse(known, requestId);
    void reply.code(answer.status).headers(answer.headers).send(answer.body);
    return answer.status;
  }
}

/** A database that is away or too slow is the service's state, not a bug: clients try again. */
function fromStore(error: unknown): ApiError | undefined {
  if (error instanceof BatchOverloaded || error instanceof BatchClosed) {
    return serviceUnavailableException('The service cannot store more requests at this moment.');
  }
  return undefined;
}

function isImplemented(name: OperationName): name is keyof typeof implementedOperations {
  return Object.hasOwn(implementedOperations, name);
}

function bodyOf(request: FastifyRequest): Uint8Array {
  return request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function hostNameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : undefined;
}

const shorten = (text: string | undefined): string => (text ?? '').slice(0, 64);
