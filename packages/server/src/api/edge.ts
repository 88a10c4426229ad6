/** The way of one request: caller known, operation found, allowed and run, a typed answer or a typed error out, the audit log told. No rules of the product live here. */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import {
  ApiError,
  awsJsonContentType,
  awsJsonErrorResponse,
  contentEncodingNotSupportedException,
  errorResponse,
  internalServiceException,
  isOperationName,
  isServiceQuotasTarget,
  listOperations,
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
  type ServiceQuotasOperationName,
  type ServiceQuotasOutput,
  serializationException,
  serviceNotImplementedException,
  serviceQuotasOperationOf,
  serviceUnavailableException,
  throttlingException,
  tooManyRequestsException,
  unknownOperationException,
  unrecognizedClientException,
  writeOutput,
} from '@ringback/connect-api';
import type { FastifyReply, FastifyRequest } from 'fastify';
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
import { type ApiAnswer, type ApiRequest, type DirectRequests, splitUrl } from './direct-requests.ts';
import { implementedOperations } from './implemented-operations.ts';
import type { ApiDeps, OperationCode } from './operation.ts';
import { withTokenGiven, withTokenTaken } from './page-token.ts';
import { mutatingServiceQuotasOperations, serviceQuotasCode } from './service-quotas/operations.ts';

/** Largest body of a request, bytes. */
export const maxBodyBytes = 1024 * 1024;

const compatibilityPage = 'docs/compatibility.md';

export interface EdgeDeps {
  readonly config: Pick<Config, 'http' | 'region'>;
  readonly accessKeys: AccessKeys;
  readonly authenticate: Authenticate;
  /** Told of each call that changes something, once its caller is known. */
  readonly audit: AuditLog;
  readonly api: ApiDeps;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often each operation may be called; asked once the caller is known, before any work. */
  readonly throttle: Throttle;
  readonly throttled: (operation: string) => void;
  /** Told of each answered operation. */
  readonly answered: (operation: string, status: number, durationMs: number) => void;
  readonly observe?: Observer;
}

/** Too many bodies of unproven senders waited for their ends at once, and this one had begun first. */
export class BodyGivenUp extends Error {
  override readonly name = 'BodyGivenUp';
  readonly refusal = serviceUnavailableException(
    'Too many requests that are not complete are held at this moment; send the request again.',
  );
}

type RequestHead = Pick<ApiRequest, 'method' | 'url' | 'headers'>;

/** What the doors beside the API need of it, so that callers, policies and the audit log are the API's own. */
export interface EdgeForDoors {
  /** @throws {ApiError} nobody knows the key; asked before the body is read. */
  refuseStranger(request: RequestHead): Promise<void>;
  /** Runs `work` for the caller who signed, writes the audit log, and answers with what comes of it. */
  answerAs(
    request: FastifyRequest,
    reply: FastifyReply,
    work: (caller: Caller, permitted: PermittedAs) => Promise<OperationMembers>,
  ): Promise<FastifyReply>;
  refuse(error: unknown, reply: FastifyReply): void;
}

/**
 * Says which operation this amounts to, for policies and the audit log.
 *
 * @throws {ApiError} AccessDeniedException.
 */
export type PermittedAs = (
  operation: 'CreatePrompt' | 'UpdatePrompt' | 'DescribeContact',
  input: OperationMembers,
) => void;

/** The API that a request is for; they share a port and some of their routes. */
type Service = 'connect' | 'servicequotas';

/** What is known of a call so far: a refusal may come at any step. */
interface Call {
  readonly service: Service;
  readonly request: ApiRequest;
  readonly requestId: string;
  operation: string;
  caller: Caller | undefined;
  input: OperationMembers | undefined;
  output: OperationMembers | undefined;
  refusal: ApiError | undefined;
}

export class Edge implements EdgeForDoors, DirectRequests {
  readonly maxBodyBytes = maxBodyBytes;
  /** Set when the server closes: connections end with their next answer. */
  isClosing = false;
  /** New operations are answered with 503. */
  isDraining = false;
  readonly #deps: EdgeDeps;
  #underWay = 0;
  #idle: (() => void) | undefined;

