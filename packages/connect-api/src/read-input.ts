// From the pieces of an HTTP request to an operation's typed input. The one border where a request's members are
// checked; behind it every value has the type and the limits of the contract.

import type Type from 'typebox';
import { Compile } from 'typebox/compile';
import { ApiError, serializationException, unsupportedMediaTypeException } from './errors.ts';
import { findProblems, findUnstorableText, type Problem } from './find-problems.ts';
import { parseJsonBody } from './json-body.ts';
import { compileTakeKnown, type TakeKnown } from './known-members.ts';
import { type OperationDefinition, pathLabels } from './operation.ts';
import { operations } from './operations.ts';
import type { OperationName } from './routes.ts';
import { type WireSchema, wireSchema } from './wire-schema.ts';

/** The input an operation's code receives. Times are seconds since the epoch, as on the wire. */
export type OperationInput<Name extends OperationName> = Type.Static<(typeof operations)[Name]['input']>;

/** What is left of an HTTP request after routing. */
export type RawRequest = {
  /** Decoded labels of the path, from `matchRoute`. */
  readonly pathParameters: Readonly<Record<string, string>>;
  /** Decoded query; `new URLSearchParams(rawQuery)` fits. A list repeats its key. */
  readonly query: { getAll(name: string): readonly string[] };
  /** The raw bytes, empty if there is no body. */
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
};

type Contract = {
  readonly definition: OperationDefinition;
  readonly input: WireSchema;
  readonly labels: readonly string[];
  readonly query: readonly (readonly [member: string, wireName: string, schema: WireSchema])[];
  readonly takesBody: boolean;
  readonly takeBody: TakeKnown;
  readonly check: (value: unknown) => boolean;
};

/** Compiled on an operation's first request: compiling all of them at the start would cost a second of start-up. */
const contracts = new Map<OperationName, Contract>();

/**
 * Reads and checks an operation's input.
 *
 * Unknown members are dropped, null members count as absent, maps inherit nothing, not even `toString`. The error names every
 * problem (at most 20) with the path of its member; sensitive and long values are never repeated. Which error: a
 * body or value that cannot be read is a SerializationException; a missing required member an
 * InvalidRequestException; a value outside its limits an InvalidParameterException; where an operation's model has
 * only one of the last two, that one. (AWS documents no mapping.)
 *
 * @throws {ApiError} as above, or UnsupportedMediaTypeException for a body that is not said to be JSON.
 */
export function readInput<Name extends OperationName>(
  operation: Name,
  request: RawRequest,
): OperationInput<Name> {
  const contract = contractOf(operation);
  const { members, hasUnicodeEscapes } = contract.takesBody ? readBody(request) : NO_BODY;
  const input = contract.takeBody(members) as Record<string, unknown>;
  for (const label of contract.labels) input[label] = readLabel(contract, label, request);
  for (const [member, wireName, schema] of contract.query) {
    const value = readQuery(wireName, schema, request.query.getAll(wireName));
    if (value !== undefined) input[member] = value;
  }
  if (!contract.check(input)) throw refusal(contract.definition, findProblems(contract.input, input));
  if (hasUnicodeEscapes || contract.labels.length > 0 || contract.query.length > 0) {
    const problems = findUnstorableText(contract.input, input);
    if (problems.length > 0) throw refusal(contract.definition, problems);
  }
  // The compiled check has just proved it.
  return input as OperationInput<Name>;
}

const NO_BODY = { members: {}, hasUnicodeEscapes: false };

function readBody({ body, contentType }: RawRequest): ReturnType<typeof parseJsonBody> {
  if (body.length > 0 && contentType !== undefined && !isJson(contentType)) {
    throw unsupportedMediaTypeException(contentType);
  }
  return parseJsonBody(body);
}

/** Old clients may send the awsJson types; a request without a content type is taken at its word. */
function isJson(contentType: string): boolean {
  return /^\s*application\/(json|x-amz-json-1\.[01])\s*(;|$)/i.test(contentType);
}

function readLabel(contract: Contract, label: string, { pathParameters }: RawRequest): unknown {
  const schema = contract.input.properties?.[label] ?? {};
  const text = pathParameters[label];
  if (text === undefined)
    throw new Error(`${contract.definition.name}: the route gave no value for ${label}`);
  return readText(label, schema, text);
}

function readQuery(name: string, schema: WireSchema, texts: readonly string[]): unknown {
  const [first, ...more] = texts;
  if (first === undefined) return undefined;
  if (schema.type === 'array') return texts.map((text) => readText(name, schema.items ?? {}, text));
  if (more.length > 0) throw serializationException(`The query gives ${name} more than once.`);
  return readText(name, schema, first);
}

function readText(name: string, schema: WireSchema, text: string): unknown {
  switch (schema.type) {
    case 'integer':
      if (/^[+-]?\d{1,19}$/.test(text)) return Number(text);
      throw serializationException(`Value at '${name}' must be a whole number.`);
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true';
      throw serializationException(`Value at '${name}' must be true or false.`);
    default:
      return text;
  }
}

function refusal(definition: OperationDefinition, problems: readonly Problem[]): ApiError {
  const count = problems.length === 1 ? '1 validation error' : `${problems.length} validation errors`;
  const message = `${count} detected: ${problems.map(({ text }) => text).join('; ')}`;
  if (problems.some(({ kind }) => kind === 'wrong-type')) return serializationException(message);
  const isIncomplete = problems.some(({ kind }) => kind === 'missing');
  const [preferred, other] = isIncomplete
    ? (['InvalidRequestException', 'InvalidParameterException'] as const)
    : (['InvalidParameterException', 'InvalidRequestException'] as const);
  return new ApiError(definition.errors.includes(preferred) ? preferred : other, message);
}

function contractOf(name: OperationName): Contract {
  const known = contracts.get(name);
  if (known !== undefined) return known;
  const contract = compileContract(operations[name]);
  contracts.set(name, contract);
  return contract;
}

function compileContract(definition: OperationDefinition): Contract {
  const input = wireSchema(definition.input);
  const properties = input.properties ?? {};
  const labels = pathLabels(definition.path);
  const query = Object.entries(definition.query ?? {});
  const elsewhere = new Set([...labels, ...query.map(([member]) => member)]);
  const bodyMembers = Object.entries(properties).filter(([member]) => !elsewhere.has(member));
  const validator = Compile(definition.input);
  return {
    definition,
    input,
    labels,
    query: query.map(([member, wireName]) => [member, wireName, properties[member] ?? {}] as const),
    takesBody: bodyMembers.length > 0,
    takeBody: compileTakeKnown({ type: 'object', properties: Object.fromEntries(bodyMembers) }),
    check: (value) => validator.Check(value),
  };
}
