// Turns shapes of a service model into TypeBox source text. Lists and plain scalars are written where they are used;
// structures, maps, enumerations and constrained scalars become named constants.

import { repairPattern } from './repair-pattern.ts';
import {
  type MemberReference,
  reachableShapes,
  type ServiceModel,
  type Shape,
  shapeOf,
} from './service-model.ts';

/** Names that generated code cannot give to a constant, because it needs them itself. */
const TAKEN_NAMES: ReadonlySet<string> = new Set([
  'Type',
  'Int32',
  'Int64',
  'Double',
  'Timestamp',
  'Date',
  'Map',
  'Set',
  'Error',
  'Object',
  'Array',
  'String',
  'Number',
  'Boolean',
]);

/** The kind of file a named shape is written to. */
export type NamedKind = 'scalar' | 'enumeration' | 'structure';

/** How a shape is named in generated code, or undefined when it is written where it is used. */
export function namedKind(shape: Shape): NamedKind | undefined {
  switch (shape.type) {
    case 'structure':
    case 'map':
      return 'structure';
    case 'string':
      if (shape.enum) return 'enumeration';
      return isConstrained(shape) ? 'scalar' : undefined;
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
      return isConstrained(shape) ? 'scalar' : undefined;
    default:
      return undefined;
  }
}

function isConstrained(shape: Shape): boolean {
  const options = stringOptions(shape);
  return shape.type === 'string' ? options.length > 0 : shape.min !== undefined || shape.max !== undefined;
}

export function constantName(shapeName: string): string {
  return TAKEN_NAMES.has(shapeName) ? `${shapeName}Shape` : shapeName;
}

/** Source of the expression that a member of this shape refers to. */
export function referenceSource(model: ServiceModel, reference: MemberReference, recursion?: string): string {
  const shape = shapeOf(model, reference.shape);
  if (reference.shape === recursion) return `Type.Ref('${constantName(reference.shape)}')`;
  if (isRecursiveMap(model, reference.shape)) return definitionSource(model, reference.shape, recursion);
  if (namedKind(shape) !== undefined) return constantName(reference.shape);
  switch (shape.type) {
    case 'string':
      return 'Type.String()';
    case 'integer':
      return 'Int32';
    case 'long':
      return 'Int64';
    case 'float':
    case 'double':
      return 'Double';
    case 'boolean':
      return 'Type.Boolean()';
    case 'timestamp':
      return 'Timestamp';
    case 'list':
      return listSource(model, reference.shape, shape, recursion);
    default:
      throw new Error(`shape ${reference.shape} has type ${shape.type}, which the generator does not know`);
  }
}

/** A map on a structure's way back to itself; it has no name of its own, so that no two constants need each other. */
export function isRecursiveMap(model: ServiceModel, name: string): boolean {
  return shapeOf(model, name).type === 'map' && reachableShapes(model, name).has(name);
}

/** Source of a named shape's definition, without its name. */
export function definitionSource(model: ServiceModel, name: string, recursion?: string): string {
  const shape = shapeOf(model, name);
  switch (shape.type) {
    case 'structure': {
      if (recursion === undefined && reachableShapes(model, name).has(name)) {
        const constant = constantName(name);
        return `Type.Cyclic({ ${constant}: ${structureSource(model, name, name)} }, '${constant}')`;
      }
      return structureSource(model, name, recursion);
    }
    case 'map': {
      const { key, value } = shape;
      if (!key || !value) throw new Error(`map ${name} lacks its key or value`);
      const parts = [referenceSource(model, key, recursion), referenceSource(model, value, recursion)];
      const options = [...boundOptions(shape, 'Properties'), ...sensitiveOption(shape)];
      if (options.length > 0) parts.push(`{ ${options.join(', ')} }`);
      return `mapOf(${parts.join(', ')})`;
    }
    case 'string': {
      const options = stringOptions(shape, name);
      if (!shape.enum) return `Type.String({ ${options.join(', ')} })`;
      const values = shape.enum.map((value) => quote(value)).join(', ');
      return `Type.Enum([${values}]${shape.sensitive ? ', { sensitive: true }' : ''})`;
    }
    case 'integer':
      return `int32({ ${numberOptions(shape).join(', ')} })`;
    case 'long':
      return `int64({ ${numberOptions(shape).join(', ')} })`;
    case 'float':
    case 'double':
      return `Type.Number({ ${numberOptions(shape).join(', ')} })`;
    default:
      throw new Error(`shape ${name} of type ${shape.type} is not a named shape`);
  }
}

/** Source of a structure as `Type.Object(…)`: members in model order, the optional ones wrapped. */
export function structureSource(model: ServiceModel, name: string, recursion?: string): string {
  const shape = shapeOf(model, name);
  const required = new Set(shape.required ?? []);
  const members = Object.entries(shape.members ?? {}).map(([memberName, reference]) => {
    if (memberName in Object.prototype) throw new Error(`${name}.${memberName}: unsafe member name`);
    const source = referenceSource(model, reference, recursion);
    return `${memberName}: ${required.has(memberName) ? source : `Type.Optional(${source})`}`;
  });
  const options = sensitiveOption(shape);
  const body = members.length > 0 ? `{\n${members.join(',\n')}\n}` : '{}';
  return `Type.Object(${body}${options.length > 0 ? `, { ${options.join(', ')} }` : ''})`;
}

function listSource(model: ServiceModel, name: string, shape: Shape, recursion: string | undefined): string {
  if (!shape.member) throw new Error(`list ${name} lacks its member`);
  const options = [...boundOptions(shape, 'Items'), ...sensitiveOption(shape)];
  const item = referenceSource(model, shape.member, recursion);
  return `Type.Array(${item}${options.length > 0 ? `, { ${options.join(', ')} }` : ''})`;
}

function boundOptions(shape: Shape, unit: 'Length' | 'Items' | 'Properties'): string[] {
  const options: string[] = [];
  if (shape.min !== undefined && shape.min > 0) options.push(`min${unit}: ${shape.min}`);
  if (shape.max !== undefined) options.push(`max${unit}: ${shape.max}`);
  return options;
}

/** Shapes that the service itself tells empty, though their patterns want more: what it told may come back to it. */
const mayBeEmpty: ReadonlySet<string> = new Set(['SensitivePhoneNumber']);

function stringOptions(shape: Shape, name?: string): string[] {
  const options = boundOptions(shape, 'Length');
  if (shape.pattern !== undefined) {
    const pattern = repairPattern(shape.pattern);
    options.push(`pattern: ${quote(name !== undefined && mayBeEmpty.has(name) ? `${pattern}|^$` : pattern)}`);
  }
  return [...options, ...sensitiveOption(shape)];
}

function numberOptions(shape: Shape): string[] {
  const options: string[] = [];
  if (shape.min !== undefined) options.push(`minimum: ${shape.min}`);
  // Beyond 2^53 − 1 a limit cannot be written as a JavaScript number; Int64 itself stops there.
  if (shape.max !== undefined && shape.max <= Number.MAX_SAFE_INTEGER) options.push(`maximum: ${shape.max}`);
  return options;
}

function sensitiveOption(shape: Shape): string[] {
  return shape.sensitive ? ['sensitive: true'] : [];
}

export function quote(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  return `'${escaped.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}'`;
}