  constructor(deps: EdgeDeps) {
    this.#deps = deps;
  }

  drain(): Promise<void> {
    this.isDraining = true;
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
    const call = newCall('connect', request);
    const { path, query } = splitUrl(request.url);
    try {
      const route = matchRoute(request.method, path);
      call.operation = route?.operation ?? call.operation;
      const authenticated = this.#authenticate(call, route ? 'known' : 'unknown');
      const caller = authenticated instanceof Promise ? await authenticated : authenticated;
      call.caller = caller;
      if (!route) throw unknownOperationException(request.method, path);
      this.#admit(caller, call.operation);
      const name = route.operation;
      if (!isOperationName(name) || !isImplemented(name)) {
        throw operationNotImplementedException(name, compatibilityPage);
      }
      const output = await this.#run(name, route.pathParameters, query, call, caller);
      call.output = output as OperationMembers | undefined;
      return {
        status: 200,
        headers: { 'content-type': 'application/json', 'x-amzn-requestid': call.requestId },
        body: writeOutput(name, output),
      };
    } catch (error) {
      call.refusal = this.#knownError(error, call.requestId);
      return errorResponse(call.refusal, call.requestId);
    } finally {
      if (mutatingOperations.has(call.operation)) await this.#audit(call);
      const { operation } = call;
      const status = call.refusal?.httpStatus ?? 200;
      this.#deps.answered(operation, status, performance.now() - startedAtMs);
      this.#deps.observe?.({ kind: 'api', atMs: this.#deps.clock.now(), operation, status });
    }
  }

