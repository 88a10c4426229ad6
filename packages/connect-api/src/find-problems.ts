// Says what is wrong with an input that its compiled check refused: every problem, with the path to the member. Runs
// only on refused input, so it favours clear messages over speed.

import { isJsonObject } from './known-members.ts';
import { type Definitions, dereference, type WireSchema } from './wire-schema.ts';

/**
 * One problem. `wrong-type` cannot be read at all, `missing` is a required member that is absent, `constraint` is a
 * readable value outside its limits.
 */
export type Problem = { readonly kind: 'wrong-type' | 'missing' | 'constraint'; readonly text: string };

/** Problems listed for one request; more are not worth a caller's reading. */
const MAX_PROBLEMS = 20;

/** Longest value or map key that a message repeats, characters. */
const MAX_SHOWN = 64;

/** Most values of an enumeration that a message lists. */
const MAX_LISTED_VALUES = 20;

type Place = { readonly path: string; readonly sensitive: boolean; readonly definitions: Definitions };

/** At most 20 problems of a value, in the order of the members. Empty when the value fits its shape. */
export function findProblems(schema: WireSchema, value: unknown): readonly Problem[] {
  const problems: Problem[] = [];
  inspect(schema, value, { path: '', sensitive: false, definitions: {} }, problems);
  return problems;
}

/** Text of a valid value that PostgreSQL cannot store: U+0000 and unpaired surrogates, in values and keys of maps. */
export function findUnstorableText(schema: WireSchema, value: unknown): readonly Problem[] {
  const problems: Problem[] = [];
  inspectText(schema, value, { path: '', sensitive: false, definitions: {} }, problems);
  return problems;
}

function inspect(reference: WireSchema, value: unknown, outer: Place, problems: Problem[]): void {
  if (problems.length >= MAX_PROBLEMS) return;
  const { schema, definitions } = dereference(reference, outer.definitions);
  const place = { path: outer.path, definitions, sensitive: outer.sensitive || schema.sensitive === true };
  if (schema.properties !== undefined) inspectStructure(schema, value, place, problems);
  else if (schema.type === 'object') inspectMap(schema, value, place, problems);
  else if (schema.type === 'array') inspectList(schema, value, place, problems);
  else if (schema.type === 'integer' || schema.type === 'number')
    inspectNumber(schema, value, place, problems);
  else if (schema.type === 'boolean') {
    if (typeof value !== 'boolean') problems.push(wrongType('true or false', value, place));
  } else inspectString(schema, value, place, problems);
}

function inspectStructure(schema: WireSchema, value: unknown, place: Place, problems: Problem[]): void {
  if (!isJsonObject(value)) {
    problems.push(wrongType('an object', value, place));
    return;
  }
  const required = new Set(schema.required);
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    const path = memberPath(place, name);
    if (value[name] !== undefined) inspect(member, value[name], { ...place, path }, problems);
    else if (required.has(name) && problems.length < MAX_PROBLEMS) {
      problems.push({
        kind: 'missing',
        text: `Value at '${path}' failed to satisfy constraint: Member must not be null`,
      });
    }
  }
}

function inspectMap(schema: WireSchema, value: unknown, place: Place, problems: Problem[]): void {
  if (!isJsonObject(value)) {
    problems.push(wrongType('an object', value, place));
    return;
  }
  const keys = Object.keys(value);
  checkCount('entries', keys.length, schema.minProperties, schema.maxProperties, place, problems);
  for (const key of keys) {
    const path = entryPath(place, key);
    if (schema.propertyNames)
      inspect(schema.propertyNames, key, { ...place, path: `${path} (key)` }, problems);
    if (schema.additionalProperties)
      inspect(schema.additionalProperties, value[key], { ...place, path }, problems);
  }
}

function inspectList(schema: WireSchema, value: unknown, place: Place, problems: Problem[]): void {
  if (!Array.isArray(value)) {
    problems.push(wrongType('a list', value, place));
    return;
  }
  checkCount('items', value.length, schema.minItems, schema.maxItems, place, problems);
  if (schema.items === undefined) return;
  for (const [index, item] of value.entries()) {
    if (problems.length >= MAX_PROBLEMS) return;
    inspect(schema.items, item, { ...place, path: `${place.path}[${index}]` }, problems);
  }
}

function inspectNumber(schema: WireSchema, value: unknown, place: Place, problems: Problem[]): void {
  const isWhole = schema.type === 'integer';
  if (typeof value !== 'number' || !(isWhole ? Number.isInteger(value) : Number.isFinite(value))) {
    const wanted = isWhole
      ? 'a whole number'
      : schema.timestamp
        ? 'a number of seconds since 1970'
        : 'a number';
    problems.push(wrongType(wanted, value, place));
    return;
  }
  if (schema.minimum !== undefined && value < schema.minimum) {
    problems.push(
      constraint(`Member must have value greater than or equal to ${schema.minimum}`, value, place),
    );
  }
  if (schema.maximum !== undefined && value > schema.maximum) {
    problems.push(constraint(`Member must have value less than or equal to ${schema.maximum}`, value, place));
  }
}

