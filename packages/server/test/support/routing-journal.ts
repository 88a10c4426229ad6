/** Every row that routing writes, kept by triggers in the order of the locks; the model's replay reads it. */
import type { AgentId, ContactId, NodeId } from '../../src/ids.ts';
import type { AgentState } from '../../src/routing/agent-state.ts';
import type { RoutingCriteria } from '../../src/routing/routing-criteria.ts';
import type { RingbackDatabase } from '../../src/store/schema.ts';

export type JournalRow = {
  readonly place: number;
  readonly transaction: string;
  /** When its transaction began, ms: matching read nothing before. */
  readonly began_ms: number;
  readonly written_ms: number;
  /** Whether its transaction wrote nothing after it. */
  readonly is_last: boolean;
} & (
  | { readonly kind: 'agent'; readonly id: AgentId; readonly version: number; readonly row: AgentState }
  /** Null where it was removed. */
  | { readonly kind: 'entry'; readonly id: ContactId; readonly row: EntryRow | null }
);

/** A contact's place as the database has it. */
export interface EntryRow {
  readonly contact_id: ContactId;
  readonly state: 'PREPARED' | 'WAITING' | 'OFFERED' | 'TAKEN' | 'ENDED';
  readonly owner_node: NodeId;
  readonly place_kind: 'queue' | 'agent' | null;
  readonly place_id: string | null;
  readonly epoch: number;
  readonly queue_priority: number;
  readonly adjustment_ms: number;
  readonly offers: number;
  readonly enqueued_at: string | null;
  readonly ordered_at: string | null;
  readonly criteria: RoutingCriteria | null;
  readonly step: number;
  readonly agent_id: AgentId | null;
}

/** Rows read at once: some 15 MB. */
const pageSize = 20_000;

export async function keepJournal(database: RingbackDatabase): Promise<void> {
  await database.query(journal);
}

/** How many rows were committed until now. */
export async function journalLength(database: RingbackDatabase): Promise<number> {
  const { rows } = await database.query<{ steps: number }>('SELECT count(*) AS steps FROM routing_journal');
  return rows[0]?.steps ?? 0;
}

/** The journal in order, page by page: a night's rows do not fit into memory. For when nobody writes any more. */
export async function* readJournal(database: RingbackDatabase): AsyncGenerator<readonly JournalRow[]> {
  await database.withTransaction(async (transaction) => {
    // A night's rows take longer than any statement of the service may.
    await transaction.query('SET LOCAL statement_timeout = 0');
    await transaction.query(lastRows);
  });
  for (let place = 0; ; ) {
    const { rows } = await database.query<JournalRow>(page, [place, pageSize]);
    const last = rows.at(-1);
    if (!last) return;
    yield rows;
    place = last.place;
  }
}

// Written with the rows, so that rows of one contact or agent stand in the order in which they were locked.
const journal = `
  CREATE TABLE routing_journal (place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text, began timestamptz,
                                written timestamptz DEFAULT clock_timestamp(), id uuid, version bigint, "row" jsonb,
                                transaction text DEFAULT pg_current_xact_id()::text);
  CREATE FUNCTION keep_agent() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO routing_journal (kind, began, id, version, "row")
    VALUES ('agent', transaction_timestamp(), NEW.agent_id, NEW.version, NEW.state);
    RETURN NULL; END $$;
  CREATE FUNCTION keep_entry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' THEN
      INSERT INTO routing_journal (kind, began, id, "row") VALUES ('entry', transaction_timestamp(), OLD.contact_id, NULL);
    ELSE
      INSERT INTO routing_journal (kind, began, id, "row") VALUES ('entry', transaction_timestamp(), NEW.contact_id, to_jsonb(NEW));
    END IF; RETURN NULL; END $$;
  CREATE TRIGGER keep AFTER INSERT OR UPDATE ON routing_agent FOR EACH ROW EXECUTE FUNCTION keep_agent();
  CREATE TRIGGER keep AFTER INSERT OR UPDATE OR DELETE ON routing_entry FOR EACH ROW EXECUTE FUNCTION keep_entry();`;

const lastRows = `
  CREATE TABLE routing_journal_last AS SELECT max(place) AS place FROM routing_journal GROUP BY transaction;
  ALTER TABLE routing_journal_last ADD PRIMARY KEY (place)`;

const page = `
  SELECT j.place, j.kind, extract(epoch FROM j.began)::float8 * 1000 AS began_ms,
         extract(epoch FROM j.written)::float8 * 1000 AS written_ms, j.id, j.version, j."row", j.transaction,
         l.place IS NOT NULL AS is_last
    FROM routing_journal j LEFT JOIN routing_journal_last l USING (place)
   WHERE j.place > $1 ORDER BY j.place LIMIT $2`;
