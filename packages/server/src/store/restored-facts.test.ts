// Facts of a database that was restored from a dump, against a real PostgreSQL: its transaction ids are another server's.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { newId } from '../ids.ts';
import { sampleTimeMs } from '../test-support/sample-contact.ts';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.ts';
import { type OutboxRow, type OutboxStore, openOutboxStore } from './outbox-store.ts';
import { takeUpRestoredFacts } from './restored-facts.ts';
import type { RingbackDatabase } from './schema.ts';

let server: TestDatabase;
let database: RingbackDatabase;
let outbox: OutboxStore;

/** What the other server had counted up to. */
const foreign = 5_000_000_000;
const contactId = newId();

before(async () => {
  server = await openTestDatabase();
  database = server.database;
  outbox = openOutboxStore(database);
});

after(() => server.close());

beforeEach(async () => {
  await database.query('TRUNCATE outbox, sink_position, held_fact');
  await database.query(`SELECT setval('outbox_position', 10)`);
});

describe('restored facts', () => {
  it('reach a sink from where it was on the other server, and so does what is written here', async () => {
    for (const position of [1, 2, 3, 4]) await restoreFact(foreign + position, position);
    await restoreSink('sink', foreign + 2, 2);
    await restoreSink('up to date', foreign + 4, 4);
    assert.equal(await takeUpRestoredFacts(database), true);
    await write('new');
    assert.deepEqual(await waitingFor('sink'), ['3', '4', 'new']);
    assert.deepEqual(await waitingFor('up to date'), ['new']);
  });

  it('are read again where transactions overlapped, rather than passed over', async () => {
    await restoreFact(foreign + 1, 2);
    await restoreFact(foreign + 2, 1);
    await restoreFact(foreign + 3, 3);
    await restoreSink('sink', foreign + 1, 2);
    assert.equal(await takeUpRestoredFacts(database), true);
    assert.deepEqual(await waitingFor('sink'), ['1', '2', '3']);
  });

  it('may be none: the position of a sink alone would hide what is written here', async () => {
    await restoreSink('sink', foreign, 7);
    assert.equal(await takeUpRestoredFacts(database), true);
    await write('new');
    assert.deepEqual(await waitingFor('sink'), ['new']);
  });

  it('that are held for others to pass stay in order, before what is held here', async () => {
    const row = (transactionId: number, position: number): OutboxRow => ({
      at: { transactionId: String(transactionId), position },
      ...{ contactId, sequence: position, stream: 'contact-events', payload: String(position) },
    });
    await outbox.hold('sink', [row(foreign + 1, 1), row(foreign + 2, 2)]);
    assert.equal(await takeUpRestoredFacts(database), true);
    await outbox.hold('sink', [row(900, 3)]);
    assert.deepEqual(payloads(await outbox.held('sink')), ['1', '2', '3']);
  });

  it('are taken up once, by several nodes that start at once too', async () => {
    await restoreFact(foreign, 1);
    await restoreSink('sink', foreign, 0);
    const answers = await Promise.all([takeUpRestoredFacts(database), takeUpRestoredFacts(database)]);
    assert.deepEqual(answers.toSorted(), [false, true]);
    assert.deepEqual(await waitingFor('sink'), ['1']);
    assert.equal(await takeUpRestoredFacts(database), false);
  });

  it('are those of another server only', async () => {
    await outbox.positionOf('sink');
    await write('a');
    const before = await outbox.positionOf('sink');
    assert.equal(await takeUpRestoredFacts(database), false);
    assert.deepEqual(await outbox.positionOf('sink'), before);
    assert.deepEqual(await waitingFor('sink'), ['a']);
  });
});

async function restoreFact(transactionId: number, position: number): Promise<void> {
  await database.query(
    `INSERT INTO outbox (transaction_id, position, instance_id, contact_id, sequence, stream, payload, created_at)
     VALUES ($1::xid8, $2, $3, $3, 1, 'contact-events', $4, $5)`,
    [String(transactionId), position, contactId, String(position), new Date(sampleTimeMs)],
  );
}

async function restoreSink(sink: string, transactionId: number, position: number): Promise<void> {
  await database.query('INSERT INTO sink_position (sink, transaction_id, position) VALUES ($1, $2, $3)', [
    sink,
    String(transactionId),
    position,
  ]);
}

async function write(payload: string): Promise<void> {
  await database.query(
    `INSERT INTO outbox (instance_id, contact_id, sequence, stream, payload, created_at)
     VALUES ($1, $1, 1, 'contact-events', $2, $3)`,
    [contactId, payload, new Date(sampleTimeMs)],
  );
}

async function waitingFor(sink: string): Promise<string[]> {
  return payloads(await outbox.read(await outbox.positionOf(sink), 10));
}

const payloads = (rows: readonly OutboxRow[]): string[] => rows.map(({ payload }) => payload);
