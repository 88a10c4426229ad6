/** An agent's transfer by quick connect: where it may go, and the contact that follows. The story of that contact is in transferred-contact.ts. */
import type { DeskRefusal } from '@ringback/connect-api';
import { idOf } from '../arn.ts';
import type { Clock } from '../clock.ts';
import type { StoredFlows } from '../flows/stored-flows.ts';
import type { AgentId, ContactFlowId, QueueId, QuickConnectId } from '../ids.ts';
import { countryOf } from '../policy/destination.ts';
import type { InstancePolicies } from '../policy/instance-policies.ts';
import { noCaps } from '../policy/toll-fraud.ts';
import { type AgentSetUp, queuesForTransfers } from '../routing/routing-directory.ts';
import type { Instance, ResourceStore } from '../store/resource-store.ts';
import type { CreateContact } from './callback-order.ts';
import { associationIdOf, type ContactRequest, detailsOf, type NextContact } from './contact.ts';
import type { ContactTransfer, ContactTransfers } from './contact-transfer.ts';
import type { OpenContact } from './open-contact.ts';

/** An agent or a queue, with the flow that leads there. */
export type TransferTarget = {
  readonly quickConnectId: QuickConnectId;
  /** As the page shows it. */
  readonly name: string;
  readonly contactFlowId: ContactFlowId;
} & (
  | { readonly kind: 'agent'; readonly agentId: AgentId }
  | { readonly kind: 'queue'; readonly queueId: QueueId }
);

export interface TransferDeps {
  readonly resources: ResourceStore;
  readonly flows: StoredFlows;
  readonly policies: InstancePolicies;
  readonly clock: Clock;
  readonly createContact?: CreateContact;
  readonly agents?: { readonly transfers: ContactTransfers };
}

const gone: DeskRefusal = { code: 'NOT_NOW', message: 'There is no such quick connect for you any more.' };

/** What a quick connect of the agent's stands for: those of the queues that his routing profile names, and no other. */
export async function targetOfQuickConnect(
  quickConnectId: string,
  agent: AgentSetUp,
  instance: Instance,
  { resources }: Pick<TransferDeps, 'resources'>,
): Promise<{ readonly phoneNumber: string; readonly name: string } | TransferTarget | DeskRefusal> {
  const mine = await resources.quickConnects.ofQueues(instance.id, queuesForTransfers(agent));
  const found = mine.find(({ id }) => id === (quickConnectId as QuickConnectId));
  const { UserConfig: user, QueueConfig: queue, PhoneConfig: phone } = found?.config ?? {};
  if (!found) return gone;
  const { id, name } = found;
  if (phone) return { phoneNumber: phone.PhoneNumber, name };
  if (user) {
    const agentId = idOf(user.UserId) as AgentId;
    if (agentId === agent.agent.id) return { code: 'NOT_NOW', message: 'That is you.' };
    return {
      kind: 'agent',
      quickConnectId: id,
      name,
      agentId,
      contactFlowId: idOf(user.ContactFlowId) as ContactFlowId,
    };
  }
  if (queue) {
    const contactFlowId = idOf(queue.ContactFlowId) as ContactFlowId;
    return {
      kind: 'queue',
      quickConnectId: id,
      name,
      queueId: idOf(queue.QueueId) as QueueId,
      contactFlowId,
    };
  }
  return gone;
}

/**
 * Accepts the contact that follows `contact`, and begins its story with `transfer` in hand; resolves with why not.
 *
 * Nobody is dialled, so nothing counts against caps but money, which the customer's call goes on to cost.
 */
export async function followTransfer(
  transfer: ContactTransfer,
  target: TransferTarget,
  contact: OpenContact,
  instance: Instance,
  { flows, policies, clock, createContact, agents }: TransferDeps,
): Promise<DeskRefusal | undefined> {
  const { current } = contact;
  if (!createContact || !agents) return { code: 'NOT_NOW', message: 'Transfers cannot be made here.' };
  if (!(await flows.find(instance, target.contactFlowId, 'flow'))) {
    return { code: 'NOT_NOW', message: `The flow of ${target.name} is not published.` };
  }
  const takeBack = agents.transfers.offer(current.id, transfer);
  const request: ContactRequest = {
    destination: current.request.destination,
    source: current.request.source,
    initiationMethod: 'TRANSFER',
    initialContactId: current.request.initialContactId ?? current.id,
    previousContactId: current.id,
    associationId: associationIdOf(current),
    transfer: target.kind === 'agent' ? { toAgentId: target.agentId } : {},
    ...(target.kind === 'queue' ? { queueId: target.queueId } : {}),
    contactFlowId: target.contactFlowId,
    ...detailsOf(current),
    trafficType: 'GENERAL',
    ringTimeoutMs: 0,
  };
  const outcome = await createContact({
    tenant: instance.tenant,
    instanceId: instance.id,
    request,
    attributes: current.attributes,
    clientToken: undefined,
    country: countryOf(request.destination),
    caps: { ...noCaps, spend: policies.of(instance).caps.spend },
  });
  if (outcome.kind === 'accepted') {
    const next: NextContact = {
      contactId: outcome.contactId,
      initiatedAtMs: clock.now(),
      quickConnect: {
        id: target.quickConnectId,
        name: target.name,
        type: target.kind === 'agent' ? 'USER' : 'QUEUE',
      },
    };
    const { nextContacts = [] } = contact.current.outcome;
    contact.learned({ nextContactId: next.contactId, nextContacts: [...nextContacts, next] });
    return undefined;
  }
  takeBack();
  return {
    code: 'NOT_NOW',
    message:
      outcome.kind === 'cap reached'
        ? 'A cap on calls is reached.'
        : 'All calls that the instance may have at once are in use.',
  };
}
