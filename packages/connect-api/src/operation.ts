// The form of an operation definition: what one operation of the API looks like on the wire. The generated files
// under `operations/` hold one definition for each operation.

import type Type from 'typebox';
import type { modelledErrors } from './modelled-errors.ts';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Name of an error that the service model defines. */
export type ModelledErrorName = keyof typeof modelledErrors;

/**
 * One operation. Input members named by a `{label}` of the path travel in the path, members listed under `query` in
 * the query string, all others in the JSON body. The success status is 200 for every operation.
 */
export type OperationDefinition = {
  readonly name: string;
  readonly method: HttpMethod;
  /** Path template; a label stands for exactly one percent-encoded segment. */
  readonly path: string;
  /** Query members: name in the input → name in the query string. */
  readonly query?: Readonly<Record<string, string>>;
  /** The member that clients fill with a random UUID when the caller gives none. */
  readonly idempotencyToken?: string;
  readonly input: Type.TObject;
  /** Absent for an operation that answers with an empty body. */
  readonly output: Type.TObject | undefined;
  /** Errors that the model lists for this operation; protocol errors can come with any operation. */
  readonly errors: readonly ModelledErrorName[];
};

/** Checks a definition's form and keeps its exact types. */
export function operation<const Definition extends OperationDefinition>(definition: Definition): Definition {
  return definition;
}

/** Names of the labels in a path template, in order. */
export function pathLabels(path: string): readonly string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
}
