// What may stand as the value of a header field, whoever writes it: the application's words, and names of users.
import { UnusableHeader } from '../errors.ts';

/** Line breaks and control characters would end the header field or the message. @throws {UnusableHeader} */
export function requirePrintable(header: string, value: string): string {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) {
      throw new UnusableHeader(header, 'the value contains a line break or control character');
    }
  }
  return value;
}
