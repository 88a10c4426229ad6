/** Reads YAML (or JSON) against a shape, and names line, column and key of every mistake. For the configuration file and scenarios of flows. */
import type { TLocalizedValidationError } from 'typebox/error';
import { Settings } from 'typebox/system';
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { shapeMistakes } from './shape-mistakes.ts';

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
  Errors(value: unknown): TLocalizedValidationError[];
  Type(): object;
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
  const document = parseDocument(text, { lineCounter: lines });
  const atOffset = (offset: number, message: string): YamlMistake => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col, key: '', message };
  };
  if (document.errors.length > 0) {
    const mistakes = document.errors.map((error) =>
      atOffset(error.pos[0], error.message.split('\n')[0] ?? error.code),
    );
    return { ok: false, mistakes };
  }
  const read = documentValue(document);
  if (read.kind === 'unusable alias') return { ok: false, mistakes: [atOffset(read.offset, read.message)] };

  const { value } = read;
  const located = ({ path, message }: MistakeBeyondShape): YamlMistake => ({
    ...atOffset(offsetOf(document.contents, path), message),
    key: path.join('.'),
  });
  if (!shape.Check(value)) {
    return { ok: false, mistakes: unique(shapeMistakes(allErrors(shape, value), shape.Type()).map(located)) };
  }
  const extra = beyondShape(value);
  return extra.length === 0 ? { ok: true, value } : { ok: false, mistakes: extra.map(located) };
}

/** Most nodes that aliases may stand for; more is a bomb, not a document. */
const maxAliasCount = 100;

type DocumentValue =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'unusable alias'; readonly offset: number; readonly message: string };

function documentValue(document: Document): DocumentValue {
  try {
    return { kind: 'value', value: document.toJS({ maxAliasCount }) ?? {} };
  } catch (error) {
    // An alias without an anchor, or too many of them: YAML finds out only here.
    if (!(error instanceof ReferenceError)) throw error;
    let offset = 0;
    visit(document, {
      Alias(_key, alias) {
        offset = alias.range?.[0] ?? offset;
        return alias.resolve(document) ? undefined : visit.BREAK;
      },
    });
    return { kind: 'unusable alias', offset, message: error.message };
  }
}

/** More than anybody makes; the library stops at eight otherwise, and then says nothing of the rest. */
const maxErrors = 1000;

function allErrors<Value>(shape: Shape<Value>, value: unknown): TLocalizedValidationError[] {
  const usual = Settings.Get().maxErrors;
  Settings.Set({ maxErrors });
  try {
    return shape.Errors(value);
  } finally {
    Settings.Set({ maxErrors: usual });
  }
}

/** Where a path leads in the text, or its deepest part that is there. */
function offsetOf(root: unknown, path: readonly string[]): number {
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
  return offset;
}

/** One mistake at a place is enough to find it. */
function unique(mistakes: readonly YamlMistake[]): YamlMistake[] {
  const seen = new Map<string, YamlMistake>();
  for (const mistake of mistakes) {
    const place = `${mistake.line}:${mistake.key}`;
    if (!seen.has(place)) seen.set(place, mistake);
  }
  return [...seen.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}
