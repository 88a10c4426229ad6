/**
 * Orders of the API that concern a live contact. Where the contact runs here they are performed at once; where it runs at
 * another node, they go to its owner by way of the database, and the outcome comes back the same way (decisions/0017).
 */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Bus } from '../events/bus.ts';
import { type NodeId, newId } from '../ids.ts';
import type { ContactOrderStore, TakenOrder } from '../store/contact-order-store.ts';
import type { Directory } from '../store/directory.ts';
import type { ActiveContacts } from './active-contacts.ts';
import type { Contact } from './contact.ts';
import type { RecordedPart, RecordingOrder, RecordingOrderOutcome } from './contact-recording.ts';
import type { DataChange, DataChangeOutcome } from './data-change.ts';
import { stoppedByApi } from './endings.ts';
import type { MonitorContact, MonitorOrder, MonitorOutcome } from './monitor-contact.ts';

/** What can be ordered, by the operation of the API: what is asked for, and what comes of it. Both travel as JSON. */
interface Orders {
  readonly StopContact: {
    /** What the outbound campaigns service gives as the reason. */
    readonly detail: { readonly reason?: string | undefined };
    readonly outcome: 'told to end';
  };
  readonly StartContactRecording: {
    readonly detail: RecordingOrder;
    readonly outcome: RecordingOrderOutcome;
  };
  readonly StopContactRecording: { readonly detail: OfPart; readonly outcome: RecordingOrderOutcome };
  readonly SuspendContactRecording: { readonly detail: OfPart; readonly outcome: RecordingOrderOutcome };
  readonly ResumeContactRecording: { readonly detail: OfPart; readonly outcome: RecordingOrderOutcome };
  readonly MonitorContact: {
    readonly detail: Omit<MonitorOrder, 'contact'>;
    readonly outcome: MonitorOutcome;
  };
  /** UpdateContact, UpdateContactAttributes, TagContact and UntagContact. */
  readonly ChangeData: { readonly detail: DataChange; readonly outcome: DataChangeOutcome };
}

/** Without a part: whatever is recorded. */
type OfPart = { readonly part: RecordedPart | undefined };

type OrderName = keyof Orders;
type DetailOf<Name extends OrderName> = Orders[Name]['detail'];
/** `not active`: the contact has ended. */
type OutcomeOf<Name extends OrderName> = Orders[Name]['outcome'] | 'not active';

interface Performing {
  readonly active: ActiveContacts;
  readonly directory: Pick<Directory, 'instance'>;
  readonly monitor: MonitorContact;
}

interface OrderKind<Name extends OrderName> {
  /**
   * What is answered as soon as the order is committed; then it may be performed several times, until the contact has ended.
   * Without it the answer waits for the outcome.
   */
  readonly onceCommitted?: OutcomeOf<Name>;
  /** Resolves with `not active` where the contact does not run here. */
  perform(contact: Contact, detail: DetailOf<Name>, deps: Performing): Promise<OutcomeOf<Name>>;
}

const kinds: { readonly [Name in OrderName]: OrderKind<Name> } = {
  StopContact: {
    onceCommitted: 'told to end',
    async perform({ id }, { reason }, { active }) {
      if (!active.stop(id, stoppedByApi(reason))) return 'not active';
      // Whoever is answered finds nobody dialled, even if this process ends now.
      await active.beyondDialling(id);
      return 'told to end';
    },
  },
  StartContactRecording: {
    perform: async ({ id }, order, { active }) =>
      (await active.recordingOf(id)?.startByOrder(order)) ?? 'not active',
  },
  StopContactRecording: {
    perform: async ({ id }, { part }, { active }) =>
      (await active.recordingOf(id)?.stopByOrder(part)) ?? 'not active',
  },
  SuspendContactRecording: {
    perform: async ({ id }, { part }, { active }) =>
      (await active.recordingOf(id)?.suspendByOrder('suspended', part)) ?? 'not active',
  },
  ResumeContactRecording: {
    perform: async ({ id }, { part }, { active }) =>
      (await active.recordingOf(id)?.suspendByOrder('recording', part)) ?? 'not active',
  },
  MonitorContact: {
    async perform(contact, order, { active, directory, monitor }) {
      const instance = active.runs(contact.id) && (await directory.instance(contact.instanceId));
      return instance ? monitor({ ...order, contact }, instance) : 'not active';
    },
  },
  ChangeData: {
    perform: ({ id }, change, { active }) => active.changeData(id, change),
  },
};

