// What a refusal tells about other ways: the contacts of a 3xx (RFC 3261 §8.1.3.4, §20.10) and Retry-After (§20.33).
import { parseDigits } from './grammar.ts';
import type { SipHeaders } from './headers.ts';
import { parseNameAddress } from './name-address.ts';
import { ParseFailure } from './parse-failure.ts';

/** One place to try instead. */
export interface RedirectContact {
  readonly uri: string;
  /** Preference, 0 … 1; 1 where none was given. */
  readonly q: number;
}

/** More alternatives than anybody tries. */
const MAX_CONTACTS = 16;

/** The contacts, most preferred first; those that cannot be read are passed over. */
export function redirectContacts(headers: SipHeaders): readonly RedirectContact[] {
  const contacts: RedirectContact[] = [];
  for (const value of readable(() => headers.getAll('Contact'), []).slice(0, MAX_CONTACTS)) {
    const contact = readable(() => {
      const address = parseNameAddress(value);
      const q = Number(address.parameter('q') ?? '1');
      return { uri: address.uri, q: q >= 0 && q <= 1 ? q : 1 };
    }, undefined);
    if (contact !== undefined && isUri(contact.uri)) contacts.push(contact);
  }
  return contacts.sort((one, other) => other.q - one.q);
}

/** What could be written into a request line. */
function isUri(text: string): boolean {
  return text.includes(':') && !/[\s<>"]/.test(text);
}

/** Retry-After in seconds; undefined when absent or unreadable. */
export function readRetryAfter(headers: SipHeaders): number | undefined {
  const field = headers.get('Retry-After');
  return field === undefined ? undefined : parseDigits(/^\s*(\d{1,10})/.exec(field)?.[1] ?? '', 2 ** 32 - 1);
}

function readable<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ParseFailure) return otherwise;
    throw error;
  }
}