  async #run<Name extends keyof typeof implementedOperations>(
    name: Name,
    pathParameters: Readonly<Record<string, string>>,
    query: string,
    call: Call,
    caller: Caller,
  ): Promise<OperationOutput<Name>> {
    const { request } = call;
    refuseEncoded(request);
    const input = readInput(name, {
      pathParameters,
      query: query === '' ? noQuery : new URLSearchParams(query),
      body: request.body,
      contentType: request.headers['content-type'],
    });
    call.input = input as OperationMembers;
    this.#authorize(call, caller, call.input);
    // One name selects code, input and output alike; TypeScript cannot follow that through the table.
    const code = implementedOperations[name] as unknown as OperationCode<Name>;
    return withTokenGiven(name, await code(withTokenTaken(name, input), caller, this.#deps.api));
  }

  /** The same for the Service Quotas API, whose operation stands in a header (awsJson 1.1). */
  async #answerServiceQuotas(target: string, request: ApiRequest): Promise<ApiAnswer> {
    const startedAtMs = performance.now();
    const call = newCall('servicequotas', request);
    try {
      const caller = await this.#authenticate(call);
      call.caller = caller;
      const name = serviceQuotasOperationOf(target, compatibilityPage);
      call.operation = name;
      this.#admit(caller, name);
      const output = await this.#runServiceQuotas(name, call, caller);
      return {
        status: 200,
        headers: { 'content-type': awsJsonContentType, 'x-amzn-requestid': call.requestId },
        body: JSON.stringify(output),
      };
    } catch (error) {
      call.refusal = this.#knownError(error, call.requestId);
      return awsJsonErrorResponse(call.refusal, call.requestId);
    } finally {
      if (mutatingServiceQuotasOperations.has(call.operation)) await this.#audit(call);
      const status = call.refusal?.httpStatus ?? 200;
      this.#deps.answered(call.operation, status, performance.now() - startedAtMs);
    }
  }

  async #runServiceQuotas<Name extends ServiceQuotasOperationName>(
    name: Name,
    call: Call,
    caller: Caller,
  ): Promise<ServiceQuotasOutput<Name>> {
    refuseEncoded(call.request);
    const input = readServiceQuotasInput(name, call.request.body);
    call.input = input as OperationMembers;
    this.#authorize(call, caller, call.input);
    const output = await serviceQuotasCode[name](input, caller, this.#deps.api);
    call.output = output as OperationMembers;
    return output;
  }

  async refuseStranger({ method, url, headers }: RequestHead): Promise<void> {
    const parsed = parseAuthorization({ method, url, headers, body: noBytes });
    if (parsed.kind === 'refused') throw parsed.error;
    const { accessKeys } = this.#deps;
    if (await accessKeys.isOpenToAnyone()) return;
    if (!(await accessKeys.find(parsed.authorization.scope.accessKeyId))) {
      throw unrecognizedClientException('The access key of the request is not known here.');
    }
  }

  async refusalOfStranger(request: RequestHead): Promise<ApiAnswer | undefined> {
    try {
      await this.refuseStranger(request);
      return undefined;
    } catch (error) {
      const requestId = randomUUID();
      return errorResponse(this.#knownError(error, requestId), requestId);
    }
  }

  async answerAs(
    request: FastifyRequest,
    reply: FastifyReply,
    work: (caller: Caller, permitted: PermittedAs) => Promise<OperationMembers>,
  ): Promise<FastifyReply> {
    this.#underWay += 1;
    try {
      const call = newCall('connect', apiRequestOf(request));
      try {
        const caller = await this.#authenticate(call);
        call.caller = caller;
        this.#refuseWhileDraining();
        call.output = await work(caller, (permittedAs, input) => {
          call.operation = permittedAs;
          call.input = input;
          this.#throttle(caller, permittedAs);
          this.#authorize(call, caller, input);
        });
      } catch (error) {
        call.refusal = this.#knownError(error, call.requestId);
      }
      if (mutatingOperations.has(call.operation)) await this.#audit(call);
      const { refusal, requestId, output } = call;
      return refusal
        ? await this.#sendRefusal(refusal, requestId, reply)
        : await reply.code(200).headers({ 'x-amzn-requestid': requestId }).send(output);
    } finally {
      this.#leave();
    }
  }

  bodyTooLarge(): ApiAnswer {
    return errorResponse(requestEntityTooLargeException(maxBodyBytes), randomUUID());
  }

  bodyGivenUp(): ApiAnswer {
    return errorResponse(new BodyGivenUp().refusal, randomUUID());
  }

  refuse(error: unknown, reply: FastifyReply): void {
    const requestId = randomUUID();
    void this.#sendRefusal(this.#knownError(error, requestId), requestId, reply);
  }

  /** Services share a port and some of their routes; the credential scope says which one is meant. */
  #authenticate({ request, service }: Call, path: 'known' | 'unknown' = 'known'): Caller | Promise<Caller> {
    const authenticated = this.#deps.authenticate(request);
    return authenticated instanceof Promise
      ? authenticated.then((later) => callerFor(service, later, path))
      : callerFor(service, authenticated, path);
  }

  #admit(caller: Caller, operation: string): void {
    this.#refuseWhileDraining();
    this.#throttle(caller, operation);
  }

  #refuseWhileDraining(): void {
    if (this.isDraining) throw serviceUnavailableException('The service is shutting down.');
  }

  /**
   * Refuses an operation that is called too often. The error is the one that the operation's model knows for it, else
   * the service's other one, which clients treat alike (docs/decisions/0008).
   */
  #throttle({ tenant }: Caller, operation: string): void {
    if (this.#deps.throttle.ask(tenant, operation) === 'allowed') return;
    this.#deps.throttled(operation);
    const message = 'Rate exceeded';
    throw isOperationName(operation) &&
      operations[operation].errors.some((name) => name === 'ThrottlingException')
      ? throttlingException(message)
      : tooManyRequestsException(message);
  }

  #authorize({ service, operation, request }: Call, caller: Caller, input: OperationMembers): void {
    authorize(caller, service, operation, input, {
      nowMs: this.#deps.clock.now(),
      sourceAddress: request.sourceAddress,
      userAgent: request.headers['user-agent'],
      transport: this.#deps.config.http.tls ? 'tls' : 'plain',
    });
  }

  /** Whoever is answered finds the call in the audit log, whatever becomes of this process. */
  #audit(call: Call): Promise<void> | undefined {
    const { caller, service, operation, requestId, request, input, output, refusal } = call;
    if (!caller) return undefined;
    return this.#deps.audit.record({
      caller,
      service,
      operation,
      atMs: this.#deps.clock.now(),
      requestId,
      eventId: randomUUID(),
      sourceAddress: request.sourceAddress,
      userAgent: request.headers['user-agent'],
      input,
      output: refusal ? undefined : output,
      refusal,
    });
  }

  /** Without keys the browser's own rules are the only lock, and DNS rebinding would open it. */
  async refuseForeignOrigin(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (!this.#deps.accessKeys.wasOpenToAnyone) return;
    const { host, origin } = request.headers;
    const hostName = hostNameOf(`http://${host ?? ''}`);
    const isOwnHost =
      hostName !== undefined && (isLoopback(hostName) || hostName === this.#deps.config.http.host);
    const isOwnOrigin = origin === undefined || isLoopback(hostNameOf(origin) ?? '');
    if (isOwnHost && isOwnOrigin) return;
    this.refuse(
      missingAuthenticationTokenException(
        `Without access keys requests must come from this machine: Host "${shorten(host)}"${
          origin === undefined ? '' : `, Origin "${shorten(origin)}"`
        } is not it.`,
      ),
      reply,
    );
  }

  /** What Fastify refuses before an operation is known: a body too large, a broken request. */
  fail(error: unknown, reply: FastifyReply): void {
    const { code, statusCode = 500 } = error as { code?: string; statusCode?: number };
    if (error instanceof BodyGivenUp) {
      // What still comes of it is read by nobody.
      void reply.header('connection', 'close');
      this.refuse(error.refusal, reply);
    } else if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
      this.refuse(requestEntityTooLargeException(maxBodyBytes), reply);
    } else if (statusCode < 500) {
      const why = STATUS_CODES[statusCode] ?? 'bad request';
      this.refuse(serializationException(`The request cannot be read: ${why}.`), reply);
    } else this.refuse(error, reply);
  }

  #sendRefusal(refusal: ApiError, requestId: string, reply: FastifyReply): FastifyReply {
    const { status, headers, body } = errorResponse(refusal, requestId);
    return reply.code(status).headers(headers).send(body);
  }

  #knownError(error: unknown, requestId: string): ApiError {
    const known = error instanceof ApiError ? error : (fromStore(error) ?? internalServiceException(error));
    if (known.httpStatus === 500)
      this.#deps.logger.error({ err: known.cause ?? error, requestId }, 'operation failed');
    return known;
  }
}

