/** The texts of a policy document: a string where one is enough, or a list. Shared by the readers of statements and conditions. */

/** Takes note of a mistake at a place of the document. */
export type Complain = (path: readonly string[], message: string) => void;

/** Most statements of a policy and most texts of one list; a larger policy would be slow to ask. */
export const maxEntries = 200;
/** Longest single pattern or value, characters. */
const maxTextLength = 2048;

/** One string or a list of them, as IAM allows everywhere. Undefined after a complaint. */
export function readTexts(
  value: unknown,
  path: readonly string[],
  complain: Complain,
): readonly { readonly text: string; readonly at: readonly string[] }[] | undefined {
  const list = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  if (list.length === 0 || list.length > maxEntries) {
    complain(path, `must hold 1 to ${maxEntries} strings`);
    return undefined;
  }
  const texts: { text: string; at: readonly string[] }[] = [];
  for (const [index, item] of list.entries()) {
    const at = Array.isArray(value) ? [...path, String(index)] : path;
    if (typeof item !== 'string' || item.length > maxTextLength) {
      complain(at, `must be a string of at most ${maxTextLength} characters`);
    } else texts.push({ text: item, at });
  }
  return texts.length === list.length ? texts : undefined;
}
