/** A call that an agent makes from the page: the same rules as any call, then its story – ringing heard by the agent, outbound whisper, conversation. */
import type { DeskRefusal } from '@ringback/connect-api';
import { createContactFlowState } from '@ringback/flow';
import type { AgentDesk } from '../agents/agent-desk.ts';
import type { ContactFlowId, PhoneNumber } from '../ids.ts';
import { judgeDestination } from '../policy/destination.ts';
import { isPriced } from '../policy/toll-fraud.ts';
import { type AcceptDeps, acceptContact } from './accept-contact.ts';
import { AgentPart } from './agent-part.ts';
import type { ContactRequest } from './contact.ts';
import { contactFlowHost } from './contact-flow-host.ts';
import { converse, prepareAgent } from './conversation.ts';
import { dialForAgent } from './dial-for-agent.ts';
import type { HeldByContact } from './end-contact.ts';
import { type Ending, endings } from './endings.ts';
import { untilLegEnds } from './leg-endings.ts';
import type { OpenContact } from './open-contact.ts';
import type { OutboundContactDeps } from './outbound-contact.ts';
import { StoryCard } from './story-card.ts';
import { outboundWhisperOf, whisperToCalled } from './whispers.ts';

/** An agent's call rings as long as any other, ms. */
const ringTimeoutMs = 60_000;

/** Accepts the call of an agent; undefined when it is on its way, else why it may not be made. */
export async function callByAgent(
  desk: AgentDesk,
  phoneNumber: string,
  deps: OutboundContactDeps,
  accepting: AcceptDeps,
): Promise<DeskRefusal | undefined> {
  const setUp = await desk.setUp();
  const queue = setUp?.instance.queues.get(setUp.agent.profile.defaultOutboundQueueId);
  if (!setUp || !queue) return notDialable('Your routing profile has no outbound queue.');
  const { instance } = setUp.instance;
  if (!instance.outboundCallsEnabled) return notDialable('Outbound calling is switched off.');
  if (!deps.gate.isOpen) return notDialable('Dialling is stopped at this moment.');
  const { destinations, caps } = deps.policies.of(instance);
  const verdict = judgeDestination(phoneNumber, destinations);
  if (verdict.kind !== 'allowed') return notDialable(verdict.message);
  if (!isPriced(caps, verdict.number)) return notDialable('Spending is capped, and the number has no price.');
  const source = queue.callerIdNumber ?? (await ownNumber(instance, deps));
  if (!source) return notDialable(`The queue ${queue.name} has no caller ID number.`);
  const flow = (await deps.flows.find(instance, outboundWhisperOf(queue), 'flow'))?.id ?? '';
  const request: ContactRequest = {
    initiationMethod: 'OUTBOUND',
    agentId: desk.agentId,
    destination: verdict.number,
    source,
    ...(queue.callerIdName === undefined ? {} : { callerIdName: queue.callerIdName }),
    contactFlowId: flow as ContactFlowId,
    queueId: queue.id,
    queueName: queue.name,
    references: {},
    trafficType: 'GENERAL',
    ringTimeoutMs,
  };
  const outcome = await acceptContact(
    {
      tenant: instance.tenant,
      instanceId: instance.id,
      request,
      attributes: {},
      clientToken: undefined,
      country: verdict.country,
      caps,
    },
    accepting,
  );
  switch (outcome.kind) {
    case 'no call slot':
      return notDialable('All calls that the instance may have at once are in use.');
    case 'cap reached':
      return notDialable('A cap on outbound calls is reached.');
    default:
      return undefined;
  }
}

function notDialable(message: string): DeskRefusal {
  return { code: 'NOT_DIALABLE', message };
}

async function ownNumber(
  {
    id,
    tenant,
  }: {
    readonly id: string;
    readonly tenant: Parameters<OutboundContactDeps['resources']['listPhoneNumbers']>[0];
  },
  { resources }: OutboundContactDeps,
): Promise<PhoneNumber | undefined> {
  return (await resources.listPhoneNumbers(tenant)).find(({ instanceId }) => instanceId === id)?.e164;
}

/** Lives the call to its end. */
export async function liveCallByAgent(
  contact: OpenContact,
  held: HeldByContact,
  deps: OutboundContactDeps,
  signal: AbortSignal,
): Promise<Ending> {
  const { request, instanceId } = contact.current;
  const { agents } = deps;
  const desk = request.agentId && agents?.desks.find(instanceId, request.agentId);
  const instance = await deps.directory.instance(instanceId);
  if (!agents || !desk || !instance) return endings.agentLost;
  const card = new StoryCard(contact, (contactId) => agents.desks.cards.changed(contactId));
  held.card = card;
  held.hideCard = agents.desks.cards.show(card);
  const part = new AgentPart(() => contact.current, agents.routing, deps.clock);
  held.agentPart = part;
  const begun = await part.begin(desk.agentId);
  if (begun.kind === 'refused') return endings.agentBusy;

  const { leg, joined } = await dialForAgent(
    { contact, held, card, desk, media: agents.media, deps },
    signal,
  );
  const host = contactFlowHost(contact, instance, held, deps);
  const flowState = createContactFlowState();
  held.hooks ??= new Map();
  const { hooks } = held;
  return untilLegEnds(leg, signal, async (whileConnected) => {
    await prepareAgent({ desk, contact, instance, held, card });
    const parts = { instance, host, flowState, deps };
    const whispered = await whisperToCalled(request.contactFlowId, parts, leg, whileConnected);
    if (whispered === 'too long') return endings.flowDisconnected;
    const end = await converse(
      {
        contact,
        instance,
        held,
        host,
        flowState,
        hooks,
        part,
        card,
        desk,
        media: agents.media,
        deps,
        ...(joined ? { joined } : {}),
      },
      leg,
      'none',
      whileConnected,
    );
    return end.kind === 'over' ? end.ending : endings.agentLost;
  });
}
