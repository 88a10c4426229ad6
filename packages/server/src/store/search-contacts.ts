/**
 * Contacts found by time and by what came of them. Part of the contact store. Accepting a contact pays nothing for it: a range of time is a
 * range of ids, which begin with the time (RFC 9562 §5.7), and what else is asked is read from the rows of that range (decisions/0027).
 */
import { type RawBuilder, sql } from 'kysely';
import type { Contact } from '../contacts/contact.ts';
import { type ContactId, firstIdAt, type InstanceId, lastIdAt } from '../ids.ts';
import { Turnstile } from '../turnstile.ts';
import { type ContactRow, contactOf } from './contact-rows.ts';
import { isCancelled } from './database-errors.ts';
import type { RingbackDatabase } from './schema.ts';

/** When something happened to a contact. */
export type ContactTime = 'initiated' | 'queued' | 'connectedToAgent' | 'disconnected';

/** From one moment to another, both included, ms since the epoch. */
export interface ContactTimeRange {
  readonly of: ContactTime;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a contact has one of, as text. */
export type ContactText = keyof typeof texts;

/** What must be so of a contact. */
export type ContactCondition =
  | { readonly kind: 'all' | 'any'; readonly of: readonly ContactCondition[] }
  | { readonly kind: 'not'; readonly of: ContactCondition }
  | { readonly kind: 'between'; readonly range: ContactTimeRange }
  | { readonly kind: 'never'; readonly time: ContactTime }
  /** One of the texts, as it is. */
  | { readonly kind: 'text'; readonly of: ContactText; readonly in: readonly string[] }
  /** Letter case does not count. */
  | { readonly kind: 'part of name'; readonly text: string }
  /** The key with one of the values; without values the key alone. */
  | {
      readonly kind: 'attribute' | 'tag';
      readonly key: string;
      readonly in?: readonly string[] | undefined;
    }
  | { readonly kind: 'hierarchy group'; readonly level: number; readonly id: string }
  /** A step of its routing criteria names the agent. */
  | { readonly kind: 'criteria name agent'; readonly agentId: string }
  /** A step of its routing criteria names an agent besides these. */
  | { readonly kind: 'criteria name others'; readonly agentIds: readonly string[] };

export type ContactSortKey = 'initiated' | 'connectedToAgent' | 'disconnected' | 'initiationMethod';

export interface ContactSearch {
  readonly instanceId: InstanceId;
  readonly range: ContactTimeRange;
  readonly condition: ContactCondition;
  /** Contacts that have no such thing come last. Of equal ones, the order is that of their beginning. */
  readonly sort: { readonly by: ContactSortKey; readonly descending: boolean };
}

/** A contact's place among those found. */
export interface ContactPlace {
  readonly id: ContactId;
  /** What it is sorted by besides its id; null where it has no such thing. */
  readonly key: number | string | null;
}

export interface FoundContacts {
  readonly contacts: readonly Contact[];
  /** Of the last one, where more follow. */
  readonly next: ContactPlace | undefined;
}

/** More of them would leave neither connections nor processors to calls: every row of a range may have to be read. */
const searchesAtOnce = 2;
/** Those who wait behind them, for as long as statements of theirs may take in the worst case. */
const mostWaiting = 4;

/** Too many searches run at this node already. */
export class SearchesBusy extends Error {
  override readonly name = 'SearchesBusy';
  constructor() {
    super('Too many searches for contacts are under way; try again in some seconds.');
  }
}

/** A search was cut off by the time limit of statements; it would be again. */
export class SearchTooLong extends Error {
  override readonly name = 'SearchTooLong';
}

export interface ContactSearches {
  /**
   * @throws {SearchesBusy}
   * @throws {SearchTooLong}
   */
  run<Result>(search: (database: RingbackDatabase) => Promise<Result>): Promise<Result>;
}

/** Searches of one node: few at once, and none for ever. */
export function openContactSearches(database: RingbackDatabase): ContactSearches {
  const turnstile = new Turnstile(searchesAtOnce, mostWaiting, () => new SearchesBusy());
  return {
    async run(search) {
      try {
        return await turnstile.pass(undefined, () => search(database));
      } catch (error) {
        if (!isCancelled(error)) throw error;
        throw new SearchTooLong('The search for contacts took too long.', { cause: error });
      }
    },
  };
}

export async function searchContacts(
  { kysely }: RingbackDatabase,
  search: ContactSearch,
  limit: number,
  after: ContactPlace | undefined,
): Promise<FoundContacts> {
  const { sort } = search;
  const key = sortKeys[sort.by];
  const direction = sort.descending ? sql`DESC` : sql`ASC`;
  // Only what is sorted by is carried through the sort: rows are wide.
  const { rows } = await sql<ContactRow & { readonly sort_key: unknown }>`
    WITH page AS MATERIALIZED (
      SELECT instance_id, id, ${key ? keyOrLast(key, sort) : sql`NULL`} AS sort_key FROM (${sourceOf(search)}) AS contact
       WHERE ${isSearchable} AND ${meets(search.condition)} AND ${after ? follows(after, key, sort) : sql`TRUE`}
       ORDER BY ${key ? sql`3 ${direction},` : sql``} id ${direction} LIMIT ${limit + 1}
    )
    SELECT contact.*, sort_key FROM page JOIN contact USING (instance_id, id)
     ORDER BY sort_key ${direction}, id ${direction}`.execute(kysely);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    contacts: page.map(contactOf),
    next: last && rows.length > limit ? { id: last.id as ContactId, key: wireKey(last.sort_key) } : undefined,
  };
}

