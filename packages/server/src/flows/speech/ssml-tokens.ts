/** Splits SSML into tags and text in one pass over the input. Knows XML's rules and no tag's meaning. */

import { SsmlMalformed } from './speech-errors.ts';

export type SsmlToken =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'open';
      readonly name: string;
      readonly attributes: ReadonlyMap<string, string>;
      readonly isEmpty: boolean;
      readonly offset: number;
    }
  | { readonly kind: 'close'; readonly name: string; readonly offset: number };

const NAMED_ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Sections that carry no speech, and CDATA, whose content is text. A document type is refused: nothing good needs one here. */
const SECTIONS = [
  { start: '<!--', end: '-->', isText: false },
  { start: '<![CDATA[', end: ']]>', isText: true },
  { start: '<?', end: '?>', isText: false },
] as const;

/** @throws {SsmlMalformed} the input breaks a rule of XML. */
export function* readTokens(ssml: string): Generator<SsmlToken> {
  let at = 0;
  while (at < ssml.length) {
    const tagStart = indexOrEnd(ssml, '<', at);
    if (tagStart > at) {
      yield { kind: 'text', text: decodeEntities(ssml.slice(at, tagStart), at) };
      at = tagStart;
      continue;
    }
    const section = SECTIONS.find(({ start }) => ssml.startsWith(start, at));
    if (section) {
      const contentStart = at + section.start.length;
      const end = ssml.indexOf(section.end, contentStart);
      if (end === -1) throw new SsmlMalformed(`"${section.start}" is not closed by "${section.end}"`, at);
      if (section.isText) yield { kind: 'text', text: ssml.slice(contentStart, end) };
      at = end + section.end.length;
      continue;
    }
    const { token, end } = readTag(ssml, at);
    yield token;
    at = end;
  }
}

function readTag(ssml: string, offset: number): { token: SsmlToken; end: number } {
  const isClosing = ssml[offset + 1] === '/';
  let at = offset + (isClosing ? 2 : 1);
  const name = readName(ssml, at);
  if (name === '')
    throw new SsmlMalformed('"<" must begin a tag; write &lt; for the character itself', offset);
  at += name.length;
  const attributes = new Map<string, string>();
  for (;;) {
    const next = skipSpace(ssml, at);
    if (ssml[next] === '>')
      return { token: tagToken(isClosing, name, attributes, false, offset), end: next + 1 };
    if (!isClosing && ssml.startsWith('/>', next)) {
      return { token: tagToken(false, name, attributes, true, offset), end: next + 2 };
    }
    if (isClosing || next === at) throw new SsmlMalformed(`the tag "${name}" is not closed by ">"`, offset);
    at = readAttribute(ssml, next, attributes);
  }
}

function tagToken(
  isClosing: boolean,
  name: string,
  attributes: ReadonlyMap<string, string>,
  isEmpty: boolean,
  offset: number,
): SsmlToken {
  return isClosing ? { kind: 'close', name, offset } : { kind: 'open', name, attributes, isEmpty, offset };
}

/** Reads `name="value"` into the map and returns where it ends. */
function readAttribute(ssml: string, offset: number, attributes: Map<string, string>): number {
  const name = readName(ssml, offset);
  if (name === '') throw new SsmlMalformed('expected an attribute or the end of the tag', offset);
  if (attributes.has(name)) throw new SsmlMalformed(`the attribute "${name}" stands twice`, offset);
  const equals = skipSpace(ssml, offset + name.length);
  if (ssml[equals] !== '=') throw new SsmlMalformed(`the attribute "${name}" has no value`, offset);
  const quoteAt = skipSpace(ssml, equals + 1);
  const quote = ssml[quoteAt];
  if (quote !== '"' && quote !== "'")
    throw new SsmlMalformed(`the value of "${name}" must stand in quotes`, quoteAt);
  const end = ssml.indexOf(quote, quoteAt + 1);
  if (end === -1) throw new SsmlMalformed(`the value of "${name}" has no closing quote`, quoteAt);
  const value = ssml.slice(quoteAt + 1, end);
  if (value.includes('<')) throw new SsmlMalformed(`the value of "${name}" contains "<"`, quoteAt);
  attributes.set(name, decodeEntities(value, quoteAt + 1));
  return end + 1;
}

function readName(ssml: string, at: number): string {
  const pattern = /[\p{L}_:][\p{L}\p{N}_:.-]*/uy;
  pattern.lastIndex = at;
  return pattern.exec(ssml)?.[0] ?? '';
}

function skipSpace(ssml: string, at: number): number {
  let next = at;
  while (ssml[next] === ' ' || ssml[next] === '\n' || ssml[next] === '\t' || ssml[next] === '\r') next++;
  return next;
}

function indexOrEnd(text: string, what: string, from: number): number {
  const index = text.indexOf(what, from);
  return index === -1 ? text.length : index;
}

function decodeEntities(text: string, offset: number): string {
  let at = text.indexOf('&');
  if (at === -1) return text;
  let decoded = text.slice(0, at);
  while (at < text.length) {
    const end = text.indexOf(';', at);
    const name = end === -1 ? '' : text.slice(at + 1, end);
    decoded += entityValue(name) ?? refuseEntity(offset + at);
    const next = indexOrEnd(text, '&', end + 1);
    decoded += text.slice(end + 1, next);
    at = next;
  }
  return decoded;
}

function entityValue(name: string): string | undefined {
  const number = /^#(?:x([0-9a-f]{1,6})|([0-9]{1,7}))$/iu.exec(name);
  if (!number) return Object.hasOwn(NAMED_ENTITIES, name) ? NAMED_ENTITIES[name] : undefined;
  const codePoint = number[1] ? Number.parseInt(number[1], 16) : Number.parseInt(number[2] ?? '', 10);
  if (codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint <= 0xdfff)) return undefined;
  // Controls are no XML characters; as in plain text they count as white space.
  return codePoint < 0x20 || (codePoint >= 0x7f && codePoint <= 0x9f) ? ' ' : String.fromCodePoint(codePoint);
}

function refuseEntity(offset: number): never {
  throw new SsmlMalformed('"&" must begin an entity such as &amp;', offset);
}
