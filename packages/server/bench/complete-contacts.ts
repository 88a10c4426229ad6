/** Phase B: whole contacts, from the signed request over SIP and RTP to the delivered record; what held calls cost; and what phones heard. */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readWav, toneLevel } from '@ringback/media';
import { destinationOf, detailOf } from './accept-rate.ts';
import { type BenchCarrier, type CarrierEvent, startBenchCarrier } from './bench-carrier.ts';
import { beepFlow, createFlow, holdFlow } from './bench-flows.ts';
import { type BenchService, startBenchService } from './bench-service.ts';
import { ContactLoop, type FinishedContact } from './contact-loop.ts';
import { cpuSecondsOf, type ServiceUsage, usageBetween, usageOfService } from './cpu-time.ts';
import { FactReceiver } from './fact-receiver.ts';
import { spreadOf } from './percentiles.ts';
import type { Check, PhaseResult } from './results.ts';

export interface CompleteOptions {
  readonly directory: string;
  readonly seconds: number;
  readonly inFlight: number;
  readonly held: number;
  readonly profileDirectory: string | undefined;
}

const warmUpSeconds = 4;
const heldSeconds = 4;
/** Phones whose recordings are listened to. */
const sampled = 8;

interface Surroundings {
  readonly service: BenchService;
  readonly carrier: BenchCarrier;
  readonly receiver: FactReceiver;
}

export async function measureCompleteContacts(options: CompleteOptions): Promise<PhaseResult[]> {
  const receiver = await FactReceiver.open();
  const carrier = await startBenchCarrier({ directory: options.directory, sipPort: 0 });
  try {
    const service = await startBenchService({
      directory: options.directory,
      config: {
        trunks: [{ name: 'carrier', address: `127.0.0.1:${carrier.sipPort}` }],
        // Counted like an operator's, and never in the way.
        caps: { perInstance: { perMinute: 1_000_000, perDay: 100_000_000 }, perNumber: { perDay: 10 } },
        sinks: [{ kind: 'webhook', name: 'benchmark', url: receiver.url }],
      },
      rtpPorts: '20000-29999',
      profileDirectory: options.profileDirectory,
    });
    try {
      const surroundings = { service, carrier, receiver };
      const flowId = await createFlow(service, beepFlow);
      const throughput = await measureThroughput(surroundings, flowId, options);
      const held = await measureHeldCalls(surroundings, options.held);
      await carrier.end();
      const heard = await listenToSample(surroundings, flowId, options.directory);
      const complaints = service.complaints();
      const quiet = {
        what: 'the service logged no warning',
        ok: complaints.length === 0,
        ...detailOf(complaints),
      };
      return [{ ...throughput, checks: [...throughput.checks, heard, quiet] }, held];
    } finally {
      await service.end('drain');
    }
  } finally {
    await carrier.end();
    receiver.close();
  }
}

async function measureThroughput(
  { service, carrier, receiver }: Surroundings,
  flowId: string,
  { inFlight, seconds }: CompleteOptions,
): Promise<PhaseResult> {
  const loop = new ContactLoop(service, receiver, flowId, 0);
  const running = loop.run(inFlight);
  await sleep(warmUpSeconds * 1000);
  const beginsAt = performance.now();
  const serviceBefore = usageOfService(service.pid);
  const carrierBefore = cpuSecondsOf(carrier.pid);
  await sleep(seconds * 1000);
  const endsAt = performance.now();
  const usage = usageBetween(serviceBefore, usageOfService(service.pid));
  const carrierSeconds = cpuSecondsOf(carrier.pid) - carrierBefore;
  loop.stop();
  await running;

  const measured = loop.finished.filter(
    ({ recordedAt, record }) =>
      recordedAt >= beginsAt && recordedAt < endsAt && record.DisconnectReason === 'CONTACT_FLOW_DISCONNECT',
  );
  const times = spreadOf(measured.map(({ acceptedAt, recordedAt }) => recordedAt - acceptedAt));
  const perContact = (cpuSeconds: number): number => (cpuSeconds * 1000) / Math.max(1, measured.length);
  return {
    phase: 'B',
    title: `complete contacts: request, INVITE, beep, BYE, record; ${inFlight} in flight, ${seconds} s`,
    figures: [
      {
        name: 'complete',
        value: (measured.length * 1000) / (endsAt - beginsAt),
        unit: 'contacts/s',
        note: 'goal ≥ 100',
      },
      { name: 'answer to record p50', value: times.p50, unit: 'ms', note: 'the beep lasts 200 ms' },
      { name: 'answer to record p99', value: times.p99, unit: 'ms' },
      { name: 'CPU of the service', value: perContact(usage.serviceSeconds), unit: 'ms/contact' },
      { name: '… its main thread', value: perContact(usage.mainThreadSeconds), unit: 'ms/contact' },
      { name: 'CPU of PostgreSQL', value: perContact(usage.postgresSeconds), unit: 'ms/contact' },
      { name: 'CPU of the carrier', value: perContact(carrierSeconds), unit: 'ms/contact' },
      { name: 'facts delivered twice', value: receiver.repeated, unit: '', note: 'allowed: at least once' },
    ],
    checks: [...checkContacts(loop, receiver), ...(await checkCarrier(carrier, loop.finished))],
  };
}

