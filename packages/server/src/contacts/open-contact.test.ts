// How a contact changes: one committed write after the other, each with its facts; on virtual time, with a store in memory.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import type { ContactRouting } from '../routing/queue-entry.ts';
import { type ContactAdvance, ContactNoLongerOwned } from '../store/advance-contacts.ts';
import { BatchFailed } from '../store/micro-batch.ts';
import {
  sampleAgent,
  sampleAgentQueue,
  sampleContact,
  sampleRequest,
} from '../test-support/sample-contact.ts';
import { ContactEnded, endings } from './endings.ts';
import { contactWriting, OpenContact } from './open-contact.ts';

describe('open contact', () => {
  it('numbers its facts without a gap over its whole life', async () => {
    const world = makeWorld();
    const { contact } = world;
    await contact.dialAttempted({ target: 'trunk', callId: 'call-1' }, world.dialByMs);
    await contact.connectedToSystem(world.clock.now());
    await contact.attributesChanged({ choice: '1' });
    await contact.tagsChanged({ team: 'blue' });
    await contact.ended(endings.flowDisconnected, world.clock.now(), {});
    assert.deepEqual(world.facts(), [
      [2, 'CONNECTED_TO_SYSTEM'],
      [3, 'CONTACT_DATA_UPDATED'],
      [4, 'CONTACT_DATA_UPDATED'],
      [5, 'DISCONNECTED'],
      [6, 'COMPLETED'],
      [7, 'record'],
    ]);
    assert.deepEqual(
      world.written.map(({ contact: { state, outboxSequence } }) => [state, outboxSequence]),
      [
        ['DIALLING', 1],
        ['CONNECTED', 2],
        ['CONNECTED', 3],
        ['CONNECTED', 4],
        ['ENDED', 7],
      ],
    );
    assert.equal(contact.current.outboxSequence, 7);
    assert.equal(world.factsWritten, 4, 'sinks are woken for commits with facts only');
  });

  it('tells who answered at the time at which that is known, though the contact is connected since the answer', async () => {
    const world = makeWorld();
    const { contact, clock } = world;
    const answeredAtMs = clock.now();
    await contact.answered(answeredAtMs);
    await clock.advance(3_000);
    const greeting = { greetingStartedAtMs: answeredAtMs + 500, greetingEndedAtMs: answeredAtMs + 2_500 };
    await contact.connectedToSystem(answeredAtMs, {
      answeringMachineDetectionStatus: 'HUMAN_ANSWERED',
      customerVoiceActivity: greeting,
    });
    const [told] = world.written.flatMap(({ facts }) => facts.map(({ payload }) => JSON.parse(payload)));
    assert.equal(told.detail.connectedToSystemTimestamp, new Date(answeredAtMs).toISOString());
    assert.equal(Date.parse(told.time), Math.floor(clock.now() / 1000) * 1000);
    assert.equal(contact.current.connectedAtMs, answeredAtMs);
  });

  it('tells of other criteria and of another step of them, and what came of the step in the end', async () => {
    const expression = { kind: 'agents', agentIds: ['ada'] } as const;
    const criteria = { steps: [{ expression, durationMs: 1_000 }, { expression }], index: 0 };
    const waits: ContactRouting = { queuePriority: 5, adjustmentMs: 0, step: 0, stepIs: 'INACTIVE' };
    for (const [last, stepIs] of [
      [(contact: OpenContact) => contact.connectedToAgent(sampleAgent, 0), 'JOINED'],
      [(contact: OpenContact) => contact.ended(endings.flowDisconnected, 0, {}), 'INTERRUPTED'],
    ] as const) {
      const world = makeWorld();
      const { contact } = world;
      await contact.routed({ ...waits, queuePriority: 1 });
      assert.deepEqual(world.facts(), [], 'of a priority no event tells');
      await contact.routed({ ...waits, criteria });
      await contact.queued(sampleAgentQueue);
      await contact.routed({ ...waits, criteria, stepIs: 'ACTIVE', queuePriority: 2 });
      await contact.routed({ ...waits, criteria, stepIs: 'ACTIVE', queuePriority: 2, step: 1 });
      assert.deepEqual(
        world.facts().map(([, what]) => what),
        ['CONTACT_DATA_UPDATED', 'QUEUED', 'CONTACT_DATA_UPDATED'],
      );
      await last(contact);
      assert.deepEqual(contact.current.outcome.routing, {
        ...waits,
        criteria,
        queuePriority: 2,
        step: 1,
        stepIs,
      });
    }
  });

  it('tells once of criteria that are told of again before they are committed, and keeps the newest', async () => {
    const expression = { kind: 'agents', agentIds: ['ada'] } as const;
    const criteria = { steps: [{ expression }], index: 0 };
    const prepared: ContactRouting = {
      queuePriority: 5,
      adjustmentMs: 0,
      criteria,
      step: 0,
      stepIs: 'INACTIVE',
    };
    const waits: ContactRouting = { ...prepared, stepIs: 'ACTIVE' };
    const world = makeWorld();
    const { contact } = world;
    const commit = Promise.withResolvers<void>();
    world.advance = () => commit.promise;
    // Before both a change that the database takes its time for.
    const changes = [contact.attributesChanged({ a: '1' }), contact.routed(prepared)];
    await world.clock.drain();
    changes.push(contact.routed(waits), contact.queued(sampleAgentQueue));
    commit.resolve();
    await Promise.all(changes);
    assert.deepEqual(
      world.facts().map(([, what]) => what),
      ['CONTACT_DATA_UPDATED', 'CONTACT_DATA_UPDATED', 'QUEUED'],
    );
    assert.deepEqual(contact.current.outcome.routing, waits);
  });

  it('tells of criteria the next time when they could not be committed', async () => {
    const expression = { kind: 'agents', agentIds: ['ada'] } as const;
    const criteria = { steps: [{ expression }], index: 0 };
    const waits = { queuePriority: 5, adjustmentMs: 0, criteria, step: 0, stepIs: 'ACTIVE' } as const;
    const world = makeWorld();
    world.advance = () => Promise.reject(new Error('away'));
    await assert.rejects(world.contact.routed(waits), /away/);
    world.advance = () => Promise.resolve();
    await world.contact.routed(waits);
    assert.deepEqual(world.facts(), [
      [2, 'CONTACT_DATA_UPDATED'],
      [2, 'CONTACT_DATA_UPDATED'],
    ]);
  });

  it('commits an attempt with the Call-ID and the time', async () => {
    const world = makeWorld();
    await world.clock.advance(500);
    await world.contact.dialAttempted({ target: 'trunk 127.0.0.1:5060', callId: 'call-1' }, world.dialByMs);
    const [written] = world.written;
    assert.deepEqual(written?.attempt, {
      n: 1,
      target: 'trunk 127.0.0.1:5060',
      callId: 'call-1',
      attemptedAtMs: world.clock.now(),
    });
    assert.equal(written?.contact.outcome.callId, 'call-1');
    assert.equal(written?.contact.outcome.dialledAt, 'trunk 127.0.0.1:5060');
    assert.equal(written?.contact.updatedAtMs, world.clock.now());
    assert.deepEqual(written?.facts, []);
  });

  it('commits attempts to reach a third party after its own, and stays what it is', async () => {
    const world = makeWorld();
    await world.contact.dialAttempted({ target: 'trunk', callId: 'call-1' }, world.dialByMs);
    await world.contact.dialAttempted({ target: 'other', callId: 'call-2' }, world.dialByMs);
    await world.contact.connectedToSystem(world.clock.now());
    await world.contact.thirdPartyAttempted({ target: 'trunk', callId: 'call-3' });
    const last = world.written.at(-1);
    assert.deepEqual(
      world.written.map(({ attempt }) => attempt && [attempt.n, attempt.callId]),
      [[1, 'call-1'], [2, 'call-2'], undefined, [3, 'call-3']],
    );
    assert.deepEqual([last?.contact.state, last?.contact.outcome.callId], ['CONNECTED', 'call-2']);
  });

  it('changes nothing before its commit', async () => {
    const world = makeWorld();
    const commit = Promise.withResolvers<void>();
    world.advance = () => commit.promise;
    const changing = world.contact.attributesChanged({ a: '1' });
    await world.clock.drain();
    assert.deepEqual(world.contact.current.attributes, {});
    assert.equal(world.factsWritten, 0);
    commit.resolve();
    await changing;
    assert.deepEqual(world.contact.current.attributes, { a: '1' });
  });

  it('makes changes that are asked for at once one after the other', async () => {
    const world = makeWorld();
    const commits: (() => void)[] = [];
    world.advance = () => new Promise<void>((resolve) => void commits.push(resolve));
    const changes = [
      world.contact.connectedToSystem(1),
      world.contact.attributesChanged({ a: '1' }),
      world.contact.ended(endings.customerHungUp, 2, {}),
    ];
    await world.clock.drain();
    assert.equal(commits.length, 1);
    for (const [n] of changes.entries()) {
      commits[n]?.();
      await world.clock.drain();
    }
    await Promise.all(changes);
    assert.deepEqual(
      world.facts().map(([sequence]) => sequence),
      [2, 3, 4, 5, 6],
    );
    const last = world.written.at(-1)?.contact;
    assert.deepEqual([last?.state, last?.attributes, last?.connectedAtMs], ['ENDED', { a: '1' }, 1]);
  });

  it('keeps what flows that run at once set of attributes and tags', async () => {
    const world = makeWorld();
    await world.contact.attributesChanged({ a: '0', z: '0' });
    await world.contact.tagsChanged({ old: 'x', other: 'y' });
    await Promise.all([
      world.contact.attributesChanged({ a: '1' }),
      world.contact.attributesChanged({ b: '2' }),
      world.contact.tagsChanged({ team: 'blue' }),
      world.contact.tagsChanged({}, ['old', 'none']),
    ]);
    assert.deepEqual(world.contact.current.attributes, { a: '1', z: '0', b: '2' });
    assert.deepEqual(world.contact.current.outcome.tags, { other: 'y', team: 'blue' });
  });

  it('judges the limits of attributes and tags when it comes to a change, not when that is asked for', async () => {
    const world = makeWorld();
    const tags = (...keys: string[]) => Object.fromEntries(keys.map((key) => [key, '']));
    const half = 'x'.repeat(20_000);
    const outcomes = await Promise.allSettled([
      world.contact.attributesChanged({ a: half }),
      world.contact.attributesChanged({ b: half }),
      world.contact.tagsChanged(tags('a', 'b', 'c', 'd')),
      world.contact.tagsChanged(tags('d', 'e', 'f', 'g')),
      world.contact.tagsChanged(tags('e', 'f'), ['g']),
    ]);
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.name : 'written')),
      ['written', 'DataChangeRefused', 'written', 'DataChangeRefused', 'written'],
    );
    assert.deepEqual(Object.keys(world.contact.current.attributes), ['a']);
    assert.deepEqual(
      world.facts().map(([sequence]) => sequence),
      [2, 3, 4],
    );
  });

  it('lets tags be taken away from one that has too many', async () => {
    const world = makeWorld();
    world.contact.learned({ tags: Object.fromEntries([...'abcdefgh'].map((key) => [key, ''])) });
    await world.contact.tagsChanged({}, ['a']);
    assert.equal(Object.keys(world.contact.current.outcome.tags ?? {}).length, 7);
  });

  it('writes what it learned with the next change, and shows it before and during that', async () => {
    const world = makeWorld();
    world.contact.learned({ ringStartedAtMs: 5 });
    world.contact.learned({ name: 'A call' });
    assert.deepEqual(world.contact.current.outcome, { ringStartedAtMs: 5, name: 'A call' });
    const commit = Promise.withResolvers<void>();
    world.advance = () => commit.promise;
    const changing = world.contact.connectedToSystem(6);
    await world.clock.drain();
    assert.deepEqual(world.contact.current.outcome, { ringStartedAtMs: 5, name: 'A call' });
    world.contact.learned({ name: 'Another name' });
    commit.resolve();
    await changing;
    assert.deepEqual(world.written[0]?.contact.outcome, { ringStartedAtMs: 5, name: 'A call' });
    assert.deepEqual(world.contact.current.outcome, { ringStartedAtMs: 5, name: 'Another name' });
    await world.contact.ended(endings.customerHungUp, 7, {});
    assert.equal(world.written[1]?.contact.outcome.name, 'Another name');
  });

  it('keeps what it learned when a change could not be written', async () => {
    const world = makeWorld();
    world.contact.learned({ ringStartedAtMs: 5 });
    world.advance = () => Promise.reject(new Error('these values cannot be stored'));
    await assert.rejects(world.contact.attributesChanged({ poison: '\u0000' }), /cannot be stored/);
    world.advance = () => Promise.resolve();
    await world.contact.ended(endings.customerHungUp, 7, {});
    const written = world.written.at(-1)?.contact;
    assert.equal(written?.outcome.ringStartedAtMs, 5);
    assert.deepEqual(written?.attributes, {}, 'the change that failed is not made by the next one');
    assert.deepEqual(
      world
        .facts()
        .slice(-3)
        .map(([sequence]) => sequence),
      [2, 3, 4],
      'its sequence numbers are used again',
    );
  });

  it('ends with reason, cause, SIP status and outcome', async () => {
    const world = makeWorld();
    await world.contact.ended(
      {
        disconnectReason: 'TELECOM_BUSY',
        endCause: 'BECAUSE',
        amdStatus: 'SIT_TONE_BUSY',
        sip: { status: 486 },
      },
      42,
      { rtp: { packetsSent: 1, packetsReceived: 2, packetsLost: 3, jitterMs: 4 } },
    );
    const ended = world.written[0]?.contact;
    assert.deepEqual(
      [ended?.state, ended?.disconnectedAtMs, ended?.disconnectReason, ended?.endCause],
      ['ENDED', 42, 'TELECOM_BUSY', 'BECAUSE'],
    );
    assert.deepEqual(ended?.outcome, {
      rtp: { packetsSent: 1, packetsReceived: 2, packetsLost: 3, jitterMs: 4 },
      sip: { status: 486 },
    });
    const record = JSON.parse(world.written[0]?.facts.at(-1)?.payload ?? '{}');
    assert.equal(record.DisconnectReason, 'TELECOM_BUSY');
    assert.equal(record.AnsweringMachineDetectionStatus, null, 'detection was not asked for');
  });

  it('has a detection status only where detection was asked for', async () => {
    const world = makeWorld({ awaitPrompt: false });
    await world.contact.ended({ disconnectReason: 'TELECOM_BUSY', amdStatus: 'SIT_TONE_BUSY' }, 42, {});
    assert.equal(world.written[0]?.contact.outcome.answeringMachineDetectionStatus, 'SIT_TONE_BUSY');
    const [disconnected] = world.written[0]?.facts ?? [];
    assert.equal(
      JSON.parse(disconnected?.payload ?? '{}').detail.answeringMachineDetectionStatus,
      'SIT_TONE_BUSY',
    );
  });
});

