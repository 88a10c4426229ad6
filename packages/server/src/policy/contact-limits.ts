/** Size and spelling limits of attributes, tags and references (quotas page, §5). */

/** UTF-8 bytes over all keys and values of a contact's attributes. */
const maxAttributesBytes = 32_768;
/** UTF-8 bytes over all references of a contact; keys count, because they are stored too. */
const maxReferencesBytes = 4_096;

const attributeKeyPattern = /^[A-Za-z0-9_-]+$/;

/**
 * What is wrong with user-defined attributes, or undefined. Values are never repeated in the text.
 *
 * @param given those of the request, where others are copied: flows may set keys that a request may not.
 */
export function problemWithAttributes(
  attributes: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string>> = attributes,
): string | undefined {
  for (const key of Object.keys(given)) {
    if (!attributeKeyPattern.test(key)) {
      return 'Attribute keys may hold letters, digits, hyphens and underscores only.';
    }
  }
  let bytes = 0;
  for (const [key, value] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes <= maxAttributesBytes) return undefined;
  return `The attributes take ${bytes} bytes; a contact may have ${maxAttributesBytes}.`;
}

/** User-defined tags of one contact (API reference, TagContact). */
const maxTags = 6;

/** What is wrong with the user-defined tags of a contact, or undefined. */
export function problemWithTags(tags: Readonly<Record<string, string>>): string | undefined {
  const count = Object.keys(tags).length;
  return count <= maxTags ? undefined : `The contact would have ${count} tags; it may have ${maxTags}.`;
}

/** What is wrong with references that a contact is created with, or given later; undefined where nothing is. */
export function problemWithReferences(
  references: Readonly<Record<string, { readonly Type: string; readonly Value?: string | undefined }>>,
): string | undefined {
  const odd = Object.values(references).find(({ Type }) => !creationTypes.has(Type));
  if (odd)
    return `A reference of type ${odd.Type} cannot be given here; URL, NUMBER, STRING, DATE and EMAIL can.`;
  return problemWithReferenceSize(
    Object.entries(references).map(([key, { Value = '' }]) => [key, Value] as const),
  );
}

/** The same of all that a contact has or would have: keys with values. */
export function problemWithReferenceSize(
  references: readonly (readonly [key: string, value: string])[],
): string | undefined {
  let bytes = 0;
  for (const [key, value] of references) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  if (bytes <= maxReferencesBytes) return undefined;
  return `The references take ${bytes} bytes; a contact may have ${maxReferencesBytes}.`;
}

const creationTypes: ReadonlySet<string> = new Set(['URL', 'NUMBER', 'STRING', 'DATE', 'EMAIL']);
