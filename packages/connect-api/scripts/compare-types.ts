// Compares a shape of the contract with the AWS SDK's own, member by member. Used by the conformance tests alone.

import { type Definitions, dereference, type WireSchema } from '../src/wire-schema.ts';
import { resolve, type SdkMember, type SdkType } from './sdk-schemas.ts';

/** Every difference as a sentence that begins with `where`; nothing when the two agree. */
export function compareTypes(where: string, ours: WireSchema, sdk: SdkType): Generator<string> {
  return compare(where, ours, {}, sdk, new Set());
}

function* compare(
  where: string,
  reference: WireSchema,
  scope: Definitions,
  expected: SdkType,
  visited: Set<WireSchema>,
): Generator<string> {
  const { schema, definitions } = dereference(reference, scope);
  const kind = kindOf(schema);
  if (kind !== expected.kind) {
    yield `${where}: ${kind}, SDK ${expected.kind}`;
  } else if (expected.kind === 'structure') {
    if (visited.has(schema)) return;
    visited.add(schema);
    yield* compareMembers(where, schema, definitions, expected.structure.members, visited);
  } else if (expected.kind === 'list') {
    yield* compare(`${where}[]`, schema.items ?? {}, definitions, resolve(expected.item), visited);
  } else if (expected.kind === 'map') {
    const value = schema.additionalProperties ?? {};
    yield* compare(`${where}{}`, value, definitions, resolve(expected.item), visited);
  }
}

function* compareMembers(
  where: string,
  schema: WireSchema,
  definitions: Definitions,
  expected: readonly SdkMember[],
  visited: Set<WireSchema>,
): Generator<string> {
  const members = schema.properties ?? {};
  const expectedNames = new Set(expected.map(({ name }) => name));
  for (const name of Object.keys(members)) {
    if (!expectedNames.has(name)) yield `${where}.${name}: not in the SDK`;
  }
  for (const { name, required, type } of expected) {
    const member = members[name];
    if (member === undefined) {
      yield `${where}.${name}: only in the SDK`;
      continue;
    }
    const isRequired = schema.required?.includes(name) ?? false;
    if (isRequired !== required) yield `${where}.${name}: required ${isRequired}, SDK ${required}`;
    yield* compare(`${where}.${name}`, member, definitions, resolve(type), visited);
  }
}

function kindOf(schema: WireSchema): SdkType['kind'] {
  if (schema.properties !== undefined) return 'structure';
  if (schema.additionalProperties !== undefined) return 'map';
  if (schema.items !== undefined) return 'list';
  if (schema.timestamp) return 'timestamp';
  if (schema.type === 'integer' || schema.type === 'number') return 'number';
  return schema.type === 'boolean' ? 'boolean' : 'string';
}
