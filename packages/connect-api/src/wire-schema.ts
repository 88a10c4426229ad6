// The subset of JSON Schema that the contract's shapes consist of, so that reading, explaining and writing can walk
// a TypeBox type without knowing TypeBox.

import type Type from 'typebox';

export type WireSchema = {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly properties?: Readonly<Record<string, WireSchema>>;
  readonly required?: readonly string[];
  /** Value type of a map. */
  readonly additionalProperties?: WireSchema;
  /** Key type of a map. */
  readonly propertyNames?: WireSchema;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: WireSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly enum?: readonly string[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  /** Never repeated in messages. */
  readonly sensitive?: boolean;
  /** A number that stands for a point in time. */
  readonly timestamp?: boolean;
  readonly $defs?: Readonly<Record<string, WireSchema>>;
  readonly $ref?: string;
};

/** Named definitions that `$ref` may point to; a recursive structure brings its own. */
export type Definitions = Readonly<Record<string, WireSchema>>;

export function wireSchema(type: Type.TSchema): WireSchema {
  return type as WireSchema;
}

/** The schema that a reference stands for, with the definitions in force inside it. */
export function dereference(
  schema: WireSchema,
  definitions: Definitions,
): { readonly schema: WireSchema; readonly definitions: Definitions } {
  if (schema.$ref === undefined) return { schema, definitions };
  const inner = schema.$defs ?? definitions;
  const target = inner[schema.$ref];
  if (target === undefined)
    throw new Error(`the contract refers to ${schema.$ref}, which it does not define`);
  return { schema: target, definitions: inner };
}
