// Contacts that this node runs, and those that stand open with nobody running them, on virtual time and a table in memory.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import type { NodeId } from '../ids.ts';
import type { Routing } from '../routing/routing.ts';
import type { OutboxFact } from '../store/accept-contacts.ts';
import type { ContactAdvance } from '../store/advance-contacts.ts';
import type { ContactStore, RecoveredContact } from '../store/contact-store.ts';
import { BatchFailed } from '../store/micro-batch.ts';
import { capturedLogger } from '../test-support/captured-logger.ts';
import { sampleContact, sampleRequest, sampleTimeMs } from '../test-support/sample-contact.ts';
import { type ActiveContacts, openActiveContacts } from './active-contacts.ts';
import type { Contact } from './contact.ts';
import { ContactEnded, endings } from './endings.ts';
import type { OutboundContactDeps } from './outbound-contact.ts';

const node = '00000000-0000-4000-8000-000000000001' as NodeId;

/** Longer than a contact's end is tried to be written. */
const longOutageMs = 70_000;

let recordingsDirectory: string;
before(async () => {
  recordingsDirectory = await mkdtemp(path.join(tmpdir(), 'ringback-test-'));
});
after(() => rm(recordingsDirectory, { recursive: true }));

describe('active contacts', () => {
  it('end a contact after a long outage, although its end could not be written when it came', async () => {
    const world = makeWorld();
    const contact = sampleContact();
    world.table.add(contact, 1);
    world.isDatabaseAway = true;
    world.active.start(contact);
    await world.clock.advance(longOutageMs);
    assert.equal(world.active.size, 0);
    await assert.rejects(world.active.recover(), /away/);

    world.isDatabaseAway = false;
    assert.equal(await world.clock.settle(world.active.recover()), 1);
    assert.deepEqual(world.ended(), [[contact.id, 'SERVICE_RESTARTED', 2]]);
    assert.equal(await world.active.recover(), 0, 'it is not ended twice');
  });

  it('free the agent of a contact that they end for another', async () => {
    const world = makeWorld();
    const contact = sampleContact();
    world.active.mayBeCommitted(contact);
    world.table.add(contact, 1);
    world.isRoutingAway = true;
    assert.equal(await world.active.recover(), 1, 'the end is what counts');
    assert.deepEqual(world.ended(), [[contact.id, 'SERVICE_RESTARTED', 2]]);

    world.isRoutingAway = false;
    const another = sampleContact();
    world.active.mayBeCommitted(another);
    world.table.add(another, 1);
    await world.active.recover();
    assert.deepEqual(world.freed, [[another.id, 'none']]);
  });

  it('tell that a call was answered whose detection died with its node, before they end it', async () => {
    const world = makeWorld();
    const answered = { state: 'CONNECTED', connectedAtMs: sampleTimeMs + 2000 } as const;
    const request = { ...sampleRequest, answerMachineDetection: { awaitPrompt: false } };
    const told = { answeringMachineDetectionStatus: 'HUMAN_ANSWERED' } as const;
    const contacts = [
      sampleContact({ ...answered, request }),
      sampleContact({ ...answered, request, outcome: told }),
      sampleContact({ ...answered }),
      sampleContact({ state: 'DIALLING', request }),
    ];
    for (const contact of contacts) {
      world.active.mayBeCommitted(contact);
      world.table.add(contact, 1);
    }
    await world.active.recover();
    const ends = ['DISCONNECTED undefined', 'COMPLETED undefined'];
    assert.deepEqual(
      contacts.map(({ id }) => world.toldOf(id)),
      [
        ['CONNECTED_TO_SYSTEM AMD_ERROR', 'DISCONNECTED AMD_ERROR', 'COMPLETED AMD_ERROR'],
        ['DISCONNECTED HUMAN_ANSWERED', 'COMPLETED HUMAN_ANSWERED'],
        ends,
        ends,
      ],
    );
  });

  it('name in its record what was recorded until its node died', async () => {
    const world = makeWorld();
    const contact = sampleContact({ state: 'CONNECTED', connectedAtMs: sampleTimeMs });
    const day = path.join(recordingsDirectory, '2026', '01', '01');
    await mkdir(day, { recursive: true });
    const location = path.join(day, `${contact.id}_000000.wav`);
    await writeFile(location, Buffer.alloc(44 + 32_000));
    await writeFile(
      location.replace('.wav', '.json'),
      JSON.stringify({
        status: 'recording',
        startedAt: '2026-01-01T00:00:00.000Z',
        recordedChannels: ['customer', 'agent and system'],
      }),
    );
    world.active.mayBeCommitted(contact);
    world.table.add(contact, 1);
    await world.active.recover();
    assert.deepEqual(world.outcomeOf(contact.id), {
      recordings: [
        {
          location,
          startedAtMs: sampleTimeMs,
          stoppedAtMs: sampleTimeMs + 1000,
          failure: 'the service ended before the recording did',
          status: 'AVAILABLE',
        },
      ],
      recordingFailure: 'the service ended before the recording did',
    });
  });

  it('run a contact whose commit succeeded although its answer was lost', async () => {
    const world = makeWorld();
    const contact = sampleContact();
    world.active.mayBeCommitted(contact);
    assert.equal(await world.active.recover(), 0, 'it is not there yet');
    world.table.add(contact, 0);
    assert.equal(await world.active.recover(), 1);
    await world.clock.drain();
    assert.deepEqual(world.ended(), [[contact.id, 'DIAL_DELAY_EXCEEDED', 2]]);
  });

  it('forget a contact that was never committed', async () => {
    const world = makeWorld();
    world.active.mayBeCommitted(sampleContact());
    await world.active.recover();
    await world.clock.advance(longOutageMs);
    await world.active.recover();
    await world.active.recover();
    assert.equal(world.table.asked, 2);
  });

  it('take nothing over while they drain', async () => {
    const world = makeWorld();
    const contact = sampleContact();
    world.active.mayBeCommitted(contact);
    world.table.add(contact, 0);
    await world.clock.settle(world.active.drain(0));
    assert.equal(await world.active.recover(), 0);
    assert.deepEqual(world.ended(), []);
  });

  it('leave a contact to its next owner that is found when draining has begun', async () => {
    const world = makeWorld();
    const contact = sampleContact();
    world.active.mayBeCommitted(contact);
    world.table.add(contact, 0);
    const recovering = world.active.recover();
    await world.clock.settle(world.active.drain(0));
    await recovering;
    await world.clock.drain();
    assert.deepEqual(world.ended(), []);
  });

  it('tell when a contact that was stopped before it was dialled cannot be dialled any more', async () => {
    const world = makeWorld(patientGate);
    const contact = sampleContact();
    const commit = Promise.withResolvers<void>();
    world.committing = commit.promise;
    world.active.start(contact);
    assert.equal(world.active.stop(contact.id, endings.stoppedByApi), true);
    let isBeyond = false;
    const beyond = world.active.beyondDialling(contact.id).then(() => {
      isBeyond = true;
    });
    await world.clock.drain();
    assert.equal(isBeyond, false, 'its end is not committed yet');
    commit.resolve();
    await beyond;
    assert.deepEqual(world.ended(), [[contact.id, 'STOPPED_BY_API', 1]]);
    await world.active.beyondDialling(contact.id);
  });

  it('fail to tell so when the end cannot be committed', async () => {
    const world = makeWorld(patientGate);
    const contact = sampleContact();
    world.isDatabaseAway = true;
    world.active.start(contact);
    world.active.stop(contact.id, endings.stoppedByApi);
    await assert.rejects(
      world.clock.settle(world.active.beyondDialling(contact.id)),
      /could not be committed/,
    );
  });

  it('need no time to tell so of who was dialled, or never is', async () => {
    const world = makeWorld(patientGate);
    const dialled = sampleContact({ state: 'DIALLING' });
    world.active.start(dialled);
    await world.active.beyondDialling(dialled.id);
    assert.ok(world.active.runs(dialled.id));
    world.active.stop(dialled.id, endings.stoppedByApi);
    await world.clock.drain();
    assert.equal(world.active.size, 0);
  });

  it('leave everything as it is once they are abandoned', async () => {
    const world = makeWorld();
    const contact = sampleContact();
    world.table.add(contact, 0);
    world.active.abandon();
    world.active.start(contact);
    await world.clock.drain();
    assert.equal(world.active.size, 0);
    assert.deepEqual(world.ended(), []);
  });
});

