/** What a flow may do to a contact: implements the flow language's host over one contact and, once it has answered, its customer leg. */
import {
  type ContactView,
  done,
  type Flow,
  type FlowHost,
  type FlowParticipant,
  failed,
  type HostResult,
  type QueueView,
  type RoutingTarget,
  type SegmentAttribute,
  type TaskRequest,
} from '@ringback/flow';
import { idOf, instanceArn, instanceResourceArn } from '../arn.ts';
import type { Leg } from '../calls/leg.ts';
import type { FlowLogs } from '../flows/flow-logs.ts';
import type { Lambda } from '../flows/lambda.ts';
import type { Messages } from '../flows/messages.ts';
import type { StoredFlows } from '../flows/stored-flows.ts';
import type { AgentId, QueueId } from '../ids.ts';
import { isConversation } from '../routing/agent-state.ts';
import { isOpenAt } from '../routing/hours-of-operation.ts';
import type { QueuePlace } from '../routing/match.ts';
import { RoutingCriteriaUnusable, readRoutingCriteria } from '../routing/routing-criteria.ts';
import { isStorable } from '../storable-text.ts';
import type { HoursOfOperationStore } from '../store/hours-of-operation-store.ts';
import type { Queue } from '../store/queue-store.ts';
import type { Instance, ResourceStore } from '../store/resource-store.ts';
import type { Observer } from '../timeline.ts';
import { agentNamed } from './agent-named.ts';
import { agentViewOf } from './agent-outcome.ts';
import { AgentPart } from './agent-part.ts';
import { type CreateContact, checkCallbackNumber, createCallback } from './callback-order.ts';
import { detailsOf } from './contact.ts';
import { ContactRecording } from './contact-recording.ts';
import { segmentAttributesOf, tagsOf } from './contact-wire.ts';
import { DataChangeRefused } from './data-change.ts';
import { outboundCallStatusOf, toldAnswer } from './detected-answer.ts';
import type { HeldByContact } from './end-contact.ts';
import { runsHere } from './flow-hooks.ts';
import { customerOn } from './flow-participants.ts';
import type { OpenContact } from './open-contact.ts';
import type { AgentSide } from './queued-contact.ts';
import { recordTask, type TaskDeps } from './record-task.ts';
import { StoryCard } from './story-card.ts';
import { type ThirdPartyDeps, transferToThirdParty } from './third-party-transfer.ts';

export interface FlowHostDeps extends ThirdPartyDeps {
  readonly resources: ResourceStore;
  /** Makes a contact of its own, for callbacks. */
  readonly createContact?: CreateContact;
  /** Absent where contacts cannot be queued: then those actions take their error branch. */
  readonly agents?: AgentSide;
  readonly random: () => number;
  readonly flows: StoredFlows;
  readonly messages: Messages;
  readonly lambda: Lambda;
  readonly flowLogs: FlowLogs;
  readonly hours: HoursOfOperationStore;
  readonly recordingsDirectory: string;
  readonly observe?: Observer;
  /** Absent where tasks are not recorded: then CreateTask takes its error branch. */
  readonly tasks?: Omit<TaskDeps, 'clock' | 'flows'>;
}

/**
 * Builds the host. `held.leg` may be absent: then the flow runs without a participant, as agent-first
 * contacts do before their customer is dialled, and participant actions are skipped.
 */
