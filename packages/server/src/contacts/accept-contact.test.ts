// How long a ClientToken stands for its contact, on virtual time and a real PostgreSQL: seven days, to the millisecond.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import { type ContactId, type NodeId, newId } from '../ids.ts';
import { noCaps } from '../policy/toll-fraud.ts';
import type { AcceptOutcome } from '../store/accept-contacts.ts';
import { type ContactStore, openContactStore } from '../store/contact-store.ts';
import { sampleRequest, sampleTenant } from '../test-support/sample-contact.ts';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.ts';
import { acceptContact } from './accept-contact.ts';
import type { ActiveContacts } from './active-contacts.ts';
import { InitiatedEvents } from './initiated-events.ts';

const dayMs = 24 * 60 * 60 * 1000;

let server: TestDatabase;
let store: ContactStore;
before(async () => {
  server = await openTestDatabase();
  store = openContactStore(server.database);
});
after(async () => {
  await store.close();
  await server.close();
});

describe('accepting a contact', () => {
  it('answers a token with its contact for seven days, and begins a new one then', async () => {
    const world = makeWorld();
    const first = await world.accept('token');
    assert.equal(first.kind, 'accepted');

    await world.clock.advance(7 * dayMs - 1);
    const last = await world.accept('token');
    assert.deepEqual(last, { kind: 'replayed', contactId: idOf(first) });
    assert.equal(await world.find('token'), idOf(first));

    await world.clock.advance(1);
    assert.equal(await world.find('token'), undefined);
    const second = await world.accept('token');
    assert.equal(second.kind, 'accepted');
    assert.notEqual(idOf(second), idOf(first));
    assert.deepEqual(await world.accept('token'), { kind: 'replayed', contactId: idOf(second) });
    assert.deepEqual(
      world.started,
      [idOf(first), idOf(second)],
      'a story for each contact, none for repetitions',
    );
  });

  it('counts the seven days from the first request, not from a repetition', async () => {
    const world = makeWorld();
    const first = await world.accept('another token');
    for (let day = 1; day < 7; day += 1) {
      await world.clock.advance(dayMs);
      assert.equal(idOf(await world.accept('another token')), idOf(first));
    }
    await world.clock.advance(dayMs);
    assert.notEqual(idOf(await world.accept('another token')), idOf(first));
  });
});

function makeWorld() {
  const clock = new VirtualClock();
  const { instanceId } = server;
  const started: ContactId[] = [];
  const active = { start: ({ id }) => void started.push(id) } as Partial<ActiveContacts> as ActiveContacts;
  return {
    clock,
    started,
    accept: (clientToken: string) =>
      acceptContact(
        {
          tenant: sampleTenant,
          instanceId,
          request: sampleRequest,
          attributes: {},
          clientToken,
          country: 'US',
          caps: noCaps,
        },
        {
          store,
          active,
          node: newId<NodeId>(),
          clock,
          newEventId: randomUUID,
          initiatedEvents: new InitiatedEvents(),
          factsWritten: () => undefined,
        },
      ),
    find: (token: string) => store.findByToken({ ...sampleTenant, instanceId, token, nowMs: clock.now() }),
  };
}

function idOf(outcome: AcceptOutcome): ContactId {
  assert.ok('contactId' in outcome, outcome.kind);
  return outcome.contactId;
}
