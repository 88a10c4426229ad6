/** The story of a contact that an agent's transfer made: its flow, its queue, its agent. The customer is the previous contact's until that contact's agent leaves. */
import type { DeskParty } from '@ringback/connect-api';
import { createContactFlowState, type FlowParticipant, failed, runFlow } from '@ringback/flow';
import type { Instance } from '../store/resource-store.ts';
import { goOnAfterFlow } from './after-flow.ts';
import { contactFlowHost } from './contact-flow-host.ts';
import type { ContactTransfer } from './contact-transfer.ts';
import type { HeldByContact } from './end-contact.ts';
import { type Ending, endings } from './endings.ts';
import { agentOn, customerOn, type ParticipantDeps } from './flow-participants.ts';
import { untilLegEnds } from './leg-endings.ts';
import type { OpenContact } from './open-contact.ts';
import type { OutboundContactDeps } from './outbound-contact.ts';
import { customerParty, StoryCard, transferringParty } from './story-card.ts';

/** Lives it to its end. After a restart there is no customer any more, and it ends at once. */
export async function liveTransferred(
  contact: OpenContact,
  held: HeldByContact,
  deps: OutboundContactDeps,
  signal: AbortSignal,
): Promise<Ending> {
  const { previousContactId } = contact.current.request;
  const transfer = previousContactId && deps.agents?.transfers.take(previousContactId);
  if (!transfer) return endings.serviceRestarted;
  const { agents } = deps;
  const { destination } = contact.current.request;
  // Whoever is offered the contact sees that a colleague asks; from the conversation on, that shows who is there.
  held.card = new StoryCard(contact, (contactId) => agents?.desks.cards.changed(contactId));
  held.card.show({ parties: partiesAsking(transfer, destination) });
  const stopListening = transfer.listen((news) => {
    if (transfer.progress.state === 'connecting')
      held.card?.show({ parties: partiesAsking(transfer, destination) });
    if (news !== 'handed over') return;
    held.leg = transfer.customer;
    void contact.answered(deps.clock.now()).catch((error: unknown) => {
      // The end is written all the same, or says why it could not be.
      deps.logger.error({ err: error, contactId: contact.current.id }, 'a transfer could not be written');
    });
  });
  try {
    return await follow(transfer, contact, held, deps, AbortSignal.any([signal, transfer.cancelled]));
  } finally {
    // From here on nobody can be handed over; who was, is closed with this contact.
    transfer.tellProgress({ state: 'over' });
    stopListening();
  }
}

/** Nobody where the customer was handed over: then it is a contact like others. */
function partiesAsking(
  { handedOver, customerState, byAgent }: ContactTransfer,
  address: string,
): DeskParty[] {
  if (handedOver.aborted) return [];
  return [customerParty(address, customerState), transferringParty(byAgent.name, 'connected')];
}

async function follow(
  transfer: ContactTransfer,
  contact: OpenContact,
  held: HeldByContact,
  deps: OutboundContactDeps,
  signal: AbortSignal,
): Promise<Ending> {
  const { request, instanceId } = contact.current;
  const instance = await deps.directory.instance(instanceId);
  const flow = instance && (await deps.flows.find(instance, request.contactFlowId, 'flow'));
  if (!instance || !flow) return endings.flowUnavailable;
  const participant = listenerOf(transfer, instance, contact, deps);
  const host = { ...contactFlowHost(contact, instance, held, deps), participant };
  const agentId = request.transfer?.toAgentId;
  if (agentId) await host.setTargetQueue?.({ kind: 'agent', agentId });
  else if (request.queueId) await host.setTargetQueue?.({ kind: 'queue', queueId: request.queueId });
  const { hooks, flowState: left } = transfer.inherited;
  held.hooks = new Map(hooks);
  const flowState = createContactFlowState({ logging: left.logging });
  flowState.voice = left.voice;
  flowState.languageCode = left.languageCode;
  return untilLegEnds(transfer.customer, signal, async (whileConnected) => {
    const outcome = await runFlow(flow, host, { signal: whileConnected, state: flowState });
    const parts = { contact, instance, held, host, flowState, deps, transfer };
    return goOnAfterFlow(outcome, parts, transfer.customer, whileConnected);
  });
}

/** Whom the flows speak to: the agent who transfers, and from the moment he leaves the customer, who hears what plays then from its beginning. */
function listenerOf(
  transfer: ContactTransfer,
  instance: Instance,
  contact: OpenContact,
  deps: ParticipantDeps,
): FlowParticipant {
  const customer = customerOn(transfer.customer, instance, contact, deps);
  const { handedOver, byAgent } = transfer;
  return {
    role: 'customer',
    async play(message, interruption, signal) {
      if (!handedOver.aborted) {
        const audio = byAgent.audio();
        const heard = audio
          ? await agentOn(audio, instance, deps).play(
              message,
              interruption,
              AbortSignal.any([signal, handedOver]),
            )
          : failed("The agent's softphone is away.");
        if (!handedOver.aborted || signal.aborted) return heard;
      }
      return customer.play(message, interruption, signal);
    },
    nextDigit: (withinMs, signal) => customer.nextDigit(withinMs, signal),
    drainDigits: () => customer.drainDigits(),
  };
}