export function contactFlowHost(
  contact: OpenContact,
  instance: Instance,
  held: HeldByContact,
  deps: FlowHostDeps,
): FlowHost {
  const { id } = contact.current;
  const log = deps.logger.child({ contactId: id });
  const view = new LiveContactView(contact, instance, held);
  held.recording ??= new ContactRecording(contact, held, deps);
  const { recording } = held;
  const { tasks } = deps;
  let customer: { readonly leg: Leg; readonly participant: FlowParticipant } | undefined;
  return {
    clock: deps.clock,
    random: deps.random,
    contact: view,
    get participant() {
      // An agent may be there long before his customer.
      if (held.leg && customer?.leg !== held.leg)
        customer = { leg: held.leg, participant: customerOn(held.leg, instance, contact, deps) };
      return held.leg && customer?.participant;
    },
    log(record) {
      if (instance.contactFlowLogsEnabled) deps.flowLogs.write(instance.id, record);
    },
    // What the log has of its own must not stand there twice.
    note: ({ level, message, error, ...where }) => log[level]({ ...where, err: error }, message),
    ...(deps.observe
      ? {
          trace: (step) => deps.observe?.({ kind: 'flow', atMs: deps.clock.now(), contactId: id, step }),
        }
      : {}),

    async updateAttributes(target, attributes) {
      if (target === 'related') return failed('The related contact is not changed from here.');
      if (!areStorable(attributes)) return failed(unstorable);
      return changed(async () => {
        await contact.attributesChanged(Object.fromEntries(attributes));
        held.card?.refresh();
      });
    },
    updateContactData(target, fields) {
      if (target === 'related') return failed('The related contact is not changed from here.');
      if (!areStorable(fields)) return failed(unstorable);
      const name = fields.get('Name');
      const description = fields.get('Description');
      const languageCode = fields.get('LanguageCode');
      const customerId = fields.get('CustomerId');
      contact.learned({
        ...(name === undefined ? {} : { name }),
        ...(description === undefined ? {} : { description }),
        ...(languageCode === undefined ? {} : { languageCode }),
        ...(customerId === undefined ? {} : { customerId }),
      });
      return done();
    },
    async tagContact(tags) {
      if (!areStorable(tags)) return failed(unstorable);
      return changed(() => contact.tagsChanged(Object.fromEntries(tags)));
    },
    async untagContact(keys) {
      await contact.tagsChanged({}, keys);
      return done();
    },
    async setRecordingBehavior(behavior) {
      if (behavior.ivrRecording !== undefined) await recording.setAutomatedPart(behavior.ivrRecording);
      await recording.setParticipants(behavior.recordedParticipants);
      return done();
    },
    async setTargetQueue(target) {
      if (target.kind === 'agent') return view.targetAgent(target.agentId, deps);
      const queue = await deps.directory.queue(instance.id, idOf(target.queueId) as QueueId);
      if (!queue) return failed(`There is no queue ${target.queueId}.`);
      view.target = queue;
      view.agentTarget = undefined;
      return done();
    },
    async setEventHook(setting) {
      const { hook, flowId } = setting;
      const flow = flowId === undefined || (await deps.flows.find(instance, flowId, 'flow'));
      if (!flow && runsHere(hook)) return failed(`There is no published flow ${flowId}.`);
      held.hooks ??= new Map();
      held.hooks.set(hook, setting);
      return done();
    },
    setCallbackNumber(phoneNumber) {
      const checked = checkCallbackNumber(phoneNumber, instance, deps);
      if (checked.kind !== 'done') return checked;
      held.callbackNumber = checked.value;
      return done();
    },
    ...(deps.agents && deps.createContact
      ? {
          createCallback: (request) =>
            createCallback(
              request,
              {
                number: held.callbackNumber,
                queueId: view.target?.id,
                agentId: view.agentTarget?.id,
                hooks: held.hooks,
              },
              contact,
              instance,
              deps,
            ),
        }
      : {}),
    ...(deps.agents ? queueing(contact, instance, view, held, deps, deps.agents) : {}),
    async invokeLambda(request, signal) {
      try {
        return done(await deps.lambda.invoke(request, signal));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        // Whoever hung up waits for no answer.
        if (!signal.aborted) {
          log.warn(
            { functionArn: request.functionArn, why },
            'a Lambda function failed; the flow takes its error branch',
          );
        }
        return failed(why);
      }
    },
    ...(tasks
      ? {
          createTask: (request: TaskRequest) =>
            recordTask(request, contact.current, instance, { ...deps, ...tasks }),
        }
      : {}),
    async transferToThirdParty(request, signal) {
      const { agentPart } = held;
      const aside = await agentPart?.stepAside();
      if (aside?.kind === 'refused') return failed('An agent is about to speak with the customer.');
      try {
        return await transferToThirdParty(request, contact, instance, held, deps, signal);
      } finally {
        const place = aside?.entry?.place;
        // Who stays with the third party has left the queue for good.
        if (agentPart && place && !held.thirdParty && !signal.aborted) {
          const back = await agentPart.enqueue(place, {});
          if (back.kind === 'refused') log.warn({ why: back.why }, 'the customer could not wait on');
        }
      }
    },
    async outboundCallStatus(signal) {
      const { detection } = held;
      if (!detection) return failed('Answering machine detection is off for this contact.');
      const answer = await toldAnswer(detection, signal);
      const status = outboundCallStatusOf(answer.status);
      return status
        ? done(status)
        : failed(`Answering machine detection failed: ${answer.reasons.join('; ')}`);
    },
    async isOpen(reference) {
      if (reference === undefined && !view.target) {
        return failed('No hours are named, and no target queue is set whose hours could be asked.');
      }
      const hours =
        reference !== undefined
          ? await deps.hours.find(instance.id, idOf(reference))
          : view.target && (await deps.hours.ofQueue(instance.id, view.target.id));
      if (!hours) return failed(`There are no hours of operation ${reference ?? 'of the target queue'}.`);
      return done(isOpenAt(hours, deps.clock.now()));
    },
    async findFlow(reference): Promise<HostResult<Flow>> {
      const flow = await deps.flows.find(instance, reference, 'flow');
      return flow ? done(flow) : failed(`There is no published flow ${reference}.`);
    },
    async findModule(reference): Promise<HostResult<Flow>> {
      const module = await deps.flows.find(instance, reference, 'module');
      return module ? done(module) : failed(`There is no published flow module ${reference}.`);
    },
  };
}

