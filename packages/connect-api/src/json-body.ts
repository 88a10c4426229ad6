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
  if (isDeeperThan(body, MAX_DEPTH)) {
    throw serializationException(`The body nests arrays and objects deeper than ${MAX_DEPTH} levels.`);
  }
  const text = decode(body);
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

function isDeeperThan(body: Uint8Array, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index];
    if (inString) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth += 1;
      if (depth > limit) return true;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1;
    }
  }
  return false;
}
