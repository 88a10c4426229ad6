// Every limit of every input member of an operation, as requests just outside and just inside it. The cases are derived
// from the definitions, the values from nothing else. Shared by the tests of the contract and of the HTTP edge.

import assert from 'node:assert/strict';
import { type OperationDefinition, pathLabels } from './operation.ts';
import { type Definitions, dereference, type WireSchema, wireSchema } from './wire-schema.ts';

const UUID = '0123abcd-0123-4567-89ab-0123456789ab';

/** A text that each pattern accepts, one that it refuses, and a character that may be repeated at the accepted end. */
const PATTERN_SAMPLES: Readonly<Record<string, { accepted: string; refused: string; filler?: string }>> = {
  '^(?!aws:)[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*$': { accepted: 'team', refused: 'aws:team', filler: 'm' },
  '^[-:/A-Za-z0-9]+': {
    accepted: 'arn:aws:connect:us-east-1:000000000000:x',
    refused: '#'.repeat(20),
    filler: 'x',
  },
  '[a-z]{2}(-[a-z]+){1,2}(-[0-9])?': { accepted: 'us-east-1', refused: 'us' },
  '^\\+[1-9]\\d{1,14}$': { accepted: '+12065550100', refused: '+1 206 555 0100' },
  '^\\+[1-9]\\d{1,14}$|^$': { accepted: '+12065550100', refused: '+1 206 555 0100' },
  '^(?!aws:)[a-zA-Z+-=._:/]+$': { accepted: 'team', refused: 'aws:team', filler: 'm' },
  '.*\\S.*': { accepted: 'x', refused: ' ', filler: 'x' },
  '^[a-zA-Z0-9]{64}$': { accepted: 'a'.repeat(64), refused: 'a'.repeat(63) },
  '^[\\P{C}\\r\\n\\t]{1,127}$': { accepted: 'name', refused: 'n'.repeat(128) },
  '^[\\P{C}\\r\\n\\t]{1,250}$': { accepted: 'text', refused: 't'.repeat(251) },
  '^\\d{4}-\\d{2}-\\d{2}$': { accepted: '2026-11-22', refused: '22.11.2026' },
  '^(?!d-)([\\da-zA-Z]+)([-]*[\\da-zA-Z])*$': { accepted: 'alias', refused: 'd-alias', filler: 's' },
  '^d-[0-9a-f]{10}$': { accepted: 'd-0123456789', refused: 'd-012345678g' },
  '^(arn:(aws|aws-us-gov):connect:[a-z]{2}-[a-z]+-[0-9]{1}:[0-9]{1,20}:instance/)?[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$':
    { accepted: UUID, refused: 'instance' },
  '^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})|(arn:[a-z0-9-]+:connect:[a-z0-9-]+:(?:([0-9]{12}):instance/[a-z0-9-]+/metric/[a-z0-9-]+(?::[a-z0-9-]+)?|aws:metric/[A-Z_]+))$':
    { accepted: UUID, refused: 'metric' },
  '[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}(:[A-Z0-9_$]+){0,1}$|^arn:[a-z-]*?:wisdom:[a-z0-9-]*?:[0-9]{12}:[a-z-]*?/[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}(?:/[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}){0,2}(:[A-Z0-9_$]+){0,1}':
    { accepted: UUID, refused: 'agent' },
  // Accepts every text; there is nothing to refuse.
  '^[\\W\\S_]*': { accepted: 'text', refused: '', filler: 'x' },
  '^(?:\\+?[0-9]{1,11})$': { accepted: '+1206', refused: '+1 206' },
  '^(?:s3://\\S+/.+|https://\\S+\\.s3\\.\\S+\\.amazonaws\\.com/\\S+)$': {
    accepted: 's3://bucket/key.wav',
    refused: 'file:///key.wav',
    filler: 'v',
  },
  '^([$0-9a-zA-Z][_-]?)+$': { accepted: 'live', refused: 'not live', filler: 'e' },
  '^[ a-zA-Z0-9_@-]+$': { accepted: 'Agent', refused: 'Agent!', filler: 't' },
  '^(?!aws:|connect:)[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]+$': {
    accepted: 'region',
    refused: 'connect:region',
    filler: 'n',
  },
  '^[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]+$': {
    accepted: 'value',
    refused: 'välue\u2028',
    filler: 'e',
  },
  '^(?=.*[a-z])(?=.*[A-Z])(?=.*\\d)[a-zA-Z\\d\\S]{8,64}$': { accepted: 'Passw0rd', refused: 'password' },
};

