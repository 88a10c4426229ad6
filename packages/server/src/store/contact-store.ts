/** Contacts in the database: accepted, advanced, found, and taken over from nodes that died. The contacts' only way to SQL. */
import type { Contact } from '../contacts/contact.ts';
import type { AccountId, ContactId, InstanceId, NodeId } from '../ids.ts';
import { type AcceptedAtOnce, acceptAtOnce, mayBeAcceptedAtOnce } from './accept-at-once.ts';
import { type AcceptOutcome, acceptContacts, type ContactToAccept } from './accept-contacts.ts';
import { advanceContacts, type ContactAdvance } from './advance-contacts.ts';
import { amendEndedContact } from './amend-ended-contact.ts';
import { type ContactRow, contactOf } from './contact-rows.ts';
import { classifyDatabaseError, isDataError } from './database-errors.ts';
import { createMicroBatch } from './micro-batch.ts';
import type { RingbackDatabase } from './schema.ts';
import {
  type ContactPlace,
  type ContactSearch,
  countContacts,
  type FoundContacts,
  openContactSearches,
  searchContacts,
} from './search-contacts.ts';

/** A contact taken over from a node whose lease ran out. */
export interface RecoveredContact {
  readonly contact: Contact;
  /** Attempts committed before; with one or more, the number may have been rung. */
  readonly dialAttempts: number;
  /** A StopContact was answered that its former owner may not have heard of. */
  readonly toStop?: { readonly reason?: string };
}

export interface ContactStore {
  /** Resolves when the contact is committed. Concurrent calls share one transaction. */
  accept(request: ContactToAccept): Promise<AcceptOutcome>;
  /**
   * Writes a contact that moved on.
   *
   * @throws {ContactNoLongerOwned} the epoch is stale or the contact has ended.
   */
  advance(advance: ContactAdvance): Promise<void>;
  /**
   * Writes data of a contact that has ended. False, and nothing is written, where it has not, or where others wrote facts of it
   * since it was read.
   */
  amendEnded(amendment: Pick<ContactAdvance, 'contact' | 'facts'>): Promise<boolean>;
  /** The contact that a token stands for, if it is known and has not expired. */
  findByToken(token: TokenKey): Promise<ContactId | undefined>;
  find(instanceId: InstanceId, contactId: ContactId): Promise<Contact | undefined>;
  /**
   * Contacts of one page, at most `limit`: the first one, or what follows `after`.
   *
   * @throws {SearchesBusy}
   * @throws {SearchTooLong}
   */
  search(search: ContactSearch, limit: number, after?: ContactPlace): Promise<FoundContacts>;
  /** How many a search finds in all. Throws as `search`. */
  count(search: ContactSearch): Promise<number>;
  /** Takes over up to `limit` open contacts whose owner's lease has run out; none is taken by two nodes. */
  recover(node: NodeId, limit: number): Promise<RecoveredContact[]>;
  /** Takes over those of these contacts that `node` itself owns and that stand open, fencing off their former run. */
  reclaim(node: NodeId, contacts: readonly Pick<Contact, 'instanceId' | 'id'>[]): Promise<RecoveredContact[]>;
  /** Removes tokens that expired before `nowMs`, at most `limit`; returns how many. */
  removeExpiredTokens(nowMs: number, limit: number): Promise<number>;
  /** Waits for writes under way; takes no more. */
  close(): Promise<void>;
}

export interface TokenKey {
  readonly accountId: AccountId;
  readonly region: string;
  readonly instanceId: InstanceId;
  readonly token: string;
  readonly nowMs: number;
}