describe('open contact › while the database is away', () => {
  const away = new BatchFailed('advance-contacts', 1, new Error('ECONNREFUSED'));

  it('tries a step again for five seconds', async () => {
    const world = makeWorld();
    const startMs = world.clock.now();
    world.advance = () => Promise.reject(away);
    const failed = assert.rejects(world.contact.connectedToSystem(1), BatchFailed);
    await world.clock.settle(failed);
    assert.equal(world.clock.now() - startMs, 5000);
    assert.ok(world.written.length > 10);
  });

  it('dials nobody for whom the commit took longer than that was allowed', async () => {
    const world = makeWorld();
    const commit = Promise.withResolvers<void>();
    world.advance = () => commit.promise;
    const attempted = world.contact.dialAttempted({ target: 'trunk', callId: 'call-1' }, world.dialByMs);
    const refused = assert.rejects(attempted, new ContactEnded(endings.dialDelayExceeded));
    await world.clock.advance(60_000);
    commit.resolve();
    await refused;
    assert.equal(world.contact.current.state, 'DIALLING', 'the attempt stands, and is never made');
  });

  it('tries the end again for a minute, and writes it when the database is back', async () => {
    const world = makeWorld();
    const backAtMs = world.clock.now() + 59_000;
    world.advance = () => (world.clock.now() < backAtMs ? Promise.reject(away) : Promise.resolve());
    await world.clock.settle(world.contact.ended(endings.customerHungUp, 1, {}));
    assert.equal(world.contact.current.state, 'ENDED');
    assert.equal(world.factsWritten, 1);
  });

  it('waits for its next try together with all contacts, however many there are', async () => {
    const clock = new VirtualClock();
    const { signal: lost } = new AbortController();
    let tries = 0;
    const advance = (): Promise<void> => {
      tries += 1;
      return Promise.reject(away);
    };
    const writing = contactWriting(
      { advance, clock, newEventId: () => 'event', factsWritten: () => undefined },
      lost,
    );
    const failed = Array.from({ length: 50 }, () =>
      assert.rejects(new OpenContact(sampleContact(), writing).connectedToSystem(1), BatchFailed),
    );
    await clock.advance(100);
    assert.deepEqual([tries, clock.pendingTimers, getEventListeners(lost, 'abort').length], [50, 1, 1]);
    await clock.settle(Promise.all(failed));
    assert.ok(tries >= 500, `${tries} tries in five seconds`);
  });

  it('stops at once where another node owns the contact, or the data is at fault', async () => {
    for (const error of [new ContactNoLongerOwned(sampleContact()), new RangeError('bad data')]) {
      const world = makeWorld();
      world.advance = () => Promise.reject(error);
      await assert.rejects(world.contact.connectedToSystem(1), error);
      assert.equal(world.written.length, 1);
    }
  });

  it('makes one last try when this node is lost, and no more', async () => {
    const world = makeWorld();
    world.advance = () => Promise.reject(away);
    const failed = assert.rejects(world.contact.ended(endings.customerHungUp, 1, {}), BatchFailed);
    await world.clock.advance(100);
    assert.equal(world.written.length, 1);
    world.lost.abort();
    await failed;
    assert.equal(world.written.length, 2);
    assert.equal(world.clock.pendingTimers, 0);
  });
});

