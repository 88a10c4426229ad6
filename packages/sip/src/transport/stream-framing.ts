// Cuts a byte stream into SIP messages by Content-Length (RFC 3261 §18.3) and finds the keep-alives between them (RFC 5626 §3.5.1).
// Pure: bytes in, events out.
import { CR, LF, parseDigits, sliceTrimmed } from '../message/grammar.ts';
import { ParseFailure } from '../message/parse-failure.ts';

/** What a piece of the stream turned out to be. After `onFailure` the stream cannot be read further. */
export interface FrameEvents {
  /** One whole message. The bytes are only valid during the call. */
  onMessage(bytes: Buffer): void;
  /** A double line end: the peer wants a single one back. */
  onPing(): void;
  /** A single line end: the answer to our own ping. */
  onPong(): void;
  /** @param head the header fields of the message that cannot be framed, where they were read */
  onFailure(failure: ParseFailure, head: Buffer | undefined): void;
}

const FIRST_CAPACITY_BYTES = 2_048;
const HEAD_END = '\r\n\r\n';
const NO_BYTES = Buffer.alloc(0);

/** Reads one direction of one connection. Holds at most one unfinished message. */
export class StreamFramer {
  readonly #events: FrameEvents;
  readonly #maxMessageBytes: number;
  /** Grows by doubling, so that a peer who drips single bytes costs no more than one who does not. */
  #buffer = NO_BYTES;
  #length = 0;
  /** Where the search for the end of the header fields goes on. */
  #searchedTo = 0;
  /** Bytes of the current message, once its header fields are complete. */
  #messageBytes: number | undefined;
  #hasFailed = false;

  constructor(maxMessageBytes: number, events: FrameEvents) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#events = events;
  }

  /** True while a message has begun but not ended. */
  get isInsideMessage(): boolean {
    return this.#length > 0;
  }

  push(chunk: Uint8Array): void {
    let rest: Buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.#length > 0) {
      this.#append(rest);
      const used = this.#consume(this.#buffer.subarray(0, this.#length));
      this.#keep(this.#buffer.subarray(used, this.#length));
      return;
    }
    // The usual case, whole messages in one chunk, is read where it lies.
    rest = rest.subarray(this.#consume(rest));
    if (rest.length > 0 && !this.#hasFailed) this.#append(rest);
  }

  /** Reads as many messages as there are; returns how many bytes are done with. */
  #consume(bytes: Buffer): number {
    let start = 0;
    while (start < bytes.length && !this.#hasFailed) {
      if (this.#messageBytes === undefined) {
        const first = bytes[start];
        if (first === CR || first === LF) {
          const used = this.#readLineEnds(bytes, start);
          if (used === 0) break;
          start += used;
          continue;
        }
        this.#messageBytes = this.#measure(bytes, start);
        if (this.#messageBytes === undefined) break;
      }
      const end = start + this.#messageBytes;
      if (end > bytes.length) break;
      this.#messageBytes = undefined;
      this.#searchedTo = 0;
      this.#events.onMessage(bytes.subarray(start, end));
      start = end;
    }
    return start;
  }

  /** CRLFCRLF is a ping, CRLF a pong; 0 when the rest has yet to come. */
  #readLineEnds(bytes: Buffer, start: number): number {
    if (bytes[start] === LF) return 1;
    if (start + 1 === bytes.length) return 0;
    if (bytes[start + 1] !== LF) {
      this.#fail(new ParseFailure('startLine', 'a carriage return without a line feed between messages'));
      return 0;
    }
    if (bytes[start + 2] === CR && bytes[start + 3] === LF) {
      this.#events.onPing();
      return 4;
    }
    // Half of a ping may be all that has arrived.
    if (start + 2 < bytes.length && bytes[start + 2] === CR && start + 3 === bytes.length) return 0;
    this.#events.onPong();
    return 2;
  }

  /** Length of the message at `start`, undefined while its header fields are incomplete. */
  #measure(bytes: Buffer, start: number): number | undefined {
    const from = Math.max(start, start + this.#searchedTo - HEAD_END.length);
    const headEnd = bytes.indexOf(HEAD_END, from, 'latin1');
    const headBytes = (headEnd === -1 ? bytes.length : headEnd) - start;
    if (headBytes > this.#maxMessageBytes) {
      this.#fail(new ParseFailure('tooLarge', `the header fields exceed ${this.#maxMessageBytes} bytes`));
      return undefined;
    }
    if (headEnd === -1) {
      this.#searchedTo = bytes.length - start;
      return undefined;
    }
    const bodyStart = headEnd + HEAD_END.length;
    try {
      const total = bodyStart - start + contentLength(bytes.toString('latin1', start, headEnd));
      if (total > this.#maxMessageBytes) {
        throw new ParseFailure(
          'tooLarge',
          `the message has ${total} bytes; at most ${this.#maxMessageBytes}`,
        );
      }
      return total;
    } catch (error) {
      if (!(error instanceof ParseFailure)) throw error;
      this.#fail(error, bytes.subarray(start, bodyStart));
      return undefined;
    }
  }

  #fail(failure: ParseFailure, head?: Buffer): void {
    this.#hasFailed = true;
    this.#events.onFailure(failure, head);
  }

  #append(bytes: Buffer): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(FIRST_CAPACITY_BYTES, this.#buffer.length * 2, needed));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    bytes.copy(this.#buffer, this.#length);
    this.#length = needed;
  }

  /** Moves what is left to the front; an idle connection holds no buffer at all. */
  #keep(rest: Buffer): void {
    if (rest.length === 0 || this.#hasFailed) {
      this.#buffer = NO_BYTES;
      this.#length = 0;
      this.#searchedTo = 0;
      return;
    }
    if (rest.byteOffset !== this.#buffer.byteOffset) rest.copy(this.#buffer, 0);
    this.#length = rest.length;
  }
}

