// Bytes of one datagram → message. Only the outline is read here (start line, fields, body); structured header fields are
// parsed when asked for. Limits keep hostile input cheap.
import { CR, isBlank, isToken, LF, parseDigits, sliceTrimmed } from './grammar.ts';
import { commonHeaderName, otherHeaderName } from './header-names.ts';
import { SipHeaders } from './headers.ts';
import { MalformedRequest } from './malformed-request.ts';
import type { SipMessage, SipRequest } from './message.ts';
import { ParseFailure } from './parse-failure.ts';

/** Largest message accepted, bytes: what a UDP length field can say (RFC 3261 §18.1.1). */
export const MAX_MESSAGE_BYTES = 65_535;
/** Most header fields in a message. */
export const MAX_HEADER_FIELDS = 256;
/** What a message may be at most; the defaults are the constants above. */
export interface MessageLimits {
  readonly messageBytes: number;
  readonly headerFields: number;
}

/** Longest single header field after unfolding, characters. */
export const MAX_HEADER_CHARACTERS = 8_192;

const SIP_VERSION = 'SIP/2.0';
const DEFAULT_LIMITS: MessageLimits = { messageBytes: MAX_MESSAGE_BYTES, headerFields: MAX_HEADER_FIELDS };

/**
 * Parses one whole message, as it came in one datagram. Empty lines before it are skipped (RFC 3261 §7.5). Without a
 * Content-Length the body reaches to the end; bytes beyond Content-Length are dropped (§18.3). Line ends may be bare LF.
 *
 * @throws {ParseFailure} whatever is wrong; nothing else.
 */
export function parseMessage(bytes: Uint8Array, limits: MessageLimits = DEFAULT_LIMITS): SipMessage {
  if (bytes.byteLength > limits.messageBytes) {
    throw new ParseFailure(
      'tooLarge',
      `the message has ${bytes.byteLength} bytes; at most ${limits.messageBytes}`,
    );
  }
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = 0;
  while (start < buffer.length && (buffer[start] === CR || buffer[start] === LF)) start++;
  let headEnd = buffer.indexOf('\r\n\r\n', start, 'latin1');
  let bodyStart = headEnd + 4;
  if (headEnd === -1) {
    headEnd = buffer.indexOf('\n\n', start, 'latin1');
    bodyStart = headEnd + 2;
    if (headEnd === -1) throw new ParseFailure('incomplete', 'no empty line ends the header fields');
  }
  const head = buffer.toString('utf8', start, headEnd);
  const startLineEnd = lineEnd(head, 0);
  const startLine = head.slice(0, endOfContent(head, startLineEnd));
  const { headers, repeated } = parseHeaderFields(head, startLineEnd + 1, limits.headerFields);
  // A status line is told from a request line by its first word; "SIP/" cannot start a method.
  if (startLine.length >= 4 && startLine.slice(0, 4).toUpperCase() === 'SIP/') {
    const { status, reason } = parseStatusLine(startLine);
    if (repeated !== undefined) throw new ParseFailure('headerRepeated', `${repeated} appears twice`);
    const body = parseBody(buffer, bodyStart, headers);
    return { kind: 'response', status, reason, headers, body };
  }
  const { method, requestUri, version, problem } = parseRequestLine(startLine);
  const request: SipRequest = { kind: 'request', method, requestUri, headers, body: '' };
  if (version !== SIP_VERSION && version.toUpperCase() !== SIP_VERSION) {
    throw new MalformedRequest(request, 'version', 'only SIP/2.0 is spoken here', version);
  }
  if (problem !== undefined) throw new MalformedRequest(request, 'startLine', problem, startLine);
  if (repeated !== undefined) {
    throw new MalformedRequest(request, 'headerRepeated', `${repeated} appears twice`);
  }
  return {
    kind: 'request',
    method,
    requestUri,
    headers,
    body: parseBody(buffer, bodyStart, headers, request),
  };
}

/** Index of the LF that ends the line at `from`, or the length of the text. */
function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}

function endOfContent(text: string, end: number): number {
  return end > 0 && text.charCodeAt(end - 1) === CR ? end - 1 : end;
}

function parseStatusLine(line: string): { status: number; reason: string } {
  if (line.slice(0, 8).toUpperCase() !== `${SIP_VERSION} `) {
    throw new ParseFailure('startLine', 'the status line does not start with SIP/2.0', line);
  }
  const status = parseDigits(line.slice(8, 11), 699);
  const hasSeparator = line.length === 11 || line.charCodeAt(11) === 0x20;
  if (status === undefined || status < 100 || !hasSeparator) {
    throw new ParseFailure('startLine', 'the status line has no status from 100 to 699', line);
  }
  return { status, reason: line.slice(12) };
}

interface RequestLine {
  readonly method: string;
  readonly requestUri: string;
  readonly version: string;
  /** Why it is malformed, where it can still be seen to be a SIP request. */
  readonly problem: string | undefined;
}

