// Guards what the application puts into messages: nothing it passes may break the message apart or replace what the user agent
// must set itself.
import { UnusableHeader } from '../errors.ts';
import { isToken, quote } from '../message/grammar.ts';
import { headerKey } from '../message/header-names.ts';
import type { HeaderList, SipHeaders } from '../message/headers.ts';
import type { SipBody } from '../message/message.ts';
import { requirePrintable } from '../message/printable.ts';

const RESERVED: ReadonlySet<string> = new Set([
  'call-id',
  'contact',
  'content-length',
  'content-type',
  'cseq',
  'from',
  'max-forwards',
  'record-route',
  'to',
  'via',
]);

/**
 * Appends the application's header fields, then ours that it left out: Content-Type and the name of this user agent.
 *
 * @throws {UnusableHeader}
 */
export function appendOwnHeaders(
  headers: SipHeaders,
  parts: {
    headers?: HeaderList | undefined;
    body?: SipBody | undefined;
    agentHeader: 'User-Agent' | 'Server';
    agentName: string | undefined;
  },
): void {
  for (const [name, value] of checkHeaders(parts.headers ?? [])) headers.append(name, value);
  if (parts.agentName !== undefined && !headers.has(parts.agentHeader)) {
    headers.append(parts.agentHeader, parts.agentName);
  }
  if (parts.body !== undefined) headers.append('Content-Type', checkBody(parts.body).contentType);
}

/**
 * What the application may add to a message: given back as it came.
 *
 * @param allowed a reserved name that is fine here, in lower case: a redirect sets Contact itself.
 * @throws {UnusableHeader} a name that is no token or that the user agent sets itself, a value that would break the message
 */
export function checkHeaders(list: HeaderList, allowed?: string): HeaderList {
  for (const [name, value] of list) {
    const key = headerKey(name);
    if (!isToken(name)) throw new UnusableHeader(JSON.stringify(name), 'the name is not a token');
    if (RESERVED.has(key) && key !== allowed) throw new UnusableHeader(name, 'the user agent sets it itself');
    requirePrintable(name, value);
  }
  return list;
}

export function checkBody(body: SipBody): SipBody {
  requirePrintable('Content-Type', body.contentType);
  return body;
}

/** A URI of any scheme that can stand in angle brackets and in a request line. */
export function requireUri(header: string, uri: string): string {
  if (!uri.includes(':')) throw new UnusableHeader(header, `${JSON.stringify(uri)} is not a URI`);
  for (let index = 0; index < uri.length; index++) {
    const code = uri.charCodeAt(index);
    if (code <= 0x20 || code === 0x7f || code === 0x22 || code === 0x3c || code === 0x3e) {
      throw new UnusableHeader(header, `${JSON.stringify(uri)} contains a character that must be escaped`);
    }
  }
  return uri;
}

export function formatNameAddress(header: string, party: { uri: string; displayName?: string }): string {
  const uri = `<${requireUri(header, party.uri)}>`;
  if (party.displayName === undefined || party.displayName === '') return uri;
  return `${quote(requirePrintable(header, party.displayName))} ${uri}`;
}
