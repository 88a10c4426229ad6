/** What a flow may do to a contact: implements the flow language's host over one contact and, once it has answered, its customer leg. */
import {
  type ContactView,
  type Digit,
  done,
  type Flow,
  type FlowHost,
  type FlowParticipant,
  failed,
  type HostResult,
  type Interruption,
  type Message,
  type PlayEnd,
  type QueueView,
  type SegmentAttribute,
} from '@ringback/flow';
import { idOf, instanceArn, instanceResourceArn } from '../arn.ts';
import type { Leg } from '../calls/leg.ts';
import { type RunningRecording, startRecording } from '../calls/recording.ts';
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
import { segmentAttributesOf } from './contact-wire.ts';
import type { HeldByContact } from './end-contact.ts';
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
  const ivrRecording = new IvrRecording(contact, held, deps);
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
      if (behavior.ivrRecording !== undefined) await ivrRecording.set(behavior.ivrRecording);
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

/** Recording of the automated part, switched by the flow. */
class IvrRecording {
  readonly #contact: OpenContact;
  readonly #held: HeldByContact;
  readonly #deps: FlowHostDeps;
  #running: RunningRecording | undefined;
  #count = 0;

  constructor(contact: OpenContact, held: HeldByContact, deps: FlowHostDeps) {
    this.#contact = contact;
    this.#held = held;
    this.#deps = deps;
  }

  async set(state: 'Enabled' | 'Disabled'): Promise<void> {
    if (state === 'Enabled') await this.#start();
    else await this.#stop();
  }

  async #start(): Promise<void> {
    const { leg } = this.#held;
    if (this.#running || !leg) return;
    const { id } = this.#contact.current;
    this.#count += 1;
    const name = this.#count === 1 ? id : `${id}-${this.#count}`;
    try {
      this.#running = await startRecording(leg.media, this.#deps.recordingsDirectory, name, this.#deps.clock);
      this.#held.finishRecording = async () => {
        const finished = await this.#finish();
        return finished && { ...finished, status: 'AVAILABLE' };
      };
    } catch (error) {
      // Connect gives this action no error branch: the call goes on unrecorded.
      this.#failed('the call is not recorded', error instanceof Error ? error.message : String(error));
    }
  }

  async #stop(): Promise<void> {
    const finished = await this.#finish();
    if (!finished) return;
    const earlier = this.#contact.current.outcome.recordings ?? [];
    this.#contact.learned({ recordings: [...earlier, { ...finished, status: 'AVAILABLE' }] });
  }

  async #finish() {
    const running = this.#running;
    this.#running = undefined;
    const finished = await running?.stop();
    if (finished?.failure) this.#failed('the recording of the call ends early', finished.failure);
    return finished;
  }

  /** Nothing of the call depends on its recording; the operator and the record are told. */
  #failed(what: string, reason: string): void {
    const { id, instanceId } = this.#contact.current;
    this.#deps.logger.error({ contactId: id, instanceId, reason }, what);
    this.#contact.learned({ recordingFailure: reason });
  }
}

/** The customer as a participant: hears messages, presses keys. */
function customerOn(leg: Leg, instance: Instance, contact: OpenContact, deps: FlowHostDeps): FlowParticipant {
  return {
    role: 'customer',
    async play(
      message: Message,
      interruption: Interruption,
      signal: AbortSignal,
    ): Promise<HostResult<PlayEnd>> {
      const prepared = await deps.messages.prepare(instance, message, signal);
      if (prepared.kind !== 'done') return prepared;
      if (interruption === 'untilDigit') {
        const early = leg.keys.take();
        if (early !== undefined) return done({ kind: 'interrupted', digit: early });
      }
      deps.observe?.({
        kind: 'prompt',
        atMs: deps.clock.now(),
        contactId: contact.current.id,
        says: describeMessage(message),
      });
      const outcome = await leg.media.play(
        { prompt: prepared.value },
        { signal, ...(interruption === 'untilDigit' ? { stopOnDigit: true } : {}) },
      );
      if (outcome.kind === 'stopped' && outcome.by === 'close') {
        // The media went away under the prompt. Whatever ends the leg ends the flow, before it could go on.
        await leg.ended;
        return failed('The media of the call has ended.');
      }
      const digit = outcome.kind === 'stopped' && outcome.by === 'digit' ? leg.keys.take() : undefined;
      return done(digit === undefined ? { kind: 'finished' } : { kind: 'interrupted', digit });
    },
    nextDigit: (withinMs, signal): Promise<Digit | undefined> => leg.keys.next(withinMs, signal),
    drainDigits: () => leg.keys.drain(),
  };
}

function describeMessage(message: Message): string {
  switch (message.kind) {
    case 'text':
      return message.text;
    case 'ssml':
      return message.ssml;
    case 'prompt':
      return message.promptId;
    case 'media':
      return message.uri;
  }
}
