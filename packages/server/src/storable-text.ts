/** Text that PostgreSQL can store: without U+0000 and unpaired surrogates. Asked where text comes from flows and carriers; the API's edge refuses such text by itself. */

export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}

/** The text with U+FFFD in the place of what cannot be stored: for what a carrier said, which is kept as far as it can be. */
export function toStorable(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\uFFFD');
}
