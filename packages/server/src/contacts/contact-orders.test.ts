// Orders between two nodes over a real PostgreSQL, on virtual time; real calls are in test/two-nodes.test.ts.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { untilDefined, VirtualClock } from '@ringback/testkit';
import type { Bus } from '../events/bus.ts';
import { type ContactId, type NodeId, newId } from '../ids.ts';
import { openContactOrderStore } from '../store/contact-order-store.ts';
import { type ContactStore, openContactStore } from '../store/contact-store.ts';
import type { Directory } from '../store/directory.ts';
import { capturedLogger } from '../test-support/captured-logger.ts';
import { sampleContact } from '../test-support/sample-contact.ts';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.ts';
import type { ActiveContacts } from './active-contacts.ts';
import type { Contact } from './contact.ts';
import { type ContactOrders, OrderFailed, openContactOrders } from './contact-orders.ts';
import type { ContactRecording, RecordingOrderOutcome } from './contact-recording.ts';

const patienceMs = 20_000;
const [ownerNode, askerNode, thirdNode] = [newId<NodeId>(), newId<NodeId>(), newId<NodeId>()];

describe('contact orders', () => {
  let test: TestDatabase;
  let contacts: ContactStore;
  let clock: VirtualClock;
  let owner: Node;
  let asker: Node;
  let third: Node;

  before(async () => {
    test = await openTestDatabase();
    contacts = openContactStore(test.database);
  });

  after(async () => {
    await contacts?.close();
    await test?.close();
  });

  beforeEach(async () => {
    await test.database.query('TRUNCATE contact, contact_order');
    clock = new VirtualClock();
    const rings = new Map<NodeId, () => void>();
    owner = makeNode(ownerNode, rings);
    asker = makeNode(askerNode, rings);
    third = makeNode(thirdNode, rings);
  });

  /** A node whose contacts are those in `running`; each order for them is noted, and answered with `answer`. */
  interface Node {
    readonly orders: ContactOrders;
    readonly running: Set<ContactId>;
    readonly performed: unknown[];
    answer: () => Promise<RecordingOrderOutcome>;
    /** Told of nothing any more. */
    goDeaf(): void;
  }

  function makeNode(id: NodeId, rings: Map<NodeId, () => void>): Node {
    const running = new Set<ContactId>();
    const performed: unknown[] = [];
    const recording: Pick<ContactRecording, 'startByOrder' | 'stopByOrder' | 'suspendByOrder'> = {
      startByOrder: (order) => node.note('start', order),
      stopByOrder: (part) => node.note('stop', part),
      suspendByOrder: (state, part) => node.note(state, part),
    };
    const active: Pick<ActiveContacts, 'runs' | 'stop' | 'beyondDialling' | 'recordingOf' | 'changeData'> = {
      runs: (contactId) => running.has(contactId),
      stop: (contactId, { disconnectReason }) =>
        running.has(contactId) && performed.push(`end ${disconnectReason}`) > 0,
      beyondDialling: async () => {
        performed.push('beyond dialling');
      },
      changeData: async (contactId, change) => {
        if (!running.has(contactId)) return 'not active';
        performed.push(['change', change]);
        return change.kind === 'tags' ? { refused: 'too many' } : 'changed';
      },
      recordingOf: (contactId) => (running.has(contactId) ? (recording as ContactRecording) : undefined),
    };
    const bus: Bus = {
      ring: (_topic, to) => setImmediate(() => rings.get(to ?? id)?.()),
      listen: (_topic, woken) => rings.set(id, woken),
    };
    const node = {
      running,
      performed,
      answer: async (): Promise<RecordingOrderOutcome> => 'done',
      note(what: string, detail: unknown) {
        performed.push([what, detail]);
        return node.answer();
      },
      orders: openContactOrders({
        node: id,
        store: openContactOrderStore(test.database),
        active: active as ActiveContacts,
        directory: { instance: async () => ({}) } as unknown as Directory,
        monitor: async ({ agentId }) => {
          performed.push(['monitor', agentId]);
          return { kind: 'refused', why: 'busy' };
        },
        bus,
        clock,
        logger: capturedLogger().logger,
        patienceMs,
      }),
      goDeaf: () => rings.delete(id),
    };
    return node;
  }

  async function contactOf(node: NodeId): Promise<Contact> {
    const contact = sampleContact({ instanceId: test.instanceId });
    await contacts.accept({ contact, owner: node, clientToken: undefined, facts: [] });
    owner.running.add(contact.id);
    return contact;
  }

  async function left(): Promise<number> {
    const { rows } = await test.database.query('SELECT FROM contact_order');
    return rows.length;
  }

  /** Resolves when the one order is so: with its row, or with its outcome. */
  function order(state: 'is out' | 'is answered'): Promise<unknown> {
    return untilDefined(20_000, `no order ${state}`, async () => {
      const { rows } = await test.database.query<{ outcome: unknown }>(
        'SELECT id, outcome FROM contact_order',
      );
      return state === 'is out' ? rows[0] : (rows[0]?.outcome ?? undefined);
    });
  }

  it('are performed by the owner of the contact, whose outcome is the answer', async () => {
    const contact = await contactOf(ownerNode);
    const participants = ['Agent'] as const;
    assert.equal(
      await asker.orders.give('StartContactRecording', contact, { participants, automatedPart: false }),
      'done',
    );
    assert.equal(await asker.orders.give('SuspendContactRecording', contact, { part: undefined }), 'done');
    owner.answer = async () => 'not recorded';
    assert.equal(await asker.orders.give('StopContactRecording', contact, { part: 'IVR' }), 'not recorded');
    const monitor = { agentId: 'boss' as never, capabilities: [], clientToken: undefined };
    assert.deepEqual(await asker.orders.give('MonitorContact', contact, monitor), {
      kind: 'refused',
      why: 'busy',
    });
    const change = { kind: 'attributes', set: { a: '1' } } as const;
    assert.equal(await asker.orders.give('ChangeData', contact, change), 'changed');
    const tags = { kind: 'tags', set: { a: '1' }, removed: [] } as const;
    assert.deepEqual(await asker.orders.give('ChangeData', contact, tags), { refused: 'too many' });
    assert.deepEqual(owner.performed, [
      ['start', { participants, automatedPart: false }],
      ['suspended', undefined],
      ['stop', 'IVR'],
      ['monitor', 'boss'],
      ['change', change],
      ['change', tags],
    ]);
    assert.equal(await left(), 0);
    assert.equal(clock.pendingTimers, 0);
  });

  it('of the own contacts leave the database alone', async () => {
    const contact = await contactOf(ownerNode);
    await test.database.withTransaction(async ({ query }) => {
      await query('LOCK TABLE contact, contact_order');
      assert.equal(await owner.orders.give('ResumeContactRecording', contact, { part: 'AGENT' }), 'done');
      assert.equal(await owner.orders.give('StopContact', contact, {}), 'told to end');
    });
    assert.deepEqual(owner.performed, [['recording', 'AGENT'], 'end OTHER', 'beyond dialling']);
  });

  it('of a contact that has ended are given to nobody', async () => {
    const contact = await contactOf(ownerNode);
    await test.database.query(`UPDATE contact SET state = 'ENDED'`);
    assert.equal(await asker.orders.give('StopContact', contact, {}), 'not active');
    assert.equal(await asker.orders.give('StopContactRecording', contact, { part: undefined }), 'not active');
    assert.equal(await left(), 0);
  });

  it('are found by the owner without a ring', async () => {
    const contact = await contactOf(ownerNode);
    owner.goDeaf();
    asker.goDeaf();
    const answer = asker.orders.give('StopContactRecording', contact, { part: undefined });
    await order('is out');
    await third.orders.look();
    await owner.orders.look();
    await order('is answered');
    await asker.orders.look();
    assert.equal(await answer, 'done');
  });

  it('are taken again by whoever takes the contact over, and the answer of the former owner is void', async () => {
    const contact = await contactOf(ownerNode);
    const begun = Promise.withResolvers<void>();
    owner.answer = () => {
      begun.resolve();
      return new Promise(() => undefined);
    };
    const answer = asker.orders.give('StopContactRecording', contact, { part: undefined });
    await begun.promise;
    await owner.orders.look();
    assert.equal(owner.performed.length, 1, 'nobody takes an order twice');
    await contacts.recover(thirdNode, 10);
    const { id } = (await order('is out')) as { id: string };
    await openContactOrderStore(test.database).answer({ id, contact }, { outcome: 'done' });
    assert.deepEqual(await order('is out'), { id, outcome: null });
    // Whoever took it over ended it.
    await third.orders.look();
    assert.equal(await answer, 'not active');
    await owner.orders.look();
    assert.equal(owner.performed.length, 1, 'the former owner gets no order any more');
  });

  it('to stop are answered once they are committed, and hold for the next owner', async () => {
    const contact = await contactOf(ownerNode);
    owner.goDeaf();
    assert.equal(await asker.orders.give('StopContact', contact, { reason: 'EXPIRED' }), 'told to end');
    const [taken] = await contacts.recover(thirdNode, 10);
    assert.deepEqual([taken?.contact.id, taken?.toStop], [contact.id, { reason: 'EXPIRED' }]);
    await third.orders.look();
    third.running.add(contact.id);
    await third.orders.look();
    assert.deepEqual(
      third.performed,
      ['end EXPIRED', 'beyond dialling'],
      'although it did not run yet when it was looked for first',
    );
    const store = openContactOrderStore(test.database);
    await store.removeOld();
    assert.equal(await left(), 1, 'it stands until the contact has ended');
    await test.database.query(`UPDATE contact SET state = 'ENDED'`);
    assert.deepEqual(await store.take(thirdNode), []);
    await store.removeOld();
    assert.equal(await left(), 0);
  });

  it('fail when nobody answers in time, and are taken back', async () => {
    const contact = await contactOf(ownerNode);
    owner.goDeaf();
    const answer = asker.orders.give('StopContactRecording', contact, { part: undefined });
    const failed = assert.rejects(answer, OrderFailed);
    await order('is out');
    await clock.advance(patienceMs);
    await failed;
    assert.equal(await left(), 0);
    await owner.orders.look();
    assert.deepEqual(owner.performed, []);
  });

  it('fail at once when their owner cannot perform them, or does not know them', async () => {
    const contact = await contactOf(ownerNode);
    owner.answer = () => Promise.reject(new Error('the disk is full'));
    await assert.rejects(
      asker.orders.give('StopContactRecording', contact, { part: undefined }),
      (error) => error instanceof OrderFailed && /the disk is full/.test(error.message),
    );
    const store = openContactOrderStore(test.database);
    const answer = { to: askerNode, withinMs: patienceMs };
    await store.give({ id: newId(), name: 'PauseContact', detail: {}, contact, answer });
    await owner.orders.look();
    assert.match(JSON.stringify(await order('is answered')), /older than the order PauseContact/);
  });

  it('that have expired are neither taken nor kept', async () => {
    const contact = await contactOf(ownerNode);
    const store = openContactOrderStore(test.database);
    const answer = { to: askerNode, withinMs: -1 };
    await store.give({ id: newId(), name: 'StopContactRecording', detail: {}, contact, answer });
    assert.deepEqual(await store.take(ownerNode), []);
    await store.removeOld();
    assert.equal(await left(), 0);
  });
});
