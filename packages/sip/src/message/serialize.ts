// Message → bytes for the wire. Content-Length is always written from the body, whatever the header fields claim.
import type { SipMessage } from './message.ts';

/** UTF-8 bytes of a message, ready to send. */
export function serializeMessage(message: SipMessage): Buffer {
  return Buffer.from(formatMessage(message), 'utf8');
}

/** The same as text. */
export function formatMessage(message: SipMessage): string {
  const startLine =
    message.kind === 'request'
      ? `${message.method} ${message.requestUri} SIP/2.0\r\n`
      : `SIP/2.0 ${message.status} ${message.reason}\r\n`;
  const bodyBytes = message.body === '' ? 0 : Buffer.byteLength(message.body);
  return `${startLine}${message.headers.serialize(bodyBytes)}\r\n${message.body}`;
}