/** Every contact of the run, warm-up and the last ones included. */
function checkContacts(loop: ContactLoop, receiver: FactReceiver): Check[] {
  const otherEndings = loop.finished
    .filter(({ record }) => record.DisconnectReason !== 'CONTACT_FLOW_DISCONNECT')
    .map(
      ({ contactId, record }) =>
        `${contactId} ended ${record.DisconnectReason} ${JSON.stringify(record.SegmentAttributes)}`,
    );
  const expected = 'INITIATED,CONNECTED_TO_SYSTEM,DISCONNECTED,COMPLETED';
  const strangeEvents = loop.finished
    .map(({ contactId }) => receiver.eventsOf(contactId).join())
    .filter((events) => events !== expected);
  return [
    {
      what: `all ${loop.accepted} accepted contacts have their record, none was refused`,
      ok: loop.failures.length === 0 && loop.finished.length === loop.accepted && loop.accepted > 0,
      ...detailOf(loop.failures),
    },
    { what: 'every contact ended by its flow', ok: otherEndings.length === 0, ...detailOf(otherEndings) },
    {
      what: `each contact's events came in order (${expected})`,
      ok: strangeEvents.length === 0,
      ...detailOf(strangeEvents),
    },
  ];
}

/** The witness at the far end: one INVITE for each number and Call-ID, a call that we ended, and audio in it. */
async function checkCarrier(carrier: BenchCarrier, finished: readonly FinishedContact[]): Promise<Check[]> {
  const endedOf = (events: readonly CarrierEvent[]) => events.filter(({ kind }) => kind === 'ended');
  // The record may be faster than the carrier's last lines.
  for (let tries = 0; tries < 100 && endedOf(carrier.events()).length < finished.length; tries += 1)
    await sleep(50);
  const events = carrier.events();
  const invites = events.filter(({ kind }) => kind === 'invite');
  const ended = endedOf(events);
  const dialled = new Set(finished.map(({ n }) => destinationOf(n)));
  const numbers = new Set(invites.map(({ to }) => to));
  const strange = ended
    .filter(({ by, how }) => by !== 'caller' || how !== 'bye')
    .map((event) => `${event.to} ended by ${event.by} with ${event.how}`);
  // Ten packets are the beep; on loopback all of them arrive, also when the BYE is quicker than the last.
  const short = ended
    .filter(({ packetsReceived = 0 }) => packetsReceived < packetsOfBeep - packetsBehindBye)
    .map(({ to, packetsReceived }) => `${to} got ${packetsReceived} packets`);
  return [
    {
      what: `the carrier saw each of the ${finished.length} numbers once, with a Call-ID of its own`,
      ok:
        invites.length === finished.length &&
        numbers.size === invites.length &&
        new Set(invites.map(({ callId }) => callId)).size === invites.length &&
        invites.every(({ to }) => dialled.has(to)),
      detail: `${invites.length} INVITEs, ${numbers.size} numbers`,
    },
    {
      what: 'every call was ended by our BYE',
      ok: ended.length === invites.length && strange.length === 0,
      ...detailOf(strange),
    },
    { what: 'every phone got the RTP of the beep', ok: short.length === 0, ...detailOf(short) },
  ];
}

