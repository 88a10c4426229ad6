// The line protocol on standard input and output: one JSON request a line, one JSON answer a line, in order.
import { type Engine, EngineError, type Utterance } from './engine.ts';

type RequestId = string | number;
type ErrorCode = 'BadRequest' | 'VoiceUnknown' | 'TooLong' | 'Failed';

/** One line of output, without the newline. `id` is null when the request had no readable one. */
export type Answer =
  | { readonly id: RequestId; readonly sampleRate: number; readonly pcmBase64: string }
  | { readonly id: RequestId | null; readonly error: { readonly code: ErrorCode; readonly message: string } };

/** Longest line read, UTF-16 units; a longer one is answered with an error and skipped. */
const LONGEST_LINE = 1_000_000;
/** Longest text read, UTF-16 units. */
export const LONGEST_TEXT = 100_000;

/** Splits incoming text into lines, holding at most `LONGEST_LINE` units of an unfinished one; `null` stands for a longer one. */
export class LineSplitter {
  #unfinished = '';
  #isSkipping = false;

  push(chunk: string): Array<string | null> {
    const lines: Array<string | null> = [];
    let start = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
      const tail = chunk.slice(start, end);
      lines.push(this.#isSkipping || this.#overflows(tail) ? null : this.#unfinished + tail);
      this.#unfinished = '';
      this.#isSkipping = false;
      start = end + 1;
    }
    const rest = chunk.slice(start);
    if (this.#isSkipping || this.#overflows(rest)) {
      this.#unfinished = '';
      this.#isSkipping = true;
    } else {
      this.#unfinished += rest;
    }
    return lines;
  }

  /** What is left when the input closed without a last newline. */
  end(): Array<string | null> {
    return this.#unfinished === '' && !this.#isSkipping ? [] : [this.#isSkipping ? null : this.#unfinished];
  }

  #overflows(addition: string): boolean {
    return this.#unfinished.length + addition.length > LONGEST_LINE;
  }
}

/** Answers one line. Never throws. */
export function answerLine(line: string | null, engine: Engine): Answer {
  const request =
    line === null ? badRequest(null, `line longer than ${LONGEST_LINE} characters`) : readRequest(line);
  if ('error' in request) return request;
  try {
    const { sampleRate, samples } = engine.speak(request.utterance);
    const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
    return { id: request.id, sampleRate, pcmBase64: bytes.toString('base64') };
  } catch (error) {
    // A border: whatever went wrong inside the engine becomes the answer to this request.
    const code = error instanceof EngineError ? error.code : 'Failed';
    return {
      id: request.id,
      error: { code, message: error instanceof Error ? error.message : String(error) },
    };
  }
}

function readRequest(
  line: string,
): { id: RequestId; utterance: Utterance } | Extract<Answer, { error: unknown }> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return badRequest(null, 'the line is not JSON');
  }
  if (typeof value !== 'object' || value === null) return badRequest(null, 'the line is not a JSON object');
  const { id, text, ssml, voice = 'en-us', rate = 1 } = value as Record<string, unknown>;
  if (typeof id !== 'string' && typeof id !== 'number')
    return badRequest(null, '"id" must be a string or a number');
  if (typeof text !== 'string' || text.length > LONGEST_TEXT) {
    return badRequest(id, `"text" must be a string of at most ${LONGEST_TEXT} characters`);
  }
  if (typeof ssml !== 'boolean') return badRequest(id, '"ssml" must be true or false');
  if (typeof voice !== 'string' || voice.length > 64) return badRequest(id, '"voice" must be a short string');
  if (typeof rate !== 'number' || !(rate >= 0.2 && rate <= 2))
    return badRequest(id, '"rate" must be from 0.2 to 2');
  return { id, utterance: { text, markup: ssml ? 'ssml' : 'plain', voice, rate } };
}

function badRequest(id: RequestId | null, message: string): Extract<Answer, { error: unknown }> {
  return { id, error: { code: 'BadRequest', message } };
}
