// The vocabulary in which an action says what its parameters may be. Plain data, read by the validator and the
// compatibility table; builders keep the action files readable.

/**
 * Where references may stand in a text: nowhere; as the whole value; anywhere in it; or the value has to be one
 * reference and nothing else.
 */
export type ReferenceUse = 'static' | 'whole' | 'inline' | 'only';

/** Kinds of resources a parameter can name by id or ARN. */
export type ResourceKind =
  | 'queue'
  | 'prompt'
  | 'flow'
  | 'module'
  | 'lambda'
  | 'hoursOfOperation'
  | 'agent'
  | 'bot';

interface Requirable {
  readonly required?: true;
}

/** Text; `values` and `pattern` bind static values only. */
export interface TextSpec extends Requirable {
  readonly kind: 'text';
  readonly references: ReferenceUse;
  readonly values?: readonly string[];
  readonly pattern?: RegExp;
  readonly maxLength?: number;
  readonly resource?: ResourceKind;
  /** What would be right, for the remedy. */
  readonly expected?: string;
}

/** A number, written as a string in exports. `beyond` says whether a value out of range refuses the flow. */
export interface NumberSpec extends Requirable {
  readonly kind: 'number';
  readonly references: ReferenceUse;
  readonly min: number;
  readonly max: number;
  readonly beyond: 'error' | 'warning';
}

/** `True` or `False` in any case, or a JSON boolean. */
export interface FlagSpec extends Requirable {
  readonly kind: 'flag';
}

/** A list. */
export interface ListSpec extends Requirable {
  readonly kind: 'list';
  readonly of: ParameterSpec;
  readonly min?: number;
  readonly max?: number;
}

/** An object whose keys the author chooses. */
export interface MapSpec extends Requirable {
  readonly kind: 'map';
  readonly of: ParameterSpec;
  readonly max?: number;
  readonly keys?: { readonly pattern: RegExp; readonly expected: string };
}

/** An object with known members. */
export interface ObjectSpec extends Requirable {
  readonly kind: 'object';
  readonly members: Readonly<Record<string, ParameterSpec>>;
  readonly choice?: Choice;
}

/** Anything, not looked into. */
export interface FreeSpec extends Requirable {
  readonly kind: 'free';
}

/** What one parameter may be. */
export type ParameterSpec = TextSpec | NumberSpec | FlagSpec | ListSpec | MapSpec | ObjectSpec | FreeSpec;

/** How many of a group of members may be present. */
export interface Choice {
  readonly rule: 'exactlyOne' | 'atMostOne' | 'atLeastOne';
  readonly of: readonly string[];
}

export function text(
  references: ReferenceUse,
  details: Omit<TextSpec, 'kind' | 'references' | 'required'> = {},
): TextSpec {
  return { kind: 'text', references, ...details };
}

/** One of fixed words (compared by case as written; exports are consistent). */
export function oneOf(...values: readonly string[]): TextSpec {
  return { kind: 'text', references: 'static', values };
}

/** An id or ARN of a resource, or one reference to it. */
export function resource(kind: ResourceKind): TextSpec {
  return { kind: 'text', references: 'whole', resource: kind };
}

export function number(
  min: number,
  max: number,
  references: ReferenceUse = 'static',
  beyond: NumberSpec['beyond'] = 'error',
): NumberSpec {
  return { kind: 'number', min, max, references, beyond };
}

export function flag(): FlagSpec {
  return { kind: 'flag' };
}

export function list(
  of: ParameterSpec,
  limits: { readonly min?: number; readonly max?: number } = {},
): ListSpec {
  return { kind: 'list', of, ...limits };
}

export function map(of: ParameterSpec, details: Pick<MapSpec, 'max' | 'keys'> = {}): MapSpec {
  return { kind: 'map', of, ...details };
}

export function object(members: Readonly<Record<string, ParameterSpec>>, choice?: Choice): ObjectSpec {
  return choice === undefined ? { kind: 'object', members } : { kind: 'object', members, choice };
}

export function free(): FreeSpec {
  return { kind: 'free' };
}

/** The same, but it has to be there. */
export function required<T extends ParameterSpec>(spec: T): T {
  return { ...spec, required: true };
}
