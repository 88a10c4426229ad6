// From an operation's typed output to the body of its answer.

import type Type from 'typebox';
import type { OperationDefinition } from './operation.ts';
import { operations } from './operations.ts';
import type { OperationName } from './routes.ts';
import { type Definitions, dereference, type WireSchema, wireSchema } from './wire-schema.ts';
import type { EpochSeconds } from './wire-types.ts';

/** Milliseconds since the Unix epoch, as clocks give them; made by `epochMs`. */
export type EpochMs = number & { readonly unit: 'epoch ms' };

/** Marks a number as milliseconds since the epoch, so that it cannot be mistaken for the wire's seconds. */
export function epochMs(ms: number): EpochMs {
  return ms as EpochMs;
}

type Writable<Value> = unknown extends Value
  ? Value
  : Value extends EpochSeconds
    ? Date | EpochMs
    : Value extends string | number | boolean | undefined
      ? Value
      : Value extends readonly (infer Item)[]
        ? readonly Writable<Item>[]
        : { readonly [Member in keyof Value]: Writable<Value[Member]> };

type OutputSchema<Name extends OperationName> = (typeof operations)[Name]['output'];

/** What an operation's code answers: times as `Date` or `EpochMs`; undefined for an operation without output. */
export type OperationOutput<Name extends OperationName> =
  OutputSchema<Name> extends Type.TObject ? Writable<Type.Static<OutputSchema<Name>>> : undefined;

type Convert = (value: unknown) => unknown;

/** Compiled on an operation's first answer; undefined for a shape without times, which needs no conversion. */
const converters = new Map<OperationName, Convert | undefined>();

/**
 * The body of a successful answer: JSON text, or the empty string for an operation without output. Undefined members
 * are left out; times become seconds since the epoch with at most three decimals.
 *
 * @throws {TypeError} for an invalid date, which is a mistake of the operation's code.
 */
export function writeOutput<Name extends OperationName>(
  operation: Name,
  output: OperationOutput<Name>,
): string {
  if (operations[operation].output === undefined) return '';
  const convert = converterOf(operation);
  return JSON.stringify(convert === undefined ? output : convert(output));
}

function converterOf(name: OperationName): Convert | undefined {
  if (!converters.has(name)) {
    const definition: OperationDefinition = operations[name];
    const schema = definition.output && wireSchema(definition.output);
    converters.set(name, schema && compile(schema, {}, new Map()));
  }
  return converters.get(name);
}

/** Undefined when nothing below the schema is a time; a recursive structure is always taken to have one. */
function compile(
  schema: WireSchema,
  scope: Definitions,
  compiled: Map<WireSchema, Convert | undefined>,
): Convert | undefined {
  const { schema: shape, definitions } = dereference(schema, scope);
  if (compiled.has(shape)) return compiled.get(shape);
  if (shape.timestamp) return toEpochSeconds;
  if (shape.items !== undefined) {
    const convert = compile(shape.items, definitions, compiled);
    return convert && ((value) => (Array.isArray(value) ? value.map(convert) : value));
  }
  if (shape.additionalProperties !== undefined) {
    const convert = compile(shape.additionalProperties, definitions, compiled);
    return convert && ((value) => mapMembers(value, () => convert));
  }
  if (shape.properties === undefined) return undefined;
  const members = new Map<string, Convert>();
  const convertMembers: Convert = (value) => mapMembers(value, (name) => members.get(name));
  compiled.set(shape, convertMembers);
  for (const [name, member] of Object.entries(shape.properties)) {
    const convert = compile(member, definitions, compiled);
    if (convert !== undefined) members.set(name, convert);
  }
  if (members.size === 0) compiled.set(shape, undefined);
  return compiled.get(shape);
}

function mapMembers(value: unknown, converterFor: (name: string) => Convert | undefined): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const mapped: Record<string, unknown> = Object.create(null);
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const convert = converterFor(name);
    mapped[name] = convert ? convert(member) : member;
  }
  return mapped;
}

function toEpochSeconds(value: unknown): number {
  const ms = value instanceof Date ? value.getTime() : value;
  if (typeof ms !== 'number' || !Number.isFinite(ms))
    throw new TypeError(`${String(value)} is not a point in time`);
  return Math.round(ms) / 1000;
}