export interface ContactOrders {
  /**
   * Has an order performed, wherever the contact runs.
   *
   * @throws {OrderFailed} its owner could not perform it, or gave no answer in time.
   */
  give<Name extends OrderName>(
    name: Name,
    contact: Contact,
    detail: DetailOf<Name>,
  ): Promise<OutcomeOf<Name>>;
  /** Performs what other nodes ordered of contacts of this one, and takes in what they answered. Rings may be lost; this is not. */
  look(): Promise<void>;
}

export interface ContactOrdersDeps extends Performing {
  readonly node: NodeId;
  readonly store: ContactOrderStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long an answer of another node is waited for, ms. Time enough for a dead node's contacts to be taken over. */
  readonly patienceMs: number;
}

/** Nobody knows whether the order was performed, or its owner failed to. */
export class OrderFailed extends Error {
  override readonly name = 'OrderFailed';
}

type Answer = { readonly outcome: unknown } | { readonly failed: string };

export function openContactOrders(deps: ContactOrdersDeps): ContactOrders {
  const { node, store, bus, clock, logger, patienceMs } = deps;
  /** Orders of this node that other nodes are to answer. Told nothing when patience ends. */
  const waiting = new Map<string, (answer?: Answer) => void>();
  bus.listen('orders', () => {
    look().catch((error: unknown) => {
      logger.error({ err: error }, 'orders of other nodes could not be read; trying again');
    });
  });

  async function look(): Promise<void> {
    for (const order of await store.take(node)) void perform(order);
    if (waiting.size === 0) return;
    for (const { id, outcome } of await store.takeOutcomes([...waiting.keys()]))
      waiting.get(id)?.(outcome as Answer);
  }

  async function perform(order: TakenOrder): Promise<void> {
    const { id: orderId, name, contact, answerTo } = order;
    const log = logger.child({ orderId, order: name, contactId: contact.id });
    try {
      const answer = await answerOf(order).catch((error: unknown): Answer => {
        log.error({ err: error }, 'an order of another node failed');
        return { failed: String(error) };
      });
      // Nobody waits for the other outcomes: those orders go when the contact has ended.
      if (answerTo === undefined) return;
      await store.answer(order, answer);
      bus.ring('orders', answerTo);
    } catch (error) {
      log.error({ err: error }, 'the outcome of an order could not be written; who waits for it is told so');
    }
  }

  async function answerOf({ name, contact, detail }: TakenOrder): Promise<Answer> {
    if (!isKnown(name)) return { failed: `Node ${node} is older than the order ${name}.` };
    // It was written by `give`, here or at another node.
    return { outcome: await kinds[name].perform(contact, detail as never, deps) };
  }

  async function ask(name: OrderName, contact: Contact, detail: unknown): Promise<unknown> {
    const id = newId<string>();
    const answered = Promise.withResolvers<Answer | undefined>();
    // Before the commit, so that no answer can pass between the two.
    waiting.set(id, answered.resolve);
    const timer = clock.setTimeout(() => answered.resolve(undefined), patienceMs);
    try {
      const given = await store.give({
        id,
        name,
        detail,
        contact,
        answer: { to: node, withinMs: patienceMs },
      });
      if (given === 'ended') return 'not active';
      bus.ring('orders', given.owner);
      const answer = (await answered.promise) ?? ((await store.withdraw(id))?.outcome as Answer | undefined);
      if (!answer)
        throw new OrderFailed(`${name} was not answered by the contact's node within ${patienceMs} ms.`);
      if ('failed' in answer) throw new OrderFailed(`${name} failed at the contact's node: ${answer.failed}`);
      return answer.outcome;
    } finally {
      clock.clearTimeout(timer);
      waiting.delete(id);
    }
  }

  return {
    async give<Name extends OrderName>(name: Name, contact: Contact, detail: DetailOf<Name>) {
      const { perform: performHere, onceCommitted } = kinds[name];
      const outcome = await performHere(contact, detail, deps);
      if (outcome !== 'not active') return outcome;
      if (onceCommitted === undefined) return (await ask(name, contact, detail)) as OutcomeOf<Name>;
      const given = await store.give({ id: newId(), name, detail, contact });
      if (given === 'ended') return 'not active';
      bus.ring('orders', given.owner);
      return onceCommitted;
    },
    look,
  };
}

function isKnown(name: string): name is OrderName {
  return Object.hasOwn(kinds, name);
}