/** 200 ms in packets of 20 ms. */
const packetsOfBeep = 10;
/** SIP and RTP travel on sockets of their own, so the BYE may be read before the last packets. */
const packetsBehindBye = 2;

/** Calls that last: memory of one, and CPU of one second of it, with RTP both ways. */
async function measureHeldCalls({ service, receiver }: Surroundings, calls: number): Promise<PhaseResult> {
  const flowId = await createFlow(service, holdFlow);
  const loop = new ContactLoop(service, receiver, flowId, firstHeldNumber);
  // What the busy time left behind is let go first, else it would hide what the calls take.
  await sleep(2000);
  const idle = usageOfService(service.pid);
  const eventsBefore = receiver.connected;
  loop.stop();
  const running = loop.run(calls);
  for (let tries = 0; tries < 300 && receiver.connected - eventsBefore < calls; tries += 1) await sleep(100);
  const connected = receiver.connected - eventsBefore;
  const before = usageOfService(service.pid);
  await sleep(heldSeconds * 1000);
  const after = usageOfService(service.pid);
  const whileHeld: ServiceUsage = usageBetween(before, after);
  for (const contactId of receiver.openContacts()) {
    await service.call('POST', '/contact/stop', { InstanceId: service.instanceId, ContactId: contactId });
  }
  await running;
  const stopped = loop.finished.filter(
    ({ record }) => record.SegmentAttributes['ringback:EndCause']?.ValueString === 'STOPPED_BY_API',
  );
  return {
    phase: 'B',
    title: `held calls: ${connected} calls with RTP both ways for ${heldSeconds} s`,
    figures: [
      {
        name: 'memory',
        value: (after.rssBytes - idle.rssBytes) / 1024 / Math.max(1, connected),
        unit: 'KiB/call',
        note: 'growth of the service over the idle one',
      },
      {
        name: 'CPU of the service',
        value: (whileHeld.serviceSeconds * 1e6) / heldSeconds / Math.max(1, connected),
        unit: 'µs/call second',
      },
      {
        name: '… its main thread',
        value: (whileHeld.mainThreadSeconds * 1e6) / heldSeconds / Math.max(1, connected),
        unit: 'µs/call second',
      },
    ],
    checks: [
      { what: `all ${calls} calls were connected at once`, ok: connected === calls, detail: `${connected}` },
      {
        what: 'every call was held until StopContact',
        ok: stopped.length === calls && loop.failures.length === 0,
        ...detailOf(loop.failures),
      },
    ],
  };
}

/** Beyond every number of the throughput run. */
const firstHeldNumber = 3_000_000;
const firstSampledNumber = 4_000_000;

/** A few more contacts, to phones that record: the beep must be in what they heard. */
async function listenToSample(
  { service, carrier, receiver }: Surroundings,
  flowId: string,
  directory: string,
): Promise<Check> {
  const recordings = path.join(directory, 'phones');
  await mkdir(recordings);
  const recording = await startBenchCarrier({ directory, sipPort: carrier.sipPort, recordings });
  const loop = new ContactLoop(service, receiver, flowId, firstSampledNumber);
  loop.stop();
  await loop.run(sampled);
  const endedOf = () => recording.events().filter(({ kind }) => kind === 'ended');
  for (let tries = 0; tries < 100 && endedOf().length < sampled; tries += 1) await sleep(50);
  const heardMs = await Promise.all(
    endedOf().map(async (event) => (event.recording ? beepMs(await readFile(event.recording)) : 0)),
  );
  await recording.end();
  return {
    what: `${sampled} phones that recorded heard the beep`,
    ok: heardMs.length === sampled && heardMs.every((ms) => ms >= 160 && ms <= 240),
    detail: `${heardMs.join(', ')} ms`,
  };
}

/** How long 1 kHz is heard on the left channel, in steps of 20 ms. */
function beepMs(wav: Uint8Array): number {
  const { channels, sampleRate } = readWav(wav);
  const heard = channels[0] ?? new Int16Array();
  const frame = sampleRate / 50;
  let frames = 0;
  for (let at = 0; at + frame <= heard.length; at += frame) {
    if (toneLevel(heard.subarray(at, at + frame), sampleRate, 1000) > 0.5) frames += 1;
  }
  return frames * 20;
}