interface World {
  readonly clock: VirtualClock;
  readonly dialByMs: number;
  readonly contact: OpenContact;
  /** Everything handed to the store, tries that failed included. */
  readonly written: ContactAdvance[];
  readonly lost: AbortController;
  /** What the store does. */
  advance: () => Promise<void>;
  factsWritten: number;
  /** Sequence and kind of every fact handed to the store, in order. */
  facts(): [number, string][];
}

function makeWorld(answerMachineDetection?: { awaitPrompt: boolean }): World {
  const clock = new VirtualClock();
  const written: ContactAdvance[] = [];
  const lost = new AbortController();
  let events = 0;
  const world: World = {
    clock,
    dialByMs: clock.now() + 30_000,
    written,
    lost,
    advance: () => Promise.resolve(),
    factsWritten: 0,
    contact: new OpenContact(
      sampleContact({
        request: { ...sampleRequest, ...(answerMachineDetection ? { answerMachineDetection } : {}) },
      }),
      contactWriting(
        {
          advance: (advance) => {
            written.push(advance);
            return world.advance();
          },
          clock,
          newEventId: () => {
            events += 1;
            return `event-${events}`;
          },
          factsWritten: () => {
            world.factsWritten += 1;
          },
        },
        lost.signal,
      ),
    ),
    facts: () =>
      written.flatMap(({ facts }) =>
        facts.map(({ sequence, stream, payload }): [number, string] => [
          sequence,
          stream === 'contact-records' ? 'record' : JSON.parse(payload).detail.eventType,
        ]),
      ),
  };
  return world;
}
