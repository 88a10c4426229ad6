/** Patterns of policies: `*` stands for any text, `?` for one character. Compiled once, in time linear to the text. */

/** Whether a text is covered. */
export type TextMatcher = (text: string) => boolean;

/**
 * Compiles a pattern. Matching never takes more than pattern length times text length steps, whatever the pattern: it
 * is somebody else's, and a regular expression with many stars would not keep that promise.
 */
export function matcherOf(pattern: string, letterCase: 'ignored' | 'kept'): TextMatcher {
  const fold = letterCase === 'ignored' ? (text: string) => text.toLowerCase() : (text: string) => text;
  const wanted = fold(pattern);
  if (wanted === '*') return () => true;
  if (!/[*?]/.test(wanted)) return (text) => fold(text) === wanted;
  return (text) => matches(wanted, fold(text));
}

/** Greedy with one point to come back to: when a star was passed, only the last one can still take more. */
function matches(pattern: string, text: string): boolean {
  let at = 0;
  let inPattern = 0;
  let starInPattern = -1;
  let starAt = 0;
  while (at < text.length) {
    const wanted = pattern[inPattern];
    if (wanted === '*') {
      starInPattern = inPattern;
      starAt = at;
      inPattern += 1;
    } else if (wanted === '?' || wanted === text[at]) {
      inPattern += 1;
      at += 1;
    } else if (starInPattern !== -1) {
      starAt += 1;
      at = starAt;
      inPattern = starInPattern + 1;
    } else return false;
  }
  while (pattern[inPattern] === '*') inPattern += 1;
  return inPattern === pattern.length;
}
