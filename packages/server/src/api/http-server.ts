/** The HTTP edge: raw bytes in, signature checked, operation found, typed answer or typed error out. No rules of the product live here. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { maxHeaderSize, type RequestListener, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  ApiError,
  awsJsonContentType,
  awsJsonErrorResponse,
  errorResponse,
  internalServiceException,
  isOperationName,
  isServiceQuotasTarget,
  listOperations,
  malformedHttpRequestException,
  matchRoute,
  missingAuthenticationTokenException,
  type OperationName,
  type OperationOutput,
  operationNotImplementedException,
  operations,
  parseAuthorization,
  readInput,
  readServiceQuotasInput,
  requestEntityTooLargeException,
  requestHeaderFieldsTooLargeException,
  requestTimeoutException,
  type ServiceQuotasOperationName,
  type ServiceQuotasOutput,
  serializationException,
  serviceQuotasOperationOf,
  serviceUnavailableException,
  throttlingException,
  tooManyRequestsException,
  unknownOperationException,
  unrecognizedClientException,
  writeOutput,
} from '@ringback/connect-api';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { type Config, isLoopback } from '../config.ts';
import type { AccessKeys } from '../identity/access-keys.ts';
import type { AuditLog } from '../identity/audit-log.ts';
import type { Authenticate, Authenticated } from '../identity/authenticate.ts';
import { authorize } from '../identity/authorize.ts';
import type { Caller } from '../identity/caller.ts';
import type { OperationMembers } from '../identity/operation-resources.ts';
import type { Throttle } from '../policy/throttle.ts';
import { isConnectionError } from '../store/database-errors.ts';
import { BatchClosed, BatchFailed, BatchOverloaded } from '../store/micro-batch.ts';
import type { Observer } from '../timeline.ts';
import { type AgentDoorDeps, addAgentDoor } from './agent-door.ts';
import {
  type ApiAnswer,
  type ApiRequest,
  type DirectRequests,
  isDirect,
  splitUrl,
  takeDirectly,
} from './direct-requests.ts';
import { implementedOperations } from './implemented-operations.ts';
import type { ApiDeps, OperationCode } from './operation.ts';
import { addPromptDoor, type EdgeForDoors, type PermittedAs } from './prompt-door.ts';
import { mutatingServiceQuotasOperations, serviceQuotasCode } from './service-quotas/operations.ts';
import { addTraceDoor, type TraceDoorDeps } from './trace-door.ts';

/** Largest body of a request, bytes. */
const maxBodyBytes = 1024 * 1024;

/** Longest wait for a client to send its request, ms; a slow one must not hold a socket for ever. */
const defaultRequestTimeoutMs = 30_000;

/** Time to read an answer before connections are cut at the end, ms. */
const closingGraceMs = 1_000;

const compatibilityPage = 'docs/compatibility.md';

export interface HttpServerOptions {
  readonly config: Pick<Config, 'http' | 'region'>;
  readonly accessKeys: AccessKeys;
  readonly authenticate: Authenticate;
  /** Told of each call that changes something, once its caller is known. */
  readonly audit: AuditLog;
  readonly api: ApiDeps;
  /** Signing in, the socket and the page of agents; absent where there are none. */
  readonly agentDoor?: AgentDoorDeps;
  /** The SIP messages of contacts; absent where nobody shows them. */
  readonly traceDoor?: TraceDoorDeps;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Parts and their states for `GET /health`; `ok` decides between 200 and 503. */
  readonly health: () => Promise<{ readonly ok: boolean; readonly parts: Readonly<Record<string, unknown>> }>;
  /** Text for `GET /metrics`, in the Prometheus format. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** How often each operation may be called; asked once the caller is known, before any work. */
  readonly throttle: Throttle;
  readonly throttled: (operation: string) => void;
  /** Told of each answered operation. */
  readonly answered: (operation: string, status: number, durationMs: number) => void;
  readonly observe?: Observer;
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
  const limits = { headersTimeout: requestTimeoutMs, connectionsCheckingInterval: requestTimeoutMs };
  const server = Fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: 'idle',
    clientErrorHandler: refuseUnreadable,
    // The name of an uploaded prompt may take three characters for each of its own.
    routerOptions: { maxParamLength: 512 },
    // A path that cannot be decoded never reaches a route, nor the error handler.
    frameworkErrors: (error, request, reply) => edge.fail(error, request, reply),
    ...(tls
      ? { https: { ...limits, cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) } }
      : { http: limits }),
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