/** Exactly one blank between the parts (RFC 3261 §7.1); a URI in angle brackets is a well-known mistake. */
function parseRequestLine(line: string): RequestLine {
  const methodEnd = line.indexOf(' ');
  const uriEnd = line.lastIndexOf(' ');
  const method = line.slice(0, methodEnd);
  const version = line.slice(uriEnd + 1);
  if (methodEnd <= 0 || !isToken(method)) throw notARequest(line);
  if (version.startsWith('SIP/') && !version.includes('\t')) {
    const requestUri = line.slice(methodEnd + 1, uriEnd);
    const isClean = requestUri !== '' && !requestUri.includes(' ') && !requestUri.includes('<');
    const problem = isClean ? undefined : 'the request line is not "method URI version"';
    return { method, requestUri, version, problem };
  }
  const trimmed = line.trimEnd();
  const versionStart = Math.max(trimmed.lastIndexOf(' '), trimmed.lastIndexOf('\t')) + 1;
  if (!trimmed.startsWith('SIP/', versionStart) || versionStart <= methodEnd) throw notARequest(line);
  const requestUri = trimmed.slice(methodEnd + 1, versionStart).trim();
  return { method, requestUri, version: trimmed.slice(versionStart), problem: 'blanks after the version' };
}

function notARequest(line: string): ParseFailure {
  return new ParseFailure('startLine', 'the request line is not "method URI version"', line);
}

/** `repeated` is the name of a field that must stand alone and does not; its first value is the one that is kept in place. */
function parseHeaderFields(
  head: string,
  from: number,
  maxFields: number,
): { headers: SipHeaders; repeated: string | undefined } {
  const names: string[] = [];
  const keys: string[] = [];
  const values: string[] = [];
  let seenSingles = 0;
  let repeated: string | undefined;
  let position = from;
  while (position < head.length) {
    const end = lineEnd(head, position);
    const contentEnd = endOfContent(head, end);
    // A lone CR is a line end to some parsers and not to others: never let it through.
    const carriageReturn = head.indexOf('\r', position);
    if (carriageReturn !== -1 && carriageReturn < contentEnd) {
      throw new ParseFailure('header', 'a carriage return inside a header field', head.slice(position, end));
    }
    if (isBlank(head.charCodeAt(position))) {
      unfold(values, sliceTrimmed(head, position, contentEnd));
    } else {
      const colon = head.indexOf(':', position);
      if (colon === -1 || colon >= contentEnd) {
        throw new ParseFailure('header', 'a header line without ":"', head.slice(position, contentEnd));
      }
      const name = sliceTrimmed(head, position, colon);
      let known = commonHeaderName(name);
      if (known === undefined) {
        if (!isToken(name)) throw new ParseFailure('header', 'the header name is not a token', name);
        known = otherHeaderName(name);
      }
      const { key, singleBit } = known;
      if ((seenSingles & singleBit) !== 0) repeated ??= name;
      seenSingles |= singleBit;
      if (names.length >= maxFields) {
        throw new ParseFailure('headerLimit', `more than ${maxFields} header fields`);
      }
      if (contentEnd - position > MAX_HEADER_CHARACTERS) throw tooLong(name);
      names.push(name);
      keys.push(key);
      values.push(sliceTrimmed(head, colon + 1, contentEnd));
    }
    position = end + 1;
  }
  return { headers: new SipHeaders(names, keys, values), repeated };
}

/** A line that starts with a blank continues the field before it (RFC 3261 §7.3.1). */
function unfold(values: string[], continuation: string): void {
  const last = values.length - 1;
  const value = values[last];
  if (value === undefined)
    throw new ParseFailure('header', 'a continuation line without a header field before it');
  if (continuation === '') return;
  const joined = value === '' ? continuation : `${value} ${continuation}`;
  if (joined.length > MAX_HEADER_CHARACTERS) throw tooLong('folded');
  values[last] = joined;
}

function tooLong(name: string): ParseFailure {
  return new ParseFailure(
    'headerLimit',
    `a header field longer than ${MAX_HEADER_CHARACTERS} characters`,
    name,
  );
}

function parseBody(buffer: Buffer, bodyStart: number, headers: SipHeaders, request?: SipRequest): string {
  const available = buffer.length - bodyStart;
  const declared = headers.get('content-length');
  if (declared === undefined) return available === 0 ? '' : buffer.toString('utf8', bodyStart);
  const length = parseDigits(declared, MAX_MESSAGE_BYTES);
  if (length === undefined || length > available) {
    const what = `Content-Length does not fit the ${available} bytes that follow the header fields`;
    throw request === undefined
      ? new ParseFailure('contentLength', what, declared)
      : new MalformedRequest(request, 'contentLength', what, declared);
  }
  return length === 0 ? '' : buffer.toString('utf8', bodyStart, bodyStart + length);
}
