/** Phase S: time from a free agent and a waiting contact to the offer on the agent's page, whichever of the two came last. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentId, ContactId } from '../src/ids.ts';
import type { AgentView } from '../src/routing/routing-change.ts';
import { spreadOf } from './percentiles.ts';
import type { PhaseResult } from './results.ts';
import { fillQueue, openRoutingFloor, type RoutingFloor } from './routing-floor.ts';

export interface LatencyOptions {
  readonly agents: number;
  readonly waiting: number;
  readonly samples: number;
}

/** Between two samples, ms: they are to meet a service at work, not each other. */
const restMs = 10;
const longestWaitMs = 10_000;

export async function measureOfferLatency(options: LatencyOptions): Promise<PhaseResult> {
  const floor = await openRoutingFloor(options.agents);
  try {
    return await measure(floor, options);
  } finally {
    await floor.close();
  }
}

interface Offer {
  readonly agentId: AgentId;
  readonly contactId: ContactId;
  readonly atMs: number;
}

async function measure(floor: RoutingFloor, options: LatencyOptions): Promise<PhaseResult> {
  const { routing, instanceId, team } = floor;
  const offers: Offer[] = [];
  const seen = new Set<ContactId>();
  let wake: () => void = () => undefined;
  const shown = (view: AgentView): void => {
    const [held] = view.state.contacts;
    // The same offer is shown again when something else of the agent changes.
    if (held?.state !== 'offered' || seen.has(held.contactId)) return;
    seen.add(held.contactId);
    offers.push({ agentId: view.agentId, contactId: held.contactId, atMs: performance.now() });
    wake();
  };
  const nextOffer = async (): Promise<Offer> => {
    if (offers.length === 0)
      await new Promise<void>((resolve, reject) => {
        const tooLong = setTimeout(() => reject(new Error('no offer came')), longestWaitMs);
        wake = () => {
          clearTimeout(tooLong);
          resolve();
        };
      });
    return offers.shift() as Offer;
  };
  const over = async ({ agentId, contactId }: Offer): Promise<void> => {
    await routing.setStatus({ instanceId, agentId }, team.statuses.break);
    await routing.contactEnded({ instanceId, contactId }, 'none');
    await sleep(restMs);
  };
  for (const { agentId } of team.agents) await routing.attach({ instanceId, agentId }, randomUUID(), shown);

  // A contact comes, and one agent is free.
  const serving = team.agents.filter(({ serves }) =>
    serves.some((served) => served.queueId === floor.queueId && served.delaySeconds === 0),
  );
  const afterContact: number[] = [];
  for (let n = 0; n < options.samples; n += 1) {
    const agentId = serving[n % serving.length]?.agentId as AgentId;
    await routing.setStatus({ instanceId, agentId }, team.statuses.available);
    const contact = floor.newContact();
    const beganAtMs = performance.now();
    await routing.enqueue(contact, { kind: 'queue', queueId: floor.queueId });
    const offer = await nextOffer();
    afterContact.push(offer.atMs - beganAtMs);
    await over(offer);
  }
  // An agent comes back, and many contacts wait.
  const contacts = await fillQueue(floor, options.waiting);
  const afterAgent: number[] = [];
  const inOrder: boolean[] = [];
  for (let n = 0; n < options.samples; n += 1) {
    const agentId = serving[n % serving.length]?.agentId as AgentId;
    const beganAtMs = performance.now();
    await routing.setStatus({ instanceId, agentId }, team.statuses.available);
    const offer = await nextOffer();
    afterAgent.push(offer.atMs - beganAtMs);
    inOrder.push(offer.agentId === agentId);
    await over(offer);
  }
  const contactSpread = spreadOf(afterContact);
  const agentSpread = spreadOf(afterAgent);
  return {
    phase: 'S',
    title: `offer: ${options.samples} times each with ${options.agents} agents signed in, to the offer on the page`,
    figures: [
      { name: 'contact comes, p50', value: contactSpread.p50, unit: 'ms' },
      { name: 'contact comes, p99', value: contactSpread.p99, unit: 'ms', note: 'goal < 50' },
      { name: 'agent comes, p50', value: agentSpread.p50, unit: 'ms', note: `${options.waiting} wait` },
      { name: 'agent comes, p99', value: agentSpread.p99, unit: 'ms', note: 'goal < 50' },
    ],
    checks: [
      {
        what: 'every sample had its offer',
        ok: afterContact.length + afterAgent.length === 2 * options.samples,
      },
      { what: 'the agent who came got it', ok: inOrder.every(Boolean) },
      { what: 'contacts waited meanwhile', ok: contacts.length === options.waiting },
      {
        what: 'routing logged no warning',
        ok: floor.complaints.length === 0,
        ...(floor.complaints[0] ? { detail: floor.complaints[0] } : {}),
      },
    ],
  };
}
