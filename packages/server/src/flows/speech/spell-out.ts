/** Turns the content of `say-as` into words that any renderer reads rightly. */

/** English names of characters that renderers skip or read as punctuation. */
const ENGLISH_NAMES: Readonly<Record<string, string>> = {
  '-': 'dash',
  '.': 'dot',
  ',': 'comma',
  _: 'underscore',
  '/': 'slash',
  '@': 'at',
  '#': 'pound',
  '*': 'star',
  '+': 'plus',
  '&': 'and',
};

/**
 * @param interpretAs value of `interpret-as`; unknown ones leave the text as it is.
 * @param languageCode BCP 47; names of symbols and ordinal endings exist for English only.
 */
export function spellOut(text: string, interpretAs: string, languageCode: string): string {
  const isEnglish = /^en\b/iu.test(languageCode);
  switch (interpretAs) {
    case 'characters':
    case 'spell-out':
      return spaced(text, isEnglish, ', ');
    case 'digits':
      return spaced(text, isEnglish, ' ');
    case 'telephone':
      return telephone(text, isEnglish);
    case 'ordinal':
      return isEnglish
        ? text.replace(
            /^(\s*)(\d{1,15})(\s*)$/u,
            (_, before, digits, after) => before + digits + ordinalEnding(digits) + after,
          )
        : text;
    case 'expletive':
      return text.trim() === '' ? text : ' beep ';
    default:
      return text;
  }
}

/** Letters become capitals, because renderers read a lone "a" as the article. */
function spaced(text: string, isEnglish: boolean, separator: string): string {
  const names: string[] = [];
  for (const character of text) {
    if (character.trim() === '') continue;
    names.push((isEnglish ? ENGLISH_NAMES[character] : undefined) ?? upperCased(character));
  }
  return names.length === 0 ? text : ` ${names.join(separator)} `;
}

/** Capital form, unless that is not one character (ß). */
function upperCased(character: string): string {
  const upper = character.toUpperCase();
  return upper.length === character.length ? upper : character;
}

/** Digits one by one, with a pause where the writer grouped them; ten or eleven digits in one go fall into North American groups. */
function telephone(text: string, isEnglish: boolean): string {
  const ungrouped = /^\s*(\+?1?)(\d{3})(\d{3})(\d{4})\s*$/u.exec(text);
  const groups = ungrouped ? ungrouped.slice(1) : text.split(/[\s().\-/]+/u);
  const spoken = groups.filter((group) => group !== '').map((group) => spaced(group, isEnglish, ' ').trim());
  return spoken.length === 0 ? text : ` ${spoken.join(', ')} `;
}

function ordinalEnding(digits: string): string {
  const lastTwo = Number(digits.slice(-2));
  if (lastTwo >= 11 && lastTwo <= 13) return 'th';
  return { 1: 'st', 2: 'nd', 3: 'rd' }[lastTwo % 10] ?? 'th';
}
