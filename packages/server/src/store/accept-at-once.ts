/**
 * Accepts the requests of a batch that nothing is in the way of, in one round trip. What is left (a token that was used
 * before, a full pool) is decided by accept-contacts.ts. Part of the contact store.
 */

import { type ContactToAccept, poolKey, tokenKey } from './accept-contacts.ts';
import { keptText, shareRows } from './alike-facts.ts';
import { integerArray, textArray, timeArray, uuidArray } from './binary-arrays.ts';
import type { RowOutcome } from './micro-batch.ts';
import type { RingbackDatabase } from './schema.ts';

/** `undecided`: nothing was written for the request. */
export type AcceptedAtOnce = 'accepted' | 'undecided';

/** Whether a request may be tried here at all: what caps limit is counted first, which the function does not do. */
export function mayBeAcceptedAtOnce({ limits }: ContactToAccept): boolean {
  return limits === undefined;
}

/**
 * Accepts what it can and commits. Five statements between BEGIN and COMMIT did the same before: each is a turn of a
 * busy event loop, so a batch took 25 ms in which its requests waited, and the next ones for them. The function that
 * does it now is in the migration `accept-at-once`.
 *
 * Locks are taken in the order of accept-contacts.ts (pools, then tokens, each sorted).
 */
export async function acceptAtOnce(
  database: RingbackDatabase,
  requests: readonly ContactToAccept[],
): Promise<RowOutcome<AcceptedAtOnce>[]> {
  const tried = inOrderOfTokens(requests);
  const contacts = tried.map(({ contact }) => contact);
  const origins = originsOf(tried);
  // Counted from 1, as PostgreSQL counts.
  const places = tried.map((request) => origins.findIndex((origin) => isOfOrigin(request, origin)) + 1);
  const facts = tried.flatMap(({ facts: own }, index) => own.map((fact) => ({ request: index + 1, fact })));
  const { rowOf, forms } = shareRows(facts.map(({ fact }) => fact.payload));
  const { rows } = await database.query<{ accepted: string[] | null }>(statement, [
    uuidArray(origins.map(({ contact }) => contact.instanceId)),
    textArray(origins.map(({ contact }) => contact.tenant.accountId)),
    textArray(origins.map(({ contact }) => contact.tenant.region)),
    uuidArray(origins.map(({ owner }) => owner)),
    textArray(origins.map(({ contact }) => contact.pool)),
    integerArray(origins.map((_, index) => places.filter((place) => place === index + 1).length)),
    integerArray(places),
    uuidArray(contacts.map(({ id }) => id)),
    timeArray(contacts.map(({ initiatedAtMs }) => initiatedAtMs)),
    integerArray(contacts.map(({ outboxSequence }) => outboxSequence)),
    textArray(contacts.map(({ attributes }) => JSON.stringify(attributes))),
    textArray(tried.map(({ contact, requestText }) => requestText ?? JSON.stringify(contact.request))),
    textArray(tried.map(({ clientToken }) => clientToken?.value)),
    timeArray(tried.map(({ clientToken }) => clientToken?.expiresAtMs ?? 0)),
    new Date(Math.max(...contacts.map(({ initiatedAtMs }) => initiatedAtMs))),
    integerArray(facts.map(({ request }) => request)),
    integerArray(facts.map(({ fact }) => fact.sequence)),
    textArray(facts.map(({ fact }) => fact.stream)),
    textArray(facts.map(({ fact }) => keptText(fact.sequence, fact.payload))),
    integerArray(rowOf),
    textArray(forms),
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

/** What requests have in common is sent once. Sorted by pool: another node's batch must lock the pools in the same order. */
function originsOf(requests: readonly ContactToAccept[]): readonly ContactToAccept[] {
  const origins: ContactToAccept[] = [];
  for (const request of requests)
    if (!origins.some((origin) => isOfOrigin(request, origin))) origins.push(request);
  return origins.sort((a, b) => (poolKey(a.contact) < poolKey(b.contact) ? -1 : 1));
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

const statement = {
  name: 'accept-at-once',
  text: `
    SELECT accept_at_once($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::int[], $7::int[], $8::uuid[],
                          $9::timestamptz[], $10::int[], $11::text[], $12::text[], $13::text[], $14::timestamptz[], $15,
                          $16::int[], $17::int[], $18::text[], $19::text[], $20::int[], $21::text[]) AS accepted`,
};
