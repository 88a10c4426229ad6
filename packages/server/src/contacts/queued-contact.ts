/** A contact in a queue: the customer hears the queue flow until an agent has accepted, then they talk. Part of the story of a contact. */
import {
  type ContactFlowState,
  type FlowHost,
  type FlowOutcome,
  type HostResult,
  type QueueMetrics,
  type RoutingTarget,
  runFlow,
} from '@ringback/flow';
import type { MediaEngine } from '@ringback/media';
import type { AgentDesk } from '../agents/agent-desk.ts';
import type { Desks } from '../agents/desks.ts';
import type { Leg } from '../calls/leg.ts';
import type { Routing } from '../routing/routing.ts';
import type { Instance } from '../store/resource-store.ts';
import type { AgentPart } from './agent-part.ts';
import type { Contact } from './contact.ts';
import type { FlowHostDeps } from './contact-flow-host.ts';
import type { ContactTransfer, ContactTransfers } from './contact-transfer.ts';
import { converse, prepareAgent } from './conversation.ts';
import type { HeldByContact } from './end-contact.ts';
import type { Ending } from './endings.ts';
import { type FlowHooks, flowOfHook } from './flow-hooks.ts';
import type { OpenContact } from './open-contact.ts';
import type { StoryCard } from './story-card.ts';
import type { WatchedConversations } from './watched-conversations.ts';
import { whisperToAgent } from './whispers.ts';

/** What the service has where there are agents. */
export interface AgentSide {
  readonly routing: Routing;
  readonly desks: Desks;
  readonly media: MediaEngine;
  readonly transfers: ContactTransfers;
  readonly conversations: WatchedConversations;
  /** How many contacts may wait in the queue of one agent. */
  readonly contactsPerAgentQueue?: (instance: Instance) => number;
  /** Numbers of a queue for flows. */
  readonly queueMetrics?: (
    contact: Contact,
    target: RoutingTarget | undefined,
  ) => Promise<HostResult<QueueMetrics>>;
}

/** A contact that has been put into a queue, and everything its time there needs. */
export interface QueuedContact {
  readonly contact: OpenContact;
  readonly instance: Instance;
  readonly held: HeldByContact;
  readonly host: FlowHost;
  readonly flowState: ContactFlowState;
  readonly hooks: FlowHooks;
  readonly part: AgentPart;
  readonly card: StoryCard;
  readonly agents: AgentSide;
  /** The customer comes, or came, from another contact. */
  readonly transfer?: ContactTransfer;
  readonly deps: FlowHostDeps;
}

/** What its flow has put into a queue; undefined where nothing can be queued. */
export function queuedContact(
  contact: OpenContact,
  instance: Instance,
  held: HeldByContact,
  host: FlowHost,
  flowState: ContactFlowState,
  deps: FlowHostDeps,
): QueuedContact | undefined {
  const { agents } = deps;
  const { agentPart: part, card } = held;
  if (!agents || !part || !card) return undefined;
  held.hooks ??= new Map();
  return { contact, instance, held, host, flowState, hooks: held.hooks, part, card, agents, deps };
}

/**
 * Waits for an agent and lets the two talk. An outcome is that of a flow which took the customer elsewhere: his queue flow, or
 * the one for whom the agent has left. Undefined: `signal` was aborted.
 */
export async function serveFromQueue(
  queued: QueuedContact,
  customer: Leg,
  signal: AbortSignal,
): Promise<Ending | FlowOutcome | undefined> {
  for (;;) {
    const waited = await waitInQueue(queued, signal);
    if (waited === undefined || 'kind' in waited) return waited;
    customer.keys.drain();
    const { agents, ...parts } = queued;
    const end = await converse(
      { ...parts, desk: waited, media: agents.media },
      customer,
      'to the customer',
      signal,
    );
    if (end.kind === 'agent failed') {
      await agentFailed(queued);
      continue;
    }
    // Only who still has the customer has somebody to go on with.
    if (end.ending?.disconnectReason !== 'AGENT_DISCONNECT' || !queued.held.leg) return end.ending;
    return (await remainingFlow(queued, signal)) ?? end.ending;
  }
}

