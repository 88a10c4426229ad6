// The one error of the message layer: what was wrong with the bytes, and how a server should answer them.

export type ParseFailureCode =
  | 'tooLarge'
  | 'incomplete'
  | 'startLine'
  | 'version'
  | 'header'
  | 'headerLimit'
  | 'headerMissing'
  | 'headerRepeated'
  | 'contentLength'
  | 'uri';

/** Thrown by every parser of this package, and the only thing they throw, whatever the input. */
export class ParseFailure extends Error {
  override readonly name: string = 'ParseFailure';
  readonly code: ParseFailureCode;
  /** The response a server owes for it (RFC 3261 §21.4.1, §21.5.6, §21.5.7). */
  readonly status: 400 | 505 | 513;

  constructor(code: ParseFailureCode, what: string, found?: string) {
    // Garbage from outside comes in floods: a stack, which says nothing about the bytes, would be most of what refusing it costs.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(found === undefined ? what : `${what}: ${excerpt(found)}`);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.status = code === 'version' ? 505 : code === 'tooLarge' ? 513 : 400;
  }
}

const EXCERPT_CHARACTERS = 60;

/** Hostile text must not fill a log: short, and with control characters escaped. */
function excerpt(text: string): string {
  const isLong = text.length > EXCERPT_CHARACTERS;
  return JSON.stringify(isLong ? text.slice(0, EXCERPT_CHARACTERS) : text) + (isLong ? '…' : '');
}
