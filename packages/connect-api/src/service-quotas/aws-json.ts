// The awsJson 1.1 protocol of the Service Quotas API: the operation stands in X-Amz-Target, everything else in the
// body (Smithy 2.0, "AWS JSON 1.1 protocol").

import { Compile } from 'typebox/compile';
import {
  errorResponse,
  illegalArgumentException,
  operationNotImplementedException,
  serializationException,
  unknownOperationException,
} from '../errors.ts';
import { findProblems, findUnstorableText } from '../find-problems.ts';
import { parseJsonBody } from '../json-body.ts';
import { compileTakeKnown } from '../known-members.ts';
import { type WireSchema, wireSchema } from '../wire-schema.ts';
import {
  type ServiceQuotasInput,
  type ServiceQuotasOperationName,
  serviceQuotasOperations,
  unservedServiceQuotasOperations,
} from './operations.ts';

/** First part of `X-Amz-Target`. */
const targetPrefix = 'ServiceQuotasV20190624.';

/** Content type of requests and answers. */
export const awsJsonContentType = 'application/x-amz-json-1.1';

/** Every operation of the service, served or not, sorted by name. */
export function listServiceQuotasOperations(): readonly string[] {
  return [...Object.keys(serviceQuotasOperations), ...unservedServiceQuotasOperations].toSorted();
}

/** Whether a request is meant for the Service Quotas API, as far as its target says. */
export function isServiceQuotasTarget(target: unknown): target is string {
  return typeof target === 'string' && target.startsWith(targetPrefix);
}

/**
 * The operation that `X-Amz-Target` names.
 *
 * @throws {ApiError} UnknownOperationException for a target of no operation, OperationNotImplementedException for one
 *   that the real service has and this one has not.
 */
export function serviceQuotasOperationOf(
  target: string | undefined,
  compatibilityPage: string,
): ServiceQuotasOperationName {
  const name = isServiceQuotasTarget(target) ? target.slice(targetPrefix.length) : '';
  if (Object.hasOwn(serviceQuotasOperations, name)) return name as ServiceQuotasOperationName;
  if (unservedServiceQuotasOperations.has(name))
    throw operationNotImplementedException(name, compatibilityPage, 'Service Quotas');
  throw unknownOperationException('X-Amz-Target', target ?? '(absent)');
}

interface Contract {
  readonly schema: WireSchema;
  readonly take: (value: unknown) => unknown;
  readonly check: (value: unknown) => boolean;
}

const contracts = new Map<ServiceQuotasOperationName, Contract>();

/**
 * Reads and checks an operation's input. Unknown members are dropped, null members count as absent.
 *
 * @throws {ApiError} SerializationException for what cannot be read, IllegalArgumentException for a missing member
 *   or a value outside its limits.
 */
export function readServiceQuotasInput<Name extends ServiceQuotasOperationName>(
  operation: Name,
  body: Uint8Array,
): ServiceQuotasInput<Name> {
  const contract = contractOf(operation);
  const { members, hasUnicodeEscapes } = parseJsonBody(body);
  const input = contract.take(members);
  const problems = contract.check(input)
    ? hasUnicodeEscapes
      ? findUnstorableText(contract.schema, input)
      : []
    : findProblems(contract.schema, input);
  if (problems.length > 0) {
    const text = problems.map((problem) => problem.text).join('; ');
    if (problems.some(({ kind }) => kind === 'wrong-type')) throw serializationException(text);
    throw illegalArgumentException(text);
  }
  // The compiled check has just proved it.
  return input as ServiceQuotasInput<Name>;
}

function contractOf(name: ServiceQuotasOperationName): Contract {
  const known = contracts.get(name);
  if (known) return known;
  const { input } = serviceQuotasOperations[name];
  const validator = Compile(input);
  const schema = wireSchema(input);
  const contract = {
    schema,
    take: compileTakeKnown(schema),
    check: (value: unknown) => validator.Check(value),
  };
  contracts.set(name, contract);
  return contract;
}

/** An error as an answer of awsJson 1.1: its name stands in the body too, where older clients look for it. */
export interface AwsJsonErrorResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** As `errorResponse`, in awsJson 1.1. An internal error has the name that this service gives it. */
export function awsJsonErrorResponse(error: unknown, requestId: string): AwsJsonErrorResponse {
  const answer = errorResponse(error, requestId);
  const isInternal = answer.headers['x-amzn-errortype'] === 'InternalServiceException';
  const name = isInternal ? 'ServiceException' : answer.headers['x-amzn-errortype'];
  const members = JSON.parse(answer.body) as Record<string, unknown>;
  return {
    status: answer.status,
    headers: { ...answer.headers, 'content-type': awsJsonContentType, 'x-amzn-errortype': name },
    body: JSON.stringify({ __type: name, ...members }),
  };
}