/**
 * The Content-Length of a message head, read apart from the parser: a message that is malformed elsewhere must not cost the whole
 * connection its framing. Several that agree are one; the parser refuses them later.
 *
 * @throws {ParseFailure} when missing, unreadable or contradictory
 */
function contentLength(head: string): number {
  let found: number | undefined;
  let lineStart = head.indexOf('\n') + 1;
  while (lineStart > 0 && lineStart < head.length) {
    const value = contentLengthAt(head, lineStart);
    if (value !== undefined) {
      const length = parseDigits(value.replaceAll(/[\r\n]/g, '').trim(), Number.MAX_SAFE_INTEGER);
      if (length === undefined) throw new ParseFailure('contentLength', 'Content-Length is no number', value);
      if (found !== undefined && found !== length) {
        throw new ParseFailure('contentLength', 'two values of Content-Length contradict each other', value);
      }
      found = length;
    }
    lineStart = head.indexOf('\n', lineStart) + 1;
  }
  if (found === undefined) {
    throw new ParseFailure('contentLength', 'a message on a stream needs a Content-Length');
  }
  return found;
}

/** The value, folded lines included, when the line at `start` is a Content-Length. */
function contentLengthAt(head: string, start: number): string | undefined {
  const first = head.charCodeAt(start) | 0x20;
  if (first !== 0x63 && first !== 0x6c) return undefined;
  const colon = head.indexOf(':', start);
  if (colon === -1 || colon - start > 64) return undefined;
  const name = sliceTrimmed(head, start, colon).toLowerCase();
  if (name !== 'content-length' && name !== 'l') return undefined;
  let end = head.indexOf('\n', colon);
  while (end !== -1 && (head[end + 1] === ' ' || head[end + 1] === '\t')) end = head.indexOf('\n', end + 1);
  return head.slice(colon + 1, end === -1 ? head.length : end);
}
