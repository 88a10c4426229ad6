// The outbox against a real PostgreSQL, started once for this file: nothing is passed over, nothing is dropped too early.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type NodeId, newId } from '../ids.ts';
import { sampleTimeMs } from '../test-support/sample-contact.ts';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.ts';
import { type AlikeText, type FactForm, keptText, shareRows } from './alike-facts.ts';
import type { Queryable } from './database.ts';
import { openNodeStore } from './node-store.ts';
import type { OutboxLimits } from './outbox-partitions.ts';
import { type OutboxPosition, type OutboxStore, openOutboxStore } from './outbox-store.ts';
import type { RingbackDatabase, Schema } from './schema.ts';

let server: TestDatabase;
let database: RingbackDatabase;
let outbox: OutboxStore;

const beginning: OutboxPosition = { transactionId: '0', position: 0 };
const contactId = newId();
/** Out of reach. */
const limits: OutboxLimits = { outboxBytes: 1e12, undeliverableRows: 1e6 };

before(async () => {
  server = await openTestDatabase();
  database = server.database;
  outbox = openOutboxStore(database);
});

after(() => server.close());

beforeEach(async () => {
  await database.query('TRUNCATE outbox, sink_position, undeliverable, held_fact');
});

describe('outbox store › read', () => {
  it('gives rows in the order of their transactions and, within one, as they were written', async () => {
    await write(database, 'first');
    await database.withTransaction(async (transaction) => {
      await write(transaction, 'second');
      await write(transaction, 'third');
    });
    await write(database, 'fourth');
    const rows = await outbox.read(beginning, 10);
    assert.deepEqual(payloads(rows), ['first', 'second', 'third', 'fourth']);
    assert.equal(rows[1]?.at.transactionId, rows[2]?.at.transactionId);
    assert.deepEqual(
      { ...rows[0], at: undefined },
      {
        at: undefined,
        contactId,
        sequence: 1,
        stream: 'contact-events',
        payload: 'first',
      },
    );
  });

  it('keeps facts of some kilobytes as they are', keepsFactsWhole);

  it('orders transaction ids as numbers: 10 comes after 9', async () => {
    for (const id of ['9', '10', '99', '100']) {
      await database.query(
        `INSERT INTO outbox (transaction_id, instance_id, contact_id, sequence, stream, payload, created_at)
         VALUES ($1::xid8, $2, $2, 1, 'contact-events', $1, $3)`,
        [id, contactId, new Date(sampleTimeMs)],
      );
    }
    const first = await outbox.read(beginning, 2);
    assert.deepEqual(payloads(first), ['9', '10']);
    assert.deepEqual(payloads(await outbox.read(first[1]?.at ?? beginning, 2)), ['99', '100']);
  });

  it('goes on behind a position, in the middle of a transaction too', async () => {
    await database.withTransaction(async (transaction) => {
      for (const payload of ['a', 'b', 'c']) await write(transaction, payload);
    });
    await write(database, 'd');
    const first = await outbox.read(beginning, 2);
    assert.deepEqual(payloads(first), ['a', 'b']);
    const rest = await outbox.read(first[1]?.at ?? beginning, 2);
    assert.deepEqual(payloads(rest), ['c', 'd']);
    assert.deepEqual(await outbox.read(rest[1]?.at ?? beginning, 2), []);
  });

  it('waits for a transaction that began earlier and is still open, and never passes it over', async () => {
    await write(database, 'before');
    const early = await database.withTransaction(async (older) => {
      await write(older, 'older');
      await database.withTransaction((younger) => write(younger, 'younger'));
      return payloads(await outbox.read(beginning, 10));
    });
    assert.deepEqual(early, ['before'], 'the younger row waits for the older one');
    assert.deepEqual(payloads(await outbox.read(beginning, 10)), ['before', 'older', 'younger']);
  });

  it('passes over what was rolled back', async () => {
    await assert.rejects(
      database.withTransaction(async (transaction) => {
        await write(transaction, 'undone');
        throw new Error('changed our mind');
      }),
    );
    await write(database, 'done');
    assert.deepEqual(payloads(await outbox.read(beginning, 10)), ['done']);
  });
});

