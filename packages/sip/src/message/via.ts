// Via: where a request came from and where its responses go (RFC 3261 §18.2, §20.42; RFC 3581).
import {
  findParameter,
  findPlainParameter,
  formatHostPort,
  isToken,
  parseHostPort,
  SEMICOLON,
  sliceTrimmed,
} from './grammar.ts';
import { ParseFailure } from './parse-failure.ts';

/** Branches of RFC 3261 elements start with it (§8.1.1.7); others need the matching rules of RFC 2543. */
export const MAGIC_COOKIE = 'z9hG4bK';

const DEFAULT_PORT = 5060;

export interface Via {
  /** Upper case: UDP, TCP, TLS … */
  readonly transport: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly branch: string | undefined;
  /** undefined: not asked for; '' : asked for (RFC 3581 §3); digits: filled in. */
  readonly rport: string | undefined;
}

/** Parses one Via value (no commas). @throws {ParseFailure} */
export function parseVia(value: string): Via {
  let parametersStart = value.indexOf(';');
  if (parametersStart === -1) parametersStart = value.length;
  const { transport, sentByStart } = parseSentProtocol(value, parametersStart);
  const sentBy = parseHostPort(value, sentByStart, parametersStart);
  if (sentBy === undefined) throw new ParseFailure('header', 'Via has no usable sent-by', value);
  return {
    transport,
    host: sentBy.host,
    port: sentBy.port,
    branch:
      findPlainParameter(value, parametersStart, ';branch=') ??
      (findParameter(value, parametersStart, 'branch') || undefined),
    rport: value.startsWith(';rport;', parametersStart) ? '' : findParameter(value, parametersStart, 'rport'),
  };
}

/** SIP/2.0/UDP with optional blanks around the slashes, which §25.1 allows. */
function parseSentProtocol(value: string, end: number): { transport: string; sentByStart: number } {
  if (value.startsWith('SIP/2.0/UDP ')) return { transport: 'UDP', sentByStart: 12 };
  const firstSlash = value.indexOf('/');
  const secondSlash = firstSlash === -1 ? -1 : value.indexOf('/', firstSlash + 1);
  if (secondSlash === -1 || secondSlash >= end) {
    throw new ParseFailure('header', 'Via does not start with SIP/version/transport', value);
  }
  const protocol = sliceTrimmed(value, 0, firstSlash).toUpperCase();
  const version = sliceTrimmed(value, firstSlash + 1, secondSlash);
  // Any version: a request of another one still has to be answered 505.
  let transportStart = secondSlash + 1;
  while (transportStart < end && isBlankAt(value, transportStart)) transportStart++;
  let transportEnd = transportStart;
  while (transportEnd < end && !isBlankAt(value, transportEnd)) transportEnd++;
  const transport = value.slice(transportStart, transportEnd).toUpperCase();
  let sentByStart = transportEnd;
  while (sentByStart < end && isBlankAt(value, sentByStart)) sentByStart++;
  if (protocol !== 'SIP' || !isToken(version) || !isToken(transport) || sentByStart === transportEnd) {
    throw new ParseFailure('header', 'Via does not start with SIP/2.0/transport', value);
  }
  return { transport, sentByStart };
}

function isBlankAt(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code === 0x20 || code === 0x09;
}

/**
 * The Via value as a server stores it: `received` when the sender's address differs from its sent-by or rport was asked
 * for, and the value of `rport` (RFC 3261 §18.2.1, RFC 3581 §4). What the sender claimed in either is dropped.
 */
export function stampVia(value: string, via: Via, source: { host: string; port: number }): string {
  const wantsPort = via.rport !== undefined;
  if (!wantsPort && via.host === source.host) return value;
  const flag = value.indexOf(';rport;');
  // The usual case, from elements that ask for rport and claim nothing.
  if (flag !== -1 && via.rport === '' && !value.includes('eceived') && !value.includes('"')) {
    return `${value.slice(0, flag)};received=${source.host};rport=${source.port}${value.slice(flag + 6)}`;
  }
  const parametersStart = value.indexOf(';');
  let stamped = parametersStart === -1 ? value : value.slice(0, parametersStart);
  for (const parameter of parameterTexts(value, parametersStart)) {
    const name = parameter.split('=', 1)[0]?.trim().toLowerCase();
    if (name !== 'received' && name !== 'rport') stamped += `;${parameter}`;
  }
  stamped += `;received=${source.host}`;
  return wantsPort ? `${stamped};rport=${source.port}` : stamped;
}

function parameterTexts(value: string, start: number): string[] {
  if (start === -1) return [];
  const texts: string[] = [];
  let isQuoted = false;
  let from = start + 1;
  for (let index = from; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code === 0x22) isQuoted = !isQuoted;
    else if (code === SEMICOLON && !isQuoted) {
      texts.push(sliceTrimmed(value, from, index));
      from = index + 1;
    }
  }
  texts.push(sliceTrimmed(value, from, value.length));
  return texts;
}

/** sent-by in lower case with its default port, for transaction matching (RFC 3261 §17.2.3). */
export function sentByKey(via: Via): string {
  return formatHostPort(via.host.toLowerCase(), via.port ?? DEFAULT_PORT);
}
