/** References of a contact, from the wire's spelling to ours. Which types may be given, policy/contact-limits.ts says. */
import type { Reference } from '../contacts/contact.ts';

interface WireReference {
  readonly Type: string;
  readonly Value?: string | undefined;
}

/** References of types that a contact can have. */
export function referencesOf(
  wire: Readonly<Record<string, WireReference>>,
): Readonly<Record<string, Reference>> {
  return Object.fromEntries(
    Object.entries(wire).map(([name, { Type, Value }]) => [
      name,
      { type: Type as Reference['type'], value: Value ?? '' },
    ]),
  );
}