describe('outbox store › facts that share a row', () => {
  it('are read whole, each as if it had a row of its own', async () => {
    await write(database, 'before');
    await writeAlike('1', '2');
    await write(database, 'after');
    const rows = await outbox.read(beginning, 10);
    assert.deepEqual(payloads(rows), ['before', `${alikeId('1')} says 1`, `${alikeId('2')} says 2`, 'after']);
    assert.deepEqual(
      rows.slice(1, 3).map(({ contactId: of, sequence: n, stream }) => [of, n, stream]),
      [
        [alikeId('1'), 1, 'contact-events'],
        [alikeId('2'), 1, 'contact-events'],
      ],
    );
    assert.deepEqual(payloads(await outbox.read(rows[2]?.at ?? beginning, 10)), ['after']);
  });

  it('count each towards what is read at a time, and are not torn apart', async () => {
    for (const payload of ['a', 'b']) await write(database, payload);
    await writeAlike('1', '2', '3');
    await writeAlike('4');
    await write(database, 'c');
    const countOf = async (limit: number) => (await outbox.read(beginning, limit)).length;
    const counts = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(countOf));
    assert.deepEqual(counts, [1, 2, 5, 5, 5, 6, 7, 7]);
  });

  it('count each as waiting, and as lost where they are dropped', async () => {
    const slow = await outbox.positionOf('slow');
    await write(database, 'a');
    await writeAlike('1', '2', '3');
    const state = await outbox.maintain(['slow'], limits);
    assert.deepEqual(state?.waiting, { slow: 4 });
    const [a] = await outbox.read(slow, 1);
    await outbox.advance('slow', a?.at ?? beginning);
    assert.deepEqual((await outbox.maintain(['slow'], limits))?.waiting, { slow: 3 });
  });
});

describe('outbox store › positions', () => {
  it('lets a new sink begin with what comes from now on', async () => {
    await write(database, 'past');
    const position = await outbox.positionOf('new');
    await write(database, 'present');
    assert.deepEqual(payloads(await outbox.read(position, 10)), ['present']);
  });

  it('shows a new sink what was under way when it came', async () => {
    let position = beginning;
    await database.withTransaction(async (transaction) => {
      await write(transaction, 'under way');
      position = await outbox.positionOf('new');
    });
    assert.deepEqual(payloads(await outbox.read(position, 10)), ['under way']);
  });

  it('remembers how far each sink is', async () => {
    const started = await outbox.positionOf('one');
    assert.deepEqual(await outbox.positionOf('one'), started);
    await outbox.positionOf('other');
    await write(database, 'a');
    await write(database, 'b');
    const [a, b] = await outbox.read(started, 10);
    await outbox.advance('one', a?.at ?? beginning);
    assert.deepEqual(await outbox.positionOf('one'), a?.at);
    assert.deepEqual(payloads(await outbox.read(await outbox.positionOf('one'), 10)), ['b']);
    assert.notDeepEqual(await outbox.positionOf('other'), a?.at);
    await outbox.advance('one', b?.at ?? beginning);
    assert.deepEqual(await outbox.read(await outbox.positionOf('one'), 10), []);
  });

  it('keeps what a sink refused for good, once', async () => {
    await write(database, 'refused');
    const [row] = await outbox.read(beginning, 1);
    assert.ok(row);
    await outbox.setAside('sink', row, 'answered 400', sampleTimeMs);
    await outbox.setAside('sink', row, 'answered 400 again', sampleTimeMs + 1);
    const { rows } = await database.query('SELECT * FROM undeliverable');
    assert.deepEqual(rows, [
      {
        sink: 'sink',
        contact_id: contactId,
        sequence: 1,
        stream: 'contact-events',
        payload: 'refused',
        reason: 'answered 400',
        set_aside_at: new Date(sampleTimeMs),
      },
    ]);
  });
});