async function agentFailed({ part, held }: QueuedContact): Promise<void> {
  delete held.agent;
  await part.failed();
}

/** Waits until an agent has accepted and heard the agent whisper, while whatever the customer hears goes on. */
export async function waitForAgent(
  queued: QueuedContact,
  signal: AbortSignal,
): Promise<AgentDesk | undefined> {
  for (;;) {
    const desk = await waitForDesk(queued, signal);
    if (!desk) return undefined;
    const gone = new AbortController();
    void desk.gone.then(() => gone.abort());
    const either = AbortSignal.any([signal, gone.signal]);
    const ready = await prepareAgent({ ...queued, desk });
    const whispered = ready && (await whisperToAgent(queued, desk, either));
    if (signal.aborted) return undefined;
    if (whispered === 'heard' && !gone.signal.aborted) return desk;
    queued.deps.logger.info(
      { contactId: queued.contact.current.id },
      'the agent went away before the whisper was over; the customer waits on',
    );
    await agentFailed(queued);
  }
}

/** Waits until an agent has accepted whose page is here. */
export async function waitForDesk(
  queued: QueuedContact,
  signal: AbortSignal,
): Promise<AgentDesk | undefined> {
  const { part, agents, contact } = queued;
  for (;;) {
    const accepted = await part.nextAccepted(signal).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    if (!accepted) return undefined;
    const desk = agents.desks.find(contact.current.instanceId, accepted.agentId);
    if (desk?.audio) return desk;
    await part.failed();
  }
}

/** Plays the customer queue flow until an agent is ready; its outcome where that took the customer out of the queue. */
async function waitInQueue(
  queued: QueuedContact,
  signal: AbortSignal,
): Promise<AgentDesk | FlowOutcome | undefined> {
  // He has none now, whomever he had before.
  delete queued.held.agent;
  const waiting = new AbortController();
  const stop = (): void => waiting.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const flow = playQueueFlow(queued, waiting.signal);
  const found = waitForAgent(queued, waiting.signal);
  try {
    const first = await Promise.race([found, flow]);
    // The flow ended without moving the contact: the customer goes on waiting in silence.
    if (first === undefined) await found;
  } finally {
    signal.removeEventListener('abort', stop);
    waiting.abort();
    await Promise.allSettled([flow, found]);
  }
  const outcome = await flow;
  if (outcome) await queued.part.leaveQueue();
  return outcome ?? found;
}

/** Runs queue flows, one for each queue that the contact moves to; the outcome of the last where that decides. */
async function playQueueFlow(queued: QueuedContact, signal: AbortSignal): Promise<FlowOutcome | undefined> {
  const { hooks, instance, host, flowState, deps } = queued;
  let outcome: FlowOutcome;
  do {
    const flow = await flowOfHook(hooks, 'CustomerQueue', instance, deps.flows);
    if (!flow || signal.aborted) return undefined;
    outcome = await runFlow(flow, host, { signal, state: flowState });
  } while (outcome.kind === 'queued');
  return outcome.kind === 'disconnected' || outcome.kind === 'transferredToThirdParty' ? outcome : undefined;
}

/** The flow that was set to run when the agent has left and the customer has not (UpdateContactEventHooks, CustomerRemaining). */
async function remainingFlow(queued: QueuedContact, signal: AbortSignal): Promise<FlowOutcome | undefined> {
  const { hooks, held, instance, deps, host, flowState, part } = queued;
  if (!hooks.has('CustomerRemaining')) return undefined;
  const flow = await flowOfHook(hooks, 'CustomerRemaining', instance, deps.flows);
  if (!flow || signal.aborted) return undefined;
  await part.end();
  held.isLeftByAgent = true;
  const outcome = await runFlow(flow, host, { signal, state: flowState });
  delete held.isLeftByAgent;
  return outcome.kind === 'ended' ? undefined : outcome;
}
