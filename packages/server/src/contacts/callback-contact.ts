/** A callback: a flow asked that somebody calls the customer later. How it is made (CreateCallbackContact), and its story: wait, queue, an agent, the call. */
import {
  type CallbackRequest,
  createContactFlowState,
  done,
  failed,
  type HostResult,
  runFlow,
} from '@ringback/flow';
import { idOf } from '../arn.ts';
import { DialFailure } from '../calls/dial-failure.ts';
import { delay } from '../clock.ts';
import type { AgentId, ContactFlowId, PhoneNumber, QueueId } from '../ids.ts';
import { judgeDestination } from '../policy/destination.ts';
import { isPriced } from '../policy/toll-fraud.ts';
import type { AcceptOutcome } from '../store/accept-contacts.ts';
import type { Instance } from '../store/resource-store.ts';
import type { AcceptRequest } from './accept-contact.ts';
import { callAndTalk } from './agent-first-contact.ts';
import type { ContactRequest } from './contact.ts';
import { contactFlowHost, type FlowHostDeps } from './contact-flow-host.ts';
import type { HeldByContact } from './end-contact.ts';
import { type Ending, endings } from './endings.ts';
import type { OpenContact } from './open-contact.ts';
import type { OutboundContactDeps } from './outbound-contact.ts';
import { queuedContact, waitForDesk } from './queued-contact.ts';

/** Makes a contact of its own; what is asked of policy is asked as for any call. */
export type CreateContact = (request: AcceptRequest) => Promise<AcceptOutcome>;

/** How long a callback rings, ms. */
const ringTimeoutMs = 60_000;

/** Where and as whom a flow's callback goes. */
export interface CallbackPlan {
  /** Set by the flow (UpdateContactCallbackNumber); else the customer's own number. */
  readonly number: PhoneNumber | undefined;
  /** The queue, or the agent whose queue it is, that the flow chose before. */
  readonly queueId: QueueId | undefined;
  readonly agentId: AgentId | undefined;
}

/** CallbackNumberNotDialable where policy says no (flow language, UpdateContactCallbackNumber). */
export function checkCallbackNumber(
  phoneNumber: string,
  instance: Instance,
  { policies }: FlowHostDeps,
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
  deps: FlowHostDeps,
): Promise<HostResult> {
  const { current } = contact;
  const { target } = asked;
  const queueId = target
    ? target.kind === 'queue'
      ? (idOf(target.queueId) as QueueId)
      : undefined
    : plan.queueId;
  const agentId = target
    ? target.kind === 'agent'
      ? (idOf(target.agentId) as AgentId)
      : undefined
    : plan.agentId;
  if (!queueId && !agentId) return failed('No queue is set that the callback could wait in.');
  const queue = queueId && (await deps.directory.queue(instance.id, queueId));
  if (queueId && !queue) return failed(`There is no queue ${queueId}.`);
  const nowMs = deps.clock.now();
  const request: ContactRequest = {
    ...current.request,
    initiationMethod: 'CALLBACK',
    initialContactId: current.request.initialContactId ?? current.id,
    previousContactId: current.id,
    destination: plan.number ?? current.request.destination,
    source: ((asked.callerIdNumber as PhoneNumber | undefined) ??
      (queue ? queue.callerIdNumber : undefined) ??
      current.request.source) as PhoneNumber,
    ...(queueId ? { queueId } : {}),
    callback: {
      notBeforeMs: nowMs + asked.initialDelayMs,
      attemptsLeft: asked.maximumAttempts,
      retryDelayMs: asked.retryDelayMs,
      ...(agentId ? { agentId } : {}),
      ...(asked.contactFlowId === undefined
        ? {}
        : { contactFlowId: idOf(asked.contactFlowId) as ContactFlowId }),
    },
    ringTimeoutMs,
  };
  const refusal = await accept(request, current.attributes, instance, deps);
  return refusal === undefined ? done() : failed(refusal);
}

/** Why it was not made; undefined when it was. */
async function accept(
  request: ContactRequest,
  attributes: AcceptRequest['attributes'],
  instance: Instance,
  { policies, createContact }: FlowHostDeps,
): Promise<string | undefined> {
  if (!createContact) return 'Callbacks cannot be made here.';
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

/** Lives a callback to its end: its time comes, it waits for an agent, who then hears it ring. */
export async function liveCallback(
  contact: OpenContact,
  held: HeldByContact,
  deps: OutboundContactDeps,
  signal: AbortSignal,
): Promise<Ending> {
  const { request, instanceId, attributes } = contact.current;
  const instance = await deps.directory.instance(instanceId);
  const { callback } = request;
  if (!instance || !callback) return endings.flowUnavailable;
  await delay(deps.clock, Math.max(0, callback.notBeforeMs - deps.clock.now()), signal);

  const host = contactFlowHost(contact, instance, held, deps);
  const flowState = createContactFlowState();
  if (callback.agentId) await host.setTargetQueue?.({ kind: 'agent', agentId: callback.agentId });
  else if (request.queueId) await host.setTargetQueue?.({ kind: 'queue', queueId: request.queueId });
  if (callback.contactFlowId) {
    const flow = await deps.flows.find(instance, callback.contactFlowId, 'flow');
    if (!flow) return endings.flowUnavailable;
    const outcome = await runFlow(flow, host, { signal, state: flowState });
    signal.throwIfAborted();
    if (outcome.kind !== 'queued' && outcome.kind !== 'transferredToAgent') return endings.flowEnded;
  } else {
    const queued = await host.transferToQueue?.();
    if (queued?.kind !== 'done') return endings.queueRefused;
  }
  const queued = queuedContact(contact, instance, held, host, flowState, deps);
  if (!queued) return endings.flowEnded;
  queued.card.enter({ phase: 'DIALLING', parties: [] }, {});
  const desk = await waitForDesk(queued, signal);
  signal.throwIfAborted();
  if (!desk) return endings.flowEnded;
  try {
    return await callAndTalk(queued, desk, deps, signal);
  } catch (error) {
    if (error instanceof DialFailure && callback.attemptsLeft > 1) {
      const again: ContactRequest = {
        ...request,
        previousContactId: contact.current.id,
        callback: {
          ...callback,
          attemptsLeft: callback.attemptsLeft - 1,
          notBeforeMs: deps.clock.now() + callback.retryDelayMs,
        },
      };
      const refusal = await accept(again, attributes, instance, deps);
      if (refusal !== undefined) {
        deps.logger.warn({ contactId: contact.current.id, refusal }, 'a callback is not tried again');
      }
    }
    throw error;
  }
}
