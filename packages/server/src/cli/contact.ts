/** `ringback contact sip`: the SIP messages of a contact's dial attempts, as ladders or as a capture file. Asks a running service. */
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { openConnectClient } from './connect-client.ts';
import { type ConnectionFlags, connectionOf, withConnection } from './connection-options.ts';
import { findInstance } from './instance-resources.ts';
import { askService } from './service-door.ts';
import type { Terminal } from './terminal.ts';

const examples = `
Examples:
  ringback contact sip 01a2fa37-98e5-7c85-bf1a-7f8a38c2b102
      one ladder for each dial attempt

  ringback contact sip 01a2fa37-98e5-7c85-bf1a-7f8a38c2b102 --pcap call.pcap
      the same messages for Wireshark or sngrep

The node that dialled keeps the messages of its latest calls (sip.trace in the configuration file). Captures hold
the calls' Authorization headers: treat them as you would a password file.`;

interface SipFlags extends ConnectionFlags {
  readonly pcap?: string;
  readonly json: boolean;
}

interface Attempt {
  readonly Attempt: number;
  readonly Target: string;
  readonly CallId: string;
  readonly AttemptedAt: string;
  readonly Ladder?: string;
  readonly Pcap?: string;
}

/** A capture has one header, which the first attempt's brings, bytes. */
const pcapHeaderBytes = 24;

export function contactCommand(terminal: Terminal): Command {
  const sip = withConnection(new Command('sip'))
    .description('show the SIP messages of a contact’s dial attempts')
    .argument('<contact-id>', 'as StartOutboundVoiceContact answered it')
    .option('--pcap <file>', 'write the messages to a capture file')
    .option('--json', 'print JSON', false)
    .action(async (contactId: string, flags: SipFlags) => {
      const connection = connectionOf(flags, terminal.env);
      const instance = await findInstance(openConnectClient(connection), flags.instance);
      const answer = await askService(
        connection,
        `/_ringback/contacts/${instance}/${encodeURIComponent(contactId)}/sip`,
      );
      const attempts = answer.Attempts as readonly Attempt[];
      if (flags.pcap !== undefined) writeCapture(flags.pcap, attempts);
      if (flags.json) terminal.print(JSON.stringify(answer, null, 2));
      else printLadders(attempts, String(answer.Tracing), terminal);
    });
  return new Command('contact')
    .description('look into single contacts')
    .addHelpText('afterAll', examples)
    .addCommand(sip);
}

function printLadders(attempts: readonly Attempt[], tracing: string, terminal: Terminal): void {
  if (attempts.length === 0) terminal.print('The contact was not dialled.');
  for (const { Attempt: n, Target, AttemptedAt, Ladder } of attempts) {
    terminal.print(terminal.style('bold', `Attempt ${n}: ${Target}, ${AttemptedAt}`));
    if (Ladder !== undefined) terminal.print(Ladder);
    else if (tracing === 'off') terminal.print('  Tracing is off (sip.trace).');
    else terminal.print('  Its messages are kept no longer, or another node has them.');
  }
}

function writeCapture(file: string, attempts: readonly Attempt[]): void {
  const captures = attempts.flatMap(({ Pcap }) => (Pcap === undefined ? [] : [Buffer.from(Pcap, 'base64')]));
  const [first, ...others] = captures;
  // What it holds is nobody else's business.
  writeFileSync(
    file,
    Buffer.concat([first ?? Buffer.alloc(0), ...others.map((each) => each.subarray(pcapHeaderBytes))]),
    {
      mode: 0o600,
    },
  );
}
