/** The outbox as the sinks read it: rows in commit order from a sink's own position on. */
import type { NodeId } from '../ids.ts';
import { factsOfSharedRow } from './alike-facts.ts';
import { maintainOutbox, type OutboxLimits, type OutboxState } from './outbox-partitions.ts';
import type { RingbackDatabase } from './schema.ts';

/** Where a sink is. Both parts matter: see the outbox table. */
export interface OutboxPosition {
  /** 64-bit transaction id, as text. */
  readonly transactionId: string;
  readonly position: number;
}

/** One fact. Facts of different contacts may share a place. */
export interface OutboxRow {
  readonly at: OutboxPosition;
  readonly contactId: string;
  readonly sequence: number;
  readonly stream: string;
  readonly payload: string;
}

export interface OutboxStore {
  /** Where `sink` goes on; a sink that is new begins with what comes from now on. */
  positionOf(sink: string): Promise<OutboxPosition>;
  /**
   * Rows behind a position, oldest first; never a row that an older transaction could still precede. At least `limit` where there are so many,
   * and all that share the last one's place.
   */
  read(after: OutboxPosition, limit: number): Promise<OutboxRow[]>;
  /** Everything up to and including `position` is delivered. False, and nothing is stored, when it is not the turn of `owner`. */
  advance(sink: string, position: OutboxPosition, owner?: NodeId): Promise<boolean>;
  /**
   * Keeps rows that others shall pass, beside the outbox; those that are kept already stay as they are. False, and nothing is
   * stored, when it is not the turn of `owner`.
   */
  hold(sink: string, rows: readonly OutboxRow[], owner?: NodeId): Promise<boolean>;
  /** Rows that are held for a sink, in the order of the outbox. */
  held(sink: string): Promise<OutboxRow[]>;
  /** A held row is delivered or set aside. */
  release(sink: string, row: Pick<OutboxRow, 'contactId' | 'sequence'>): Promise<void>;
  /** Keeps a row that a sink will never take, with the reason. */
  setAside(sink: string, row: OutboxRow, reason: string, atMs: number): Promise<void>;
  /**
   * Makes it the turn of `node` to deliver to a sink, if it is nobody's or that of a node whose lease has run out. True also when it
   * was already. A sink that is new begins with what comes from now on.
   */
  takeTurn(sink: string, node: NodeId): Promise<boolean>;
  hasTurn(sink: string, node: NodeId): Promise<boolean>;
  /** Makes it nobody's turn, if it was that of `node`. */
  endTurn(sink: string, node: NodeId): Promise<void>;
  /**
   * Makes partitions ahead of need and drops those that every named sink has passed; then, oldest first, what is beyond the
   * limits. Says what that was. Undefined where another node is at it. Facts can be written meanwhile, and what was done stays done
   * where the rest fails.
   */
  maintain(sinks: readonly string[], limits: OutboxLimits): Promise<OutboxState | undefined>;
}

interface StoredFact {
  readonly transaction_id: string;
  readonly position: number;
  readonly contact_id: string;
  readonly sequence: number;
  readonly stream: string;
  readonly payload: string;
}

/** A row of the outbox; without `facts` its payload is one fact's. */
interface StoredRow extends StoredFact {
  readonly facts: number | null;
}

const outboxRow = (row: StoredFact): OutboxRow => ({
  at: { transactionId: row.transaction_id, position: row.position },
  contactId: row.contact_id,
  sequence: row.sequence,
  stream: row.stream,
  payload: row.payload,
});

function outboxRowsOf(row: StoredRow): OutboxRow[] {
  const { at, stream, ...first } = outboxRow(row);
  const facts = row.facts === null ? [first] : factsOfSharedRow(row.payload);
  return facts.map((fact) => ({ at, stream, ...fact }));
}