/** How many there are in all. */
export async function countContacts({ kysely }: RingbackDatabase, search: ContactSearch): Promise<number> {
  const found = sql`FROM (${sourceOf(search)}) AS contact WHERE ${meets(search.condition)}`;
  // Those that cannot be searched yet are few and open. Taken away afterwards, they leave it to the index to count the others where
  // nothing else is asked.
  const { rows } = await sql<{ readonly total: number }>`
    SELECT (SELECT count(*) ${found})
         - (SELECT count(*) ${found} AND state <> 'ENDED' AND NOT ${isSearchable}) AS total`.execute(kysely);
  return rows[0]?.total ?? 0;
}

/** Contacts that can be searched: see docs/compatibility.md. The order of the parts is that of their cost. */
const isSearchable = sql`(state = 'ENDED' OR disconnected_at IS NOT NULL OR outcome #>> '{agent,connectedAtMs}' IS NOT NULL
  OR coalesce(request ->> 'initiationMethod' = 'CALLBACK', FALSE) AND outcome ? 'queue')`;

/** How long before a range a contact may have begun that is not among the long ones, ms (migration search-contacts). */
const ordinaryLengthMs = 3_600_000;

/** Every contact that can lie in the range, once. */
function sourceOf({ instanceId, range }: ContactSearch): RawBuilder<unknown> {
  const { fromMs, toMs } = range;
  const of = sql`SELECT * FROM contact WHERE instance_id = ${instanceId}`;
  const upTo = sql`id <= ${lastIdAt(toMs)}`;
  if (range.of === 'initiated') return sql`${of} AND id >= ${firstIdAt(fromMs)} AND ${upTo}`;
  const first = firstIdAt(fromMs - ordinaryLengthMs);
  const lies = isBetween(range);
  return sql`${of} AND id >= ${first} AND ${upTo} AND ${lies}
   UNION ALL ${of} AND id < ${first} AND ${upTo} AND state <> 'ENDED' AND ${lies}
   UNION ALL ${of} AND id < ${first} AND ${upTo} AND state = 'ENDED' AND ${lies}
                   AND disconnected_at - initiated_at > interval '1 hour' AND disconnected_at >= ${dateAt(fromMs)}`;
}

function follows(
  place: ContactPlace,
  key: SortKey | undefined,
  sort: ContactSearch['sort'],
): RawBuilder<unknown> {
  const beyond = sort.descending ? sql`<` : sql`>`;
  if (!key) return sql`id ${beyond} ${place.id}`;
  const reached = place.key === null ? lastOf(key, sort) : sql`${key.read(place.key)}::${key.type}`;
  return sql`(${keyOrLast(key, sort)}, id) ${beyond} (${reached}, ${place.id}::uuid)`;
}

const keyOrLast = (key: SortKey, sort: ContactSearch['sort']): RawBuilder<unknown> =>
  sql`coalesce(${key.value}, ${lastOf(key, sort)})`;

const lastOf = ({ type }: SortKey, { descending }: ContactSearch['sort']): RawBuilder<unknown> =>
  sql`${sql.lit(descending ? '-infinity' : 'infinity')}::${type}`;

/** As it stands in a place. */
function wireKey(key: unknown): ContactPlace['key'] {
  if (key instanceof Date) return key.getTime();
  return typeof key === 'string' || (typeof key === 'number' && Number.isFinite(key)) ? key : null;
}

interface SortKey {
  readonly value: RawBuilder<unknown>;
  readonly type: RawBuilder<unknown>;
  /** The other way round. */
  readonly read: (key: number | string) => unknown;
}

