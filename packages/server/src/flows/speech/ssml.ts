/** Amazon Polly's SSML read into segments. Tolerant of tags and values it does not know, strict about well-formed XML, as Polly is. */

import { SsmlMalformed } from './speech-errors.ts';
import { spellOut } from './spell-out.ts';
import { SegmentBuilder, type SpeechSegment, type TextManner } from './ssml-segments.ts';
import { readTokens, type SsmlToken } from './ssml-tokens.ts';

interface ReadSsml {
  readonly segments: readonly SpeechSegment[];
  /** Unicode code points of text outside tags: what Amazon Polly bills. */
  readonly spokenCharacters: number;
  /** Markup without effect, each once, in words: `<amazon:effect>`, `prosody pitch` … */
  readonly ignored: readonly string[];
}

/** Longest single break, ms (Amazon Polly, `break`); longer ones are cut to it. */
const LONGEST_BREAK_MS = 10_000;
/** So many are listed of what has no effect. */
const MOST_IGNORED = 10;
/** Deeper nesting is refused. Real prompts stay below ten. */
const DEEPEST_NESTING = 64;

/** Pauses that Polly describes as "after a comma, a sentence, a paragraph", ms; the lengths are ours. */
const BREAK_STRENGTHS_MS: Readonly<Record<string, number>> = {
  none: 0,
  'x-weak': 0,
  weak: 250,
  medium: 250,
  strong: 500,
  'x-strong': 800,
};
const PARAGRAPH_PAUSE_MS = 800;
const SENTENCE_PAUSE_MS = 500;

/** Factors for Polly's named rates; the numbers are ours. */
const NAMED_RATES: Readonly<Record<string, number>> = {
  'x-slow': 0.5,
  slow: 0.75,
  medium: 1,
  default: 1,
  fast: 1.25,
  'x-fast': 1.5,
};
/** Emphasis as speed, since not every renderer knows loudness; Polly slows down, too. The numbers are ours. */
const EMPHASIS_RATES: Readonly<Record<string, number>> = {
  strong: 0.8,
  moderate: 0.9,
  none: 1,
  reduced: 1.1,
};
/** Elements that are carried out, or that nobody hears (`mark`, `w`). */
const KNOWN_ELEMENTS: ReadonlySet<string> = new Set(
  'speak break prosody emphasis say-as sub lang p s w mark'.split(' '),
);
/** Values of `interpret-as` that are carried out, or that any renderer reads so by itself. */
const KNOWN_MANNERS: ReadonlySet<string> = new Set(
  'characters spell-out digits telephone ordinal expletive cardinal number'.split(' '),
);
/** Bounds of a rate in percent (Amazon Polly, `prosody`). */
const SLOWEST_RATE = 0.2;
const FASTEST_RATE = 2;

/** An element that is open, and how text inside it is spoken. */
interface OpenElement extends TextManner {
  readonly name: string;
  /** `interpret-as` of the innermost `say-as`. */
  readonly interpretAs: string | undefined;
  /** Text is replaced by something already spoken (`sub`). */
  readonly isMuted: boolean;
}

/**
 * Reads SSML; a missing `speak` element around it is supplied.
 *
 * Spoken as Polly does: `break`, `lang`, `p`, `s`, `say-as` (characters, spell-out, digits, telephone, ordinal, expletive),
 * `sub`, `w`. `prosody` and `emphasis` change the rate only. `phoneme` speaks its text, not its phonemes. Other tags and
 * values have no effect and are listed.
 *
 * @param languageCode language outside `lang` elements, for spelling.
 * @throws {SsmlMalformed} not well-formed XML, text after the end, or nesting deeper than 64.
 */
export function readSsml(ssml: string, languageCode: string): ReadSsml {
  const builder = new SegmentBuilder();
  const root: OpenElement = {
    name: '',
    rate: 1,
    languageCode: undefined,
    interpretAs: undefined,
    isMuted: false,
  };
  const open: OpenElement[] = [root];
  const isWrapped = /^(?:\s|<\?.*?\?>|<!--.*?-->)*<speak[\s/>]/su.test(ssml);
  let isRootClosed = false;
  let spokenCharacters = 0;
  const ignored = new Set<string>();

  for (const token of readTokens(ssml)) {
    const parent = open.at(-1) ?? root;
    if (isWrapped && isRootClosed && (token.kind !== 'text' || token.text.trim() !== '')) {
      throw new SsmlMalformed(
        'nothing may follow </speak>',
        token.kind === 'text' ? ssml.length : token.offset,
      );
    }
    if (token.kind === 'text') {
      for (const _ of token.text) spokenCharacters++;
      speakText(builder, token.text, parent, languageCode);
    } else if (token.kind === 'close') {
      if (open.length === 1 || parent.name !== token.name) {
        const expected = open.length === 1 ? 'no element is open' : `</${parent.name}> is due`;
        throw new SsmlMalformed(`</${token.name}> closes nothing: ${expected}`, token.offset);
      }
      open.pop();
      pauseAround(builder, token.name);
      isRootClosed = open.length === 1;
    } else {
      if (open.length > DEEPEST_NESTING)
        throw new SsmlMalformed('elements are nested too deeply', token.offset);
      for (const markup of withoutEffect(token)) if (ignored.size < MOST_IGNORED) ignored.add(markup);
      const element = openElement(builder, token, parent);
      if (!token.isEmpty) open.push(element);
      else if (open.length === 1) isRootClosed = true;
    }
  }
  if (open.length > 1) throw new SsmlMalformed(`</${open.at(-1)?.name}> is missing`, ssml.length);
  return { segments: builder.build(), spokenCharacters, ignored: [...ignored] };
}

