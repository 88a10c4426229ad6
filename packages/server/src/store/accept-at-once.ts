/**
 * Accepts the requests of a batch that nothing is in the way of, with one statement and one round trip. What is left (a
 * token that was used before, a full pool) is decided by accept-contacts.ts. Part of the contact store.
 */
import { type ContactToAccept, tokenKey } from './accept-contacts.ts';
import { integerArray, textArray, timeArray, uuidArray } from './binary-arrays.ts';
import type { RowOutcome } from './micro-batch.ts';
import type { RingbackDatabase } from './schema.ts';

/** `undecided`: nothing was written for the request. */
export type AcceptedAtOnce = 'accepted' | 'undecided';

/** Whether a request may be tried here at all: what caps limit is counted first, which one statement cannot do. */
export function mayBeAcceptedAtOnce({ limits }: ContactToAccept): boolean {
  return limits === undefined;
}

/**
 * Accepts what it can and commits. Five statements between BEGIN and COMMIT did the same before: each is a turn of a
 * busy event loop, so a batch took 25 ms in which its requests waited, and the next ones for them.
 *
 * Locks are taken in the order of accept-contacts.ts (pools, then tokens, each sorted).
 */
export async function acceptAtOnce(
  database: RingbackDatabase,
  requests: readonly ContactToAccept[],
): Promise<RowOutcome<AcceptedAtOnce>[]> {
  const tried = inOrderOfTokens(requests);
  const contacts = tried.map(({ contact }) => contact);
  const { origins, places } = originsOf(tried);
  const facts = tried.flatMap(({ contact, facts: own }) => own.map((fact) => ({ contact, fact })));
  const { rows } = await database.query<{ accepted: string[] | null }>(statement, [
    uuidArray(origins.map(({ contact }) => contact.instanceId)),
    textArray(origins.map(({ contact }) => contact.tenant.accountId)),
    textArray(origins.map(({ contact }) => contact.tenant.region)),
    uuidArray(origins.map(({ owner }) => owner)),
    textArray(origins.map(({ contact }) => contact.pool)),
    integerArray(places),
    uuidArray(contacts.map(({ id }) => id)),
    timeArray(contacts.map(({ initiatedAtMs }) => initiatedAtMs)),
    integerArray(contacts.map(({ outboxSequence }) => outboxSequence)),
    textArray(contacts.map(({ attributes }) => JSON.stringify(attributes))),
    textArray(tried.map(({ contact, requestText }) => requestText ?? JSON.stringify(contact.request))),
    textArray(tried.map(({ clientToken }) => clientToken?.value)),
    timeArray(tried.map(({ clientToken }) => clientToken?.expiresAtMs ?? 0)),
    new Date(Math.max(...contacts.map(({ initiatedAtMs }) => initiatedAtMs))),
    uuidArray(facts.map(({ contact }) => contact.id)),
    integerArray(facts.map(({ fact }) => fact.sequence)),
    textArray(facts.map(({ fact }) => fact.stream)),
    textArray(facts.map(({ fact }) => fact.payload)),
  ]);
  const [told] = rows;
  // Silence must never count as acceptance.
  if (!told) throw new Error('accept-at-once was answered without its row');
  const ids = told.accepted ?? contacts.map(({ id }) => id);
  if (ids.length === requests.length) return requests.map(() => acceptedOutcome);
  const accepted = new Set<string>(ids);
  return requests.map(({ contact }) => (accepted.has(contact.id) ? acceptedOutcome : undecidedOutcome));
}

const acceptedOutcome: RowOutcome<AcceptedAtOnce> = { kind: 'done', result: 'accepted' };
const undecidedOutcome: RowOutcome<AcceptedAtOnce> = { kind: 'done', result: 'undecided' };

/**
 * What most requests of a batch have in common (instance, owner, pool) is sent once: a request for each kind, and for each
 * request the place of its kind, counted from 1.
 */
function originsOf(requests: readonly ContactToAccept[]): {
  readonly origins: readonly ContactToAccept[];
  readonly places: readonly number[];
} {
  const origins: ContactToAccept[] = [];
  const places = requests.map((request) => {
    const known = origins.findIndex((origin) => isOfOrigin(request, origin));
    return known === -1 ? origins.push(request) : known + 1;
  });
  return { origins, places };
}

