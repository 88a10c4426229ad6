/** Phase A: how many StartOutboundVoiceContact requests the service accepts per second. Every one is signed, checked and committed. */
import { randomUUID } from 'node:crypto';
import { fastestOf, type LoadedPeer } from './accept-rounds.ts';
import { type BenchService, sourceNumber, startBenchService } from './bench-service.ts';
import { type ServiceUsage, untilIdle, usageBetween, usageOfService } from './cpu-time.ts';
import { HttpLoad, type LoadResult } from './http-load.ts';
import type { Figure, PhaseResult } from './results.ts';

export interface AcceptOptions {
  readonly directory: string;
  readonly connections: number;
  readonly profileDirectory: string | undefined;
}

export const acceptPath = '/contact/outbound-voice';

/** A request as an application sends it; the token and the attribute make each unique. */
export function acceptBody(instanceId: string, contactFlowId: string, n: number): string {
  return JSON.stringify({
    InstanceId: instanceId,
    ContactFlowId: contactFlowId,
    DestinationPhoneNumber: destinationOf(n),
    SourcePhoneNumber: sourceNumber,
    ClientToken: randomUUID(),
    Attributes: { orderNumber: String(n), language: 'en-US' },
  });
}

/** The nth of six million numbers that are possible in the United States; all are dialled on loopback only. */
export function destinationOf(n: number): string {
  return `+1206${3_000_000 + (n % 6_000_000)}`;
}

export async function openAcceptPeer(options: AcceptOptions): Promise<LoadedPeer> {
  const service = await startBenchService({
    directory: options.directory,
    // Paused: nothing is dialled, so that only the accepting is measured. No contact may end meanwhile.
    config: { dialling: { paused: true, maxDialDelayMs: 3_600_000 } },
    rtpPorts: '20000-21999',
    profileDirectory: options.profileDirectory,
  });
  try {
    return await loadedService(service, options);
  } catch (error) {
    await service.end('kill');
    throw error;
  }
}

interface AcceptRound {
  readonly load: LoadResult;
  readonly usage: ServiceUsage;
}

async function loadedService(service: BenchService, options: AcceptOptions): Promise<LoadedPeer> {
  const { instanceId, signer } = service;
  const { ContactFlowSummaryList: flows } = (await service.call(
    'GET',
    `/contact-flows-summary/${instanceId}`,
  )) as {
    ContactFlowSummaryList: readonly { Id: string; ContactFlowType: string }[];
  };
  const flowId = flows.find(({ ContactFlowType: type }) => type === 'CONTACT_FLOW')?.Id ?? '';
  let usage = usageOfService(service.pid);
  let n = 0;
  const load = await HttpLoad.open({
    host: service.host,
    port: service.port,
    connections: options.connections,
    writeRequest: () => signer.write('PUT', acceptPath, acceptBody(instanceId, flowId, n++)),
    measuring(edge) {
      const now = usageOfService(service.pid);
      usage = edge === 'begins' ? now : usageBetween(usage, now);
    },
  });
  const rounds: AcceptRound[] = [];
  return {
    warmUp: (seconds) => load.warmUp(seconds),
    async round(seconds) {
      const result = await load.round(seconds);
      rounds.push({ load: result, usage });
      return result;
    },
    untilIdle: () => untilIdle(service.pid),
    report: () => report(service, load, rounds, options.connections),
    async close() {
      load.close();
      await service.end('kill');
    },
  };
}

async function report(
  service: BenchService,
  { bodies, refusals }: HttpLoad,
  rounds: readonly AcceptRound[],
  connections: number,
): Promise<PhaseResult> {
  const { fastest, rates } = fastestOf(rounds);
  const { load, usage } = fastest;
  const contactIds = bodies.map((body) => (JSON.parse(body) as { ContactId: string }).ContactId);
  const probe = contactIds.at(-1) ?? '';
  const stored = (await service.call('GET', `/contacts/${service.instanceId}/${probe}`)) as {
    Contact: { Id: string };
  };
  const told = service.factsWritten();
  const complaints = service.complaints();
  const perRequest = (seconds: number): number => (seconds * 1e6) / Math.max(1, load.answers);
  return {
    phase: 'A',
    rounds: rounds.map((round) => ({
      perSecond: round.load.perSecond,
      micros: (round.usage.mainThreadSeconds * 1e6) / Math.max(1, round.load.answers),
    })),
    title: `accept: signed, durable StartOutboundVoiceContact, ${connections} connections; rounds: ${rates} requests/s`,
    figures: [
      { name: 'accepted', value: load.perSecond, unit: 'requests/s', note: 'goal ≥ 4,000' },
      { name: 'latency p50', value: load.latencyMs.p50, unit: 'ms' },
      { name: 'latency p99', value: load.latencyMs.p99, unit: 'ms', note: 'goal < 25' },
      { name: 'latency max', value: load.latencyMs.max, unit: 'ms' },
      { name: 'CPU of the service', value: perRequest(usage.serviceSeconds), unit: 'µs/request' },
      { name: '… its main thread', value: perRequest(usage.mainThreadSeconds), unit: 'µs/request' },
      { name: 'CPU of PostgreSQL', value: perRequest(usage.postgresSeconds), unit: 'µs/request' },
      { name: 'CPU of the client', value: load.clientMicros, unit: 'µs/request', note: 'shares the machine' },
      signedLate(load),
      { name: 'memory of waiting', value: usage.rssBytes / Math.max(1, load.answers), unit: 'bytes/contact' },
    ],
    checks: [
      { what: 'every request was answered 200', ok: refusals.length === 0, ...detailOf(refusals) },
      {
        what: `all ${contactIds.length} ContactIds differ`,
        ok:
          contactIds.length > 0 && new Set(contactIds).size === contactIds.length && !contactIds.includes(''),
      },
      { what: 'the last contact is in the database', ok: stored.Contact.Id === probe },
      { what: 'the event of each contact was delivered', ok: told === contactIds.length, ...countOf(told) },
      { what: 'the service logged no warning', ok: complaints.length === 0, ...detailOf(complaints) },
    ],
  };
}

const countOf = (told: number): { detail: string } => ({ detail: `${told} lines` });

/** How many requests the client had to sign while measuring: 0 unless the machine became faster than any round before let expect. */
export function signedLate(load: LoadResult): Figure {
  return { name: 'signed late', value: load.signedLate * 100, unit: '%', note: 'costs the client more' };
}

/** The first of some failures, for a check. */
export function detailOf(failures: readonly string[]): { detail?: string } {
  return failures[0] === undefined ? {} : { detail: `${failures.length}, the first: ${failures[0]}` };
}