export function openOutboxStore(database: RingbackDatabase): OutboxStore {
  return {
    async positionOf(sink) {
      const { rows } = await database.query<{ transaction_id: string; position: number }>(
        `INSERT INTO sink_position (sink, transaction_id, position)
         VALUES ($1, pg_snapshot_xmin(pg_current_snapshot()), 0)
         ON CONFLICT (sink) DO UPDATE SET sink = EXCLUDED.sink
         RETURNING transaction_id::text, position`,
        [sink],
      );
      const row = rows[0];
      if (!row) throw new Error(`The position of sink ${sink} could not be stored.`);
      return { transactionId: row.transaction_id, position: row.position };
    },
    async read(after, limit) {
      const { rows } = await database.query<StoredRow>(selectRows, [
        after.transactionId,
        after.position,
        limit,
      ]);
      return rows.flatMap(outboxRowsOf);
    },
    async advance(sink, { transactionId, position }, owner) {
      const { rowCount } = await database.query(updatePosition, [sink, transactionId, position, owner]);
      return rowCount === 1;
    },
    async hold(sink, rows, owner) {
      // Locked, so that whoever takes the turn sees all that was held before.
      const { rowCount } = await database.query(
        `WITH turn AS (
           SELECT WHERE $8::uuid IS NULL OR EXISTS (
             SELECT FROM sink_position WHERE sink = $1 AND owner_node = $8 FOR SHARE)),
         kept AS (
           INSERT INTO held_fact (sink, transaction_id, position, contact_id, sequence, stream, payload)
           SELECT $1, fact.* FROM turn,
                  unnest($2::xid8[], $3::bigint[], $4::uuid[], $5::integer[], $6::text[], $7::text[]) AS fact
           ON CONFLICT DO NOTHING)
         SELECT FROM turn`,
        [
          sink,
          rows.map(({ at }) => at.transactionId),
          rows.map(({ at }) => at.position),
          rows.map(({ contactId }) => contactId),
          rows.map(({ sequence }) => sequence),
          rows.map(({ stream }) => stream),
          rows.map(({ payload }) => payload),
          owner,
        ],
      );
      return rowCount === 1;
    },
    async held(sink) {
      const { rows } = await database.query<StoredFact>(
        `SELECT transaction_id::text, position, contact_id, sequence, stream, payload FROM held_fact
          WHERE sink = $1 ORDER BY held_fact.transaction_id, position, sequence`,
        [sink],
      );
      return rows.map(outboxRow);
    },
    async release(sink, { contactId, sequence }) {
      await database.query('DELETE FROM held_fact WHERE sink = $1 AND contact_id = $2 AND sequence = $3', [
        sink,
        contactId,
        sequence,
      ]);
    },
    async setAside(sink, row, reason, atMs) {
      await database.query(
        `INSERT INTO undeliverable (sink, contact_id, sequence, stream, payload, reason, set_aside_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (sink, contact_id, sequence) DO NOTHING`,
        [sink, row.contactId, row.sequence, row.stream, row.payload, reason, new Date(atMs)],
      );
    },
    async takeTurn(sink, node) {
      const { rowCount } = await database.query(
        `INSERT INTO sink_position AS s (sink, transaction_id, position, owner_node)
         VALUES ($1, pg_snapshot_xmin(pg_current_snapshot()), 0, $2)
         ON CONFLICT (sink) DO UPDATE SET owner_node = EXCLUDED.owner_node
          WHERE s.owner_node IS NULL OR s.owner_node = EXCLUDED.owner_node
             OR s.owner_node <> ALL (ARRAY(SELECT n.id FROM node n WHERE n.lease_expires_at >= clock_timestamp()))`,
        [sink, node],
      );
      return rowCount === 1;
    },
    async hasTurn(sink, node) {
      const { rowCount } = await database.query(
        'SELECT FROM sink_position WHERE sink = $1 AND owner_node = $2',
        [sink, node],
      );
      return rowCount === 1;
    },
    async endTurn(sink, node) {
      await database.query('UPDATE sink_position SET owner_node = NULL WHERE sink = $1 AND owner_node = $2', [
        sink,
        node,
      ]);
    },
    maintain: (sinks, limits) => maintainOutbox(database, sinks, limits),
  };
}

// `outbox.` in the order is not for show: the bare name would be the output's text, which puts 1000 before 999.
// Rows of transactions that began after the oldest one still running wait, else a late commit would be passed over.
const selectRows = {
  name: 'read-outbox',
  text: `SELECT transaction_id::text, position, contact_id, sequence, stream, payload, facts FROM outbox
          WHERE (transaction_id, position) > ($1::xid8, $2::bigint)
            AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
          ORDER BY outbox.transaction_id, outbox.position
          LIMIT (SELECT count(*) FROM (
            SELECT sum(coalesce(facts, 1)) OVER (ORDER BY n.transaction_id, n.position) - coalesce(facts, 1) AS before
              FROM (SELECT o.transaction_id, o.position, o.facts FROM outbox o
                     WHERE (o.transaction_id, o.position) > ($1::xid8, $2::bigint)
                       AND o.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
                     ORDER BY o.transaction_id, o.position LIMIT $3) n) placed
            WHERE before < $3)`,
};

const updatePosition = {
  name: 'advance-sink',
  text: `UPDATE sink_position SET transaction_id = $2::xid8, position = $3
          WHERE sink = $1 AND ($4::uuid IS NULL OR owner_node = $4)`,
};
