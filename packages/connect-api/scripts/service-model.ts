// The part of a botocore `service-2.json` document that the generator reads, as types, and the check that a parsed
// file is such a document.

/** Where a member travels; absent means the JSON body. */
export type MemberLocation = 'uri' | 'querystring' | 'header' | 'headers' | 'statusCode';

export type MemberReference = {
  readonly shape: string;
  readonly location?: MemberLocation;
  readonly locationName?: string;
  readonly idempotencyToken?: boolean;
  readonly sensitive?: boolean;
  readonly box?: boolean;
};

export type Shape = {
  readonly type: string;
  readonly members?: Readonly<Record<string, MemberReference>>;
  readonly required?: readonly string[];
  readonly member?: MemberReference;
  readonly key?: MemberReference;
  readonly value?: MemberReference;
  readonly enum?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly sensitive?: boolean;
  readonly union?: boolean;
  readonly box?: boolean;
  readonly exception?: boolean;
  readonly error?: { readonly httpStatusCode: number };
};

export type ModelOperation = {
  readonly name: string;
  readonly http: { readonly method: string; readonly requestUri: string; readonly responseCode?: number };
  readonly input?: { readonly shape: string };
  readonly output?: { readonly shape: string };
  readonly errors?: readonly { readonly shape: string }[];
};

export type ServiceModel = {
  readonly operations: Readonly<Record<string, ModelOperation>>;
  readonly shapes: Readonly<Record<string, Shape>>;
};

/** @throws {Error} when the text is not a rest-json service model. */
export function parseServiceModel(text: string): ServiceModel {
  const model: unknown = JSON.parse(text);
  if (typeof model !== 'object' || model === null || !('operations' in model) || !('shapes' in model)) {
    throw new Error('not a service model: the file has no "operations" and "shapes"');
  }
  return model as ServiceModel;
}

/** @throws {Error} when the model refers to a shape it does not define. */
export function shapeOf(model: ServiceModel, name: string): Shape {
  const shape = model.shapes[name];
  if (shape === undefined) throw new Error(`shape ${name} is used but not defined`);
  return shape;
}

/** The shapes that a shape refers to directly. */
export function referencedShapes(shape: Shape): readonly string[] {
  if (shape.members) return Object.values(shape.members).map((member) => member.shape);
  if (shape.member) return [shape.member.shape];
  if (shape.key && shape.value) return [shape.key.shape, shape.value.shape];
  return [];
}

/** Everything reachable from a shape; the shape itself is included only when it is recursive. */
export function reachableShapes(model: ServiceModel, name: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const pending = [name];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const reference of referencedShapes(shapeOf(model, next))) {
      if (seen.has(reference)) continue;
      seen.add(reference);
      pending.push(reference);
    }
  }
  return seen;
}