export function openContactStore(database: RingbackDatabase): ContactStore {
  const acceptingAtOnce = createMicroBatch<ContactToAccept, AcceptedAtOnce>({
    name: 'accept-at-once',
    // While one commits, the next is already there. The lock of the slot pool, which comes first, keeps them apart.
    rowsForSecondFlush: 32,
    flush: (rows) => onceMoreOnConflict(() => acceptAtOnce(database, rows)),
    isDataError,
  });
  const accepting = createMicroBatch<ContactToAccept, AcceptOutcome>({
    name: 'accept-contacts',
    flush: (rows) => onceMoreOnConflict(() => acceptContacts(database, rows)),
    isDataError,
  });
  const advancing = createMicroBatch<ContactAdvance, undefined>({
    name: 'advance-contacts',
    // A contact writes one change at a time, so there are never more than contacts, which call slots limit.
    maxQueued: Number.POSITIVE_INFINITY,
    flush: (rows) => onceMoreOnConflict(() => advanceContacts(database, rows)),
    isDataError,
  });
  const searches = openContactSearches(database);
  return {
    accept(request) {
      if (!mayBeAcceptedAtOnce(request)) return accepting.submit(request);
      return acceptingAtOnce
        .submit(request)
        .then((outcome) =>
          outcome === 'accepted'
            ? { kind: 'accepted', contactId: request.contact.id }
            : accepting.submit(request),
        );
    },
    advance: (advance) => advancing.submit(advance),
    amendEnded: (amendment) => amendEndedContact(database, amendment),
    async findByToken({ accountId, region, instanceId, token, nowMs }) {
      const { rows } = await database.query<{ contact_id: string }>(selectToken, [
        accountId,
        region,
        instanceId,
        token,
        new Date(nowMs),
      ]);
      return rows[0]?.contact_id as ContactId | undefined;
    },
    async find(instanceId, contactId) {
      const { rows } = await database.query<ContactRow>(selectContact, [instanceId, contactId]);
      return rows[0] && contactOf(rows[0]);
    },
    search: (search, limit, after) => searches.run((on) => searchContacts(on, search, limit, after)),
    count: (search) => searches.run((on) => countContacts(on, search)),
    async recover(node, limit) {
      const { rows } = await database.query<RecoveredRow>(takeOver, [node, limit]);
      return rows.map(recoveredOf);
    },
    async reclaim(node, contacts) {
      const { rows } = await database.query<RecoveredRow>(takeBack, [
        node,
        contacts.map(({ instanceId }) => instanceId),
        contacts.map(({ id }) => id),
      ]);
      return rows.map(recoveredOf);
    },
    async removeExpiredTokens(nowMs, limit) {
      const { rowCount } = await database.query(deleteExpiredTokens, [new Date(nowMs), limit]);
      return rowCount;
    },
    async close() {
      // What the first leaves goes to the second.
      await acceptingAtOnce.close();
      await Promise.all([accepting.close(), advancing.close()]);
    },
  };
}

/** Two nodes that lock the same rows may be made to choose; the loser's batch has written nothing and runs again. */
async function onceMoreOnConflict<Result>(flush: () => Promise<Result>): Promise<Result> {
  try {
    return await flush();
  } catch (error) {
    if (classifyDatabaseError(error) !== 'conflict') throw error;
    return flush();
  }
}

interface RecoveredRow extends ContactRow {
  readonly attempts: number;
  readonly to_stop: { readonly reason?: string } | null;
}

function recoveredOf(row: RecoveredRow): RecoveredContact {
  return {
    contact: contactOf(row),
    dialAttempts: row.attempts,
    ...(row.to_stop ? { toStop: row.to_stop } : {}),
  };
}

const selectToken = {
  name: 'find-token',
  text: `SELECT contact_id FROM client_token
          WHERE account_id = $1 AND region = $2 AND instance_id = $3 AND token = $4 AND expires_at > $5`,
};

const selectContact = {
  name: 'find-contact',
  text: 'SELECT * FROM contact WHERE instance_id = $1 AND id = $2',
};

const asRecovered = `
  RETURNING c.*, greatest((SELECT count(*)::int FROM dial_attempt a
                            WHERE a.instance_id = c.instance_id AND a.contact_id = c.id),
                          (c.state <> 'ACCEPTED')::int) AS attempts,
            (SELECT o.detail FROM contact_order o
              WHERE o.instance_id = c.instance_id AND o.contact_id = c.id AND o.name = 'StopContact'
              ORDER BY o.id LIMIT 1) AS to_stop`;

// Leases live on database time: the clocks of nodes differ. A contact that changed since the statement began is
// judged again when it is locked, but a join would then still see its former owner; the array is compared with the
// new one. For the same reason the state tells of an attempt that the count is too early to see.
const takeOver = `
  WITH orphan AS (
    SELECT c.instance_id, c.id
      FROM contact c
     WHERE c.state <> 'ENDED' AND c.owner_node IS DISTINCT FROM $1
       AND (c.owner_node = ANY (ARRAY(SELECT n.id FROM node n WHERE n.lease_expires_at >= clock_timestamp())))
           IS NOT TRUE
     ORDER BY c.initiated_at LIMIT $2
       FOR UPDATE SKIP LOCKED
  )
  UPDATE contact c SET owner_node = $1, epoch = c.epoch + 1
    FROM orphan
   WHERE c.instance_id = orphan.instance_id AND c.id = orphan.id
  ${asRecovered}`;

const takeBack = `
  UPDATE contact c SET epoch = c.epoch + 1
    FROM unnest($2::uuid[], $3::uuid[]) AS asked(instance_id, id)
   WHERE c.instance_id = asked.instance_id AND c.id = asked.id AND c.owner_node = $1 AND c.state <> 'ENDED'
  ${asRecovered}`;

const deleteExpiredTokens = `
  DELETE FROM client_token WHERE ctid IN
    (SELECT ctid FROM client_token WHERE expires_at <= $1 LIMIT $2)`;
