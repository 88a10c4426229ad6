/** One fenced write of contacts that moved on: state, dial attempt, facts, freed call slots and settled cost, for a batch at once. Part of the contact store. */
import type { Contact } from '../contacts/contact.ts';
import type { OutboxFact } from './accept-contacts.ts';
import type { Queryable } from './database.ts';
import type { RowOutcome } from './micro-batch.ts';
import type { RingbackDatabase, Schema } from './schema.ts';

/** A committed intention to send one INVITE. */
export interface DialAttempt {
  readonly n: number;
  /** `trunk-name host:port`. */
  readonly target: string;
  readonly callId: string;
  readonly attemptedAtMs: number;
}

export interface ContactAdvance {
  /** The contact as it is to be. `epoch` is the writer's; a newer one in the table makes the write void. */
  readonly contact: Contact;
  readonly facts: readonly OutboxFact[];
  readonly attempt?: DialAttempt;
  /** `over`: this is the write that ends the call, whose slot and cost are settled with it. */
  readonly call?: 'over';
}

/** Another node took the contact over, or it has ended, or its call has: this writer must stop at once. */
export class ContactNoLongerOwned extends Error {
  override readonly name = 'ContactNoLongerOwned';
  constructor(contact: Contact) {
    super(
      `Contact ${contact.id} has ended or belongs to another node; epoch ${contact.epoch} is not current.`,
    );
  }
}

/**
 * Writes a batch with one statement. A contact that stands in it twice is written in a second round of the same
 * transaction: a batch that fails has written nothing.
 */
export async function advanceContacts(
  database: RingbackDatabase,
  advances: readonly ContactAdvance[],
): Promise<RowOutcome<undefined>[]> {
  const contacts = new Set(advances.map(({ contact }) => contact.id));
  if (contacts.size === advances.length) return writeRounds(database, advances);
  return database.withTransaction((transaction) => writeRounds(transaction, advances));
}

async function writeRounds(
  database: Queryable<Schema>,
  advances: readonly ContactAdvance[],
): Promise<RowOutcome<undefined>[]> {
  const outcomes = new Map<ContactAdvance, RowOutcome<undefined>>();
  let waiting = [...advances];
  while (waiting.length > 0) {
    const seen = new Set<string>();
    const later: ContactAdvance[] = [];
    const round = waiting.filter((advance) => {
      if (seen.has(advance.contact.id)) {
        later.push(advance);
        return false;
      }
      seen.add(advance.contact.id);
      return true;
    });
    const written = await writeRound(database, round);
    for (const advance of round) {
      outcomes.set(
        advance,
        written.has(advance.contact.id)
          ? { kind: 'done', result: undefined }
          : { kind: 'refused', error: new ContactNoLongerOwned(advance.contact) },
      );
    }
    waiting = later;
  }
  return advances.map((advance) => outcomes.get(advance) as RowOutcome<undefined>);
}

async function writeRound(
  database: Queryable<Schema>,
  round: readonly ContactAdvance[],
): Promise<Set<string>> {
  const of = <Value>(read: (contact: Contact) => Value): Value[] => round.map(({ contact }) => read(contact));
  const attempts = round.flatMap(({ contact, attempt }) => (attempt ? [{ contact, attempt }] : []));
  const facts = round.flatMap(({ contact, facts: own }) => own.map((fact) => ({ contact, fact })));
  const { rows } = await database.query<{ id: string }>(statement, [
    of((contact) => contact.instanceId),
    of((contact) => contact.id),
    of((contact) => contact.epoch),
    of((contact) => contact.state),
    of((contact) => dateOf(contact.connectedAtMs)),
    of((contact) => dateOf(contact.disconnectedAtMs)),
    of((contact) => new Date(contact.updatedAtMs)),
    of((contact) => contact.disconnectReason ?? null),
    of((contact) => contact.endCause ?? null),
    of((contact) => contact.outboxSequence),
    of((contact) => JSON.stringify(contact.attributes)),
    of((contact) => JSON.stringify(contact.outcome)),
    attempts.map(({ contact }) => contact.id),
    attempts.map(({ attempt }) => attempt.n),
    attempts.map(({ attempt }) => attempt.target),
    attempts.map(({ attempt }) => attempt.callId),
    attempts.map(({ attempt }) => new Date(attempt.attemptedAtMs)),
    facts.map(({ contact }) => contact.id),
    facts.map(({ fact }) => fact.sequence),
    facts.map(({ fact }) => fact.stream),
    facts.map(({ fact }) => fact.payload),
    round.map(({ call }) => call === 'over'),
  ]);
  return new Set(rows.map((row) => row.id));
}

