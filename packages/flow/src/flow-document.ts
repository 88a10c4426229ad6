// The typed shape of a parsed flow: what the parser builds, the validator checks and the interpreter runs.

import type { FlowType } from './flow-type.ts';
import type { Template } from './references.ts';

/** An error branch. */
export interface ErrorBranch {
  readonly errorType: string;
  readonly nextAction: string;
}

/** A condition branch. `operands` as written; the language has exactly one. */
export interface ConditionBranch {
  readonly operator: string;
  readonly operands: readonly string[];
  readonly nextAction: string;
}

/** One action. Missing parts of the document are empty here. */
export interface Action {
  readonly identifier: string;
  readonly type: string;
  /** As written. Own properties only; read through `member` (keys come from outside). */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly nextAction: string | undefined;
  readonly errors: readonly ErrorBranch[];
  readonly conditions: readonly ConditionBranch[];
  /** Place in the document, for `Actions[index]` paths. */
  readonly index: number;
}

/** A parsed flow document. */
export interface FlowDocument {
  readonly version: string;
  readonly startAction: string;
  /** All actions in document order, duplicates included. */
  readonly actionList: readonly Action[];
  /** Actions by identifier; the first of duplicates. */
  readonly actions: ReadonlyMap<string, Action>;
  /** `Metadata.type` of newer console exports, e.g. `contactFlow`; undefined elsewhere. */
  readonly metadataType: string | undefined;
  /** `Settings` of a module document; undefined for flows. */
  readonly settings: Readonly<Record<string, unknown>> | undefined;
  /** Length of the content in characters; 0 when it came as an object. */
  readonly contentLength: number;
  /** Texts of the document cut into literals and references, filled as it runs; shared by all who run it. */
  readonly templates: Map<string, Template>;
}

/** A document under its identity: what a host stores and the interpreter runs. */
export interface Flow {
  readonly document: FlowDocument;
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly type: FlowType;
}

/** Reads an own property, so that hostile keys never reach a prototype. */
export function member(object: unknown, key: string): unknown {
  if (typeof object !== 'object' || object === null) return undefined;
  return Object.hasOwn(object, key) ? (object as Record<string, unknown>)[key] : undefined;
}
