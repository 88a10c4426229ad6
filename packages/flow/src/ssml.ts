// Speech Synthesis Markup as flows use it: a small strict reader, for well-formedness here and for hosts that map SSML
// to a voice of theirs. Bounded in length and depth.

/** An element: `speak`, `break`, `prosody` … Names as written. */
export interface SsmlElement {
  readonly kind: 'element';
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly SsmlNode[];
}

/** A piece of an SSML document. Text has its entities replaced. */
export type SsmlNode = SsmlElement | { readonly kind: 'text'; readonly text: string };

/** The document, or why it is none. */
export type ParsedSsml =
  | { readonly ok: true; readonly speak: SsmlElement }
  | { readonly ok: false; readonly detail: string };

/** Longest text of a message with markup, characters (service limit of a text-to-speech request). */
export const MAX_MESSAGE_LENGTH = 6_000;

const MAX_DEPTH = 32;

interface OpenElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: SsmlNode[];
}

/** Reads an SSML document whose root is `<speak>`. Comments, processing instructions and CDATA are understood. */
export function parseSsml(ssml: string): ParsedSsml {
  const source = ssml.trim();
  const open: OpenElement[] = [];
  let root: SsmlElement | undefined;
  let at = 0;
  while (at < source.length) {
    if (source[at] !== '<') {
      const next = source.indexOf('<', at);
      const end = next < 0 ? source.length : next;
      const text = decodeEntities(source.slice(at, end));
      if (text === undefined) return refuse('a bare & or an unknown entity', at);
      const parent = open.at(-1);
      if (parent !== undefined) parent.children.push({ kind: 'text', text });
      else if (text.trim() !== '') return refuse('text outside <speak>', at);
      at = end;
      continue;
    }
    const skipped = skipOver(source, at, open.at(-1));
    if (skipped !== undefined) {
      if (skipped < 0) return refuse('an unfinished comment or instruction', at);
      at = skipped;
      continue;
    }
    const close = endOfTag(source, at);
    if (close < 0) return refuse('an unfinished tag', at);
    const inside = source.slice(at + 1, close);
    if (inside.startsWith('/')) {
      const element = open.pop();
      if (element === undefined || element.name !== inside.slice(1).trim()) {
        return refuse(`</${inside.slice(1).trim()}> closes nothing`, at);
      }
      const finished: SsmlElement = { kind: 'element', ...element };
      const parent = open.at(-1);
      if (parent !== undefined) parent.children.push(finished);
      else root = finished;
    } else {
      if (root !== undefined) return refuse('more than one root element', at);
      const selfClosing = inside.endsWith('/');
      const tag = parseTag(selfClosing ? inside.slice(0, -1) : inside);
      if (tag === undefined) return refuse('a malformed tag', at);
      if (open.length === 0 && tag.name !== 'speak') return refuse('a root other than <speak>', at);
      if (open.length >= MAX_DEPTH) return refuse(`more than ${MAX_DEPTH} levels`, at);
      const element: OpenElement = { ...tag, children: [] };
      if (!selfClosing) open.push(element);
      else {
        const parent = open.at(-1);
        if (parent !== undefined) parent.children.push({ kind: 'element', ...element });
        else root = { kind: 'element', ...element };
      }
    }
    at = close + 1;
  }
  const unclosed = open.at(-1);
  if (unclosed !== undefined) return refuse(`<${unclosed.name}> is never closed`, source.length);
  return root === undefined ? refuse('no <speak> element', 0) : { ok: true, speak: root };
}

/** The words of a document without its markup, `<sub alias>` replaced by its alias. */
export function spokenText(node: SsmlNode): string {
  if (node.kind === 'text') return node.text;
  const alias = node.name === 'sub' ? node.attributes.get('alias') : undefined;
  return alias ?? node.children.map(spokenText).join('');
}

/** Replaces the characters that have a meaning in markup. */
export function escapeMarkup(text: string): string {
  return text
    .replace(/&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)/g, '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** Whether a value is markup of its own (then it is put into SSML as it is). */
export function hasMarkup(text: string): boolean {
  return /<\/?[A-Za-z][^<>]*>/.test(text);
}

function refuse(what: string, at: number): ParsedSsml {
  return { ok: false, detail: `malformed SSML at character ${at}: ${what}` };
}

/** End of a comment, instruction, declaration or CDATA at `at`; negative when unfinished, undefined when it is a tag. */
function skipOver(source: string, at: number, parent: OpenElement | undefined): number | undefined {
  for (const [start, stop] of [
    ['<!--', '-->'],
    ['<![CDATA[', ']]>'],
    ['<?', '?>'],
    ['<!', '>'],
  ] as const) {
    if (!source.startsWith(start, at)) continue;
    const end = source.indexOf(stop, at + start.length);
    if (end < 0) return -1;
    if (start === '<![CDATA[') {
      parent?.children.push({ kind: 'text', text: source.slice(at + start.length, end) });
    }
    return end + stop.length;
  }
  return undefined;
}

/** Index of the `>` that ends the tag at `at`, quotes respected; negative when there is none. */
function endOfTag(source: string, at: number): number {
  let quote = '';
  for (let index = at + 1; index < source.length; index += 1) {
    const character = source[index] ?? '';
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '>') return index;
    else if (character === '<') return -1;
  }
  return -1;
}

function parseTag(inside: string): { name: string; attributes: ReadonlyMap<string, string> } | undefined {
  const name = /^[A-Za-z][\w:.-]*/.exec(inside)?.[0];
  if (name === undefined) return undefined;
  const attributes = new Map<string, string>();
  const pattern = /\s+([A-Za-z_][\w:.-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
  pattern.lastIndex = name.length;
  let end = name.length;
  for (let match = pattern.exec(inside); match !== null; match = pattern.exec(inside)) {
    const value = decodeEntities(match[2] ?? match[3] ?? '');
    if (value === undefined || match[1] === undefined) return undefined;
    attributes.set(match[1], value);
    end = pattern.lastIndex;
  }
  return inside.slice(end).trim() === '' ? { name, attributes } : undefined;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** Text with its entities replaced; undefined when one is unknown. */
function decodeEntities(text: string): string | undefined {
  if (!text.includes('&')) return text;
  let bad = false;
  const decoded = text.replace(/&([^;&\s]{0,10});?/g, (whole, name: string) => {
    const known = whole.endsWith(';') ? (ENTITIES.get(name) ?? characterOf(name)) : undefined;
    if (known === undefined) bad = true;
    return known ?? '';
  });
  return bad ? undefined : decoded;
}

function characterOf(name: string): string | undefined {
  const match = /^#(?:(\d{1,7})|x([0-9a-fA-F]{1,6}))$/.exec(name);
  if (match === null) return undefined;
  const code = match[1] === undefined ? Number.parseInt(match[2] ?? '', 16) : Number(match[1]);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