type ErrorClass = 'wrong-type' | 'missing' | 'constraint';

/** One value for one member, everything else being valid. */
export type LimitCase = {
  readonly label: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** The refusal to expect, undefined for a value inside the limits. */
  readonly refusal: ErrorClass | undefined;
};

/** Puts a member's value into an otherwise valid input. */
type Place = (value: unknown) => Record<string, unknown>;

type Position = { readonly path: string; readonly place: Place; readonly definitions: Definitions };

/** The exception that a refusal is modelled as. */
export function errorNameFor({ errors }: OperationDefinition, refusal: ErrorClass): string {
  if (refusal === 'wrong-type') return 'SerializationException';
  const names = ['InvalidParameterException', 'InvalidRequestException'] as const;
  const [preferred, other] = refusal === 'constraint' ? names : names.toReversed();
  return preferred && errors.includes(preferred) ? preferred : String(other);
}

/** An input taken apart as its request carries it. */
export function requestParts(definition: OperationDefinition, input: Readonly<Record<string, unknown>>) {
  const members: Record<string, unknown> = { ...input };
  const pathParameters: Record<string, string> = {};
  for (const label of pathLabels(definition.path)) {
    pathParameters[label] = String(members[label]);
    delete members[label];
  }
  const query = new URLSearchParams();
  for (const [member, wireName] of Object.entries(definition.query ?? {})) {
    const values = [members[member] ?? []].flat();
    for (const value of values) query.append(wireName, String(value));
    delete members[member];
  }
  return { pathParameters, query, body: JSON.stringify(members) };
}

