// The messages of a call as a ladder: who said what to whom, and when, one line each.
import type { SipMessage } from '../message/message.ts';
import { parseMessage } from '../message/parse.ts';
import { ParseFailure } from '../message/parse-failure.ts';
import { endpointText } from '../transport/sip-endpoint.ts';
import type { CallTrace } from './call-traces.ts';
import type { TracedMessage } from './traced-message.ts';

const LONGEST_SUMMARY = 64;

/**
 * ```
 * call-1@test
 *   +0.000 s  ──▶  udp 192.0.2.20:5060   INVITE sip:+12065550100@carrier.example (application/sdp)
 *   +0.012 s  ◀──  udp 192.0.2.20:5060   100 Trying
 * ```
 *
 * A message that went the same way before, byte for byte, is marked as a repetition.
 */
export function formatLadder(trace: CallTrace): string {
  const [first] = trace.messages;
  if (first === undefined) return `${trace.callId}\n`;
  const width = Math.max(...trace.messages.map(({ remote }) => endpointText(remote).length));
  const seen = new Set<string>();
  const lines = trace.messages.map((message) => {
    const seconds = ((message.atMs - first.atMs) / 1_000).toFixed(3);
    const arrow = message.direction === 'sent' ? '──▶' : '◀──';
    const remote = endpointText(message.remote).padEnd(width);
    const key = `${message.direction} ${remote} ${Buffer.from(message.bytes).toString('latin1')}`;
    const again = seen.has(key) ? '  again' : '';
    seen.add(key);
    return `${`+${seconds}`.padStart(11)} s  ${arrow}  ${remote}  ${summaryOf(message)}${again}`;
  });
  const leftOut = trace.leftOut === 0 ? [] : [`  (${trace.leftOut} messages left out after the first ones)`];
  return `${[trace.callId, ...lines, ...leftOut].join('\n')}\n`;
}

function summaryOf({ bytes }: TracedMessage): string {
  let message: SipMessage;
  try {
    message = parseMessage(bytes);
  } catch (error) {
    if (error instanceof ParseFailure) return 'unreadable';
    throw error;
  }
  const start =
    message.kind === 'request'
      ? `${message.method} ${message.requestUri}`
      : `${message.status} ${message.reason}`;
  const short = printable(start.length > LONGEST_SUMMARY ? `${start.slice(0, LONGEST_SUMMARY)}…` : start);
  const facts = [
    ...(message.body === '' ? [] : [message.headers.get('Content-Type') ?? 'a body']),
    ...message.headers.fields('reason'),
  ];
  return facts.length === 0 ? short : `${short} (${printable(facts.join('; '))})`;
}

/** What a peer writes must not reach a terminal as commands. */
function printable(text: string): string {
  let safe = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    safe += code < 0x20 || (code >= 0x7f && code < 0xa0) ? '·' : character;
  }
  return safe;
}
