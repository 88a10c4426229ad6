// Reads the runtime schemas that the AWS SDK for JavaScript exports (`StartOutboundVoiceContact$`, …) into plain
// descriptions. The array form is internal to the SDK, so the SDK is pinned and only the generator and tests use this.

/** A value of an SDK schema, resolved one level at a time. */
export type SdkType =
  | { readonly kind: 'string' | 'number' | 'boolean' | 'timestamp' | 'unit' }
  | { readonly kind: 'list' | 'map'; readonly item: unknown }
  | { readonly kind: 'structure'; readonly structure: SdkStructure };

export type SdkMember = {
  readonly name: string;
  readonly required: boolean;
  readonly type: unknown;
  readonly location: 'path' | 'query' | 'header' | 'body';
  /** Name on the wire of a query or header member. */
  readonly wireName: string | undefined;
  readonly idempotencyToken: boolean;
};

export type SdkStructure = { readonly name: string; readonly members: readonly SdkMember[] };

export type SdkOperation = {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly successStatus: number;
  readonly input: SdkType;
  readonly output: SdkType;
};

export type SdkError = {
  readonly name: string;
  readonly httpStatus: number | undefined;
  readonly members: readonly string[];
};

const ERROR = -3;
const LIST = 1;
const MAP = 2;
const STRUCTURE = 3;
const UNION = 4;
const OPERATION = 9;

const PATH_LABEL_BIT = 1;
const IDEMPOTENCY_TOKEN_BIT = 4;
const LIST_BIT = 64;
const MAP_BIT = 128;

export function sdkOperations(sdk: object): readonly SdkOperation[] {
  return schemasOf(sdk, OPERATION).map(([, , name, traits, input, output]) => {
    // An operation without a route of its own speaks awsJson: everything is a POST to the root.
    const { http } = (traits || {}) as { http?: [string, string, number] };
    const [method, path, successStatus] = http ?? ['POST', '/', 200];
    return {
      name: String(name),
      method,
      path,
      successStatus,
      input: resolve(input),
      output: resolve(output),
    };
  });
}

export function sdkErrors(sdk: object): readonly SdkError[] {
  return schemasOf(sdk, ERROR).map(([, , name, traits, members]) => ({
    name: String(name),
    httpStatus: (traits as { httpError?: number }).httpError,
    members: members as string[],
  }));
}

function schemasOf(sdk: object, code: number): readonly (readonly unknown[])[] {
  return Object.values(sdk).filter((value) => Array.isArray(value) && value[0] === code);
}

/** Follows lazy references and says what a schema stands for. */
export function resolve(schema: unknown): SdkType {
  const value = typeof schema === 'function' ? schema() : schema;
  if (value === 'unit') return { kind: 'unit' };
  if (typeof value === 'number') return resolveScalar(value);
  if (!Array.isArray(value)) throw new Error(`unknown schema ${String(value)}`);
  // A reference with traits, such as the sensitive items of a list.
  if (value.length === 2) return resolve(value[0]);
  switch (value[0]) {
    case LIST:
      return { kind: 'list', item: value[4] };
    case MAP:
      return { kind: 'map', item: value[5] };
    case STRUCTURE:
    case UNION:
      return { kind: 'structure', structure: structureOf(value) };
    case 0:
      return resolve(value[4]);
    default:
      throw new Error(`unknown schema code ${value[0]} of ${value[2]}`);
  }
}

function resolveScalar(code: number): SdkType {
  if (code & MAP_BIT) return { kind: 'map', item: code & ~MAP_BIT };
  if (code & LIST_BIT) return { kind: 'list', item: code & ~LIST_BIT };
  switch (code) {
    case 0:
      return { kind: 'string' };
    case 1:
      return { kind: 'number' };
    case 2:
      return { kind: 'boolean' };
    case 4:
    case 5:
    case 7:
      return { kind: 'timestamp' };
    default:
      throw new Error(`unknown scalar code ${code}`);
  }
}

function structureOf(schema: readonly unknown[]): SdkStructure {
  const names = schema[4] as string[];
  const types = schema[5] as unknown[];
  const requiredCount = (schema[6] as number | undefined) ?? 0;
  return {
    name: String(schema[2]),
    members: names.map((name, index) => memberOf(name, types[index], index < requiredCount)),
  };
}

function memberOf(name: string, reference: unknown, required: boolean): SdkMember {
  const [type, traits] = Array.isArray(reference) && reference.length === 2 ? reference : [reference, 0];
  const bits = typeof traits === 'number' ? traits : 0;
  const named = (typeof traits === 'object' ? traits : {}) as Record<string, unknown>;
  const query = named.httpQuery;
  const header = named.httpHeader;
  return {
    name,
    required,
    type,
    location:
      query !== undefined
        ? 'query'
        : header !== undefined
          ? 'header'
          : bits & PATH_LABEL_BIT || named.httpLabel
            ? 'path'
            : 'body',
    wireName: query !== undefined ? String(query) : header !== undefined ? String(header) : undefined,
    idempotencyToken: Boolean(bits & IDEMPOTENCY_TOKEN_BIT || named.idempotencyToken),
  };
}