/** All cases of one operation; the first is the least input. */
export function* limitCases(definition: OperationDefinition): Generator<LimitCase> {
  const input = wireSchema(definition.input);
  const elsewhere = new Set([...pathLabels(definition.path), ...Object.keys(definition.query ?? {})]);
  yield { label: 'least input', input: validValue(input, {}) as Record<string, unknown>, refusal: undefined };
  for (const found of casesOfStructure(input, { path: '', definitions: {}, place: asInput }, new Set())) {
    const member = found.label.slice(1).split(/[.[{ ]/)[0] ?? '';
    // Path and query carry text: every value has the right type there, and a list of none is an absent list.
    const isText = elsewhere.has(member);
    if (isText && (found.refusal === 'wrong-type' || / without | items$/.test(found.label))) continue;
    yield found;
  }
}

function asInput(value: unknown): Record<string, unknown> {
  return value as Record<string, unknown>;
}

function* casesOfStructure(
  schema: WireSchema,
  position: Position,
  visited: Set<WireSchema>,
): Generator<LimitCase> {
  const { path, place, definitions } = position;
  const valid = validValue(schema, definitions) as Record<string, unknown>;
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    const at = {
      path: `${path}.${name}`,
      definitions,
      place: (value: unknown) => place({ ...valid, [name]: value }),
    };
    if (schema.required?.includes(name)) {
      yield { label: `${path}.${name} without value`, input: at.place(undefined), refusal: 'missing' };
      yield { label: `${path}.${name} without value (null)`, input: at.place(null), refusal: 'missing' };
    }
    yield* casesOfValue(member, at, visited);
  }
}

function* casesOfValue(
  reference: WireSchema,
  position: Position,
  visited: Set<WireSchema>,
): Generator<LimitCase> {
  const { schema, definitions } = dereference(reference, position.definitions);
  const { path } = position;
  const at = { ...position, definitions };
  yield { label: `${path} valid`, input: at.place(validValue(schema, definitions)), refusal: undefined };
  yield { label: `${path} of wrong type`, input: at.place(wrongTypeFor(schema)), refusal: 'wrong-type' };
  if (schema.type === 'string') yield* casesOfString(schema, at);
  else if (schema.type === 'integer' || schema.type === 'number') yield* casesOfNumber(schema, at);
  else if (schema.enum !== undefined) yield* casesOfEnumeration(schema.enum, at);
  else if (schema.items !== undefined) yield* casesOfList(schema, schema.items, at, visited);
  else if (schema.additionalProperties !== undefined)
    yield* casesOfMap(schema, schema.additionalProperties, at, visited);
  else if (schema.properties !== undefined && !visited.has(schema)) {
    yield* casesOfStructure(schema, at, new Set([...visited, schema]));
  }
}

function* casesOfString(schema: WireSchema, { path, place }: Position): Generator<LimitCase> {
  const { minLength = 0, maxLength, pattern } = schema;
  const sample =
    pattern === undefined ? { accepted: 'x', refused: '', filler: 'x' } : PATTERN_SAMPLES[pattern];
  assert.ok(sample, `no sample for the pattern ${pattern} of ${path}`);
  const filled = (length: number) => sample.accepted.padEnd(length, sample.filler ?? 'x').slice(0, length);
  if (minLength > 0) {
    const input = place('x'.repeat(minLength - 1));
    yield { label: `${path} too short`, input, refusal: 'constraint' };
    if (pattern === undefined) {
      yield { label: `${path} just long enough`, input: place(filled(minLength)), refusal: undefined };
    }
  }
  if (maxLength !== undefined) {
    yield { label: `${path} too long`, input: place(filled(maxLength + 1)), refusal: 'constraint' };
    if (sample.filler !== undefined) {
      yield { label: `${path} as long as allowed`, input: place(filled(maxLength)), refusal: undefined };
    }
    if (pattern === undefined) {
      const beyondBmp = '😀'.repeat(maxLength);
      yield { label: `${path} as many code points as allowed`, input: place(beyondBmp), refusal: undefined };
    }
  }
  if (pattern !== undefined && sample.refused !== '') {
    yield { label: `${path} against its pattern`, input: place(sample.refused), refusal: 'constraint' };
  }
}

function* casesOfNumber(schema: WireSchema, { path, place }: Position): Generator<LimitCase> {
  const { minimum, maximum } = schema;
  if (minimum !== undefined) {
    yield { label: `${path} at its minimum`, input: place(minimum), refusal: undefined };
    yield { label: `${path} below its minimum`, input: place(minimum - 1), refusal: 'constraint' };
  }
  if (maximum !== undefined) {
    yield { label: `${path} at its maximum`, input: place(maximum), refusal: undefined };
    yield { label: `${path} above its maximum`, input: place(maximum + 1), refusal: 'constraint' };
  }
  if (schema.type === 'integer') {
    yield { label: `${path} a fraction`, input: place((minimum ?? 0) + 0.5), refusal: 'wrong-type' };
  }
}

function* casesOfEnumeration(values: readonly string[], { path, place }: Position): Generator<LimitCase> {
  for (const value of [values[0], values.at(-1)]) {
    yield { label: `${path} ${value}`, input: place(value), refusal: undefined };
  }
  yield { label: `${path} not of its values`, input: place(`${values[0]}_`), refusal: 'constraint' };
}

function* casesOfList(
  schema: WireSchema,
  items: WireSchema,
  { path, place, definitions }: Position,
  visited: Set<WireSchema>,
): Generator<LimitCase> {
  const { minItems = 0, maxItems } = schema;
  const item = validValue(items, definitions);
  const list = (length: number) => place(Array.from({ length }, () => item));
  if (minItems > 0) {
    yield { label: `${path} too few items`, input: list(minItems - 1), refusal: 'constraint' };
    yield { label: `${path} fewest items`, input: list(minItems), refusal: undefined };
  }
  if (maxItems !== undefined) {
    yield { label: `${path} most items`, input: list(maxItems), refusal: undefined };
    yield { label: `${path} too many of them`, input: list(maxItems + 1), refusal: 'constraint' };
  }
  yield { label: `${path} with null among its items`, input: place([null]), refusal: 'wrong-type' };
  const fill = Array.from({ length: Math.max(0, minItems - 1) }, () => item);
  const inList: Place = (value) => place([value, ...fill]);
  yield* casesOfValue(items, { path: `${path}[]`, place: inList, definitions }, visited);
}

function* casesOfMap(
  schema: WireSchema,
  values: WireSchema,
  { path, place, definitions }: Position,
  visited: Set<WireSchema>,
): Generator<LimitCase> {
  const { minProperties = 0, maxProperties, propertyNames = {} } = schema;
  const value = validValue(values, definitions);
  const key = String(validValue(propertyNames, definitions));
  const map = (count: number) =>
    place(
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [variantOf(propertyNames, index), value]),
      ),
    );
  if (minProperties > 0)
    yield { label: `${path} too few entries`, input: map(minProperties - 1), refusal: 'constraint' };
  if (maxProperties !== undefined) {
    yield { label: `${path} most entries`, input: map(maxProperties), refusal: undefined };
    // A map keyed by an enumeration may have fewer keys than its limit allows.
    if (propertyNames.enum === undefined || propertyNames.enum.length > maxProperties) {
      yield { label: `${path} too many entries`, input: map(maxProperties + 1), refusal: 'constraint' };
    }
  }
  yield { label: `${path} with a null value`, input: place({ [key]: null }), refusal: 'wrong-type' };
  const asKey: Place = (name) => place({ [String(name)]: value });
  for (const found of casesOfValue(
    propertyNames,
    { path: `${path}{key}`, place: asKey, definitions },
    visited,
  )) {
    // A key of a JSON object is always a string.
    if (found.refusal !== 'wrong-type') yield found;
  }
  const inMap: Place = (entry) => place({ [key]: entry });
  yield* casesOfValue(values, { path: `${path}{}`, place: inMap, definitions }, visited);
}

