/** The plain sequence that every renderer can speak: pieces of text with silences between them, and the builder that assembles it. */

export type SpeechSegment = SpeechText | SpeechSilence;

export interface SpeechText {
  readonly kind: 'text';
  /** Not empty, no markup, white space collapsed. */
  readonly text: string;
  /** Speed as a factor, 0.2 to 2. */
  readonly rate: number;
  /** Language of a marked passage; undefined means the request's. */
  readonly languageCode: string | undefined;
}

interface SpeechSilence {
  readonly kind: 'silence';
  readonly durationMs: number;
}

export type TextManner = Pick<SpeechText, 'rate' | 'languageCode'>;

/** Collects segments: joins text of the same manner, adds up breaks, and lets a structural pause only widen what is there. */
export class SegmentBuilder {
  readonly #segments: SpeechSegment[] = [];
  #text = '';
  #manner: TextManner = { rate: 1, languageCode: undefined };
  #breakMs = 0;
  #pauseMs = 0;

  text(text: string, manner: TextManner): void {
    const isBlank = text.trim() === '';
    if (isBlank && this.#text === '') return;
    if (!isBlank && this.#hasSilence()) this.#endSilence();
    if (
      !isBlank &&
      (manner.rate !== this.#manner.rate || manner.languageCode !== this.#manner.languageCode)
    ) {
      this.#endText();
      this.#manner = { rate: manner.rate, languageCode: manner.languageCode };
    }
    this.#text += text;
  }

  /** A break that the author asked for; it stays even at the very start or end. */
  break(durationMs: number): void {
    this.#endText();
    this.#breakMs += durationMs;
  }

  /** A pause that follows from structure (paragraph, sentence); only heard between two texts. */
  pause(durationMs: number): void {
    this.#endText();
    if (this.#segments.length > 0) this.#pauseMs = Math.max(this.#pauseMs, durationMs);
  }

  build(): readonly SpeechSegment[] {
    this.#endText();
    this.#pauseMs = 0;
    this.#endSilence();
    return this.#segments;
  }

  #hasSilence(): boolean {
    return this.#breakMs > 0 || this.#pauseMs > 0;
  }

  #endText(): void {
    const text = this.#text.replaceAll(/\s+/gu, ' ').trim();
    if (text !== '') this.#segments.push({ kind: 'text', text, ...this.#manner });
    this.#text = '';
  }

  #endSilence(): void {
    const durationMs = Math.max(this.#breakMs, this.#pauseMs);
    if (durationMs > 0) this.#segments.push({ kind: 'silence', durationMs });
    this.#breakMs = 0;
    this.#pauseMs = 0;
  }
}

/** Explicit silence before the first and after the last text, and between. All of it when there is no text. */
export function outerSilence(segments: readonly SpeechSegment[]): { leadMs: number; tailMs: number } {
  const first = segments[0];
  const last = segments.length > 1 ? segments.at(-1) : undefined;
  return {
    leadMs: first?.kind === 'silence' ? first.durationMs : 0,
    tailMs: last?.kind === 'silence' ? last.durationMs : 0,
  };
}
