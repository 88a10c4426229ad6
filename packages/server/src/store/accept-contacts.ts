/**
 * The accepting transaction: token, call slot, caps, contact and first fact, for a batch of requests at once. Decides what
 * accept-at-once.ts leaves. Part of the contact store.
 */
import type { Contact } from '../contacts/contact.ts';
import type { ContactId, NodeId } from '../ids.ts';
import type { CallLimits } from '../policy/toll-fraud.ts';
import { type FactText, spelledOut } from './alike-facts.ts';
import { type CallToCount, type CapReached, lockCounts } from './count-calls.ts';
import type { Transaction } from './database.ts';
import type { RowOutcome } from './micro-batch.ts';
import type { RingbackDatabase, Schema } from './schema.ts';

/** A fact on its way to the sinks. */
export interface OutboxFact {
  readonly sequence: number;
  readonly stream: 'contact-events' | 'contact-records' | 'agent-events';
  readonly payload: string;
}

/** A fact of a contact that is accepted, among others that may be alike. */
export interface FirstFact extends Omit<OutboxFact, 'payload'> {
  readonly payload: FactText;
}

export interface ContactToAccept {
  readonly contact: Contact;
  /** `contact.request` as JSON, where it was made already. */
  readonly requestText?: string;
  readonly owner: NodeId;
  /** Absent where the caller gave none; then every request is new. */
  readonly clientToken: { readonly value: string; readonly expiresAtMs: number } | undefined;
  readonly facts: readonly FirstFact[];
  /** What the call is counted in, and how far each count may go; absent where no cap applies. */
  readonly limits?: CallLimits | undefined;
}

export type AcceptOutcome =
  | { readonly kind: 'accepted'; readonly contactId: ContactId }
  /** The token was used before; nothing was written. */
  | { readonly kind: 'replayed'; readonly contactId: ContactId }
  /** All call slots of the pool are in use; nothing was written, the token stays unused. */
  | { readonly kind: 'no call slot'; readonly capacity: number }
  /** A cap against toll fraud is reached; nothing was written, the token stays unused. */
  | { readonly kind: 'cap reached'; readonly cap: CapReached };

/**
 * Accepts a batch in one transaction. The order of locks (pools, then tokens, then counts, each sorted) is the same in
 * every process, so two batches cannot wait for each other.
 */
export function acceptContacts(
  database: RingbackDatabase,
  requests: readonly ContactToAccept[],
): Promise<RowOutcome<AcceptOutcome>[]> {
  return database.withTransaction(async (transaction) => {
    const slots = await lockSlotPools(transaction, requests);
    const owners = await claimTokens(transaction, requests);
    const outcomes = new Map<ContactToAccept, AcceptOutcome>();
    const accepted: ContactToAccept[] = [];
    const refused: ContactToAccept[] = [];
    const isNew = (request: ContactToAccept): boolean =>
      (owners.get(tokenKey(request)) ?? request.contact.id) === request.contact.id;
    const counts = await lockCounts(transaction, requests.filter(isNew).map(callOf));

    for (const request of requests) {
      if (!isNew(request)) continue;
      const { contact } = request;
      const pool = slots.get(poolKey(contact));
      const cap = counts.capInTheWayOf(callOf(request));
      if (cap) {
        refused.push(request);
        outcomes.set(request, { kind: 'cap reached', cap });
      } else if (pool && pool.inUse < pool.capacity) {
        pool.inUse += 1;
        pool.taken += 1;
        counts.add(callOf(request));
        accepted.push(request);
        outcomes.set(request, { kind: 'accepted', contactId: contact.id });
      } else {
        refused.push(request);
        outcomes.set(request, { kind: 'no call slot', capacity: pool?.capacity ?? 0 });
      }
    }
    // A failed attempt leaves no token: clients retry with the same one (facts: client behaviour on 429).
    const refusedIds = new Map(refused.map((request) => [request.contact.id, outcomes.get(request)]));
    const unused = refused.filter((request) => request.clientToken);
    if (unused.length > 0) {
      await transaction.query(deleteTokens, [
        ...tokenColumns(unused),
        unused.map(({ contact }) => contact.id),
      ]);
    }
    await insertAccepted(transaction, accepted, slots);
    await counts.write(transaction);

    return requests.map((request) => {
      const owner = owners.get(tokenKey(request));
      const own = outcomes.get(request);
      const result: AcceptOutcome = own ??
        refusedIds.get(owner as ContactId) ?? { kind: 'replayed', contactId: owner as ContactId };
      return { kind: 'done', result };
    });
  });
}