function newCall(service: Service, request: ApiRequest): Call {
  return {
    service,
    request,
    requestId: randomUUID(),
    operation: 'unknown',
    caller: undefined,
    input: undefined,
    output: undefined,
    refusal: undefined,
  };
}

/** Credential scopes, by the service's signing name. */
const servicesHere: ReadonlySet<string> = new Set<Service>(['connect', 'servicequotas']);

/** @param path whether an operation of the service has it; where none has, another service of AWS is meant. */
function callerFor(service: Service, { caller, scope }: Authenticated, path: 'known' | 'unknown'): Caller {
  if (scope.service === service) return caller;
  if (path === 'unknown' && !servicesHere.has(scope.service))
    throw serviceNotImplementedException(scope.service, compatibilityPage);
  throw unrecognizedClientException(
    `The request is signed for the service "${shorten(scope.service)}", and its operation is one of "${service}".`,
  );
}

export function apiRequestOf(request: FastifyRequest): ApiRequest {
  return {
    method: request.method,
    url: request.raw.url ?? '/',
    headers: request.headers,
    body: request.body instanceof Uint8Array ? request.body : noBytes,
    sourceAddress: request.ip,
  };
}

/** A client that compresses bodies would else be told that its JSON is none. */
function refuseEncoded({ headers, body }: ApiRequest): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && body.length > 0 && encoding.trim().toLowerCase() !== 'identity')
    throw contentEncodingNotSupportedException(encoding);
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

function hostNameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : undefined;
}

const shorten = (text: string | undefined): string => (text ?? '').slice(0, 64);
