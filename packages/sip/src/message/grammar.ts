// Character-level scanning shared by the header parsers (RFC 3261 §25.1). All loops are linear in their input; no regular
// expression ever sees outside text.
import { isIPv6 } from 'node:net';
import { ParseFailure } from './parse-failure.ts';

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const LESS_THAN = 0x3c;
export const EQUALS = 0x3d;
export const GREATER_THAN = 0x3e;
export const BACKSLASH = 0x5c;

const TOKEN_PUNCTUATION = "-.!%*_+`'~";

const isTokenCode = new Uint8Array(128);
for (let code = 0; code < 128; code++) {
  const character = String.fromCharCode(code);
  const isAlphanumeric =
    (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
  isTokenCode[code] = isAlphanumeric || TOKEN_PUNCTUATION.includes(character) ? 1 : 0;
}

/** token = 1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~") */
export function isToken(text: string): boolean {
  if (text === '') return false;
  for (let index = 0; index < text.length; index++) {
    if (isTokenCode[text.charCodeAt(index)] !== 1) return false;
  }
  return true;
}

export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

export function skipBlanks(text: string, from: number): number {
  let index = from;
  while (index < text.length && isBlank(text.charCodeAt(index))) index++;
  return index;
}

/** `text.slice(start, end)` without blanks at either end. */
export function sliceTrimmed(text: string, start: number, end: number): string {
  let first = start;
  let last = end;
  while (first < last && isBlank(text.charCodeAt(first))) first++;
  while (last > first && isBlank(text.charCodeAt(last - 1))) last--;
  return text.slice(first, last);
}

/** Index of the closing quote of a quoted string that opens at `open`, or -1. */
export function closingQuote(text: string, open: number): number {
  for (let index = open + 1; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === BACKSLASH) index++;
    else if (code === QUOTE) return index;
  }
  return -1;
}

/** Undoes quoting: `"a\"b"` between its quotes → `a"b`. */
export function unescapeQuoted(text: string): string {
  if (!text.includes('\\')) return text;
  let plain = '';
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) === BACKSLASH && index + 1 < text.length) index++;
    plain += text[index];
  }
  return plain;
}

/** Quotes text for a header field; quotes and backslashes are escaped. */
export function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** Index of the first comma outside quotes and angle brackets, or -1. */
export function topLevelComma(text: string, from: number): number {
  if (text.indexOf(',', from) === -1) return -1;
  let isInAngles = false;
  for (let index = from; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case QUOTE: {
        const close = closingQuote(text, index);
        if (close === -1) throw new ParseFailure('header', 'a quoted string does not end', text);
        index = close;
        break;
      }
      case LESS_THAN:
        isInAngles = true;
        break;
      case GREATER_THAN:
        isInAngles = false;
        break;
      case COMMA:
        if (!isInAngles) return index;
        break;
    }
  }
  return -1;
}

/** Splits a combined header value at its commas; empty elements are dropped. */
export function splitList(text: string): string[] {
  const values: string[] = [];
  let start = 0;
  for (;;) {
    const comma = topLevelComma(text, start);
    const value = sliceTrimmed(text, start, comma === -1 ? text.length : comma);
    if (value !== '') values.push(value);
    if (comma === -1) return values;
    start = comma + 1;
  }
}

/**
 * Value of the parameter `name` (lower case) in `;name=value;flag…` starting at `from`: unquoted text, '' for a flag,
 * undefined when absent.
 */
export function findParameter(text: string, from: number, name: string): string | undefined {
  let index = from;
  while (index < text.length) {
    index = skipBlanks(text, index);
    if (index >= text.length) return undefined;
    if (text.charCodeAt(index) !== SEMICOLON) {
      throw new ParseFailure('header', 'expected ";" before a parameter', text.slice(index));
    }
    const nameStart = skipBlanks(text, index + 1);
    index = nameStart;
    while (index < text.length) {
      const code = text.charCodeAt(index);
      if (code === EQUALS || code === SEMICOLON || isBlank(code)) break;
      index++;
    }
    const isWanted = equalsIgnoringCase(text, nameStart, index, name);
    index = skipBlanks(text, index);
    if (text.charCodeAt(index) !== EQUALS) {
      if (isWanted) return '';
      continue;
    }
    index = skipBlanks(text, index + 1);
    if (text.charCodeAt(index) === QUOTE) {
      const close = closingQuote(text, index);
      if (close === -1) throw new ParseFailure('header', 'a quoted string does not end', text);
      if (isWanted) return unescapeQuoted(text.slice(index + 1, close));
      index = close + 1;
      continue;
    }
    const valueStart = index;
    while (index < text.length) {
      const code = text.charCodeAt(index);
      if (code === SEMICOLON || isBlank(code)) break;
      index++;
    }
    if (isWanted) return text.slice(valueStart, index);
  }
  return undefined;
}