const momentsMs = {
  queued: sql`(outcome #>> '{queue,enqueuedAtMs}')::float8`,
  connectedToAgent: sql`(outcome #>> '{agent,connectedAtMs}')::float8`,
};

const texts = {
  name: sql`coalesce(outcome ->> 'name', request ->> 'name')`,
  initiationMethod: sql`coalesce(request ->> 'initiationMethod', 'API')`,
  agentId: sql`outcome #>> '{agent,agentId}'`,
  queueId: sql`coalesce(outcome #>> '{queue,queueId}', request ->> 'queueId')`,
  region: sql`region`,
  source: sql`request ->> 'source'`,
  endCause: sql`end_cause`,
  recordingFailure: sql`outcome ->> 'recordingFailure'`,
  sipStatus: sql`outcome #>> '{sip,status}'`,
  sipReason: sql`outcome #>> '{sip,reason}'`,
  earlyTone: sql`outcome ->> 'earlyTone'`,
} as const;

/** What contacts are sorted by besides the id, which alone has the order of their beginning. */
const sortKeys: { readonly [By in ContactSortKey]?: SortKey } = {
  connectedToAgent: { value: momentsMs.connectedToAgent, type: sql`float8`, read: Number },
  disconnected: { value: sql`disconnected_at`, type: sql`timestamptz`, read: (key) => dateAt(Number(key)) },
  // Never absent.
  initiationMethod: { value: texts.initiationMethod, type: sql`text`, read: String },
};

function isBetween({ of, fromMs, toMs }: ContactTimeRange): RawBuilder<unknown> {
  if (of === 'initiated') return sql`initiated_at BETWEEN ${dateAt(fromMs)} AND ${dateAt(toMs)}`;
  if (of === 'disconnected') return sql`disconnected_at BETWEEN ${dateAt(fromMs)} AND ${dateAt(toMs)}`;
  return sql`${momentsMs[of]} BETWEEN ${fromMs}::float8 AND ${toMs}::float8`;
}

/** PostgreSQL knows fewer years than JavaScript. */
const dateAt = (atMs: number): Date => new Date(Math.min(Math.max(atMs, 0), Date.UTC(9999, 11, 31)));

/** One condition in SQL. What a contact lacks is not met, and so met by the opposite. */
function meets(condition: ContactCondition): RawBuilder<unknown> {
  switch (condition.kind) {
    case 'all':
      if (condition.of.length === 0) return sql`TRUE`;
      return sql`(${sql.join(condition.of.map(meets), sql` AND `)})`;
    case 'any':
      if (condition.of.length === 0) return sql`FALSE`;
      return sql`(${sql.join(condition.of.map(meets), sql` OR `)})`;
    case 'not':
      return sql`(${meets(condition.of)}) IS NOT TRUE`;
    case 'between':
      return isBetween(condition.range);
    case 'never':
      if (condition.time === 'initiated') return sql`FALSE`;
      return condition.time === 'disconnected'
        ? sql`disconnected_at IS NULL`
        : sql`${momentsMs[condition.time]} IS NULL`;
    case 'text':
      return sql`${texts[condition.of]} = ANY (${condition.in}::text[])`;
    case 'part of name':
      return sql`position(lower(${condition.text}::text) IN lower(${texts.name})) > 0`;
    case 'attribute':
      return hasKey(sql`attributes`, condition);
    case 'tag':
      return hasKey(sql`(outcome -> 'tags')`, condition);
    case 'hierarchy group':
      return sql`outcome #> '{agent,hierarchyGroups}' @> ${JSON.stringify([{ level: condition.level, id: condition.id }])}::jsonb`;
    case 'criteria name agent':
      return sql`jsonb_path_exists(outcome, ${namedAgents('(@ == $id)')}, jsonb_build_object('id', ${condition.agentId}::text))`;
    case 'criteria name others':
      return sql`jsonb_path_exists(outcome, ${namedAgents('(!(@ == $ids[*]))')}, jsonb_build_object('ids', ${condition.agentIds}::text[]))`;
  }
}

const namedAgents = (filter: string): RawBuilder<unknown> =>
  sql.lit(`$.routing.criteria.steps[*].expression.** ? (@.kind == "agents").agentIds[*] ? ${filter}`);

function hasKey(
  map: RawBuilder<unknown>,
  { key, in: values }: { readonly key: string; readonly in?: readonly string[] | undefined },
): RawBuilder<unknown> {
  return values ? sql`${map} ->> ${key}::text = ANY (${values}::text[])` : sql`${map} ? ${key}::text`;
}
