// From, To, Contact, Route and their kin: a URI with an optional display name and parameters (RFC 3261 §20.10, §25.1).
import {
  closingQuote,
  findParameter,
  findPlainParameter,
  QUOTE,
  skipBlanks,
  sliceTrimmed,
  unescapeQuoted,
} from './grammar.ts';
import { ParseFailure } from './parse-failure.ts';

export interface NameAddress {
  readonly displayName: string | undefined;
  /** As on the wire, without brackets. */
  readonly uri: string;
  /** The `tag` parameter, which identifies a party of a dialog (RFC 3261 §19.3). */
  readonly tag: string | undefined;
  /** Value of a header parameter (name in lower case): '' for a flag, undefined when absent. */
  parameter(name: string): string | undefined;
}

/** Parses one name-addr or addr-spec (no commas). @throws {ParseFailure} */
export function parseNameAddress(value: string): NameAddress {
  let displayName: string | undefined;
  let open: number;
  const start = skipBlanks(value, 0);
  if (value.charCodeAt(start) === QUOTE) {
    const close = closingQuote(value, start);
    if (close === -1) throw new ParseFailure('header', 'a quoted display name does not end', value);
    displayName = unescapeQuoted(value.slice(start + 1, close));
    open = skipBlanks(value, close + 1);
    if (value[open] !== '<') throw new ParseFailure('header', 'expected "<" after the display name', value);
  } else {
    open = value.indexOf('<', start);
    if (open > start) displayName = sliceTrimmed(value, start, open) || undefined;
  }
  if (open === -1) return plainAddress(value, start);
  const close = value.indexOf('>', open);
  if (close === -1) throw new ParseFailure('header', '"<" without ">"', value);
  return address(displayName, sliceTrimmed(value, open + 1, close), value, close + 1);
}

/** addr-spec without brackets: everything from the first semicolon belongs to the header, not to the URI (§20.10). */
function plainAddress(value: string, start: number): NameAddress {
  const semicolon = value.indexOf(';', start);
  const end = semicolon === -1 ? value.length : semicolon;
  return address(undefined, sliceTrimmed(value, start, end), value, end);
}

function address(
  displayName: string | undefined,
  uri: string,
  value: string,
  parametersStart: number,
): NameAddress {
  if (uri === '') throw new ParseFailure('header', 'the address is empty', value);
  if (value.indexOf(';;', parametersStart) !== -1) refuseEmptyParameter(value, parametersStart);
  return {
    displayName,
    uri,
    tag: tagOf(value, parametersStart),
    parameter: (name) => findParameter(value, parametersStart, name),
  };
}

/** `;;` outside quotes: a parameter without a name (RFC 4475 §3.1.2.1). */
function refuseEmptyParameter(value: string, parametersStart: number): void {
  let index = parametersStart;
  while (index < value.length) {
    if (value.charCodeAt(index) === QUOTE) {
      const close = closingQuote(value, index);
      if (close === -1) return;
      index = close;
    } else if (value.startsWith(';;', index)) {
      throw new ParseFailure('header', 'a parameter without a name', value);
    }
    index++;
  }
}

function tagOf(value: string, parametersStart: number): string | undefined {
  if (parametersStart >= value.length) return undefined;
  return (
    findPlainParameter(value, parametersStart, ';tag=') ??
    (findParameter(value, parametersStart, 'tag') || undefined)
  );
}
