// A message as it is kept: addresses, time and bytes of its own, so that it holds no buffer of the network alive.
import type { SipEndpoint } from '../transport/sip-endpoint.ts';
import type { SipTraceEntry } from '../transport/wire-trace.ts';

export interface TracedMessage {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly direction: 'sent' | 'received';
  readonly local: SipEndpoint;
  readonly remote: SipEndpoint;
  readonly bytes: Uint8Array;
}

export function keepMessage(entry: SipTraceEntry): TracedMessage {
  const { atMs, direction, local, remote } = entry;
  return { atMs, direction, local, remote, bytes: Uint8Array.from(entry.bytes()) };
}

/** Sender and receiver, whichever of them we are. */
export function partiesOf(message: Pick<TracedMessage, 'direction' | 'local' | 'remote'>): {
  from: SipEndpoint;
  to: SipEndpoint;
} {
  const { direction, local, remote } = message;
  return direction === 'sent' ? { from: local, to: remote } : { from: remote, to: local };
}

/** The Call-ID, read without parsing the message where it is written as we write it; undefined where there is none. */
export function callIdOf(entry: SipTraceEntry): string | undefined {
  const text = entry.text();
  const start = text.indexOf('\r\nCall-ID: ');
  if (start !== -1) {
    const valueStart = start + '\r\nCall-ID: '.length;
    const end = text.indexOf('\r\n', valueStart);
    if (end !== -1) return text.slice(valueStart, end).trim();
  }
  return entry.message.headers.get('Call-ID');
}