describe('outbox store › turns', () => {
  const [one, two] = [newId<NodeId>(), newId<NodeId>()];
  const leaseMs = 3_600_000;

  beforeEach(async () => {
    const nodes = openNodeStore(database);
    await nodes.endAllLeases();
    for (const node of [one, two]) await nodes.register(node, { host: 'host' }, leaseMs);
  });

  it('are one node’s at a time, of those that ask at once too', async () => {
    const asked = await Promise.all([one, two].map((node) => outbox.takeTurn('sink', node)));
    assert.deepEqual(asked.toSorted(), [false, true]);
    const [owner, other] = asked[0] ? [one, two] : [two, one];
    assert.deepEqual(
      [await outbox.takeTurn('sink', owner), await outbox.takeTurn('sink', other)],
      [true, false],
    );
    assert.deepEqual(
      [await outbox.hasTurn('sink', owner), await outbox.hasTurn('sink', other)],
      [true, false],
    );
    assert.equal(await outbox.takeTurn('another sink', other), true);
    await outbox.endTurn('sink', other);
    assert.equal(await outbox.hasTurn('sink', owner), true, 'only its own turn is given back');
    await outbox.endTurn('sink', owner);
    assert.equal(await outbox.hasTurn('sink', owner), false);
    assert.equal(await outbox.takeTurn('sink', other), true);
  });

  for (const [how, die] of [
    ['its lease runs out', 'UPDATE node SET lease_expires_at = clock_timestamp() WHERE id = $1'],
    ['its row is gone', 'DELETE FROM node WHERE id = $1'],
  ] as const) {
    it(`are another’s when the owner dies: ${how}`, async () => {
      await outbox.takeTurn('sink', one);
      await database.query(die, [one]);
      assert.equal(await outbox.hasTurn('sink', one), true, 'until another takes it');
      assert.equal(await outbox.takeTurn('sink', two), true);
      assert.deepEqual([await outbox.hasTurn('sink', one), await outbox.hasTurn('sink', two)], [false, true]);
    });
  }

  it('let a new sink begin with what comes from now on, and another node where the last one was', async () => {
    await write(database, 'past');
    await outbox.takeTurn('new', one);
    await write(database, 'taken');
    await write(database, 'left');
    const rows = await outbox.read(await outbox.positionOf('new'), 10);
    assert.deepEqual(payloads(rows), ['taken', 'left']);
    assert.equal(await outbox.advance('new', rows[0]?.at ?? beginning, one), true);
    await outbox.endTurn('new', one);
    await outbox.takeTurn('new', two);
    assert.deepEqual(payloads(await outbox.read(await outbox.positionOf('new'), 10)), ['left']);
  });

  it('keep others from moving the position and from holding facts', async () => {
    await outbox.takeTurn('sink', one);
    const start = await outbox.positionOf('sink');
    await write(database, 'a');
    const rows = await outbox.read(start, 10);
    const at = rows[0]?.at ?? beginning;
    assert.deepEqual(
      [await outbox.advance('sink', at, two), await outbox.hold('sink', rows, two)],
      [false, false],
    );
    assert.deepEqual([await outbox.positionOf('sink'), await outbox.held('sink')], [start, []]);
    assert.deepEqual(
      [await outbox.advance('sink', at, one), await outbox.hold('sink', rows, one)],
      [true, true],
    );
    assert.equal(await outbox.hold('sink', rows, one), true, 'held already');
    assert.deepEqual([await outbox.positionOf('sink'), await outbox.held('sink')], [at, rows]);
  });

  it('are not taken between the look and the write of facts that are held', async () => {
    await outbox.takeTurn('sink', one);
    await write(database, 'a');
    const rows = await outbox.read(beginning, 10);
    let held: Promise<boolean> | undefined;
    await database.withTransaction(async ({ query }) => {
      await query(`UPDATE sink_position SET owner_node = $1 WHERE sink = 'sink'`, [two]);
      held = outbox.hold('sink', rows, one);
      await someoneWaitsForALock();
    });
    assert.equal(await held, false);
    assert.deepEqual(await outbox.held('sink'), []);
  });
});

