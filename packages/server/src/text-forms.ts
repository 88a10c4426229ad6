/** Texts that must have a form: the pattern that is checked, and the words that a mistake says instead of it. Used by the shapes of what is read with checked-yaml.ts. */
import Type from 'typebox';

/** @param words what the text must be, to stand after "must be". */
export function textOfForm(words: string, pattern: string, limits: { readonly maxLength?: number } = {}) {
  return Type.String({ ...limits, pattern, description: words });
}

export const httpUrl = textOfForm('a URL that begins with http:// or https://', '^https?://');

export const e164 = (pattern: string) =>
  textOfForm('a number in E.164, in quotes, such as "+12065550100"', pattern);

export const countryWords = 'a country in two capital letters (ISO 3166-1), such as GB';

/** ISO 3166-1 alpha-2. */
export const countryCode = textOfForm(countryWords, '^[A-Z]{2}$');

/** Of a trunk or a sink. */
export const partName = textOfForm(
  'a name of at most 64 letters, digits, ".", "_" and "-" that begins with a letter or digit',
  '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$',
);

export const hostName = textOfForm(
  'a host name or an IPv4 address, without a port',
  '^[A-Za-z0-9.-]{1,253}$',
);
