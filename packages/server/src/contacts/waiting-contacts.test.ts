// Contacts before a closed gate, on virtual time.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import { sampleContact } from '../test-support/sample-contact.ts';
import type { Contact } from './contact.ts';
import { openWaitingContacts } from './waiting-contacts.ts';

const maxDialDelayMs = 30_000;

describe('waiting contacts', () => {
  it('begin exactly when their time is over, with one timer for all', async () => {
    const { clock, waiting, begun, contactAfter } = makeWorld();
    const [first, second, third] = [contactAfter(0), contactAfter(0), contactAfter(10)];
    for (const contact of [first, second, third]) assert.ok(waiting.hold(contact));
    assert.equal(clock.pendingTimers, 1);
    await clock.advance(maxDialDelayMs - 1);
    assert.deepEqual(begun, []);
    await clock.advance(1);
    assert.deepEqual(begun, [first, second]);
    await clock.advance(10);
    assert.deepEqual(begun, [first, second, third]);
    assert.equal(waiting.size, 0);
    assert.equal(clock.pendingTimers, 0);
  });

  it('begin all at once, in order, when the gate opens', async () => {
    const { clock, waiting, begun, contactAfter } = makeWorld();
    const contacts = [contactAfter(0), contactAfter(1), contactAfter(1)];
    for (const contact of contacts) waiting.hold(contact);
    waiting.beginAll();
    assert.deepEqual(begun, contacts);
    assert.equal(clock.pendingTimers, 0);
    await clock.advance(maxDialDelayMs * 2);
    assert.equal(begun.length, 3);
  });

  it('begin alone when they are asked for, once', async () => {
    const { clock, waiting, begun, contactAfter } = makeWorld();
    const [first, second] = [contactAfter(0), contactAfter(5)];
    waiting.hold(first);
    waiting.hold(second);
    assert.ok(waiting.begin(first.id));
    assert.ok(!waiting.begin(first.id));
    assert.deepEqual(begun, [first]);
    await clock.advance(maxDialDelayMs + 5);
    assert.deepEqual(begun, [first, second]);
    waiting.hold(contactAfter(0));
    waiting.begin(sampleContact().id);
    assert.equal(waiting.size, 1);
  });

  it('do not hold one whose time ends before that of another', () => {
    const { waiting, contactAfter } = makeWorld();
    assert.ok(waiting.hold(contactAfter(0)));
    assert.ok(!waiting.hold(contactAfter(-1)));
    assert.equal(waiting.size, 1);
  });

  it('hold again whatever comes when none is held', async () => {
    const { clock, waiting, begun, contactAfter } = makeWorld();
    waiting.hold(contactAfter(100));
    waiting.beginAll();
    const older = contactAfter(-20_000);
    assert.ok(waiting.hold(older));
    await clock.advance(10_000);
    assert.equal(begun.at(-1), older);
  });
});

function makeWorld() {
  const clock = new VirtualClock();
  const begun: Contact[] = [];
  return {
    clock,
    begun,
    waiting: openWaitingContacts(clock, maxDialDelayMs, (contact) => begun.push(contact)),
    /** A contact requested so many ms after now. */
    contactAfter: (ms: number) => sampleContact({ initiatedAtMs: clock.now() + ms }),
  };
}