describe('outbox store › held rows', () => {
  it('keeps what others pass, once and in order, until it is released', async () => {
    for (const payload of ['a', 'b', 'c']) await write(database, payload);
    const rows = await outbox.read(beginning, 10);
    const [a, b, c] = rows;
    assert.ok(a && b && c);
    await outbox.hold('sink', [b, c]);
    await outbox.hold('sink', [a, b]);
    await outbox.hold('other', [c]);
    assert.deepEqual(await outbox.held('sink'), rows);
    await outbox.release('sink', b);
    assert.deepEqual(await outbox.held('sink'), [a, c]);
    assert.deepEqual(await outbox.held('other'), [c]);
    assert.deepEqual(await outbox.held('nobody'), []);
  });

  it('keeps apart those that share a row of the outbox', async () => {
    await writeAlike('1', '2', '3');
    const [a, b, c] = await outbox.read(beginning, 10);
    assert.ok(a && b && c);
    await outbox.hold('sink', [a, b, c]);
    await outbox.release('sink', b);
    assert.deepEqual(await outbox.held('sink'), [a, c]);
  });

  it('orders transaction ids as numbers there, too', async () => {
    const row = (transactionId: string) => ({
      at: { transactionId, position: 1 },
      contactId,
      sequence: Number(transactionId),
      stream: 'contact-events',
      payload: transactionId,
    });
    await outbox.hold('sink', ['100', '9', '10'].map(row));
    assert.deepEqual(payloads(await outbox.held('sink')), ['9', '10', '100']);
  });
});

async function keepsFactsWhole(): Promise<void> {
  const payload = 'an agent and a queue, '.repeat(200);
  await write(database, payload);
  const { rows } = await database.query<{ bytes: number }>(
    'SELECT pg_column_size(payload) AS bytes FROM outbox ORDER BY position DESC LIMIT 1',
  );
  assert.ok((rows[0]?.bytes ?? 0) >= payload.length, 'it was compressed');
}

