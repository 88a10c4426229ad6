/** What a flow may do to a contact: implements the flow language's host over one contact and, once it has answered, its customer leg. */
import {
  type ContactView,
  done,
  type Flow,
  type FlowHost,
  failed,
  type HostResult,
  type QueueView,
  type SegmentAttribute,
} from '@ringback/flow';
import { idOf, instanceArn, instanceResourceArn } from '../arn.ts';
import type { FlowLogs } from '../flows/flow-logs.ts';
import type { Lambda } from '../flows/lambda.ts';
import type { Messages } from '../flows/messages.ts';
import type { StoredFlows } from '../flows/stored-flows.ts';
import type { QueueId } from '../ids.ts';
import { isOpenAt } from '../routing/hours-of-operation.ts';
import { isStorable } from '../storable-text.ts';
import type { HoursOfOperationStore } from '../store/hours-of-operation-store.ts';
import type { Instance, Queue } from '../store/resource-store.ts';
import type { Observer } from '../timeline.ts';
import { ContactRecording } from './contact-recording.ts';
import { segmentAttributesOf } from './contact-wire.ts';
import type { HeldByContact } from './end-contact.ts';
import { customerOn } from './flow-participants.ts';
import type { OpenContact } from './open-contact.ts';
import { type ThirdPartyDeps, transferToThirdParty } from './third-party-transfer.ts';

export interface FlowHostDeps extends ThirdPartyDeps {
  readonly random: () => number;
  readonly flows: StoredFlows;
  readonly messages: Messages;
  readonly lambda: Lambda;
  readonly flowLogs: FlowLogs;
  readonly hours: HoursOfOperationStore;
  readonly recordingsDirectory: string;
  readonly observe?: Observer;
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
  const view = new LiveContactView(contact, instance);
  held.recording ??= new ContactRecording(contact, held, deps);
  const { recording } = held;
  return {
    clock: deps.clock,
    random: deps.random,
    contact: view,
    participant: held.leg && customerOn(held.leg, instance, contact, deps),
    log: (record) => deps.flowLogs.write(instance.id, record),
    note: (note) => log[note.level]({ ...note, err: note.error }, note.message),
    ...(deps.observe
      ? {
          trace: (step) => deps.observe?.({ kind: 'flow', atMs: deps.clock.now(), contactId: id, step }),
        }
      : {}),

    async updateAttributes(target, attributes) {
      if (target === 'related') return failed('The related contact is not changed from here.');
      if (!areStorable(attributes)) return failed(unstorable);
      await contact.attributesChanged({ ...contact.current.attributes, ...Object.fromEntries(attributes) });
      return done();
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
      await contact.tagsChanged({ ...contact.current.outcome.tags, ...Object.fromEntries(tags) });
      return done();
    },
    async untagContact(keys) {
      const removed = new Set(keys);
      const left = Object.entries(contact.current.outcome.tags ?? {}).filter(([key]) => !removed.has(key));
      await contact.tagsChanged(Object.fromEntries(left));
      return done();
    },
    async setRecordingBehavior(behavior) {
      if (behavior.ivrRecording !== undefined) await recording.setAutomatedPart(behavior.ivrRecording);
      await recording.setParticipants(behavior.recordedParticipants);
      return done();
    },
    async setTargetQueue(target) {
      if (target.kind === 'agent') return failed('Queues of agents do not exist here yet.');
      const queue = await deps.directory.queue(instance.id, idOf(target.queueId) as QueueId);
      if (!queue) return failed(`There is no queue ${target.queueId}.`);
      view.target = queue;
      return done();
    },
    async invokeLambda(request, signal) {
      try {
        return done(await deps.lambda.invoke(request, signal));
      } catch (error) {
        return failed(error instanceof Error ? error.message : String(error));
      }
    },
    transferToThirdParty: (request, signal) =>
      transferToThirdParty(request, contact, instance, held, deps, signal),
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

const unstorable = 'Text with U+0000 or an unpaired surrogate cannot be stored.';

function areStorable(texts: ReadonlyMap<string, string>): boolean {
  return [...texts].every(([key, value]) => isStorable(key) && isStorable(value));
}

/** Reads the contact each time, so that what a flow changed is seen at once. */
class LiveContactView implements ContactView {
  readonly channel = 'VOICE';
  readonly initiationMethod = 'API';
  readonly #contact: OpenContact;
  readonly #instance: Instance;
  /** The queue that the flow chose; the request's until then. */
  target: Queue | undefined;

  constructor(contact: OpenContact, instance: Instance) {
    this.#contact = contact;
    this.#instance = instance;
  }

  get contactId() {
    return this.#contact.current.id;
  }
  get initialContactId() {
    return this.#contact.current.id;
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
    return this.#contact.current.outcome.name ?? this.#contact.current.request.name;
  }
  get description() {
    return this.#contact.current.outcome.description ?? this.#contact.current.request.description;
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
  get attributes() {
    return new Map(Object.entries(this.#contact.current.attributes));
  }
  get tags() {
    const { instanceId, request, outcome } = this.#contact.current;
    return new Map(
      Object.entries({
        'aws:connect:instanceId': instanceId,
        'aws:connect:systemEndpoint': request.source,
        ...outcome.tags,
      }),
    );
  }
  get references() {
    return new Map(Object.entries(this.#contact.current.request.references));
  }
  get segmentAttributes() {
    return new Map<string, SegmentAttribute>(Object.entries(segmentAttributesOf(this.#contact.current)));
  }
}
