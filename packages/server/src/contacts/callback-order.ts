/** Orders a callback: what the flow actions UpdateContactCallbackNumber and CreateCallbackContact do here. The callback is a contact of its own (callback-contact.ts). */
import { type CallbackRequest, done, failed, type HostResult } from '@ringback/flow';
import { idOf } from '../arn.ts';
import type { Clock } from '../clock.ts';
import type { StoredFlows } from '../flows/stored-flows.ts';
import type { AgentId, ContactFlowId, PhoneNumber, QueueId } from '../ids.ts';
import { judgeDestination } from '../policy/destination.ts';
import type { InstancePolicies } from '../policy/instance-policies.ts';
import { isOwnNumber } from '../policy/own-numbers.ts';
import { isPriced } from '../policy/toll-fraud.ts';
import type { AcceptOutcome } from '../store/accept-contacts.ts';
import type { Directory } from '../store/directory.ts';
import type { Instance, ResourceStore } from '../store/resource-store.ts';
import type { AcceptRequest } from './accept-contact.ts';
import { agentNamed } from './agent-named.ts';
import { associationIdOf, type ContactRequest, detailsOf } from './contact.ts';
import type { FlowHooks } from './flow-hooks.ts';
import type { OpenContact } from './open-contact.ts';

/** Makes a contact of its own; what is asked of policy is asked as for any call. */
export type CreateContact = (request: AcceptRequest) => Promise<AcceptOutcome>;

export interface CallbackDeps {
  readonly policies: InstancePolicies;
  readonly directory: Directory;
  readonly resources: ResourceStore;
  readonly flows: StoredFlows;
  readonly clock: Clock;
  /** Absent where none can be made. */
  readonly createContact?: CreateContact;
}

/** How long a callback rings, ms. */
const ringTimeoutMs = 60_000;

/** Where and as whom a flow's callback goes. */
export interface CallbackPlan {
  /** Set by the flow (UpdateContactCallbackNumber); else the customer's own number. */
  readonly number: PhoneNumber | undefined;
  /** The queue, or the agent whose queue it is, that the flow chose before. */
  readonly queueId: QueueId | undefined;
  readonly agentId: AgentId | undefined;
  /** What the flow set for moments to come. */
  readonly hooks: FlowHooks | undefined;
}

/** CallbackNumberNotDialable where policy says no (flow language, UpdateContactCallbackNumber). */
export function checkCallbackNumber(
  phoneNumber: string,
  instance: Instance,
  { policies }: CallbackDeps,
): HostResult<PhoneNumber> {
  const verdict = judgeDestination(phoneNumber, policies.of(instance).destinations);
  if (verdict.kind === 'allowed') return done(verdict.number);
  return failed(
    verdict.message,
    verdict.kind === 'malformed' ? 'InvalidCallbackNumber' : 'CallbackNumberNotDialable',
  );
}

export async function createCallback(
  asked: CallbackRequest,
  plan: CallbackPlan,
  contact: OpenContact,
  instance: Instance,
  deps: CallbackDeps,
): Promise<HostResult> {
  const { current } = contact;
  const { target } = asked;
  const queueId = target
    ? target.kind === 'queue'
      ? (idOf(target.queueId) as QueueId)
      : undefined
    : plan.queueId;
  const agentNamedBy = target ? (target.kind === 'agent' ? target.agentId : undefined) : plan.agentId;
  if (!queueId && !agentNamedBy) return failed('No queue is set that the callback could wait in.');
  const queue = queueId && (await deps.directory.queue(instance.id, queueId));
  if (queueId && !queue) return failed(`There is no queue ${queueId}.`);
  const agentId = agentNamedBy && (await agentNamed(instance.id, agentNamedBy, deps.resources.agents))?.id;
  if (agentNamedBy && !agentId) return failed(`There is no agent ${agentNamedBy}.`);
  const { contactFlowId, callerIdNumber } = asked;
  if (contactFlowId !== undefined && !(await deps.flows.find(instance, contactFlowId, 'flow')))
    return failed(`There is no published flow ${contactFlowId}.`);
  if (callerIdNumber !== undefined && !(await isOwnNumber(callerIdNumber, instance, deps)))
    return failed(`The caller ID ${callerIdNumber} is not a number of this instance.`);
  const nowMs = deps.clock.now();
  const request: ContactRequest = {
    ...current.request,
    ...detailsOf(current),
    initiationMethod: 'CALLBACK',
    initialContactId: current.request.initialContactId ?? current.id,
    previousContactId: current.id,
    associationId: associationIdOf(current),
    destination: plan.number ?? current.request.destination,
    source: ((callerIdNumber as PhoneNumber | undefined) ??
      (queue ? queue.callerIdNumber : undefined) ??
      current.request.source) as PhoneNumber,
    ...(queueId ? { queueId } : {}),
    callback: {
      notBeforeMs: nowMs + asked.initialDelayMs,
      attemptsLeft: asked.maximumAttempts,
      retryDelayMs: asked.retryDelayMs,
      ...(agentId ? { agentId } : {}),
      ...(plan.hooks ? { hooks: [...plan.hooks.values()] } : {}),
      ...(contactFlowId === undefined ? {} : { contactFlowId: idOf(contactFlowId) as ContactFlowId }),
    },
    ringTimeoutMs,
  };
  const refusal = await acceptCallback(request, current.attributes, instance, deps);
  return refusal === undefined ? done() : failed(refusal);
}

/** Why it was not made; undefined when it was. */
export async function acceptCallback(
  request: ContactRequest,
  attributes: AcceptRequest['attributes'],
  instance: Instance,
  { policies, directory, createContact }: CallbackDeps,
): Promise<string | undefined> {
  if (!createContact) return 'Callbacks cannot be made here.';
  // Read again: it may have been switched off while the contact lived.
  if ((await directory.instance(instance.id))?.outboundCallsEnabled === false) {
    return 'Outbound calling is switched off for this instance.';
  }
  const { destinations, caps } = policies.of(instance);
  const verdict = judgeDestination(request.destination, destinations);
  if (verdict.kind !== 'allowed') return verdict.message;
  if (!isPriced(caps, verdict.number)) return 'Spending is capped, and the number has no price.';
  // A strategy, detection and a campaign belong to the call that it follows.
  const {
    preview: _preview,
    answerMachineDetection: _detection,
    campaignId: _campaign,
    agentId: _agent,
    queueName: _name,
    transfer: _transfer,
    monitor: _monitor,
    ...own
  } = request;
  const outcome = await createContact({
    tenant: instance.tenant,
    instanceId: instance.id,
    request: { ...own, trafficType: 'GENERAL' },
    attributes,
    clientToken: undefined,
    country: verdict.country,
    caps,
  });
  if (outcome.kind === 'no call slot') return 'All calls that the instance may have at once are in use.';
  if (outcome.kind === 'cap reached') return 'A cap on outbound calls is reached.';
  return undefined;
}
