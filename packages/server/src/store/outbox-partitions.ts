/**
 * The partitions of the outbox: made ahead of need, dropped when all sinks have passed them, or when too much waits. Making and dropping one keeps
 * every fact from being written, so each is a transaction of its own that does nothing else; what takes long, such as counting what
 * waits for a sink that has been away for weeks, holds nothing up.
 */
import type { Queryable, Transaction } from './database.ts';
import type { RingbackDatabase, Schema } from './schema.ts';

export interface OutboxLimits {
  /** Size of the outbox from which on its oldest partitions are dropped, except the one that is written. */
  readonly outboxBytes: number;
  /** Rows kept in the table `undeliverable`. */
  readonly undeliverableRows: number;
}

export interface OutboxState {
  /** Size of the outbox on disk, indexes included. */
  readonly bytes: number;
  /** Rows that wait for each sink; more than a million count as one. */
  readonly waiting: Readonly<Record<string, number>>;
  readonly dropped: readonly DroppedRows[];
}

/** Rows that were deleted before a sink took them. */
export interface DroppedRows {
  readonly from: 'outbox' | 'undeliverable';
  readonly sink: string;
  readonly rows: number;
  /** When they were written, or set aside. */
  readonly oldest: Date;
  readonly newest: Date;
}

const rowsPerPartition = 1_000_000;

type SchemaTransaction = Transaction<Schema>;

/** See `OutboxStore.maintain`. */
export async function maintainOutbox(
  database: RingbackDatabase,
  sinks: readonly string[],
  limits: OutboxLimits,
): Promise<OutboxState | undefined> {
  const current = await underLock(database, makePartitions);
  if (current === undefined) return undefined;
  const needed: number[] = [];
  for (const n of (await partitions(database)).filter((each) => each < current)) {
    const isDropped = await underLock(database, (transaction) => dropIfPassed(transaction, n, sinks));
    if (!isDropped) needed.push(n);
  }
  const dropped = [
    ...(await dropOldest(database, needed, sinks, limits.outboxBytes)),
    ...(await dropSurplus(database, limits.undeliverableRows)),
  ];
  return { bytes: await sizeOf(database), waiting: await waitingOf(database, sinks), dropped };
}

/** One node at a time; whoever does not get the lock gets undefined, and leaves the work to the other. */
function underLock<Outcome>(
  database: RingbackDatabase,
  work: (transaction: SchemaTransaction) => Promise<Outcome>,
): Promise<Outcome | undefined> {
  return database.withTransaction(async (transaction) => {
    const { rows } = await transaction.query<{ ok: boolean }>(
      `SELECT pg_try_advisory_xact_lock(hashtext('ringback outbox partitions')) AS ok`,
    );
    return rows[0]?.ok ? await work(transaction) : undefined;
  });
}

async function partitions(queryable: Queryable<Schema>): Promise<number[]> {
  const { rows } = await queryable.query<{ name: string }>(
    `SELECT c.relname::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'outbox'::regclass`,
  );
  const numbers = rows.flatMap(({ name }) => {
    const n = Number(/^outbox_(\d+)$/.exec(name)?.[1]);
    return Number.isNaN(n) ? [] : n;
  });
  return numbers.toSorted((a, b) => a - b);
}

/**
 * Makes the partition that is written, and the next. Answers the number of the first, below which nothing more is written: making the one after
 * it waited for all who wrote then.
 */
async function makePartitions(transaction: SchemaTransaction): Promise<number> {
  const { rows } = await transaction.query<{ last: number }>(
    'SELECT last_value AS last FROM outbox_position',
  );
  const current = Math.floor((rows[0]?.last ?? 0) / rowsPerPartition);
  const numbers = await partitions(transaction);
  for (const n of [current, current + 1]) {
    if (numbers.includes(n)) continue;
    await transaction.query(
      `CREATE TABLE outbox_${n} PARTITION OF outbox
         FOR VALUES FROM (${n * rowsPerPartition}) TO (${(n + 1) * rowsPerPartition})
         WITH (toast_tuple_target = 8160)`,
    );
  }
  return current;
}

async function dropIfPassed(
  transaction: SchemaTransaction,
  n: number,
  sinks: readonly string[],
): Promise<boolean> {
  if (!(await partitions(transaction)).includes(n)) return true;
  // From each sink's position, which takes a look at the index; from the rows it would take all of them.
  const { rows } = await transaction.query<{ any: boolean }>(
    `SELECT coalesce(bool_or((SELECT true FROM outbox_${n} o
               WHERE (o.transaction_id, o.position) > (s.transaction_id, s.position)
               ORDER BY o.transaction_id, o.position LIMIT 1)), false) AS any
       FROM sink_position s WHERE s.sink = ANY ($1)`,
    [sinks],
  );
  if (rows[0]?.any !== false) return false;
  await transaction.query(`DROP TABLE outbox_${n}`);
  return true;
}