function inspectString(schema: WireSchema, value: unknown, place: Place, problems: Problem[]): void {
  if (typeof value !== 'string') {
    problems.push(wrongType('a string', value, place));
    return;
  }
  if (schema.enum !== undefined) {
    if (!schema.enum.includes(value)) {
      problems.push(constraint(`Member must be one of: ${listed(schema.enum)}`, value, place));
    }
    return;
  }
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern } = schema;
  const length = codePointCount(value);
  if (length < minLength) {
    problems.push(constraint(`Member must have length greater than or equal to ${minLength}`, value, place));
  } else if (length > maxLength) {
    // The pattern of an over-long value is not looked at: its cost is bounded only together with the length.
    problems.push(constraint(`Member must have length less than or equal to ${maxLength}`, value, place));
  } else if (pattern !== undefined && !new RegExp(pattern, 'u').test(value)) {
    problems.push(constraint(`Member must match the pattern ${pattern}`, value, place));
  }
}

function checkCount(
  what: 'items' | 'entries',
  count: number,
  min: number | undefined,
  max: number | undefined,
  place: Place,
  problems: Problem[],
): void {
  const bound =
    min !== undefined && count < min
      ? `at least ${min}`
      : max !== undefined && count > max
        ? `at most ${max}`
        : undefined;
  if (bound === undefined) return;
  problems.push(constraint(`Member must have ${bound} ${what}, and has ${count}`, undefined, place));
}

function inspectText(reference: WireSchema, value: unknown, outer: Place, problems: Problem[]): void {
  if (problems.length >= MAX_PROBLEMS) return;
  const { schema, definitions } = dereference(reference, outer.definitions);
  const place = { path: outer.path, definitions, sensitive: outer.sensitive || schema.sensitive === true };
  if (typeof value === 'string') {
    if (!isStorable(value)) problems.push(unstorable(place));
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      inspectText(schema.items ?? {}, item, { ...place, path: `${place.path}[${index}]` }, problems);
    }
  } else if (isJsonObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      const shape = schema.properties?.[key] ?? schema.additionalProperties ?? {};
      const path = schema.properties ? memberPath(place, key) : entryPath(place, key);
      if (isStorable(key)) inspectText(shape, member, { ...place, path }, problems);
      else problems.push(unstorable({ ...place, path: `${path} (key)` }));
    }
  }
}

function unstorable({ path }: Place): Problem {
  const rule = 'Member must not hold U+0000 or an unpaired surrogate';
  return { kind: 'constraint', text: `Value at '${path}' failed to satisfy constraint: ${rule}` };
}

function memberPath({ path }: Place, name: string): string {
  return path === '' ? lowerFirst(name) : `${path}.${lowerFirst(name)}`;
}

function entryPath({ path, sensitive }: Place, key: string): string {
  return `${path}['${sensitive ? '…' : shown(key)}']`;
}

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}

function wrongType(wanted: string, value: unknown, { path }: Place): Problem {
  return { kind: 'wrong-type', text: `Value at '${path}' must be ${wanted}, and is ${typeWord(value)}` };
}

function constraint(rule: string, value: unknown, { path, sensitive }: Place): Problem {
  const echo = sensitive ? undefined : echoOf(value);
  return {
    kind: 'constraint',
    text: `Value ${echo ?? ''}at '${path}' failed to satisfy constraint: ${rule}`,
  };
}

/** The value to repeat in a message, or undefined when it is long or not plain. */
function echoOf(value: unknown): string | undefined {
  if (typeof value === 'number') return `'${value}' `;
  if (typeof value !== 'string' || value.length > MAX_SHOWN || /[^\x20-\x7e]/.test(value)) return undefined;
  return `'${value}' `;
}

function typeWord(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'a string';
    case 'number':
      return Number.isInteger(value)
        ? 'a whole number'
        : Number.isFinite(value)
          ? 'a fraction'
          : 'too large a number';
    case 'boolean':
      return 'a boolean';
    default:
      return 'an object';
  }
}

function listed(values: readonly string[]): string {
  const more = values.length - MAX_LISTED_VALUES;
  return `${values.slice(0, MAX_LISTED_VALUES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function shown(key: string): string {
  const printable = key.slice(0, MAX_SHOWN).replaceAll(/[^\x20-\x7e]/g, '?');
  return key.length > MAX_SHOWN ? `${printable}…` : printable;
}

/** Messages name members as AWS does, with a small first letter. */
function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function codePointCount(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