function isOfOrigin(request: ContactToAccept, origin: ContactToAccept): boolean {
  const { contact } = request;
  return (
    contact.instanceId === origin.contact.instanceId &&
    contact.pool === origin.contact.pool &&
    request.owner === origin.owner &&
    contact.tenant.accountId === origin.contact.tenant.accountId &&
    contact.tenant.region === origin.contact.tenant.region
  );
}

/** The first request of each token, sorted by token: another node's batch must meet them in the same order. */
function inOrderOfTokens(requests: readonly ContactToAccept[]): ContactToAccept[] {
  const byToken = new Map<string, ContactToAccept>();
  for (const request of requests) {
    const key = tokenKey(request);
    if (!byToken.has(key)) byToken.set(key, request);
  }
  return [...byToken].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, request]) => request);
}

// A pool that has no room for all that the batch wants of it is not taken from here. The lock makes the statement see what
// another node took a moment ago. Each sort reads all of its input before the first row is written, so the pools
// are locked before the first token. An expired token is replaced; a live one claims nothing. The ids of what was accepted are told
// only where that is not everything.
const statement = {
  name: 'accept-at-once',
  text: `
    WITH input AS (
      SELECT o.instance_id, o.account_id, o.region, o.owner_node, o.pool, i.*
        FROM unnest($6::int[], $7::uuid[], $8::timestamptz[], $9::int[], $10::text[], $11::text[], $12::text[],
                    $13::timestamptz[]) WITH ORDINALITY
          AS i(origin, id, initiated_at, outbox_sequence, attributes, request, token, token_expires_at, place)
        JOIN unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[]) WITH ORDINALITY
          AS o(instance_id, account_id, region, owner_node, pool, place) ON o.place = i.origin
    ), roomy AS (
      SELECT p.instance_id, p.pool
        FROM call_slot_pool p
        JOIN (SELECT instance_id, pool, count(*) AS wanted FROM input GROUP BY instance_id, pool) w
          ON p.instance_id = w.instance_id AND p.pool = w.pool
       WHERE p.in_use + w.wanted <= p.capacity
       ORDER BY p.instance_id, p.pool FOR UPDATE OF p
    ), claimed AS (
      INSERT INTO client_token (account_id, region, instance_id, token, contact_id, expires_at)
      SELECT i.account_id, i.region, i.instance_id, i.token, i.id, i.token_expires_at
        FROM input i JOIN roomy USING (instance_id, pool)
       WHERE i.token IS NOT NULL
       ORDER BY i.place
      ON CONFLICT (account_id, region, instance_id, token)
      DO UPDATE SET contact_id = EXCLUDED.contact_id, expires_at = EXCLUDED.expires_at
       WHERE client_token.expires_at <= $14
      RETURNING contact_id
    ), inserted AS (
      INSERT INTO contact (instance_id, id, account_id, region, owner_node, pool, initiated_at, updated_at,
                           outbox_sequence, attributes, request, state, outcome)
      SELECT i.instance_id, i.id, i.account_id, i.region, i.owner_node, i.pool, i.initiated_at, i.initiated_at,
             i.outbox_sequence, i.attributes::jsonb, i.request::jsonb, 'ACCEPTED', '{}'
        FROM input i JOIN roomy USING (instance_id, pool)
       WHERE i.token IS NULL OR i.id IN (SELECT contact_id FROM claimed)
      RETURNING instance_id, id, pool, updated_at
    ), told AS (
      INSERT INTO outbox (instance_id, contact_id, sequence, stream, payload, created_at)
      SELECT inserted.instance_id, inserted.id, f.sequence, f.stream, f.payload, inserted.updated_at
        FROM unnest($15::uuid[], $16::int[], $17::text[], $18::text[]) WITH ORDINALITY
          AS f(contact_id, sequence, stream, payload, place)
        JOIN inserted ON inserted.id = f.contact_id
       ORDER BY f.place
    ), taken AS (
      UPDATE call_slot_pool p SET in_use = p.in_use + i.count
        FROM (SELECT instance_id, pool, count(*)::int AS count FROM inserted GROUP BY instance_id, pool) i
       WHERE p.instance_id = i.instance_id AND p.pool = i.pool
    )
    SELECT CASE WHEN count(*) < cardinality($7::uuid[]) THEN coalesce(array_agg(id), '{}') END AS accepted
      FROM inserted`,
};
