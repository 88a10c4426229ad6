// The header fields of one message, in order and with their own spelling; the structured ones are parsed when first asked
// for and kept.
import { type CSeq, parseCSeq } from './cseq.ts';
import { splitList, topLevelComma } from './grammar.ts';
import { headerKey, isListHeader } from './header-names.ts';
import { type NameAddress, parseNameAddress } from './name-address.ts';
import { ParseFailure } from './parse-failure.ts';
import { parseVia, type Via } from './via.ts';

/** Header fields to add to a message, in order. */
export type HeaderList = ReadonlyArray<readonly [name: string, value: string]>;

export class SipHeaders {
  readonly #names: string[];
  readonly #keys: string[];
  readonly #values: string[];
  #topVia: Via | undefined;
  #from: NameAddress | undefined;
  #to: NameAddress | undefined;
  #cseq: CSeq | undefined;

  /** Takes ownership of three parallel arrays; `keys` come from `headerKey`. Use `SipHeaders.of` to build from pairs. */
  constructor(names: string[], keys: string[], values: string[]) {
    this.#names = names;
    this.#keys = keys;
    this.#values = values;
  }

  static of(list: HeaderList): SipHeaders {
    const headers = new SipHeaders([], [], []);
    for (const [name, value] of list) headers.append(name, value);
    return headers;
  }

  /** Number of header fields as they stand, combined ones counted once. */
  get size(): number {
    return this.#names.length;
  }

  /** The first field of that name (any case, full or compact form) as it stands, or undefined. */
  get(name: string): string | undefined {
    const index = this.#keys.indexOf(headerKey(name));
    return index === -1 ? undefined : this.#values[index];
  }

  has(name: string): boolean {
    return this.#keys.includes(headerKey(name));
  }

  /**
   * All values of that name in order. Fields whose grammar allows it are split at commas, so one combined field and
   * several fields read the same (RFC 3261 §7.3.1).
   *
   * @throws {ParseFailure} when a quoted string in a combined field does not end.
   */
  getAll(name: string): string[] {
    const key = headerKey(name);
    const isList = isListHeader(key);
    const found: string[] = [];
    for (let index = 0; index < this.#keys.length; index++) {
      if (this.#keys[index] !== key) continue;
      const value = this.#values[index] as string;
      if (isList && value.includes(',')) found.push(...splitList(value));
      else if (value !== '' || !isList) found.push(value);
    }
    return found;
  }

  /** The fields of that name as they stand, unsplit. */
  fields(name: string): string[] {
    const key = headerKey(name);
    return this.#values.filter((_, index) => this.#keys[index] === key);
  }

  /** Every field in order, with the name as it was written. */
  *entries(): IterableIterator<readonly [name: string, value: string]> {
    for (let index = 0; index < this.#names.length; index++) {
      yield [this.#names[index] as string, this.#values[index] as string];
    }
  }

  append(name: string, value: string): void {
    this.#names.push(name);
    this.#keys.push(headerKey(name));
    this.#values.push(value);
  }

  /** `name: value CRLF …`, ready for the wire, with Content-Length set to `bodyBytes` in its place or at the end. */
  serialize(bodyBytes: number): string {
    let text = '';
    let hasLength = false;
    const names = this.#names;
    const keys = this.#keys;
    const values = this.#values;
    for (let index = 0; index < names.length; index++) {
      if (keys[index] === 'content-length') {
        hasLength = true;
        text += `${names[index]}: ${bodyBytes}\r\n`;
      } else {
        text += `${names[index]}: ${values[index]}\r\n`;
      }
    }
    return hasLength ? text : `${text}Content-Length: ${bodyBytes}\r\n`;
  }

  /** @throws {ParseFailure} when missing or malformed, as the next five. */
  get topVia(): Via {
    this.#topVia ??= parseVia(this.topViaValue);
    return this.#topVia;
  }

  /** A response with more than one Via was sent to somebody else (RFC 3261 §8.1.3.3). */
  get hasSeveralVias(): boolean {
    const first = this.#keys.indexOf('via');
    if (first === -1) return false;
    return (
      this.#keys.indexOf('via', first + 1) !== -1 || topLevelComma(this.#values[first] as string, 0) !== -1
    );
  }

  get topViaValue(): string {
    const field = this.#required('Via', 'via');
    const comma = topLevelComma(field, 0);
    return comma === -1 ? field : field.slice(0, comma).trimEnd();
  }

  get from(): NameAddress {
    this.#from ??= parseNameAddress(this.#required('From', 'from'));
    return this.#from;
  }

  get to(): NameAddress {
    this.#to ??= parseNameAddress(this.#required('To', 'to'));
    return this.#to;
  }

  get cseq(): CSeq {
    this.#cseq ??= parseCSeq(this.#required('CSeq', 'cseq'));
    return this.#cseq;
  }

  get callId(): string {
    return this.#required('Call-ID', 'call-id');
  }

  /** The first Contact, or undefined when there is none. @throws {ParseFailure} when malformed. */
  get contact(): NameAddress | undefined {
    const field = this.get('Contact');
    if (field === undefined) return undefined;
    const comma = topLevelComma(field, 0);
    return parseNameAddress(comma === -1 ? field : field.slice(0, comma));
  }

  /** For the transport layer, which stamps `received` and `rport` into the topmost Via (RFC 3261 §18.2.1). */
  replaceTopVia(value: string): void {
    const index = this.#keys.indexOf('via');
    const field = this.#values[index];
    if (field === undefined) return;
    const comma = topLevelComma(field, 0);
    this.#values[index] = comma === -1 ? value : `${value}${field.slice(comma)}`;
    this.#topVia = undefined;
  }

  #required(name: string, key: string): string {
    const index = this.#keys.indexOf(key);
    const value = this.#values[index];
    if (value === undefined || value === '')
      throw new ParseFailure('headerMissing', `the message has no ${name}`);
    return value;
  }
}
