/** Reads YAML (or JSON) against a shape, and names line, column and key of every mistake. Used by scenarios of flows. */
import { Settings } from 'typebox/system';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

export interface YamlMistake {
  readonly line: number;
  readonly column: number;
  /** Path of the key, with dots; empty for the document as a whole. */
  readonly key: string;
  readonly message: string;
}

export type ReadYaml<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly mistakes: readonly YamlMistake[] };

/** A compiled shape, as `Compile` of typebox gives it. */
interface Shape<Value> {
  Check(value: unknown): value is Value;
  Errors(value: unknown): readonly {
    readonly keyword: string;
    readonly instancePath: string;
    readonly message: string;
    readonly params: object;
  }[];
}

/** A mistake that a shape cannot say. */
export interface MistakeBeyondShape {
  readonly path: readonly string[];
  readonly message: string;
}

/**
 * Reads a document. An empty one is an empty object.
 *
 * @param beyondShape looks for mistakes in a value of the right shape.
 */
export function readCheckedYaml<Value>(
  shape: Shape<Value>,
  text: string,
  beyondShape: (value: Value) => readonly MistakeBeyondShape[] = () => [],
): ReadYaml<Value> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, maxAliasCount: 50 } as Parameters<
    typeof parseDocument
  >[1]);
  if (document.errors.length > 0) {
    return {
      ok: false,
      mistakes: document.errors.map((error) => {
        const at = lines.linePos(error.pos[0]);
        return {
          line: at.line,
          column: at.col,
          key: '',
          message: error.message.split('\n')[0] ?? error.code,
        };
      }),
    };
  }
  const value: unknown = document.toJS() ?? {};
  const at = (path: readonly string[], message: string): YamlMistake =>
    located(document.contents, lines, path, message);
  if (shape.Check(value)) {
    const extra = beyondShape(value);
    if (extra.length === 0) return { ok: true, value };
    return { ok: false, mistakes: extra.map(({ path, message }) => at(path, message)) };
  }
  const mistakes: YamlMistake[] = [];
  for (const error of allErrors(shape, value)) {
    const path = error.instancePath.split('/').slice(1);
    const params = error.params as { additionalProperties?: string[] };
    if (params.additionalProperties) {
      for (const key of params.additionalProperties) {
        mistakes.push(at([...path, key], `unknown key "${key}"`));
      }
    } else if (error.keyword !== 'boolean') {
      // `boolean` only repeats, key by key, what additionalProperties said.
      mistakes.push(at(path, error.message));
    }
  }
  return { ok: false, mistakes: unique(mistakes) };
}

/** typebox stops after eight errors unless told otherwise, and a union alone has that many. */
function allErrors<Value>(shape: Shape<Value>, value: unknown): ReturnType<Shape<Value>['Errors']> {
  const { maxErrors } = Settings.Get();
  Settings.Set({ maxErrors: 1000 });
  try {
    return shape.Errors(value);
  } finally {
    Settings.Set({ maxErrors });
  }
}

function located(root: unknown, lines: LineCounter, path: readonly string[], message: string): YamlMistake {
  let node = root as Node | null;
  let offset = node?.range?.[0] ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === step);
      if (!pair) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else if (isSeq(node)) {
      node = node.items[Number(step)] as Node | null;
      offset = node?.range?.[0] ?? offset;
    } else break;
  }
  const at = lines.linePos(offset);
  return { line: at.line, column: at.col, key: path.join('.'), message };
}

function unique(mistakes: readonly YamlMistake[]): YamlMistake[] {
  const seen = new Map<string, YamlMistake>();
  for (const mistake of mistakes) {
    // A union reports each of its arms; the first at a place says enough.
    const place = `${mistake.line}:${mistake.key}`;
    if (!seen.has(place)) seen.set(place, mistake);
  }
  return [...seen.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}