const callOf = ({ contact, limits }: ContactToAccept): CallToCount => ({
  instanceId: contact.instanceId,
  contactId: contact.id,
  limits,
});

interface SlotPool {
  readonly instanceId: string;
  readonly pool: string;
  readonly capacity: number;
  inUse: number;
  taken: number;
}

async function lockSlotPools(
  transaction: Transaction<Schema>,
  requests: readonly ContactToAccept[],
): Promise<Map<string, SlotPool>> {
  const wanted = new Map(requests.map(({ contact }) => [poolKey(contact), contact]));
  const contacts = [...wanted.values()];
  const { rows } = await transaction.query<{
    instance_id: string;
    pool: string;
    capacity: number;
    in_use: number;
  }>(selectPools, [contacts.map((contact) => contact.instanceId), contacts.map((contact) => contact.pool)]);
  return new Map(
    rows.map((row) => [
      `${row.instance_id} ${row.pool}`,
      { instanceId: row.instance_id, pool: row.pool, capacity: row.capacity, inUse: row.in_use, taken: 0 },
    ]),
  );
}

/** Claims every token once and tells which contact each belongs to now. */
async function claimTokens(
  transaction: Transaction<Schema>,
  requests: readonly ContactToAccept[],
): Promise<Map<string, string>> {
  const first = new Map<string, ContactToAccept>();
  for (const request of requests) {
    const key = tokenKey(request);
    if (request.clientToken && !first.has(key)) first.set(key, request);
  }
  const owners = new Map<string, string>();
  if (first.size === 0) return owners;
  const claims = [...first].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, request]) => request);
  const now = new Date(Math.max(...claims.map(({ contact }) => contact.initiatedAtMs)));
  const keys = tokenColumns(claims);
  const claimed = await transaction.query<TokenRow>(insertTokens, [
    ...keys,
    claims.map(({ contact }) => contact.id),
    claims.map(({ clientToken }) => new Date(clientToken?.expiresAtMs ?? 0)),
    now,
  ]);
  for (const row of claimed.rows) owners.set(keyOfRow(row), row.contact_id);
  if (owners.size < claims.length) {
    const known = await transaction.query<TokenRow>(selectTokens, keys);
    for (const row of known.rows) owners.set(keyOfRow(row), row.contact_id);
  }
  return owners;
}

/** Contacts, their first facts and the slots that they take, in one statement: the locks are held for each round trip. */
async function insertAccepted(
  transaction: Transaction<Schema>,
  accepted: readonly ContactToAccept[],
  slots: ReadonlyMap<string, SlotPool>,
): Promise<void> {
  if (accepted.length === 0) return;
  const of = <Value>(read: (contact: Contact) => Value): Value[] =>
    accepted.map(({ contact }) => read(contact));
  const facts = accepted.flatMap(({ contact, facts: own }) => own.map((fact) => ({ contact, fact })));
  const taken = [...slots.values()].filter((pool) => pool.taken > 0);
  await transaction.query(insertRows, [
    of((contact) => contact.instanceId),
    of((contact) => contact.id),
    of((contact) => contact.tenant.accountId),
    of((contact) => contact.tenant.region),
    accepted.map(({ owner }) => owner),
    of((contact) => contact.pool),
    of((contact) => new Date(contact.initiatedAtMs)),
    of((contact) => contact.outboxSequence),
    of((contact) => JSON.stringify(contact.attributes)),
    accepted.map(({ contact, requestText }) => requestText ?? JSON.stringify(contact.request)),
    facts.map(({ contact }) => contact.instanceId),
    facts.map(({ contact }) => contact.id),
    facts.map(({ fact }) => fact.sequence),
    facts.map(({ fact }) => fact.stream),
    facts.map(({ fact }) => spelledOut(fact.payload)),
    facts.map(({ contact }) => new Date(contact.updatedAtMs)),
    taken.map((pool) => pool.instanceId),
    taken.map((pool) => pool.pool),
    taken.map((pool) => pool.taken),
  ]);
}

