/** `npm run demo`: starts everything on free ports, places one call through the official AWS SDK, prints what happens, checks it. */
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ConnectClient,
  type Contact,
  CreateContactFlowCommand,
  DescribeContactCommand,
  ListInstancesCommand,
  ListQueuesCommand,
  StartOutboundVoiceContactCommand,
} from '@aws-sdk/client-connect';
import { readWav, rms } from '@ringback/media';
import { recordingFileName } from '@ringback/simulated-carrier';
import { Command } from 'commander';
import { pino } from 'pino';
import { loadConfig } from '../src/config.ts';
import { type Service, startService } from '../src/service.ts';
import type { TimelineEntry } from '../src/timeline.ts';
import { appointmentFlow } from './flow.ts';
import { paint, timelinePrinter } from './print-timeline.ts';

/** The phone that presses 1 each time a prompt ends. */
const pressesOne = '+12065550131';
const longestCallMs = 90_000;

interface DemoOptions {
  readonly number: string;
  readonly httpPort: string;
  readonly sipPort: string;
  readonly dataDir?: string;
  readonly keep: boolean;
}

const command = new Command('npm run demo --')
  .description(
    'Starts Ringback with its simulated carrier, places one call through the AWS SDK and shows what happens.',
  )
  .option(
    '--number <e164>',
    'the number to dial; packages/simulated-carrier/README.md lists the phones',
    pressesOne,
  )
  .option('--http-port <port>', 'port of the API; 0 takes a free one', '0')
  .option('--sip-port <port>', 'SIP port; 0 takes a free one', '0')
  .option('--data-dir <directory>', 'where the database and recordings go; a temporary one when absent')
  .option('--keep', 'leave the service running afterwards', false)
  .addHelpText(
    'after',
    `
Examples:
  npm run demo                                  the phone presses 1
  npm run demo -- --number +12065550120         the phone is busy
  npm run demo -- --keep --http-port 8642       then point the AWS CLI at http://127.0.0.1:8642`,
  );

async function main(): Promise<void> {
  const options = command.parse().opts<DemoOptions>();
  const dataDir = options.dataDir
    ? path.resolve(options.dataDir)
    : await mkdtemp(path.join(tmpdir(), 'ringback-demo-'));
  await mkdir(dataDir, { recursive: true });
  // PostgreSQL does not run as root; its user must be able to reach its files below a directory made by root.
  if (!options.dataDir) await chmod(dataDir, 0o711);
  const startedAtMs = Date.now();
  let zeroMs = startedAtMs;
  const seen: TimelineEntry[] = [];
  const print = timelinePrinter(() => zeroMs);

  say(`Starting Ringback in ${dataDir} …`);
  const service = await startService({
    config: loadConfig({
      RINGBACK_CONFIG: process.env.RINGBACK_CONFIG,
      RINGBACK_HTTP_PORT: options.httpPort,
      RINGBACK_SIP_PORT: options.sipPort,
      RINGBACK_DATA_DIR: dataDir,
    }),
    logger: pino({ level: 'warn' }, pino.destination(2)),
    onProgress: (message) => say(paint('dim', `  ${message}`)),
    observe: (entry) => {
      seen.push(entry);
      print(entry);
    },
  });
  say(
    `Ready after ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s: API at ${service.url}, SIP on ${service.sip.host}:${service.sip.port}.\n`,
  );

  let problems: string[] = [];
  try {
    zeroMs = Date.now();
    problems = await placeCall(service, options.number, dataDir, seen);
  } finally {
    if (!options.keep || problems.length > 0) {
      await service.close({ patienceMs: 0 });
      if (!options.dataDir && problems.length === 0) await keepOnly(dataDir);
    }
  }
  if (problems.length > 0) {
    say(`\n${paint('red', 'The demo did not go as it should:')}`);
    for (const problem of problems) say(`  ✗ ${problem}`);
    process.exitCode = 1;
    return;
  }
  if (options.keep) {
    say(`\nThe service keeps running; stop it with Ctrl-C. Try:\n`);
    say(`  aws connect list-instances --endpoint-url ${service.url} --region us-east-1`);
    let isClosing = false;
    const close = (patienceMs: number) => {
      // Ctrl-C reaches us twice under npm, which hands it on.
      if (isClosing) return;
      isClosing = true;
      void service.close({ patienceMs }).then(() => process.exit(0));
    };
    process.on('SIGINT', () => close(0));
    process.on('SIGTERM', () => close(10_000));
  }
}