/**
 * The usual case of `findParameter`: no quotes, the name in lower case, no blanks around "=". `pattern` is `;name=`.
 * Undefined also means "look again, slowly".
 */
export function findPlainParameter(text: string, from: number, pattern: string): string | undefined {
  const at = text.indexOf(pattern, from);
  if (at === -1 || text.indexOf('"', from) !== -1) return undefined;
  const start = at + pattern.length;
  let end = start;
  while (end < text.length) {
    const code = text.charCodeAt(end);
    if (code === SEMICOLON || isBlank(code)) break;
    end++;
  }
  return end === start ? undefined : text.slice(start, end);
}

function equalsIgnoringCase(text: string, start: number, end: number, lowerCase: string): boolean {
  if (end - start !== lowerCase.length) return false;
  for (let offset = 0; offset < lowerCase.length; offset++) {
    const code = text.charCodeAt(start + offset);
    const folded = code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
    if (folded !== lowerCase.charCodeAt(offset)) return false;
  }
  return true;
}

/** A whole number written in digits only, not above `max`; undefined otherwise. */
export function parseDigits(text: string, max: number): number | undefined {
  if (text === '' || text.length > 15) return undefined;
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value <= max ? value : undefined;
}

/** host[:port] between `start` and `end`; brackets of an IPv6 reference are removed. Undefined when malformed. */
export function parseHostPort(
  text: string,
  start: number,
  end: number,
): { host: string; port: number | undefined } | undefined {
  let hostEnd = end;
  let host: string;
  if (text.charCodeAt(start) === 0x5b) {
    hostEnd = text.indexOf(']', start);
    if (hostEnd === -1 || hostEnd >= end) return undefined;
    host = text.slice(start + 1, hostEnd);
    if (!isIpv6Text(host)) return undefined;
    hostEnd = skipBlanks(text, hostEnd + 1);
  } else {
    const colon = text.indexOf(':', start);
    if (colon !== -1 && colon < end) hostEnd = colon;
    host = sliceTrimmed(text, start, hostEnd);
    if (!isHostName(host)) return undefined;
  }
  if (hostEnd >= end) return { host, port: undefined };
  if (text.charCodeAt(hostEnd) !== COLON) return undefined;
  const port = parseDigits(sliceTrimmed(text, hostEnd + 1, end), 65_535);
  return port === undefined ? undefined : { host, port };
}

/** The characters that host names and IPv4 addresses consist of (underscores occur in practice). */
function isHostName(text: string): boolean {
  if (text === '' || text.length > 255) return false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const isAllowed =
      (code >= 0x61 && code <= 0x7a) ||
      (code >= 0x30 && code <= 0x39) ||
      (code >= 0x41 && code <= 0x5a) ||
      code === 0x2e ||
      code === 0x2d ||
      code === 0x5f;
    if (!isAllowed) return false;
  }
  return true;
}

function isIpv6Text(text: string): boolean {
  if (text === '' || text.length > 45) return false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const isAllowed =
      (code >= 0x30 && code <= 0x3a) ||
      (code >= 0x61 && code <= 0x66) ||
      (code >= 0x41 && code <= 0x46) ||
      code === 0x2e;
    if (!isAllowed) return false;
  }
  return isIPv6(text);
}

/** host:port as it stands in URIs and Via, with brackets around IPv6. */
export function formatHostPort(host: string, port: number | undefined): string {
  const bracketed = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? bracketed : `${bracketed}:${port}`;
}
