// Dynamic references ($.Attributes.name, $['External']['x'], …): finds them in text and walks values by their path.
// Pure; knows no contact. `flow-values.ts` supplies what the roots stand for.

/** One reference: `$.Queue.Name` has root `Queue` and path `['Name']`. */
export interface Reference {
  readonly root: string;
  readonly path: readonly string[];
  /** As written, without backticks. */
  readonly text: string;
}

/** A text cut into literal pieces and references. */
export interface Template {
  readonly parts: readonly (string | Reference)[];
  /** Set when the text is nothing but one reference (and white space). */
  readonly single: Reference | undefined;
}

/** Whether a root is itself a value (`leaf`) or only has values below it (`branch`). */
type RootKind = 'leaf' | 'branch';

const ROOTS: ReadonlyMap<string, RootKind> = new Map<string, RootKind>([
  ...(
    [
      'StoredCustomerInput',
      'ContactId',
      'InitialContactId',
      'PreviousContactId',
      'RelatedContactId',
      'Channel',
      'InitiationMethod',
      'InstanceARN',
      'AwsRegion',
      'LanguageCode',
      'TextToSpeechVoiceId',
      'CustomerId',
      'Name',
      'Description',
      'Tags',
    ] as const
  ).map((name): [string, RootKind] => [name, 'leaf']),
  ...(
    [
      'Attributes',
      'FlowAttributes',
      'External',
      'LambdaInvocation',
      'CustomerEndpoint',
      'SystemEndpoint',
      'Task',
      'References',
      'Queue',
      'Agent',
      'Metrics',
      'Lex',
      'MediaStreams',
      'Media',
      'SegmentAttributes',
      'Loop',
      'Modules',
      'Views',
      'Customer',
      'Case',
      'Wisdom',
      'DataTables',
      'DataTableList',
      'Email',
      'Capabilities',
    ] as const
  ).map((name): [string, RootKind] => [name, 'branch']),
]);

/** Kind of a root; undefined when the language has no such root. */
export function rootKind(root: string): RootKind | undefined {
  return ROOTS.get(root);
}

/** Longest quoted key and longest path that are followed; longer ones are left as text. */
const MAX_KEY_LENGTH = 256;
const MAX_PATH_PARTS = 32;

/**
 * Cuts a text into literals and references. Only references with a known root count, so that a price such as `$.50`
 * stays text. A reference ends before the first character that no path can hold; a final full stop is not part of it.
 */
export function parseTemplate(text: string): Template {
  let at = text.indexOf('$');
  if (at < 0) return { parts: [text], single: undefined };
  const parts: (string | Reference)[] = [];
  let literalFrom = 0;
  while (at >= 0) {
    const found = scanReference(text, at);
    if (found === undefined) {
      at = text.indexOf('$', at + 1);
      continue;
    }
    const quoted = text[at - 1] === '`' && text[found.end] === '`' && at - 1 >= literalFrom;
    const from = quoted ? at - 1 : at;
    const to = quoted ? found.end + 1 : found.end;
    if (from > literalFrom) parts.push(text.slice(literalFrom, from));
    parts.push(found.reference);
    literalFrom = to;
    at = text.indexOf('$', to);
  }
  if (literalFrom < text.length || parts.length === 0) parts.push(text.slice(literalFrom));
  return { parts, single: soleReference(parts) };
}

/** Reads a text that has to be exactly one reference (white space around it is forgiven); its root may be unknown. */
export function parseReference(text: string): Reference | undefined {
  let trimmed = text.trim();
  if (trimmed.startsWith('`') && trimmed.endsWith('`')) trimmed = trimmed.slice(1, -1);
  if (!trimmed.startsWith('$')) return undefined;
  const found = scanPath(trimmed, 0);
  return found !== undefined && found.end === trimmed.length ? found.reference : undefined;
}

/** Whether a text has the look of a reference, well formed or not. */
export function looksLikeReference(text: string): boolean {
  return /^\s*`?\$[.[]/.test(text);
}

/** Whether JSON arrays below a value may be indexed by number (not so for `$.External`). */
export type ArrayAccess = 'byIndex' | 'opaque';

/** Follows a path through maps, own properties and arrays; undefined when it leads nowhere. */
export function followPath(
  start: unknown,
  path: readonly string[],
  arrays: ArrayAccess = 'byIndex',
): unknown {
  let value = start;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (value instanceof Map) value = value.get(key);
    else if (Array.isArray(value)) {
      value = arrays === 'byIndex' && /^\d{1,6}$/.test(key) ? value[Number(key)] : undefined;
    } else value = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  }
  return value;
}

/** How a value reads in text: strings as they are, objects as JSON, what is missing as undefined. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return JSON.stringify(value instanceof Map ? Object.fromEntries(value) : value);
}

function soleReference(parts: readonly (string | Reference)[]): Reference | undefined {
  let single: Reference | undefined;
  for (const part of parts) {
    if (typeof part === 'string') {
      if (part.trim() !== '') return undefined;
    } else if (single === undefined) single = part;
    else return undefined;
  }
  return single;
}

interface Scanned {
  readonly reference: Reference;
  readonly end: number;
}

/** A reference inside text: its root must be known, and a hyphen at its end belongs to the sentence. */
function scanReference(text: string, start: number): Scanned | undefined {
  const found = scanPath(text, start);
  if (found === undefined) return undefined;
  const { reference } = found;
  if (!ROOTS.has(reference.root)) return undefined;
  if (start === 0 && found.end === text.length) return found;
  if (!reference.text.endsWith('-')) return found;
  // What remains may end before the hyphens did: `$.Attributes.-` is `$.Attributes` and the text `.-`.
  const shorter = scanPath(reference.text.replace(/-+$/, ''), 0);
  return shorter === undefined ? found : { reference: shorter.reference, end: start + shorter.end };
}

function scanPath(text: string, start: number): Scanned | undefined {
  const keys: string[] = [];
  let at = start + 1;
  while (keys.length < MAX_PATH_PARTS) {
    const bracket = text[at] === '[' ? at : text[at] === '.' && text[at + 1] === '[' ? at + 1 : -1;
    if (bracket >= 0) {
      const inside = scanBracket(text, bracket);
      if (inside === undefined) break;
      keys.push(inside.key);
      at = inside.end;
      continue;
    }
    if (text[at] !== '.') break;
    let end = at + 1;
    while (end < text.length && isKeyCharacter(text, end)) end += 1;
    if (end === at + 1) break;
    keys.push(text.slice(at + 1, end));
    at = end;
  }
  const [root, ...path] = keys;
  return root === undefined ? undefined : { reference: { root, path, text: text.slice(start, at) }, end: at };
}

function scanBracket(text: string, open: number): { key: string; end: number } | undefined {
  const quote = text[open + 1];
  if (quote === "'" || quote === '"') {
    const close = text.indexOf(quote, open + 2);
    if (close < 0 || close - open > MAX_KEY_LENGTH || text[close + 1] !== ']') return undefined;
    return { key: text.slice(open + 2, close), end: close + 2 };
  }
  const index = /^\[(\d{1,6})\]/.exec(text.slice(open, open + 9));
  return index?.[1] === undefined ? undefined : { key: index[1], end: open + index[0].length };
}

function isKeyCharacter(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 128) {
    return (
      (code >= 97 && code <= 122) ||
      (code >= 65 && code <= 90) ||
      (code >= 48 && code <= 57) ||
      code === 95 ||
      code === 45
    );
  }
  return /[\p{L}\p{N}\p{M}]/u.test(String.fromCodePoint(text.codePointAt(at) ?? code)) || isSurrogate(code);
}

function isSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
