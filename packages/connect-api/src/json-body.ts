// Reads a request body into a JSON object without trusting it: encoding, syntax and depth are checked before any
// member is looked at.

import { isUtf8 } from 'node:buffer';
import { type ApiError, serializationException } from './errors.ts';

/** Deepest nesting of arrays and objects that a body may have. The deepest legitimate flow search needs a dozen. */
const MAX_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

export type JsonBody = {
  readonly members: Readonly<Record<string, unknown>>;
  /** Whether a string may hold U+0000 or an unpaired surrogate: JSON can express both only by a `\u` escape. */
  readonly hasUnicodeEscapes: boolean;
};

/**
 * The members of a body that must be a JSON object; an empty body counts as `{}`.
 *
 * @throws {ApiError} SerializationException.
 */
export function parseJsonBody(body: Uint8Array): JsonBody {
  if (body.length === 0) return { members: {}, hasUnicodeEscapes: false };
  const text = decode(body);
  // Counting brackets is far cheaper than following strings, and few bodies have enough of them to be deep.
  if (hasMoreOpeningsThan(text, MAX_DEPTH) && isDeeperThan(text, MAX_DEPTH)) {
    throw serializationException(`The body nests arrays and objects deeper than ${MAX_DEPTH} levels.`);
  }
  const value = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw serializationException('The body must be a JSON object.');
  }
  return { members: value as Record<string, unknown>, hasUnicodeEscapes: text.includes('\\u') };
}

function decode(body: Uint8Array): string {
  if (!isUtf8(body)) throw serializationException('The body is not valid UTF-8.');
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notJson(error);
  }
}

/** The parser's own message would repeat part of the body, so only the position is passed on. */
function notJson(error: unknown): ApiError {
  const position = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined;
  return serializationException(`The body is not valid JSON${position ? `, at character ${position}` : ''}.`);
}

function hasMoreOpeningsThan(text: string, limit: number): boolean {
  let count = 0;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      count += 1;
      if (count > limit) return true;
    }
  }
  return false;
}

function isDeeperThan(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (inString) {
      if (unit === BACKSLASH) index += 1;
      else if (unit === QUOTE) inString = false;
    } else if (unit === QUOTE) {
      inString = true;
    } else if (unit === OPEN_BRACE || unit === OPEN_BRACKET) {
      depth += 1;
      if (depth > limit) return true;
    } else if (unit === CLOSE_BRACE || unit === CLOSE_BRACKET) {
      depth -= 1;
    }
  }
  return false;
}