function speakText(builder: SegmentBuilder, text: string, parent: OpenElement, languageCode: string): void {
  if (parent.isMuted) return;
  const spoken =
    parent.interpretAs === undefined
      ? text
      : spellOut(text, parent.interpretAs, parent.languageCode ?? languageCode);
  builder.text(spoken, parent);
}

/** Speaks what the tag itself says and returns the manner for its content. */
function openElement(
  builder: SegmentBuilder,
  { name, attributes }: Extract<SsmlToken, { kind: 'open' }>,
  parent: OpenElement,
): OpenElement {
  pauseAround(builder, name);
  const inherited = { ...parent, name };
  switch (name) {
    case 'break':
      if (!parent.isMuted) builder.break(breakMs(attributes));
      return inherited;
    case 'prosody':
      return { ...inherited, rate: scaledRate(parent.rate, attributes.get('rate')) };
    case 'emphasis':
      return { ...inherited, rate: emphasizedRate(parent.rate, attributes.get('level')) };
    case 'lang':
      return { ...inherited, languageCode: readLanguage(attributes.get('xml:lang')) ?? parent.languageCode };
    case 'say-as':
      return { ...inherited, interpretAs: attributes.get('interpret-as') ?? parent.interpretAs };
    case 'sub': {
      const alias = attributes.get('alias');
      if (alias === undefined) return inherited;
      if (!parent.isMuted) builder.text(alias, parent);
      return { ...inherited, isMuted: true };
    }
    default:
      return inherited;
  }
}

function pauseAround(builder: SegmentBuilder, name: string): void {
  if (name === 'p') builder.pause(PARAGRAPH_PAUSE_MS);
  else if (name === 's') builder.pause(SENTENCE_PAUSE_MS);
}

function breakMs(attributes: ReadonlyMap<string, string>): number {
  const time = /^\+?(\d{1,7}(?:\.\d{1,7})?|\.\d{1,7})(ms|s)$/u.exec(attributes.get('time')?.trim() ?? '');
  if (time) {
    return Math.min(LONGEST_BREAK_MS, Math.round(Number(time[1]) * (time[2] === 's' ? 1000 : 1)));
  }
  return named(BREAK_STRENGTHS_MS, attributes.get('strength')) ?? BREAK_STRENGTHS_MS.medium ?? 0;
}

function scaledRate(current: number, rate: string | undefined): number {
  const percent = /^(\d{1,4}(?:\.\d{1,4})?)%$/u.exec(rate?.trim() ?? '');
  const factor = percent ? Number(percent[1]) / 100 : (named(NAMED_RATES, rate) ?? 1);
  return Math.min(FASTEST_RATE, Math.max(SLOWEST_RATE, current * factor));
}

function emphasizedRate(current: number, level: string | undefined): number {
  const factor = named(EMPHASIS_RATES, level ?? 'moderate') ?? 1;
  return Math.min(FASTEST_RATE, Math.max(SLOWEST_RATE, current * factor));
}

/** What of a tag is not carried out, in words. */
function withoutEffect({ name, attributes }: Extract<SsmlToken, { kind: 'open' }>): readonly string[] {
  if (!KNOWN_ELEMENTS.has(name)) return [`<${name.slice(0, 40)}>`];
  if (name === 'prosody') {
    return ['pitch', 'volume', 'amazon:max-duration'].flatMap((attribute) =>
      attributes.has(attribute) ? [`prosody ${attribute}`] : [],
    );
  }
  const manner = name === 'say-as' ? attributes.get('interpret-as') : undefined;
  return manner === undefined || KNOWN_MANNERS.has(manner) ? [] : [`say-as "${manner.slice(0, 40)}"`];
}

function named(table: Readonly<Record<string, number>>, name: string | undefined): number | undefined {
  const key = name?.trim() ?? '';
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function readLanguage(code: string | undefined): string | undefined {
  return code !== undefined && /^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}$/u.test(code) ? code : undefined;
}
