// The carrier as a program of its own (`npm run carrier`): reads options and environment, prints one ready line, then one
// line for each event of a call, until SIGTERM or SIGINT.
import process from 'node:process';
import { SipPortUnavailable } from '@ringback/sip';
import { Command, InvalidArgumentError, Option } from 'commander';
import { FolderUnusable } from './make-folder.ts';
import type { PhoneEvent } from './phone-event.ts';
import { ScenarioUnusable } from './scenario-book.ts';
import { describeFault, openSimulatedCarrier, type SimulatedCarrierOptions } from './simulated-carrier.ts';

interface ProgramOptions {
  host: string;
  port: number;
  rtpPorts: { first: number; last: number };
  inviteLog?: string;
  recordings?: string;
  scenario?: string;
  json?: true;
}

const EXAMPLES = `
Examples:
  Phones on 127.0.0.1:5080, what happens on the screen:
    $ npm run carrier
  A witness for tests: any free port (see the ready line), every INVITE in a file:
    $ npm run carrier -- --port 0 --json --invite-log /tmp/invites.jsonl
  Hear what the phones heard (left channel) and said (right), a WAV for each call:
    $ npm run carrier -- --recordings /tmp/phones
  Your own phone: +12065550150 rings a second, says hello, presses 42# when spoken to:
    $ cat phones.json
    { "numbers": { "+12065550150": [
        { "step": "ring", "forMs": 1000 }, { "step": "answer" }, { "step": "say", "clip": "hello" },
        { "step": "awaitPromptEnd" }, { "step": "press", "digits": "42#" } ] } }
    $ npm run carrier -- --scenario phones.json

Numbers to call:
  +12065550100 a person          …110 voicemail with beep      …130 hangs up after 3 s
          …101 in a noisy street …111 without beep             …131 presses 1 after each prompt
          …102 at a business     …112 short greeting, beep     …132 presses 2, then 1234#
          …103 silent            …113 fax                      …133 asks for credentials (407)
  …120 busy  …121 never answers  …122 declines  …123 unallocated  …124 information tones, 404
  …125 503   …126 no reply       …127 blocked   …140-149 a person after 0, 4 … 36 s of ringing
  Any other number is a person.`;

function readOptions(): ProgramOptions {
  const program = new Command('carrier')
    .description('A telephone network of one machine: phones on loopback, over real SIP and RTP.')
    .addOption(
      new Option('--host <address>', 'loopback address to listen on')
        .env('RINGBACK_CARRIER_HOST')
        .default('127.0.0.1'),
    )
    .addOption(
      new Option('--port <number>', 'SIP port, UDP; 0 picks a free one')
        .env('RINGBACK_CARRIER_PORT')
        .default(5080)
        .argParser(readPort),
    )
    .addOption(
      new Option('--rtp-ports <first-last>', 'RTP ports')
        .env('RINGBACK_CARRIER_RTP_PORTS')
        .default({ first: 10_000, last: 19_999 }, '10000-19999')
        .argParser(readPortRange),
    )
    .addOption(
      new Option('--invite-log <file>', 'append a JSON line for each INVITE before it is answered').env(
        'RINGBACK_CARRIER_INVITE_LOG',
      ),
    )
    .addOption(
      new Option('--recordings <folder>', 'record what each phone hears and says').env(
        'RINGBACK_CARRIER_RECORDINGS',
      ),
    )
    .addOption(
      new Option('--scenario <file>', 'JSON with phones of your own').env('RINGBACK_CARRIER_SCENARIO'),
    )
    .option('--json', 'print JSON lines')
    .addHelpText('after', EXAMPLES);
  return program.parse().opts<ProgramOptions>();
}

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('Give a number from 0 to 65535.');
  return port;
}

function readPortRange(text: string): { first: number; last: number } {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  const range = { first: Number(first), last: Number(last) };
  if (!(range.first >= 1 && range.last <= 65_535 && range.first < range.last)) {
    throw new InvalidArgumentError('Give two ports with a dash, such as 10000-19999.');
  }
  return range;
}

/** One event as a line for people: time, numbers, what happened, details. */
function describeEvent(event: PhoneEvent): string {
  const { atMs, callId, from, to, kind, ...details } = event;
  const time = new Date(atMs).toISOString().slice(11, 23);
  const rest = Object.entries(details).map(([name, value]) => `${name}=${value}`);
  return [time, `${from} → ${to}`, kind, ...rest, `(${callId})`].join('  ');
}

/** npm hands a signal on within this time, ms; one that comes while a process is being taken down would end it as if it had failed. */
const HANDING_ON_MS = 500;

async function main(): Promise<void> {
  const { host, port, rtpPorts, inviteLog, recordings, scenario, json } = readOptions();
  let isReading = true;
  // Whoever started us may be gone; the phones and their log live on.
  process.stdout.on('error', () => {
    isReading = false;
  });
  const print = (line: string) => {
    if (isReading) process.stdout.write(`${line}\n`);
  };
  const options: SimulatedCarrierOptions = {
    host,
    sipPort: port,
    rtpPorts,
    onPhoneEvent: (event) => print(json ? JSON.stringify(event) : describeEvent(event)),
    onFault: (fault) => process.stderr.write(`${describeFault(fault)}\n`),
  };
  if (inviteLog !== undefined) options.inviteLogFile = inviteLog;
  if (recordings !== undefined) options.phoneRecordingsDirectory = recordings;
  if (scenario !== undefined) options.scenarioFile = scenario;
  const carrier = await openSimulatedCarrier(options);
  let closing: Promise<void> | undefined;
  let lingering: NodeJS.Timeout | undefined;
  const close = () => {
    // Ctrl-C reaches us twice under npm, which hands it on: by itself, the second would end us in the middle of closing.
    if (closing) clearTimeout(lingering);
    else if (process.env.npm_lifecycle_event === 'carrier')
      lingering = setTimeout(() => undefined, HANDING_ON_MS);
    closing ??= carrier.close().catch(fail);
  };
  process.on('SIGTERM', close);
  process.on('SIGINT', close);
  const { endpoint } = carrier;
  const address = `${endpoint.host}:${endpoint.port}`;
  print(json ? JSON.stringify({ ready: true, sip: address }) : `simulated carrier ready on sip:${address}`);
}

/** What whoever started us can mend is told in words; a bug of ours with its stack. */
function fail(error: unknown): void {
  const isMendable =
    error instanceof ScenarioUnusable ||
    error instanceof FolderUnusable ||
    error instanceof SipPortUnavailable ||
    error instanceof RangeError ||
    (error instanceof Error && 'syscall' in error);
  const text = error instanceof Error ? (isMendable ? error.message : error.stack) : String(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}

main().catch(fail);
