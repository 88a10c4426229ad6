/** StartOutboundVoiceContact: checks the request as Connect would and answers the id of a committed contact (API page, §2). */
import { isDeepStrictEqual } from 'node:util';
import {
  ApiError,
  destinationNotAllowedException,
  invalidParameterException,
  limitExceededException,
  type OperationInput,
  outboundContactNotPermittedException,
  resourceNotFoundException,
} from '@ringback/connect-api';
import { type InstanceResource, idOf, isWithin } from '../../arn.ts';
import { acceptContact } from '../../contacts/accept-contact.ts';
import { associationIdOf, type Contact, type ContactRequest } from '../../contacts/contact.ts';
import { type Caller, campaignsPrincipal } from '../../identity/caller.ts';
import { type ContactFlowId, type ContactId, isUuid, type PhoneNumber, type QueueId } from '../../ids.ts';
import { problemWithAttributes, problemWithReferences } from '../../policy/contact-limits.ts';
import { judgeDestination } from '../../policy/destination.ts';
import { mayBeShown } from '../../policy/own-numbers.ts';
import { isPriced } from '../../policy/toll-fraud.ts';
import type { CapReached } from '../../store/count-calls.ts';
import type { Known } from '../../store/directory.ts';
import type { StoredFlow } from '../../store/flow-store.ts';
import type { Instance, OwnPhoneNumber, Queue } from '../../store/resource-store.ts';
import { referencesOf } from '../contact-references.ts';
import { namedContact } from '../named-contact.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';

type Input = OperationInput<'StartOutboundVoiceContact'>;

/** Ringing lasts at most this long where the request says nothing (member RingTimeoutInSeconds). */
const defaultRingTimeoutSeconds = 60;

/** Flows that can be the first of a call; the other types are run at moments of their own (whispers, holds, queues). */
const firstFlowTypes: ReadonlySet<string> = new Set(['CONTACT_FLOW', 'CAMPAIGN']);

export const startOutboundVoiceContact: OperationCode<'StartOutboundVoiceContact'> = async (
  input,
  caller,
  deps,
) => {
  try {
    return { ContactId: await startNew(input, caller, deps) };
  } catch (error) {
    // A token that stands for a contact is answered with it, whatever has changed since: quota, policy, resources.
    const known = error instanceof ApiError ? await replayed(input, caller, deps) : undefined;
    if (known) return { ContactId: known };
    throw error;
  }
};

async function startNew(input: Input, caller: Caller, deps: ApiDeps): Promise<ContactId> {
  const known = requireInstance(input.InstanceId, caller, deps);
  const instance = known instanceof Promise ? await known : known;
  if (!instance.outboundCallsEnabled) {
    throw outboundContactNotPermittedException('Outbound calling is switched off for this instance.');
  }
  refuseWhileStopped(deps);
  const related =
    input.RelatedContactId === undefined
      ? undefined
      : await relatedContact(input.RelatedContactId, instance, deps);
  const named = namedResources(input, instance, deps);
  const resources = named instanceof Promise ? await named : named;
  const { request, country } = checkedRequest(input, instance, related, resources, caller, deps);
  // The copied attributes are the older ones: what the request says wins.
  const attributes = { ...related?.attributes, ...input.Attributes };
  refuse(problemWithAttributes(attributes, input.Attributes ?? {}));

  const { caps } = deps.policies.of(instance);
  if (!isPriced(caps, request.destination)) {
    deps.callRefused('no price');
    throw outboundContactNotPermittedException(
      'Spending is capped, and the destination has no price; caps.spend.pricesPerMinute needs a prefix for it.',
    );
  }
  const outcome = await acceptContact(
    {
      tenant: caller.tenant,
      instanceId: instance.id,
      request,
      attributes,
      clientToken: input.ClientToken,
      country,
      caps,
    },
    deps.accepting,
  );
  if (outcome.kind === 'cap reached') throw capReached(outcome.cap, deps);
  if (outcome.kind === 'no call slot') {
    deps.callRefused('no call slot');
    throw limitExceededException(
      request.trafficType === 'CAMPAIGN'
        ? `All ${outcome.capacity} concurrent campaign calls of the instance are in use.`
        : `All ${outcome.capacity} concurrent calls of the instance are in use.`,
    );
  }
  if (outcome.kind === 'replayed') await tellOfOtherParameters(request, instance, outcome.contactId, deps);
  return outcome.contactId;
}

/** A token used for two calls is a caller's mistake, and one of the calls is never made: the log must say so. */
async function tellOfOtherParameters(
  request: ContactRequest,
  instance: Instance,
  contactId: ContactId,
  deps: ApiDeps,
): Promise<void> {
  const first = await deps.contacts.find(instance.id, contactId);
  // Attributes and the queue's name are left out: they may have changed since.
  const asked = (told: ContactRequest): ContactRequest => ({ ...told, queueName: undefined });
  if (first && !isDeepStrictEqual(asked(first.request), asked(request))) deps.tokenMisused(contactId);
}