/** The actions that need agents. */
function queueing(
  contact: OpenContact,
  instance: Instance,
  view: LiveContactView,
  held: HeldByContact,
  deps: FlowHostDeps,
  agents: AgentSide,
): Partial<FlowHost> {
  const partOf = (): AgentPart => {
    held.agentPart ??= new AgentPart(
      () => contact.current,
      agents.routing,
      deps.clock,
      (routing) =>
        void contact.routed(routing).catch((error: unknown) => {
          deps.logger.error({ err: error, contactId: contact.current.id }, 'routing could not be told of');
        }),
    );
    return held.agentPart;
  };

  /** Joins the target queue, or the queue of the target agent. */
  async function enqueue(from: 'anywhere' | 'another queue' = 'anywhere'): Promise<HostResult> {
    const { agentTarget } = view;
    if (!view.target && !agentTarget) return failed('No target queue is set.');
    // It may have been disabled since the flow chose it, or be gone: nobody would ever be offered the contact.
    const target = view.target && (await deps.directory.queue(instance.id, view.target.id));
    if (view.target && !target) return failed(`There is no queue ${view.target.name} any more.`);
    if (target?.status === 'DISABLED') return failed(`The queue ${target.name} is disabled.`);
    const place: QueuePlace = agentTarget
      ? { kind: 'agent', agentId: agentTarget.id }
      : { kind: 'queue', queueId: (target as Queue).id };
    // The card is there before anybody can be offered the contact.
    held.card ??= new StoryCard(contact, (contactId) => agents.desks.cards.changed(contactId));
    held.hideCard ??= agents.desks.cards.show(held.card);
    const enqueuedAtMs = deps.clock.now();
    const outcome = await partOf().enqueue(place, {
      maxContacts: agentTarget ? agents.contactsPerAgentQueue?.(instance) : target?.maxContacts,
      from,
    });
    if (outcome.kind === 'refused') {
      return outcome.why === 'queue full'
        ? failed(`The queue ${agentTarget?.username ?? target?.name} is full.`, 'QueueAtCapacity')
        : failed(`The contact could not be queued: ${outcome.why}.`);
    }
    await contact.queued({
      ...(agentTarget ? { kind: 'agent' } : {}),
      queueId: agentTarget ? (agentTarget.id as string as QueueId) : (target as Queue).id,
      name: agentTarget ? agentTarget.username : (target as Queue).name,
      enqueuedAtMs,
    });
    return done();
  }

  return {
    transferToQueue: () => enqueue(),
    async transferToAgent() {
      const { agentTarget } = view;
      if (!agentTarget) return enqueue();
      const key = { instanceId: contact.current.instanceId, agentId: agentTarget.id };
      const inHand = (await agents.routing.agent(key))?.state.contacts ?? [];
      // The customer stays with the agent who transfers; one who is on the line by now is not hung up on, and waits.
      if (!held.leg && inHand.some(isConversation))
        return failed(`The agent ${agentTarget.username} is with somebody else.`);
      for (const { contactId, state } of inHand)
        if (state === 'afterContactWork') await agents.routing.clear(key, contactId);
      return enqueue();
    },
    async dequeueAndTransfer(target) {
      const former = { target: view.target, agentTarget: view.agentTarget };
      if (target?.kind === 'agent') {
        const found = await view.targetAgent(target.agentId, deps);
        if (found.kind !== 'done') return found;
      } else if (target) {
        const queue = await deps.directory.queue(contact.current.instanceId, idOf(target.queueId) as QueueId);
        if (!queue) return failed(`There is no queue ${target.queueId}.`);
        view.target = queue;
        view.agentTarget = undefined;
      }
      const moved = await enqueue('another queue');
      if (moved.kind !== 'done') {
        view.target = former.target;
        view.agentTarget = former.agentTarget;
      }
      return moved;
    },
    async setRoutingPriority(priority) {
      const outcome = await partOf().prepare({
        queuePriority: priority.queuePriority,
        queueTimeAdjustmentSeconds:
          priority.queueTimeAdjustmentMs === undefined
            ? undefined
            : Math.round(priority.queueTimeAdjustmentMs / 1000),
      });
      return outcome.kind === 'done' ? done() : failed(`Its routing could not be changed: ${outcome.why}.`);
    },
    async setRoutingCriteria(written) {
      try {
        const outcome = await partOf().prepare({ criteria: readRoutingCriteria(written) });
        return outcome.kind === 'done' ? done() : failed(`Its routing could not be changed: ${outcome.why}.`);
      } catch (error) {
        if (error instanceof RoutingCriteriaUnusable) return failed(error.message);
        throw error;
      }
    },
    async queueMetrics(target) {
      if (!deps.agents?.queueMetrics) return failed('There are no numbers of queues.');
      if (target?.kind !== 'agent')
        return deps.agents.queueMetrics(contact.current, target ?? view.asTarget());
      const agent = await agentNamed(instance.id, target.agentId, deps.resources.agents);
      if (!agent) return failed(`There is no agent ${target.agentId}.`);
      return deps.agents.queueMetrics(contact.current, { kind: 'agent', agentId: agent.id });
    },
  };
}