class Edge implements EdgeForDoors, DirectRequests {
  readonly maxBodyBytes = maxBodyBytes;
  /** Set when the server closes: connections end with their next answer. */
  isClosing = false;
  readonly #options: HttpServerOptions;
  #isDraining = false;
  #underWay = 0;
  #idle: (() => void) | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
  }

  drain(): Promise<void> {
    this.#isDraining = true;
    return new Promise((resolve) => {
      this.#idle = resolve;
      if (this.#underWay === 0) resolve();
    });
  }

  async answer(request: ApiRequest): Promise<ApiAnswer> {
    this.#underWay += 1;
    const target = request.headers['x-amz-target'];
    try {
      return isServiceQuotasTarget(target)
        ? await this.#answerServiceQuotas(target, request)
        : await this.#answerConnect(request);
    } catch (error) {
      // Both answer what fails in an operation; this is a bug in what they do around it.
      const requestId = randomUUID();
      return errorResponse(this.#knownError(error, requestId), requestId);
    } finally {
      this.#leave();
    }
  }

  #leave(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#idle?.();
  }

  /** Runs one operation. Every way out, good or bad, is an answer that AWS clients understand. */
  async #answerConnect(request: ApiRequest): Promise<ApiAnswer> {
    const startedAtMs = performance.now();
    const requestId = randomUUID();
    const { path, query } = splitUrl(request.url);
    const call: Call = { caller: undefined, input: undefined, output: undefined };
    let operation = 'unknown';
    let refusal: ApiError | undefined;
    try {
      const route = matchRoute(request.method, path);
      operation = route?.operation ?? operation;
      const caller = this.#authenticate(request, 'connect');
      call.caller = caller instanceof Promise ? await caller : caller;
      if (!route) throw unknownOperationException(request.method, path);
      if (this.#isDraining) throw serviceUnavailableException('The service is shutting down.');
      this.#throttle(call.caller, operation);
      const name = route.operation;
      if (!isOperationName(name) || !isImplemented(name)) {
        throw operationNotImplementedException(name, compatibilityPage);
      }
      const output = await this.#run(name, route.pathParameters, query, call, request);
      call.output = output as OperationMembers | undefined;
      return {
        status: 200,
        headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId },
        body: writeOutput(name, output),
      };
    } catch (error) {
      refusal = this.#knownError(error, requestId);
      return errorResponse(refusal, requestId);
    } finally {
      const status = refusal?.httpStatus ?? 200;
      if (mutatingOperations.has(operation))
        await this.#audit('connect', operation, call, refusal, requestId, request);
      this.#options.answered(operation, status, performance.now() - startedAtMs);
      this.#options.observe?.({ kind: 'api', atMs: this.#options.clock.now(), operation, status });
    }
  }

  #run<Name extends keyof typeof implementedOperations>(
    name: Name,
    pathParameters: Readonly<Record<string, string>>,
    query: string,
    call: Call,
    request: ApiRequest,
  ): Promise<OperationOutput<Name>> {
    const caller = call.caller as Caller;
    const input = readInput(name, {
      pathParameters,
      query: query === '' ? noQuery : new URLSearchParams(query),
      body: request.body,
      contentType: request.headers['content-type'],
    });
    call.input = input as OperationMembers;
    this.#authorize(caller, 'connect', name, call.input, request);
    // One name selects code, input and output alike; TypeScript cannot follow that through the table.
    const code = implementedOperations[name] as unknown as OperationCode<Name>;
    return code(input, caller, this.#options.api);
  }

  /** The same for the Service Quotas API, whose operation stands in a header (awsJson 1.1). */
  async #answerServiceQuotas(target: string, request: ApiRequest): Promise<ApiAnswer> {
    const startedAtMs = performance.now();
    const requestId = randomUUID();
    const call: Call = { caller: undefined, input: undefined, output: undefined };
    let operation = 'unknown';
    let refusal: ApiError | undefined;
    try {
      call.caller = await this.#authenticate(request, 'servicequotas');
      const name = serviceQuotasOperationOf(target, compatibilityPage);
      operation = name;
      if (this.#isDraining) throw serviceUnavailableException('The service is shutting down.');
      this.#throttle(call.caller, name);
      const output = await this.#runServiceQuotas(name, call, request);
      return {
        status: 200,
        headers: { 'content-type': awsJsonContentType, 'x-amzn-requestid': requestId },
        body: JSON.stringify(output),
      };
    } catch (error) {
      refusal = this.#knownError(error, requestId);
      return awsJsonErrorResponse(refusal, requestId);
    } finally {
      const status = refusal?.httpStatus ?? 200;
      if (mutatingServiceQuotasOperations.has(operation))
        await this.#audit('servicequotas', operation, call, refusal, requestId, request);
      this.#options.answered(operation, status, performance.now() - startedAtMs);
    }
  }

  async #runServiceQuotas<Name extends ServiceQuotasOperationName>(
    name: Name,
    call: Call,
    request: ApiRequest,
  ): Promise<ServiceQuotasOutput<Name>> {
    const caller = call.caller as Caller;
    const input = readServiceQuotasInput(name, request.body);
    call.input = input as OperationMembers;
    this.#authorize(caller, 'servicequotas', name, call.input, request);
    const output = await serviceQuotasCode[name](input, caller, this.#options.api);
    call.output = output as OperationMembers;
    return output;
  }

  async refuseStranger(request: FastifyRequest): Promise<void> {
    const { method, headers } = request;
    const parsed = parseAuthorization({ method, url: request.raw.url ?? '/', headers, body: noBytes });
    if (parsed.kind === 'refused') throw parsed.error;
    const { accessKeys } = this.#options;
    if (await accessKeys.isOpenToAnyone()) return;
    if (!(await accessKeys.find(parsed.authorization.scope.accessKeyId))) {
      throw unrecognizedClientException('The access key of the request is not known here.');
    }
  }

  async answerAs(
    request: FastifyRequest,
    reply: FastifyReply,
    work: (caller: Caller, permitted: PermittedAs) => Promise<OperationMembers>,
  ): Promise<FastifyReply> {
    this.#underWay += 1;
    try {
      const asked = apiRequestOf(request);
      const requestId = randomUUID();
      const call: Call = { caller: undefined, input: undefined, output: undefined };
      let operation = 'unknown';
      let refusal: ApiError | undefined;
      try {
        const caller = await this.#authenticate(asked, 'connect');
        call.caller = caller;
        if (this.#isDraining) throw serviceUnavailableException('The service is shutting down.');
        call.output = await work(caller, (permittedAs, input) => {
          operation = permittedAs;
          call.input = input;
          this.#throttle(caller, permittedAs);
          this.#authorize(caller, 'connect', permittedAs, input, asked);
        });
      } catch (error) {
        refusal = this.#knownError(error, requestId);
      }
      if (mutatingOperations.has(operation))
        await this.#audit('connect', operation, call, refusal, requestId, asked);
      return refusal
        ? await this.#sendRefusal(refusal, requestId, reply)
        : await reply.code(200).headers({ 'x-amzn-requestid': requestId }).send(call.output);
    } finally {
      this.#leave();
    }
  }

  bodyTooLarge(): ApiAnswer {
    return errorResponse(requestEntityTooLargeException(maxBodyBytes), randomUUID());
  }

  refuse(error: unknown, reply: FastifyReply): void {
    this.#sendError(error, randomUUID(), reply);
  }

  #authorize(
    caller: Caller,
    service: 'connect' | 'servicequotas',
    operation: string,
    input: OperationMembers,
    { sourceAddress, headers }: ApiRequest,
  ): void {
    authorize(caller, service, operation, input, {
      nowMs: this.#options.clock.now(),
      sourceAddress,
      userAgent: headers['user-agent'],
      transport: this.#options.config.http.tls ? 'tls' : 'plain',
    });
  }

  /**
   * Refuses an operation that is called too often. The error is the one that the operation's model knows for it, else
   * the service's other one, which clients treat alike (docs/decisions/0008).
   */
  #throttle({ tenant }: Caller, operation: string): void {
    if (this.#options.throttle.ask(tenant, operation) === 'allowed') return;
    this.#options.throttled(operation);
    const message = 'Rate exceeded';
    throw isOperationName(operation) &&
      operations[operation].errors.some((name) => name === 'ThrottlingException')
      ? throttlingException(message)
      : tooManyRequestsException(message);
  }

  /** Whoever is answered finds the call in the audit log, whatever becomes of this process. */
  #audit(
    service: string,
    operation: string,
    { caller, input, output }: Call,
    refusal: ApiError | undefined,
    requestId: string,
    request: ApiRequest,
  ): Promise<void> | undefined {
    if (!caller) return undefined;
    return this.#options.audit.record({
      caller,
      service,
      operation,
      atMs: this.#options.clock.now(),
      requestId,
      eventId: randomUUID(),
      sourceAddress: request.sourceAddress,
      userAgent: request.headers['user-agent'],
      input,
      output: refusal ? undefined : output,
      refusal,
    });
  }

  /** Services share a port and some of their routes; the credential scope says which one is meant. */
  #authenticate(request: ApiRequest, service: 'connect' | 'servicequotas'): Caller | Promise<Caller> {
    const authenticated = this.#options.authenticate(request);
    return authenticated instanceof Promise
      ? authenticated.then((later) => callerFor(service, later))
      : callerFor(service, authenticated);
  }

  /** Without keys the browser's own rules are the only lock, and DNS rebinding would open it. */
  async refuseForeignOrigin(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (!this.#options.accessKeys.wasOpenToAnyone) return;
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

  #sendError(error: unknown, requestId: string, reply: FastifyReply): void {
    void this.#sendRefusal(this.#knownError(error, requestId), requestId, reply);
  }

  #sendRefusal(refusal: ApiError, requestId: string, reply: FastifyReply): FastifyReply {
    const { status, headers, body } = errorResponse(refusal, requestId);
    return reply.code(status).headers(headers).send(body);
  }

  #knownError(error: unknown, requestId: string): ApiError {
    const known = error instanceof ApiError ? error : (fromStore(error) ?? internalServiceException(error));
    if (known.httpStatus === 500)
      this.#options.logger.error({ err: known.cause ?? error, requestId }, 'operation failed');
    return known;
  }
}