/** Drops partitions whose rows are still waited for, until the outbox is small enough or none but the current one is left. */
async function dropOldest(
  database: RingbackDatabase,
  needed: readonly number[],
  sinks: readonly string[],
  mostBytes: number,
): Promise<DroppedRows[]> {
  const dropped: DroppedRows[] = [];
  for (const n of needed) {
    if ((await sizeOf(database)) <= mostBytes) break;
    const lost = await database.withTransaction((transaction) => lostWith(transaction, n, sinks));
    const isDropped = await underLock(database, async (transaction) => {
      const isThere = (await partitions(transaction)).includes(n);
      if (isThere) await transaction.query(`DROP TABLE outbox_${n}`);
      return isThere;
    });
    if (isDropped) dropped.push(...lost);
  }
  return dropped;
}

/** What sinks still wait for in a partition. */
async function lostWith(
  transaction: SchemaTransaction,
  n: number,
  sinks: readonly string[],
): Promise<DroppedRows[]> {
  await countByIndex(transaction);
  const { rows } = await transaction.query<Omit<DroppedRows, 'from'>>(
    `SELECT s.sink, w.rows, first.created_at AS oldest, last.created_at AS newest
       FROM sink_position s,
            LATERAL (SELECT coalesce(sum(coalesce(o.facts, 1)), 0)::bigint AS rows FROM outbox_${n} o
                      WHERE (o.transaction_id, o.position) > (s.transaction_id, s.position)) w,
            LATERAL (SELECT created_at FROM outbox_${n} o
                      WHERE (o.transaction_id, o.position) > (s.transaction_id, s.position)
                      ORDER BY o.transaction_id, o.position LIMIT 1) first,
            LATERAL (SELECT created_at FROM outbox_${n} o
                      ORDER BY o.transaction_id DESC, o.position DESC LIMIT 1) last
      WHERE s.sink = ANY ($1) ORDER BY s.sink`,
    [sinks],
  );
  return rows.map((of) => ({ from: 'outbox' as const, ...of }));
}

async function dropSurplus(database: RingbackDatabase, mostRows: number): Promise<DroppedRows[]> {
  const { rows } = await database.query<Omit<DroppedRows, 'from'>>(
    `WITH surplus AS (
       SELECT sink, contact_id, sequence FROM undeliverable
        ORDER BY set_aside_at DESC, sink DESC, contact_id DESC, sequence DESC OFFSET $1),
     gone AS (
       DELETE FROM undeliverable u USING surplus s
        WHERE u.sink = s.sink AND u.contact_id = s.contact_id AND u.sequence = s.sequence
        RETURNING u.sink, u.set_aside_at)
     SELECT sink, count(*)::bigint AS rows, min(set_aside_at) AS oldest, max(set_aside_at) AS newest
       FROM gone GROUP BY sink ORDER BY sink`,
    [mostRows],
  );
  return rows.map((of) => ({ from: 'undeliverable', ...of }));
}

async function sizeOf(database: RingbackDatabase): Promise<number> {
  const { rows } = await database.query<{ bytes: number }>(
    `SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0)::bigint AS bytes
       FROM pg_inherits WHERE inhparent = 'outbox'::regclass`,
  );
  return rows[0]?.bytes ?? 0;
}

function waitingOf(
  database: RingbackDatabase,
  sinks: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  return database.withTransaction(async (transaction) => {
    await countByIndex(transaction);
    const { rows } = await transaction.query<{ sink: string; waiting: number }>(
      `SELECT s.sink, (SELECT coalesce(sum(coalesce(w.facts, 1)), 0)::bigint FROM (
                SELECT o.facts FROM outbox o WHERE (o.transaction_id, o.position) > (s.transaction_id, s.position)
                 LIMIT ${rowsPerPartition}) w) AS waiting
         FROM sink_position s WHERE s.sink = ANY ($1)`,
      [sinks],
    );
    return Object.fromEntries(rows.map(({ sink, waiting }) => [sink, waiting]));
  });
}

/** For the rest of the transaction: counting reads some forty bytes a row and not the facts, of which a million are gigabytes; and takes the time that it takes. */
async function countByIndex(transaction: SchemaTransaction): Promise<void> {
  await transaction.query('SET LOCAL enable_seqscan = off');
  await transaction.liftTimeLimits();
}
