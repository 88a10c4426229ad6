/** Prints what happens as a person would tell it: time since the request, who, what; SIP messages as a ladder. */
import { styleText } from 'node:util';
import type { TimelineEntry } from '../src/timeline.ts';

type Style = Parameters<typeof styleText>[0];

const labels: Readonly<Record<TimelineEntry['kind'], readonly [label: string, style: Style]>> = {
  api: ['API', 'cyan'],
  sip: ['SIP', 'yellow'],
  flow: ['FLOW', 'magenta'],
  prompt: ['SAYS', 'green'],
  digit: ['KEY', 'green'],
  event: ['EVENT', 'blue'],
};

/** Returns a function that prints entries; times count from `startMs`. */
export function timelinePrinter(startMs: () => number): (entry: TimelineEntry) => void {
  return (entry) => {
    const what = describe(entry);
    if (what === undefined) return;
    const [label, style] = labels[entry.kind];
    const seconds = Math.max(0, (entry.atMs - startMs()) / 1000)
      .toFixed(3)
      .padStart(7);
    process.stdout.write(`${paint('dim', `${seconds} s`)}  ${paint(style, label.padEnd(5))}  ${what}\n`);
  };
}

/** Colours on a terminal, plain text elsewhere (`NO_COLOR` is honoured by Node). */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

function describe(entry: TimelineEntry): string | undefined {
  switch (entry.kind) {
    case 'api':
      // Looking whether the contact has ended is the demo's own business.
      return entry.operation === 'DescribeContact' ? undefined : `${entry.operation} → ${entry.status}`;
    case 'sip': {
      const { message, direction } = entry.trace;
      const line = message.kind === 'request' ? message.method : `${message.status} ${message.reason}`;
      const arrow = direction === 'sent' ? '──▶' : '◀──';
      return `Ringback ${arrow} phone   ${line}${message.body.length > 0 ? paint('dim', '  (SDP)') : ''}`;
    }
    case 'flow':
      return `${entry.step.actionType} ${paint('dim', `"${entry.step.actionIdentifier}"`)} ${entry.step.result} ${paint(
        'dim',
        `→ ${entry.step.nextAction ?? 'end'} by ${entry.step.via}`,
      )}`;
    case 'prompt':
      return `“${entry.says}”`;
    case 'digit':
      return `the phone pressed ${entry.digit}`;
    case 'event':
      return entry.eventType;
  }
}
