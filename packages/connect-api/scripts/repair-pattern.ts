// Repairs the regular expressions of the published service model, some of which do not mean what they say.

/**
 * The pattern a model's `pattern` text stands for.
 *
 * Slips of the published model that are repaired: backslashes that were escaped twice (`\\+[1-9]\\d`); a pattern
 * wrapped in `/…/` delimiters; a pattern that ends in `$` but forgot its `^`, so that anything may stand in front;
 * and, among those with doubled backslashes, a pattern without any anchor, which would accept nearly any text. A
 * pattern with alternatives at its top level otherwise keeps its anchors as they are.
 *
 * @throws {SyntaxError} when the repaired text is not a regular expression.
 */
export function repairPattern(published: string): string {
  let pattern = published.replaceAll('\\\\', '\\');
  const wasDoubled = pattern !== published;
  if (/^\/.*\/$/.test(pattern)) pattern = pattern.slice(1, -1);
  if (pattern.endsWith('$') && !pattern.startsWith('^') && !hasTopLevelAlternative(pattern)) {
    pattern = `^${pattern}`;
  } else if (wasDoubled && !pattern.endsWith('$') && !pattern.startsWith('^')) {
    pattern = `^(?:${pattern})$`;
  }
  new RegExp(pattern, 'u');
  return pattern;
}

function hasTopLevelAlternative(pattern: string): boolean {
  let depth = 0;
  let inClass = false;
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index];
    if (character === '\\') index += 1;
    else if (inClass) inClass = character !== ']';
    else if (character === '[') inClass = true;
    else if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    else if (character === '|' && depth === 0) return true;
  }
  return false;
}