/** An administrator's word, so it comes before everything that a caller could mend. Not retried by clients. */
function refuseWhileStopped({ decisions, callRefused }: ApiDeps): void {
  const { stopped } = decisions.dialling;
  if (!stopped) return;
  callRefused('dialling stopped');
  throw outboundContactNotPermittedException(
    `Dialling is stopped by an administrator${stopped.reason ? `: ${stopped.reason}` : ''}.`,
  );
}

/** Not LimitExceededException: clients would repeat the request, and a cap is not a matter of a moment. */
function capReached(cap: CapReached, { callRefused }: ApiDeps): ApiError {
  if (cap.kind === 'spend') {
    callRefused('spend');
    return outboundContactNotPermittedException(
      `The spend cap of the day (${cap.dayLimitMicros / 1_000_000}) leaves no room for the call.`,
    );
  }
  const { scope, window, limit } = cap.counter;
  callRefused(scope === 'instance' ? 'calls of the instance' : `calls to the ${scope}`);
  const what = scope === 'instance' ? 'the instance' : `this ${scope}`;
  return outboundContactNotPermittedException(
    `The cap of ${limit} calls a ${window} for ${what} is reached.`,
  );
}

/** What the request names, as far as it is there. */
interface NamedResources {
  readonly flow: StoredFlow | undefined;
  readonly queue: Queue | undefined;
  readonly number: OwnPhoneNumber | undefined;
}

function namedResources(input: Input, instance: Instance, { directory }: ApiDeps): Known<NamedResources> {
  const flowId = ownId(input.ContactFlowId, 'contact-flow', instance);
  const queueId = input.QueueId === undefined ? undefined : ownId(input.QueueId, 'queue', instance);
  const source = input.SourcePhoneNumber;
  const flow = flowId === undefined ? undefined : directory.flow(instance.id, flowId as ContactFlowId);
  const queue = queueId === undefined ? undefined : directory.queue(instance.id, queueId as QueueId);
  const number = source === undefined ? undefined : directory.phoneNumber(instance.tenant, source);
  return flow instanceof Promise || queue instanceof Promise || number instanceof Promise
    ? Promise.all([flow, queue, number]).then(([f, q, n]) => ({ flow: f, queue: q, number: n }))
    : { flow, queue, number };
}

/** The id that a reference holds; undefined where it cannot be one of the instance's. */
function ownId(idOrArn: string, kind: InstanceResource, instance: Instance): string | undefined {
  const id = idOf(idOrArn);
  return isUuid(id) && isWithin(instance, kind, idOrArn) ? id : undefined;
}

function checkedRequest(
  input: Input,
  instance: Instance,
  related: Contact | undefined,
  resources: NamedResources,
  caller: Caller,
  deps: ApiDeps,
): { readonly request: ContactRequest; readonly country: string } {
  const contactFlowId = publishedFlow(resources.flow);
  const queue = requestedQueue(input.QueueId, resources.queue);
  const source = callerId(input.SourcePhoneNumber, resources.number, queue, instance);

  const verdict = judgeDestination(input.DestinationPhoneNumber, deps.policies.of(instance).destinations);
  if (verdict.kind === 'malformed') throw invalidParameterException(verdict.message);
  if (verdict.kind === 'not allowed') {
    deps.callRefused('destination');
    throw destinationNotAllowedException(verdict.message);
  }

  refuseCallerId(source, verdict.number, deps);

  const trafficType = input.TrafficType ?? 'GENERAL';
  const place = { tenant: instance.tenant, instanceId: instance.id };
  if (trafficType === 'CAMPAIGN' && deps.quotas.resource('campaignCalls', place) === 0) {
    deps.callRefused('campaign quota');
    throw outboundContactNotPermittedException(
      'Campaign traffic is not permitted: the quota of concurrent campaign calls is 0; quotas.concurrentCampaignActiveCalls raises it.',
    );
  }
  const isAmdOn = input.AnswerMachineDetectionConfig?.EnableAnswerMachineDetection === true;
  if (isAmdOn && trafficType !== 'CAMPAIGN') {
    throw invalidParameterException('Answering machine detection needs TrafficType CAMPAIGN.');
  }
  const preview = previewStrategy(input, caller, deps);
  refuse(input.References && problemWithReferences(input.References));

  const request: ContactRequest = {
    destination: verdict.number,
    source,
    ...(queue?.callerIdName ? { callerIdName: queue.callerIdName } : {}),
    contactFlowId,
    ...(queue ? { queueId: queue.id, queueName: queue.name } : {}),
    ...(input.Name === undefined ? {} : { name: input.Name }),
    ...(input.Description === undefined ? {} : { description: input.Description }),
    references: referencesOf(input.References ?? {}),
    ...(related ? { relatedContactId: related.id, associationId: associationIdOf(related) } : {}),
    ...(input.CampaignId === undefined ? {} : { campaignId: input.CampaignId }),
    trafficType,
    ...(isAmdOn
      ? {
          answerMachineDetection: {
            awaitPrompt: input.AnswerMachineDetectionConfig?.AwaitAnswerMachinePrompt === true,
          },
        }
      : {}),
    ...(preview ? { preview } : {}),
    ringTimeoutMs: (input.RingTimeoutInSeconds ?? defaultRingTimeoutSeconds) * 1000,
  };
  return { request, country: verdict.country };
}