const dateOf = (atMs: number | undefined): Date | null => (atMs === undefined ? null : new Date(atMs));

// The attempt and the facts join what was really changed, so a stale writer leaves no trace. A call costs each minute
// that it began (policy/toll-fraud.ts). An attempt that stands
// already is this same write, made again because the answer to its commit was lost.
const statement = {
  name: 'advance-contacts',
  text: `
    WITH input AS (
      SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::timestamptz[], $6::timestamptz[],
                           $7::timestamptz[], $8::text[], $9::text[], $10::int[], $11::text[], $12::text[],
                           $22::bool[])
        AS i(instance_id, id, epoch, state, connected_at, disconnected_at, updated_at, disconnect_reason,
             end_cause, outbox_sequence, attributes, outcome, is_over)
    ), changed AS (
      UPDATE contact c
         SET state = i.state, connected_at = i.connected_at, disconnected_at = i.disconnected_at,
             updated_at = i.updated_at, disconnect_reason = i.disconnect_reason, end_cause = i.end_cause,
             outbox_sequence = i.outbox_sequence, attributes = i.attributes::jsonb, outcome = i.outcome::jsonb
        FROM input i
       WHERE c.instance_id = i.instance_id AND c.id = i.id AND c.epoch = i.epoch AND c.state <> 'ENDED'
         AND NOT (i.is_over AND c.disconnected_at IS NOT NULL)
      RETURNING c.instance_id, c.id, c.pool, i.is_over, c.updated_at
    ), attempted AS (
      INSERT INTO dial_attempt (instance_id, contact_id, n, target, call_id, attempted_at)
      SELECT changed.instance_id, changed.id, a.n, a.target, a.call_id, a.attempted_at
        FROM unnest($13::uuid[], $14::int[], $15::text[], $16::text[], $17::timestamptz[])
          AS a(contact_id, n, target, call_id, attempted_at)
        JOIN changed ON changed.id = a.contact_id
          ON CONFLICT (instance_id, contact_id, n) DO NOTHING
    ), told AS (
      INSERT INTO outbox (instance_id, contact_id, sequence, stream, payload, created_at)
      SELECT changed.instance_id, changed.id, f.sequence, f.stream, f.payload, changed.updated_at
        FROM unnest($18::uuid[], $19::int[], $20::text[], $21::text[]) WITH ORDINALITY
          AS f(contact_id, sequence, stream, payload, place)
        JOIN changed ON changed.id = f.contact_id
       ORDER BY f.place
    ), freed AS (
      UPDATE call_slot_pool p SET in_use = p.in_use - ended.count
        FROM (SELECT instance_id, pool, count(*)::int AS count FROM changed WHERE is_over
               GROUP BY instance_id, pool) ended
       WHERE p.instance_id = ended.instance_id AND p.pool = ended.pool
      RETURNING p.instance_id
    ), released AS (
      DELETE FROM call_reservation r USING input i, changed
       WHERE changed.is_over AND i.id = changed.id
         AND r.instance_id = changed.instance_id AND r.contact_id = changed.id
      RETURNING r.instance_id, r.day, r.reserved_micros,
                CASE WHEN i.connected_at IS NULL THEN 0
                     ELSE r.per_minute_micros
                          * greatest(1, ceil(extract(epoch FROM i.disconnected_at - i.connected_at) / 60))
                END AS cost_micros
    ), settled AS (
      UPDATE call_spend s
         SET reserved_micros = s.reserved_micros - r.reserved, charged_micros = s.charged_micros + r.cost
        FROM (SELECT instance_id, day, sum(reserved_micros)::bigint AS reserved, sum(cost_micros)::bigint AS cost
                FROM released
                -- Pools are locked before money everywhere, so that accepting and ending never wait for each other.
               WHERE (SELECT count(*) FROM freed) >= 0
               GROUP BY instance_id, day) r
       WHERE s.instance_id = r.instance_id AND s.day = r.day
    )
    SELECT id FROM changed`,
};
