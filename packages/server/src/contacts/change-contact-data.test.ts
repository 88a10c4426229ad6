// Attributes, tags and details changed through the API: whoever has the contact is asked, and after its end the record is told anew.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import type { ContactAdvance } from '../store/advance-contacts.ts';
import { sampleContact, sampleRequest, sampleTimeMs } from '../test-support/sample-contact.ts';
import { openContactData } from './change-contact-data.ts';
import { type Contact, detailsOf } from './contact.ts';
import type { ContactOrders } from './contact-orders.ts';
import { type DataChange, type DataChangeOutcome, DataChangeRefused } from './data-change.ts';

const attributes: DataChange = { kind: 'attributes', set: { answer: 'yes' } };

describe('data of a contact', () => {
  it('is changed by its owner while it lives', async () => {
    const world = makeWorld(sampleContact({ state: 'CONNECTED' }));
    await world.change(attributes);
    assert.deepEqual(world.ordered, [attributes]);
    assert.deepEqual(world.amended, []);
  });

  it('is changed after its end, with an event and the record anew', async () => {
    const world = makeWorld(endedContact({ attributes: { answer: 'no', order: '17' } }));
    await world.clock.advance(60_000);
    await world.change(attributes);
    assert.deepEqual(world.stored?.attributes, { answer: 'yes', order: '17' });
    assert.equal(world.stored?.updatedAtMs, sampleTimeMs + 60_000);
    assert.deepEqual(
      world.amended[0]?.facts.map(({ sequence, stream }) => [sequence, stream]),
      [
        [5, 'contact-events'],
        [6, 'contact-records'],
      ],
    );
    const [event, record] = world.amended[0]?.facts.map(({ payload }) => JSON.parse(payload)) ?? [];
    assert.deepEqual(
      [event.detail.eventType, event.detail.updatedProperties],
      ['CONTACT_DATA_UPDATED', ['UserDefinedAttributes']],
    );
    assert.deepEqual(record.Attributes, { answer: 'yes', order: '17' });
    assert.equal(world.factsWritten, 1);
    assert.deepEqual(world.ordered, []);
  });

  it('has tags set and taken away, the others stay', async () => {
    const world = makeWorld(endedContact({ outcome: { tags: { team: 'blue', old: 'x' } } }));
    await world.change({ kind: 'tags', set: { shift: 'late' }, removed: ['old', 'none'] });
    assert.deepEqual(world.stored?.outcome.tags, { team: 'blue', shift: 'late' });
  });

  it('has its details changed with the record anew, and without an event: Connect has none of them', async () => {
    const url = (value: string) => ({ type: 'URL' as const, value });
    const world = makeWorld(
      endedContact({
        request: { ...sampleRequest, name: 'Ada', references: { order: url('/17'), old: url('/1') } },
        outcome: { description: 'as it was' },
      }),
    );
    await world.change({ kind: 'details', name: 'Ben', references: { order: url('/18'), other: url('/2') } });
    await world.change({ kind: 'details', references: { other: url('/3') } });
    assert.ok(world.stored);
    assert.deepEqual(detailsOf(world.stored), {
      name: 'Ben',
      description: 'as it was',
      references: { order: url('/18'), old: url('/1'), other: url('/3') },
    });
    assert.deepEqual(
      world.amended.map(({ facts }) => facts.map(({ sequence, stream }) => [sequence, stream])),
      [[[5, 'contact-records']], [[6, 'contact-records']]],
    );
    const record = JSON.parse(world.amended[1]?.facts[0]?.payload ?? '{}');
    assert.deepEqual(record.References[2], { Name: 'other', Type: 'URL', Value: '/3' });
  });

  it('keeps what another change wrote meanwhile', async () => {
    const world = makeWorld(endedContact());
    await Promise.all([
      world.change(attributes),
      world.change({ kind: 'attributes', set: { order: '17' } }),
      world.change({ kind: 'tags', set: { team: 'blue' }, removed: [] }),
    ]);
    assert.deepEqual(world.stored?.attributes, { answer: 'yes', order: '17' });
    assert.deepEqual(world.stored?.outcome.tags, { team: 'blue' });
    assert.equal(world.stored?.outboxSequence, 4 + 3 * 2);
  });

  it('is changed after its end by everybody who asks at once', async () => {
    const world = makeWorld(endedContact());
    const keys = Array.from({ length: 100 }, (_, n) => `key-${n}`);
    await Promise.all(keys.map((key) => world.change({ kind: 'attributes', set: { [key]: '1' } })));
    assert.deepEqual(Object.keys(world.stored?.attributes ?? {}), keys);
    assert.equal(world.stored?.outboxSequence, 4 + 100 * 2);
  });

  it('is bound by its limits after the end, whoever else changed it meanwhile', async () => {
    const world = makeWorld(endedContact());
    const half = 'x'.repeat(20_000);
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'c'].map((key) => world.change({ kind: 'attributes', set: { [key]: half } })),
    );
    assert.deepEqual(
      outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.name),
      [false, 'DataChangeRefused', 'DataChangeRefused'],
    );
    assert.deepEqual(Object.keys(world.stored?.attributes ?? {}), ['a']);
    assert.equal(world.amended.length, 1);
  });

  it('is refused where its owner refuses it', async () => {
    const world = makeWorld(sampleContact({ state: 'CONNECTED' }));
    world.answer = () => ({ refused: 'too many tags' });
    await assert.rejects(world.change(attributes), new DataChangeRefused('too many tags'));
  });

  it('is changed although the contact ends just then', async () => {
    const world = makeWorld(sampleContact({ state: 'CONNECTED' }));
    world.answer = () => {
      world.stored = endedContact({ id: world.stored?.id ?? assert.fail() });
      return 'not active';
    };
    await world.change(attributes);
    assert.deepEqual(world.stored?.attributes, { answer: 'yes' });
  });

  it('is told of as unchanged where the contact is gone', async () => {
    const world = makeWorld(sampleContact({ state: 'CONNECTED' }));
    world.answer = () => {
      world.stored = undefined;
      return 'not active';
    };
    await assert.rejects(world.change(attributes), /is gone/);
  });
});

function endedContact(changes: Partial<Contact> = {}): Contact {
  return sampleContact({
    state: 'ENDED',
    disconnectedAtMs: sampleTimeMs + 1000,
    disconnectReason: 'CUSTOMER_DISCONNECT',
    outboxSequence: 4,
    ...changes,
  });
}

function makeWorld(found: Contact) {
  const clock = new VirtualClock({ startMs: sampleTimeMs });
  const change = openContactData({
    orders: {
      give: async (_name: string, _contact: Contact, detail: unknown) => {
        world.ordered.push(detail);
        return world.answer();
      },
    } as unknown as ContactOrders,
    contacts: {
      find: async () => world.stored,
      amendEnded: async (amendment) => {
        const { contact, facts } = amendment;
        if (world.stored?.outboxSequence !== contact.outboxSequence - facts.length) return false;
        world.stored = contact;
        world.amended.push(amendment);
        return true;
      },
    },
    clock,
    newEventId: () => 'event',
    factsWritten: () => {
      world.factsWritten += 1;
    },
  });
  const world = {
    clock,
    stored: found as Contact | undefined,
    ordered: [] as unknown[],
    amended: [] as Pick<ContactAdvance, 'contact' | 'facts'>[],
    factsWritten: 0,
    answer: (): DataChangeOutcome | 'not active' => 'changed',
    change: (wanted: DataChange): Promise<void> => change(found, wanted),
  };
  return world;
}