function publishedFlow(flow: StoredFlow | undefined): ContactFlowId {
  if (flow?.status !== 'PUBLISHED' || flow.state !== 'ACTIVE') {
    throw resourceNotFoundException('The instance has no published flow with this ContactFlowId.');
  }
  if (!firstFlowTypes.has(flow.type)) {
    throw invalidParameterException(`A flow of the type ${flow.type} cannot begin a call.`);
  }
  return flow.id;
}

function requestedQueue(idOrArn: string | undefined, queue: Queue | undefined): Queue | undefined {
  if (idOrArn === undefined) return undefined;
  if (!queue) throw resourceNotFoundException('The instance has no queue with this QueueId.');
  return queue;
}

/** The queue's number is displayed where there is a queue (member QueueId); else the request's own. */
function callerId(
  source: string | undefined,
  own: OwnPhoneNumber | undefined,
  queue: Queue | undefined,
  instance: Instance,
): PhoneNumber {
  if (source !== undefined && own?.instanceId !== instance.id) {
    throw invalidParameterException('SourcePhoneNumber is not a number of this instance.');
  }
  const number = queue?.callerIdNumber ?? source;
  if (number === undefined) {
    throw invalidParameterException(
      queue
        ? 'The queue has no outbound caller ID number; give it one, or send SourcePhoneNumber.'
        : 'Either SourcePhoneNumber or QueueId is required.',
    );
  }
  return number as PhoneNumber;
}

/** The number must be one that carriers take for calls to the destination. */
function refuseCallerId(source: PhoneNumber, destination: PhoneNumber, { callRefused }: ApiDeps): void {
  const verdict = mayBeShown(source, destination);
  if (verdict === 'yes') return;
  if (verdict === 'never') {
    throw invalidParameterException(
      'An international freephone number (+800) only takes calls; it cannot be the caller ID.',
    );
  }
  callRefused('destination');
  throw destinationNotAllowedException(
    'A toll-free number cannot be the caller ID of an international call.',
  );
}

function previewStrategy(input: Input, caller: Caller, deps: ApiDeps): ContactRequest['preview'] {
  const strategy = input.OutboundStrategy;
  if (!strategy) return undefined;
  if (deps.previewAllowedFor === 'campaigns' && caller.principal !== campaignsPrincipal) {
    throw outboundContactNotPermittedException(
      'OutboundStrategy is for the outbound campaigns service; preview.allowedFor: everyone opens it.',
    );
  }
  const preview = strategy.Config?.AgentFirst?.Preview;
  if (!preview)
    throw invalidParameterException('OutboundStrategy AGENT_FIRST needs Config.AgentFirst.Preview.');
  return {
    postAcceptTimeoutSeconds: preview.PostAcceptTimeoutConfig.DurationInSeconds,
    allowedUserActions: preview.AllowedUserActions,
  };
}

/** The related contact must be one of the instance's; its attributes are copied (member RelatedContactId). */
async function relatedContact(reference: string, instance: Instance, deps: ApiDeps): Promise<Contact> {
  const contact = await namedContact(reference, instance, deps);
  if (!contact) throw resourceNotFoundException('The instance has no contact with this RelatedContactId.');
  return contact;
}

async function replayed(input: Input, caller: Caller, deps: ApiDeps): Promise<ContactId | undefined> {
  const instanceId = idOf(input.InstanceId);
  if (input.ClientToken === undefined || !isUuid(instanceId)) return undefined;
  return deps.contacts.findByToken({
    accountId: caller.tenant.accountId,
    region: caller.tenant.region,
    instanceId: instanceId as Instance['id'],
    token: input.ClientToken,
    nowMs: deps.clock.now(),
  });
}

function refuse(problem: string | undefined): void {
  if (problem) throw invalidParameterException(problem);
}