/** The tokens' keys, a list for each column. */
function tokenColumns(requests: readonly ContactToAccept[]): (string | undefined)[][] {
  return [
    requests.map(({ contact }) => contact.tenant.accountId),
    requests.map(({ contact }) => contact.tenant.region),
    requests.map(({ contact }) => contact.instanceId),
    requests.map(({ clientToken }) => clientToken?.value),
  ];
}

interface TokenRow {
  readonly account_id: string;
  readonly region: string;
  readonly instance_id: string;
  readonly token: string;
  readonly contact_id: string;
}

export const poolKey = (contact: Contact): string => `${contact.instanceId} ${contact.pool}`;

/** Key (account, Region, instance, token); a request without token gets a key of its own. */
export function tokenKey({ contact, clientToken }: ContactToAccept): string {
  if (!clientToken) return contact.id;
  return `${contact.tenant.accountId} ${contact.tenant.region} ${contact.instanceId} ${clientToken.value}`;
}

const keyOfRow = (row: TokenRow): string => `${row.account_id} ${row.region} ${row.instance_id} ${row.token}`;

const selectPools = {
  name: 'accept-select-pools',
  text: `SELECT instance_id, pool, capacity, in_use FROM call_slot_pool
          WHERE (instance_id, pool) IN (SELECT * FROM unnest($1::uuid[], $2::text[]))
          ORDER BY instance_id, pool FOR UPDATE`,
};

// An expired row is replaced in the same statement; a live one is left and read by selectTokens.
const insertTokens = {
  name: 'accept-insert-tokens',
  text: `INSERT INTO client_token (account_id, region, instance_id, token, contact_id, expires_at)
         SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::uuid[], $6::timestamptz[])
         ON CONFLICT (account_id, region, instance_id, token)
         DO UPDATE SET contact_id = EXCLUDED.contact_id, expires_at = EXCLUDED.expires_at
          WHERE client_token.expires_at <= $7
         RETURNING account_id, region, instance_id, token, contact_id`,
};

const selectTokens = {
  name: 'accept-select-tokens',
  text: `SELECT account_id, region, instance_id, token, contact_id FROM client_token
          WHERE (account_id, region, instance_id, token) IN
                (SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[]))`,
};

const deleteTokens = {
  name: 'accept-delete-tokens',
  text: `DELETE FROM client_token
          WHERE (account_id, region, instance_id, token, contact_id) IN
                (SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::uuid[]))`,
};

const insertRows = {
  name: 'accept-insert-rows',
  text: `
    WITH inserted AS (
      INSERT INTO contact (instance_id, id, account_id, region, owner_node, pool, initiated_at, updated_at,
                           outbox_sequence, attributes, request, state, outcome)
      SELECT i.instance_id, i.id, i.account_id, i.region, i.owner_node, i.pool, i.initiated_at, i.initiated_at,
             i.outbox_sequence, i.attributes::jsonb, i.request::jsonb, 'ACCEPTED', '{}'
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::timestamptz[],
                    $8::int[], $9::text[], $10::text[])
          AS i(instance_id, id, account_id, region, owner_node, pool, initiated_at,
               outbox_sequence, attributes, request)
    ), told AS (
      INSERT INTO outbox (instance_id, contact_id, sequence, stream, payload, created_at)
      SELECT * FROM unnest($11::uuid[], $12::uuid[], $13::int[], $14::text[], $15::text[], $16::timestamptz[])
    )
    UPDATE call_slot_pool p SET in_use = p.in_use + i.taken
      FROM unnest($17::uuid[], $18::text[], $19::int[]) AS i(instance_id, pool, taken)
     WHERE p.instance_id = i.instance_id AND p.pool = i.pool`,
};