/** Distinct keys that all fit the key's type. */
function variantOf(schema: WireSchema, index: number): string {
  if (schema.enum !== undefined) return schema.enum[index % schema.enum.length] ?? '';
  return String.fromCharCode(97 + Math.floor(index / 26), 97 + (index % 26));
}

/** A small value that a shape accepts: required members only, the shortest texts and lists. */
function validValue(reference: WireSchema, scope: Definitions): unknown {
  const { schema, definitions } = dereference(reference, scope);
  if (schema.enum !== undefined) return schema.enum[0];
  switch (schema.type) {
    case 'object': {
      if (schema.properties === undefined) {
        const count = schema.minProperties ?? 0;
        const value = count > 0 ? validValue(schema.additionalProperties ?? {}, definitions) : undefined;
        return Object.fromEntries(
          Array.from({ length: count }, (_, index) => [variantOf(schema.propertyNames ?? {}, index), value]),
        );
      }
      const required = Object.entries(schema.properties).filter(([name]) => schema.required?.includes(name));
      return Object.fromEntries(required.map(([name, member]) => [name, validValue(member, definitions)]));
    }
    case 'array': {
      // At least one: a list in the query cannot be present and empty.
      const item = validValue(schema.items ?? {}, definitions);
      return Array.from({ length: schema.minItems || 1 }, () => item);
    }
    case 'integer':
    case 'number':
      return Math.min(Math.max(schema.minimum ?? 1, 1), schema.maximum ?? 1);
    case 'boolean':
      return true;
    default: {
      const sample = schema.pattern === undefined ? 'x' : PATTERN_SAMPLES[schema.pattern]?.accepted;
      return (sample ?? '').padEnd(schema.minLength ?? 0, 'x');
    }
  }
}

function wrongTypeFor(schema: WireSchema): unknown {
  return schema.type === 'string' || schema.enum !== undefined ? 7 : 'text';
}
