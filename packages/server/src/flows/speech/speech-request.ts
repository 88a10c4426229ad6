/** What is to be said, in whose voice, and the limits on it. Texts come from callers and are hostile until `readContent` has seen them. */

import { SpeechTooLong } from './speech-errors.ts';
import { readSsml } from './ssml.ts';
import type { SpeechSegment } from './ssml-segments.ts';
import { languageOf } from './voices.ts';

export type SpeechContent =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'ssml'; readonly ssml: string };

export interface SpeechRequest {
  readonly content: SpeechContent;
  /** An Amazon Polly voice name such as `Joanna`. Unknown names fall back to the language. */
  readonly voiceId: string;
  /** BCP 47, such as `en-US`; empty means the voice's own language. */
  readonly languageCode: string;
  /** Amazon Polly's engine (`standard`, `neural`, …). Told to the renderer, which may ignore it. */
  readonly engine: string;
}

/** Most characters that are spoken (Amazon Polly bills these; markup is free). */
const MOST_SPOKEN_CHARACTERS = 3000;
/** Most characters altogether, markup included. */
const MOST_CHARACTERS = 6000;

/**
 * Reads a request's text or SSML into segments; none when there is nothing to say.
 *
 * Text that begins with `<speak` is SSML, as flows in the field have it; SSML may lack the `speak` element.
 * Control characters become spaces and lone surrogates U+FFFD.
 *
 * @throws {SpeechTooLong} more than 3000 spoken or 6000 characters altogether (Unicode code points).
 * @throws {SsmlMalformed} the markup is not well-formed.
 */
export function readContent(request: SpeechRequest): readonly SpeechSegment[] {
  const raw = request.content.kind === 'text' ? request.content.text : request.content.ssml;
  // A code point takes at most two UTF-16 units: the absurd is refused before anything walks over it.
  const characters = raw.length > MOST_CHARACTERS * 2 ? raw.length : countCodePoints(raw);
  if (characters > MOST_CHARACTERS) {
    throw new SpeechTooLong(`the text has ${characters} characters; at most ${MOST_CHARACTERS} are allowed`);
  }
  const clean = withoutControls(raw).trim();
  if (request.content.kind === 'text' && !/^<speak[\s/>]/u.test(clean)) return readPlainText(clean);
  const { segments, spokenCharacters } = readSsml(clean, languageOf(request));
  refuseTooMuch(spokenCharacters);
  return segments;
}

/** Markup of a request that has no effect, in words; none for plain text. The request was read before. */
export function ignoredMarkup(request: SpeechRequest): readonly string[] {
  const { content } = request;
  const clean = withoutControls(content.kind === 'text' ? content.text : content.ssml).trim();
  if (content.kind === 'text' && !/^<speak[\s/>]/u.test(clean)) return [];
  return readSsml(clean, languageOf(request)).ignored;
}

function readPlainText(clean: string): readonly SpeechSegment[] {
  refuseTooMuch(countCodePoints(clean));
  const text = clean.replaceAll(/\s+/gu, ' ');
  return text === '' ? [] : [{ kind: 'text', text, rate: 1, languageCode: undefined }];
}

function refuseTooMuch(spokenCharacters: number): void {
  if (spokenCharacters <= MOST_SPOKEN_CHARACTERS) return;
  throw new SpeechTooLong(
    `the text has ${spokenCharacters} characters to speak; at most ${MOST_SPOKEN_CHARACTERS} are allowed`,
  );
}

function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Drops what no renderer should see: C0 and C1 controls, non-characters, byte order marks, lone surrogates. */
function withoutControls(text: string): string {
  return text.toWellFormed().replaceAll(/[\p{Cc}\uFEFF\uFFFE\uFFFF]/gu, ' ');
}