/** Places the call and returns what was wrong with it. */
async function placeCall(
  service: Service,
  number: string,
  dataDir: string,
  seen: readonly TimelineEntry[],
): Promise<string[]> {
  const client = new ConnectClient({
    endpoint: service.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'demo', secretAccessKey: 'demo-secret' },
  });
  const instances = await client.send(new ListInstancesCommand({}));
  const InstanceId = instances.InstanceSummaryList?.[0]?.Id;
  if (!InstanceId) return ['ListInstances shows no instance, although the emulator seeds one.'];
  const queues = await client.send(new ListQueuesCommand({ InstanceId }));
  const QueueId = queues.QueueSummaryList?.[0]?.Id;
  const flow = await client.send(
    new CreateContactFlowCommand({
      InstanceId,
      Name: `Demo appointment ${new Date().toISOString()}`,
      Type: 'CONTACT_FLOW',
      Content: appointmentFlow(),
    }),
  );
  const { ContactId } = await client.send(
    new StartOutboundVoiceContactCommand({
      InstanceId,
      ...(QueueId ? { QueueId } : {}),
      ContactFlowId: flow.ContactFlowId,
      DestinationPhoneNumber: number,
      Attributes: { firstName: 'Ada' },
    }),
  );
  if (!ContactId) return ['StartOutboundVoiceContact answered without a ContactId.'];

  const contact = await untilEnded(client, InstanceId, ContactId);
  if (!contact) return [`The contact did not end within ${longestCallMs / 1000} s.`];
  const eventsFile = path.join(dataDir, 'events', 'contact-events.jsonl');
  const record = await untilRecorded(path.join(dataDir, 'events', 'contact-records.jsonl'), ContactId);
  // The timeline hears of a fact a moment after its line is in the file; the summary comes below its last line.
  await untilSeen(seen, (entry) => entry.kind === 'event' && entry.eventType === 'COMPLETED');
  client.destroy();

  say(`\n${paint('bold', 'Contact record')}`);
  say(JSON.stringify(record, null, 2));
  const checks = checkAll({ number, contact, record, events: eventTypesOf(eventsFile, ContactId), seen });
  if (number === pressesOne) checks.push(...checkAudio(dataDir, contact, seen));
  say(`\n${paint('bold', 'Checked')}`);
  for (const check of checks) say(`  ${check.ok ? paint('green', '✓') : paint('red', '✗')} ${check.what}`);
  const recording = contact.Recordings?.[0]?.Location;
  if (recording) say(`\nRecording (customer left, system right): ${recording}`);
  say(`Events and records: ${path.dirname(eventsFile)}`);
  return checks.filter((check) => !check.ok).map((check) => check.what);
}

interface Check {
  readonly what: string;
  readonly ok: boolean;
}

interface Outcome {
  readonly number: string;
  readonly contact: Contact;
  readonly record: Readonly<Record<string, unknown>> | undefined;
  readonly events: readonly string[];
  readonly seen: readonly TimelineEntry[];
}

