/** What a shape check says about a document, reduced to what its author did wrong. Used by checked-yaml.ts. */
import type { TLocalizedValidationError } from 'typebox/error';

export interface ShapeMistake {
  readonly path: readonly string[];
  readonly message: string;
}

/**
 * One mistake for each thing that is wrong. A check reports every arm of a union; here only the arm counts that was
 * meant: the one of the type, the constant, the `kind` or the keys that were written. Where none was, the mistake says which
 * there are. What a text, or a key of a map, must look like is told in the words of its `description`, not as a pattern.
 *
 * @param shape that was checked against.
 */
export function shapeMistakes(errors: readonly TLocalizedValidationError[], shape: object): ShapeMistake[] {
  const beside = errorsBesideThePoint(errors);
  const mistakes: ShapeMistake[] = [];
  const alternatives = new Map<string, Set<string>>();
  for (const error of errors) {
    if (beside.has(error)) continue;
    const path = pathOf(error.instancePath);
    const expected = formOf(error, shape) ?? expectedBy(error);
    if (error.keyword === 'additionalProperties') {
      const form = wordsAt(error.schemaPath, shape);
      for (const key of error.params.additionalProperties) {
        const message = form ? `the key "${key}" must be ${form}` : `unknown key "${key}"`;
        mistakes.push({ path: [...path, key], message });
      }
    } else if (expected === undefined) {
      mistakes.push({ path, message: error.message });
    } else {
      const known = alternatives.get(error.instancePath);
      if (known) known.add(expected);
      else alternatives.set(error.instancePath, new Set([expected]));
    }
  }
  for (const [at, expected] of alternatives) {
    mistakes.push({ path: pathOf(at), message: `must be ${[...expected].join(' or ')}` });
  }
  return mistakes;
}

function errorsBesideThePoint(
  errors: readonly TLocalizedValidationError[],
): ReadonlySet<TLocalizedValidationError> {
  const beside = new Set<TLocalizedValidationError>();
  for (const union of errors) {
    // `boolean` repeats, key by key, what additionalProperties says.
    if (union.keyword === 'boolean') beside.add(union);
    if (union.keyword !== 'anyOf') continue;
    beside.add(union);
    const ofUnion = errors.filter(
      ({ schemaPath, instancePath }) =>
        schemaPath.startsWith(`${union.schemaPath}/anyOf/`) &&
        `${instancePath}/`.startsWith(`${union.instancePath}/`),
    );
    const armOf = (error: TLocalizedValidationError) =>
      error.schemaPath.slice(`${union.schemaPath}/anyOf/`.length).split('/')[0];
    const tellsApart = (error: TLocalizedValidationError) =>
      expectedBy(error) !== undefined &&
      (error.instancePath === union.instancePath ||
        (error.keyword === 'const' && error.instancePath === `${union.instancePath}/kind`));
    const hasOtherKeys = ({ keyword, instancePath }: TLocalizedValidationError) =>
      instancePath === union.instancePath && (keyword === 'required' || keyword === 'additionalProperties');
    const others = new Set(ofUnion.filter(tellsApart).map(armOf));
    const keysDiffer = new Set(ofUnion.filter(hasOtherKeys).map(armOf));
    if (ofUnion.some((error) => !others.has(armOf(error)) && !keysDiffer.has(armOf(error)))) {
      for (const arm of keysDiffer) others.add(arm);
    }
    const wasOneMeant = ofUnion.some((error) => !others.has(armOf(error)));
    for (const error of ofUnion) {
      if (others.has(armOf(error)) && (wasOneMeant || !tellsApart(error))) beside.add(error);
    }
  }
  return beside;
}

/** What would be right, for errors that have a word for it. */
function expectedBy(error: TLocalizedValidationError): string | undefined {
  if (error.keyword === 'const') return JSON.stringify(error.params.allowedValue);
  if (error.keyword === 'enum') {
    return error.params.allowedValues.map((value) => JSON.stringify(value)).join(' or ');
  }
  if (error.keyword === 'type') return String(error.params.type);
  return undefined;
}

/** The words for the form of a text, where its shape has them and something else was written. */
function formOf(error: TLocalizedValidationError, shape: object): string | undefined {
  // The words of a map are those of its keys.
  const isOfText =
    error.keyword === 'pattern' || (error.keyword === 'type' && error.params.type === 'string');
  return isOfText ? wordsAt(error.schemaPath, shape) : undefined;
}

function wordsAt(schemaPath: string, shape: object): string | undefined {
  let part: unknown = shape;
  for (const step of pathOf(schemaPath)) part = (part as Record<string, unknown> | undefined)?.[step];
  return (part as { readonly description?: string } | undefined)?.description;
}

/** A JSON pointer (RFC 6901) as keys. */
function pathOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