async function changed(change: () => Promise<void>): Promise<HostResult> {
  try {
    await change();
    return done();
  } catch (error) {
    if (error instanceof DataChangeRefused) return failed(error.message);
    throw error;
  }
}

const unstorable = 'Text with U+0000 or an unpaired surrogate cannot be stored.';

function areStorable(texts: ReadonlyMap<string, string>): boolean {
  return [...texts].every(([key, value]) => isStorable(key) && isStorable(value));
}

/** Reads the contact each time, so that what a flow changed is seen at once. */
class LiveContactView implements ContactView {
  readonly channel = 'VOICE';
  get initiationMethod() {
    if (this.#held.isLeftByAgent) return 'DISCONNECT';
    return this.#contact.current.request.initiationMethod ?? 'API';
  }
  readonly #contact: OpenContact;
  readonly #instance: Instance;
  readonly #held: HeldByContact;
  /** The queue that the flow chose; the request's until then. */
  target: Queue | undefined;
  /** The agent whose own queue the flow chose instead. */
  agentTarget: { readonly id: AgentId; readonly username: string } | undefined;

  asTarget(): RoutingTarget | undefined {
    if (this.agentTarget) return { kind: 'agent', agentId: this.agentTarget.id };
    return this.target && { kind: 'queue', queueId: this.target.id };
  }

  async targetAgent(named: string, deps: Pick<FlowHostDeps, 'resources'>): Promise<HostResult> {
    const agent = await agentNamed(this.#instance.id, named, deps.resources.agents);
    if (!agent) return failed(`There is no agent ${named}.`);
    this.agentTarget = { id: agent.id, username: agent.username };
    this.target = undefined;
    // In the flow of a transfer, the agent is the one to whom it leads (Administrator Guide, agent attributes).
    if (this.#contact.current.request.transfer) this.#held.agent = agentViewOf({ agent }, this.#instance);
    return done();
  }

  constructor(contact: OpenContact, instance: Instance, held: HeldByContact) {
    this.#contact = contact;
    this.#instance = instance;
    this.#held = held;
  }

  get contactId() {
    return this.#contact.current.id;
  }
  get initialContactId() {
    return this.#contact.current.request.initialContactId ?? this.#contact.current.id;
  }
  get previousContactId() {
    return this.#contact.current.request.previousContactId;
  }
  get relatedContactId() {
    return this.#contact.current.request.relatedContactId;
  }
  get instanceArn() {
    return instanceArn(this.#instance.tenant, this.#instance.id);
  }
  get awsRegion() {
    return this.#instance.tenant.region;
  }
  get languageCode() {
    return this.#contact.current.outcome.languageCode;
  }
  get customerEndpoint() {
    return { address: this.#contact.current.request.destination, type: 'TELEPHONE_NUMBER' };
  }
  get systemEndpoint() {
    return { address: this.#contact.current.request.source, type: 'TELEPHONE_NUMBER' };
  }
  get customerId() {
    return this.#contact.current.outcome.customerId;
  }
  get name() {
    return detailsOf(this.#contact.current).name;
  }
  get description() {
    return detailsOf(this.#contact.current).description;
  }
  get queue(): QueueView | undefined {
    const { tenant, id } = this.#instance;
    if (!this.target) return undefined;
    return {
      arn: instanceResourceArn(tenant, id, 'queue', this.target.id),
      name: this.target.name,
      ...(this.target.callerIdNumber
        ? { outboundCallerId: { address: this.target.callerIdNumber, type: 'TELEPHONE_NUMBER' } }
        : {}),
    };
  }
  get agent() {
    return this.#held.agent;
  }
  get attributes() {
    return new Map(Object.entries(this.#contact.current.attributes));
  }
  get tags() {
    return new Map(Object.entries(tagsOf(this.#contact.current)));
  }
  get references() {
    return new Map(Object.entries(detailsOf(this.#contact.current).references));
  }
  get segmentAttributes() {
    return new Map<string, SegmentAttribute>(Object.entries(segmentAttributesOf(this.#contact.current)));
  }
}