function callerFor(service: 'connect' | 'servicequotas', { caller, scope }: Authenticated): Caller {
  if (scope.service === service) return caller;
  throw unrecognizedClientException(
    `The request is signed for the service "${shorten(scope.service)}", and its operation is one of "${service}".`,
  );
}

/** What is known of a call so far, for the audit log: a refusal may come at any step. */
interface Call {
  caller: Caller | undefined;
  input: OperationMembers | undefined;
  output: OperationMembers | undefined;
}

const noBytes = new Uint8Array(0);

const noQuery = new URLSearchParams();

const mutatingOperations: ReadonlySet<string> = new Set(
  listOperations()
    .filter(({ access }) => access === 'write')
    .map(({ name }) => name),
);

/** A database that is away or too slow is the service's state, not a bug: clients try again. */
function fromStore(error: unknown): ApiError | undefined {
  if (error instanceof BatchOverloaded || error instanceof BatchClosed) {
    return serviceUnavailableException('The service cannot store more requests at this moment.');
  }
  if (isConnectionError(error instanceof BatchFailed ? error.cause : error)) {
    return serviceUnavailableException('The database of the service cannot be reached at this moment.');
  }
  return undefined;
}

function isImplemented(name: OperationName): name is keyof typeof implementedOperations {
  return Object.hasOwn(implementedOperations, name);
}

function apiRequestOf(request: FastifyRequest): ApiRequest {
  return {
    method: request.method,
    url: request.raw.url ?? '/',
    headers: request.headers,
    body: request.body instanceof Uint8Array ? request.body : noBytes,
    sourceAddress: request.ip,
  };
}

function hostNameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : undefined;
}

const shorten = (text: string | undefined): string => (text ?? '').slice(0, 64);