describe('outbox store › partitions', () => {
  beforeEach(async () => {
    for (const partition of await partitions()) await database.query(`DROP TABLE ${partition}`);
    await database.query(`CREATE TABLE outbox_0 PARTITION OF outbox FOR VALUES FROM (0) TO (1000000)`);
    await database.query(`CREATE TABLE outbox_1 PARTITION OF outbox FOR VALUES FROM (1000000) TO (2000000)`);
    await setSequence(1);
  });

  it('has the next partition ready before it is needed', async () => {
    await setSequence(999_998);
    await outbox.maintain(['sink'], limits);
    assert.deepEqual(await partitions(), ['outbox_0', 'outbox_1']);
    await write(database, 'last of the old');
    await write(database, 'first of the new');
    await outbox.maintain([], limits);
    assert.ok((await partitions()).includes('outbox_2'));
    await setSequence(2_999_997);
    await write(database, 'in the third');
    await write(database, 'at its end');
    assert.deepEqual(payloads(await outbox.read(beginning, 10)).slice(-2), ['in the third', 'at its end']);
  });

  it('makes partitions that keep facts of some kilobytes as they are', async () => {
    for (const partition of await partitions()) await database.query(`DROP TABLE ${partition}`);
    await outbox.maintain([], limits);
    await keepsFactsWhole();
  });

  it('drops a partition only after every named sink has passed all of its rows', async () => {
    await outbox.positionOf('fast');
    const slow = await outbox.positionOf('slow');
    await setSequence(999_997);
    for (const payload of ['old', 'last of the old', 'new']) await write(database, payload);
    const [old, lastOfOld, fresh] = await outbox.read(slow, 10);
    assert.ok(old && lastOfOld && fresh);

    await outbox.advance('fast', fresh.at);
    await outbox.maintain(['fast', 'slow'], limits);
    assert.deepEqual(await partitions(), ['outbox_0', 'outbox_1', 'outbox_2']);
    await outbox.advance('slow', old.at);
    await outbox.maintain(['fast', 'slow'], limits);
    assert.deepEqual(await partitions(), ['outbox_0', 'outbox_1', 'outbox_2'], 'one row is still to come');
    await outbox.advance('slow', lastOfOld.at);
    await outbox.maintain(['fast', 'slow'], limits);
    assert.deepEqual(await partitions(), ['outbox_1', 'outbox_2']);
    assert.deepEqual(payloads(await outbox.read(await outbox.positionOf('slow'), 10)), ['new']);
  });

  it('does not wait for a sink that is configured no more', async () => {
    await outbox.positionOf('former');
    await outbox.positionOf('sink');
    await write(database, 'old');
    const [row] = await outbox.read(beginning, 1);
    assert.ok(row);
    await outbox.advance('sink', row.at);
    await setSequence(1_000_000);
    await outbox.maintain(['sink'], limits);
    assert.deepEqual(await partitions(), ['outbox_1', 'outbox_2']);
  });

  it('drops the oldest that sinks still wait for where the outbox is too large, and says what that was', async () => {
    const slow = await outbox.positionOf('slow');
    await outbox.positionOf('fast');
    await setSequence(999_997);
    for (const payload of ['taken', 'lost', 'first that stays']) await write(database, payload);
    const [taken, lost] = await outbox.read(slow, 10);
    assert.ok(taken && lost);
    await outbox.advance('slow', taken.at);
    await outbox.advance('fast', lost.at);
    await setSequence(2_000_000);
    const kept = await outbox.maintain(['slow', 'fast'], limits);
    assert.deepEqual([kept?.dropped, kept?.waiting], [[], { slow: 2, fast: 1 }]);
    const outboxBytes = (kept?.bytes ?? 0) - 1;
    assert.ok(outboxBytes > 0);
    const state = await outbox.maintain(['slow', 'fast'], { ...limits, outboxBytes });
    const writtenAt = new Date(sampleTimeMs);
    assert.deepEqual(state?.dropped, [
      { from: 'outbox', sink: 'slow', rows: 1, oldest: writtenAt, newest: writtenAt },
    ]);
    assert.deepEqual(state?.waiting, { slow: 1, fast: 1 });
    assert.deepEqual(await partitions(), ['outbox_1', 'outbox_2', 'outbox_3']);
    assert.deepEqual(payloads(await outbox.read(await outbox.positionOf('slow'), 10)), ['first that stays']);
  });

  it('never drops the partition that is written', async () => {
    await outbox.positionOf('slow');
    await write(database, 'stays');
    const state = await outbox.maintain(['slow'], { ...limits, outboxBytes: 0 });
    assert.deepEqual(state?.dropped, []);
    assert.deepEqual(payloads(await outbox.read(beginning, 10)), ['stays']);
  });

  it('keeps the newest of what sinks will not take, and says what it drops', async () => {
    for (const payload of ['a', 'b', 'c', 'd']) await write(database, payload);
    const rows = await outbox.read(beginning, 10);
    for (const [n, row] of rows.entries())
      await outbox.setAside(n === 3 ? 'other' : 'sink', row, 'answered 400', sampleTimeMs + n);
    const state = await outbox.maintain([], { ...limits, undeliverableRows: 2 });
    assert.deepEqual(state?.dropped, [
      {
        from: 'undeliverable',
        sink: 'sink',
        rows: 2,
        oldest: new Date(sampleTimeMs),
        newest: new Date(sampleTimeMs + 1),
      },
    ]);
    const { rows: left } = await database.query<{ payload: string }>(
      'SELECT payload FROM undeliverable ORDER BY set_aside_at',
    );
    assert.deepEqual(payloads(left), ['c', 'd']);
    assert.deepEqual((await outbox.maintain([], { ...limits, undeliverableRows: 2 }))?.dropped, []);
  });

  it('never drops a row that commits while the partition is being judged', async () => {
    await outbox.positionOf('sink');
    let maintained: Promise<unknown> | undefined;
    await database.withTransaction(async (writer) => {
      await write(writer, 'late');
      await setSequence(1_000_000);
      maintained = outbox.maintain(['sink'], limits);
      await someoneWaitsForALock();
    });
    await maintained;
    assert.deepEqual(payloads(await outbox.read(await outbox.positionOf('sink'), 10)), ['late']);
  });

  it('makes and drops partitions, and lets facts be written, however long the rest takes', async () => {
    await outbox.positionOf('sink');
    await setSequence(1_000_000);
    let maintained: Promise<unknown> | undefined;
    await database.withTransaction(async ({ query }) => {
      await query('LOCK TABLE undeliverable IN ACCESS EXCLUSIVE MODE');
      maintained = outbox.maintain(['sink'], limits);
      await someoneWaitsForALock();
      assert.deepEqual(await partitions(), ['outbox_1', 'outbox_2']);
      await write(database, 'meanwhile');
    });
    await maintained;
  });

  it('leaves the work to whoever does it already', async () => {
    await database.withTransaction(async ({ query }) => {
      await query(`SELECT pg_advisory_xact_lock(hashtext('ringback outbox partitions'))`);
      await setSequence(5_000_000);
      await outbox.maintain([], limits);
      assert.deepEqual(await partitions(), ['outbox_0', 'outbox_1']);
    });
    await outbox.maintain([], limits);
    assert.deepEqual(await partitions(), ['outbox_5', 'outbox_6']);
  });
});