/** Open contacts as the database has them. */
class Table {
  readonly #open = new Map<string, RecoveredContact>();
  asked = 0;

  add(contact: Contact, dialAttempts: number): void {
    this.#open.set(contact.id, { contact, dialAttempts });
  }

  reclaim(contacts: readonly Pick<Contact, 'id'>[]): RecoveredContact[] {
    this.asked += 1;
    return contacts.flatMap(({ id }) => {
      const found = this.#open.get(id);
      if (!found) return [];
      const taken = { ...found, contact: { ...found.contact, epoch: found.contact.epoch + 1 } };
      this.#open.set(id, taken);
      return [taken];
    });
  }

  remove(contact: Contact): void {
    this.#open.delete(contact.id);
  }
}

interface World {
  readonly clock: VirtualClock;
  readonly table: Table;
  readonly active: ActiveContacts;
  isDatabaseAway: boolean;
  isRoutingAway: boolean;
  /** What each commit waits for. */
  committing: Promise<void>;
  /** Contacts that routing was told the end of, and what work is left to their agents. */
  readonly freed: readonly (readonly [string, string | undefined])[];
  /** What was written of a contact with its end. */
  outcomeOf(contactId: string): Contact['outcome'] | undefined;
  /** Type and status of detection of each event of a contact. */
  toldOf(contactId: string): readonly string[];
  /** Id, end cause and epoch of each written end. */
  ended(): readonly (readonly [string, string | undefined, number])[];
}