function checkAll({ number, contact, record, events, seen }: Outcome): Check[] {
  const isSip = (method: string) => (entry: TimelineEntry) =>
    entry.kind === 'sip' && entry.trace.message.kind === 'request' && entry.trace.message.method === method;
  const checks: Check[] = [
    { what: 'an INVITE left', ok: seen.some(isSip('INVITE')) },
    { what: 'the contact record was delivered', ok: record !== undefined },
    {
      what: `record and DescribeContact agree on the reason (${contact.DisconnectReason})`,
      ok: contact.DisconnectReason !== undefined && record?.DisconnectReason === contact.DisconnectReason,
    },
  ];
  if (number !== pressesOne) {
    const ends =
      events.at(0) === 'INITIATED' && events.at(-2) === 'DISCONNECTED' && events.at(-1) === 'COMPLETED';
    return [...checks, { what: `the events came in order (${events.join(', ')})`, ok: ends }];
  }
  const expected = ['INITIATED', 'CONNECTED_TO_SYSTEM', 'CONTACT_DATA_UPDATED', 'DISCONNECTED', 'COMPLETED'];
  return [
    ...checks,
    { what: `the events came in order (${events.join(', ')})`, ok: events.join() === expected.join() },
    {
      what: 'the flow heard the key 1',
      ok: seen.some((entry) => entry.kind === 'digit' && entry.digit === '1'),
    },
    {
      what: 'the flow remembered the answer as an attribute (choice = confirmed)',
      ok: contact.Attributes?.choice === 'confirmed',
    },
    {
      what: 'the flow hung up (BYE)',
      ok: seen.some(isSip('BYE')) && contact.DisconnectReason === 'CONTACT_FLOW_DISCONNECT',
    },
  ];
}

/** Listens to the files: what was recorded here, and what the phone itself heard. */
function checkAudio(dataDir: string, contact: Contact, seen: readonly TimelineEntry[]): Check[] {
  const recording = contact.Recordings?.[0]?.Location;
  const own = recording && existsSync(recording) ? readWav(readFileSync(recording)).channels : [];
  const invite = seen.find((entry) => entry.kind === 'sip');
  const callId = invite?.kind === 'sip' ? invite.trace.message.headers.get('call-id') : undefined;
  const phoneFile = path.join(dataDir, 'carrier', 'phones', recordingFileName(callId ?? ''));
  const heard = existsSync(phoneFile) ? readWav(readFileSync(phoneFile)).channels[0] : undefined;
  // Speech of the voices used here is near 2000; silence is near 0.
  const isSpeech = (pcm: Int16Array | undefined): boolean => pcm !== undefined && rms(pcm) > 200;
  return [
    { what: 'the recording holds what the system said (right channel)', ok: isSpeech(own[1]) },
    { what: 'the phone heard the prompts (its own recording)', ok: isSpeech(heard) },
  ];
}

async function untilEnded(
  client: ConnectClient,
  InstanceId: string,
  ContactId: string,
): Promise<Contact | undefined> {
  const giveUpAtMs = Date.now() + longestCallMs;
  while (Date.now() < giveUpAtMs) {
    const { Contact: contact } = await client.send(new DescribeContactCommand({ InstanceId, ContactId }));
    if (contact?.DisconnectTimestamp) return contact;
    await sleep(100);
  }
  return undefined;
}

async function untilRecorded(file: string, contactId: string): Promise<Record<string, unknown> | undefined> {
  const giveUpAtMs = Date.now() + 10_000;
  while (Date.now() < giveUpAtMs) {
    const found = linesOf(file).find((line) => line.ContactId === contactId);
    if (found) return found;
    await sleep(50);
  }
  return undefined;
}

async function untilSeen(
  seen: readonly TimelineEntry[],
  isIt: (entry: TimelineEntry) => boolean,
): Promise<void> {
  const giveUpAtMs = Date.now() + 2_000;
  while (Date.now() < giveUpAtMs && !seen.some(isIt)) await sleep(20);
}

function eventTypesOf(file: string, contactId: string): string[] {
  return linesOf(file)
    .map((line) => line.detail as { contactId: string; eventType: string })
    .filter((detail) => detail.contactId === contactId)
    .map((detail) => detail.eventType);
}

function linesOf(file: string): Record<string, unknown>[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A temporary directory keeps what a person may want to look at; the database is of no use any more. */
async function keepOnly(dataDir: string): Promise<void> {
  await rm(path.join(dataDir, 'postgres'), { recursive: true, force: true });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  const text = error instanceof Error ? error.message : String(error);
  // The service names its variables; here the same is said with options.
  const told = text.replace('RINGBACK_HTTP_PORT', '--http-port').replace('RINGBACK_SIP_PORT', '--sip-port');
  process.stderr.write(`${paint('red', 'The demo failed:')} ${told}\n`);
  if (process.env.DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