let sequence = 0;
beforeEach(() => {
  sequence = 0;
});

async function write(target: Queryable<Schema>, payload: string): Promise<void> {
  sequence += 1;
  await target.query(
    `INSERT INTO outbox (instance_id, contact_id, sequence, stream, payload, created_at)
     VALUES ($1, $2, $3, 'contact-events', $4, $5)`,
    [server.instanceId, contactId, sequence, payload, new Date(sampleTimeMs)],
  );
}

const alikeId = (name: string): string => `22222222-2222-4222-8222-${name.padStart(12, '0')}`;
const alikeForm: FactForm = { fixed: ['', ' says ', ''], varying: [0, 1] };

/** Facts of one form in one row, as accepting contacts writes them. */
async function writeAlike(...names: string[]): Promise<void> {
  const texts = names.map((name) => ({ form: alikeForm, values: [alikeId(name), name] }) satisfies AlikeText);
  const { forms } = shareRows(texts);
  const kept = texts.map((text) => keptText(1, text));
  await database.query(
    `INSERT INTO outbox (instance_id, contact_id, sequence, stream, facts, payload, created_at)
     VALUES ($1, $2, 1, 'contact-events', $3, $4, $5)`,
    [
      server.instanceId,
      alikeId(names[0] ?? ''),
      names.length,
      `{"form":${forms[0]},"facts":[${kept.join(',')}]}`,
      new Date(sampleTimeMs),
    ],
  );
}

const payloads = (rows: readonly { readonly payload: string }[]): string[] =>
  rows.map(({ payload }) => payload);

async function setSequence(last: number): Promise<void> {
  await database.query(`SELECT setval('outbox_position', $1)`, [last]);
}

async function partitions(): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'outbox'::regclass ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/** Asks until a statement of this database stands in a queue for a lock. */
async function someoneWaitsForALock(): Promise<void> {
  for (;;) {
    const { rows } = await database.query('SELECT FROM pg_locks WHERE NOT granted');
    if (rows.length > 0) return;
  }
}