/** A gate that no contact passes in time, so that a story ends as soon as it begins. */
const closedGate = {
  isOpen: true,
  onOpen: () => undefined,
  pass: (_untilMs?: number, _signal?: AbortSignal): Promise<void> =>
    Promise.reject(new ContactEnded(endings.dialDelayExceeded)),
};

/** A gate that no contact passes before it is stopped. */
const patientGate: typeof closedGate = {
  ...closedGate,
  pass: (_untilMs, signal) =>
    new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
};

function makeWorld(gate = closedGate): World {
  const clock = new VirtualClock();
  const table = new Table();
  const ends: Contact[] = [];
  const written: OutboxFact[] = [];
  const freed: [string, string | undefined][] = [];
  const { logger } = capturedLogger();
  const reach = (): void => {
    if (world.isDatabaseAway) throw new Error('the database is away');
  };
  const store: Pick<ContactStore, 'recover' | 'reclaim'> = {
    async recover() {
      reach();
      return [];
    },
    async reclaim(_node, contacts) {
      reach();
      return table.reclaim(contacts);
    },
  };
  const routing: Pick<Routing, 'contactEnded'> = {
    async contactEnded({ contactId }, afterContactWork) {
      if (world.isRoutingAway) throw new Error('routing is away');
      freed.push([contactId, afterContactWork]);
      return { kind: 'done' };
    },
  };
  const active = openActiveContacts({
    node,
    store: store as ContactStore,
    clock,
    logger,
    writing: {
      async advance({ contact, facts }: ContactAdvance) {
        await world.committing;
        if (world.isDatabaseAway) throw new BatchFailed('advance', 1, new Error('the database is away'));
        written.push(...facts);
        if (contact.state !== 'ENDED') return;
        ends.push(contact);
        table.remove(contact);
      },
      clock,
      newEventId: () => 'event',
      factsWritten: () => undefined,
    },
    story: {
      gate,
      maxDialDelayMs: 30_000,
      clock,
      logger,
      agents: { routing },
      recordingsDirectory,
    } as unknown as OutboundContactDeps,
  });
  const world: World = {
    clock,
    table,
    active,
    isDatabaseAway: false,
    isRoutingAway: false,
    committing: Promise.resolve(),
    freed,
    outcomeOf: (contactId) => ends.find(({ id }) => id === contactId)?.outcome,
    toldOf: (contactId) =>
      written.flatMap(({ payload }) => {
        const { detail } = JSON.parse(payload);
        return detail?.contactId === contactId
          ? [`${detail.eventType} ${detail.answeringMachineDetectionStatus}`]
          : [];
      }),
    ended: () => ends.map(({ id, endCause, epoch }) => [id, endCause, epoch]),
  };
  return world;
}
