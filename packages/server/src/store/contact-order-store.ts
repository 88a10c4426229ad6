/** Orders to the owners of contacts, from nodes that are not: given, taken, answered. Used by contacts/contact-orders.ts only. */
import type { Contact } from '../contacts/contact.ts';
import type { NodeId } from '../ids.ts';
import { type ContactRow, contactOf } from './contact-rows.ts';
import type { RingbackDatabase } from './schema.ts';

/** An order on its way; `name` and `detail` are the giver's. */
export interface GivenOrder {
  readonly id: string;
  readonly name: string;
  readonly detail: unknown;
  readonly contact: Pick<Contact, 'instanceId' | 'id'>;
  /** The node that waits for the outcome, and for how long, ms. Without it the order stands until the contact has ended. */
  readonly answer?: { readonly to: NodeId; readonly withinMs: number };
}

/** An order that its contact's owner has taken, with the contact as it stood then. */
export interface TakenOrder {
  readonly id: string;
  readonly name: string;
  readonly detail: unknown;
  readonly contact: Contact;
  readonly answerTo: NodeId | undefined;
}

export interface ContactOrderStore {
  /** Resolves when the order is committed, with the owner it is for; `ended` where there is no contact to order of any more. */
  give(order: GivenOrder): Promise<{ readonly owner: NodeId | undefined } | 'ended'>;
  /**
   * Takes open orders of contacts that `node` owns: those with an answer once in an epoch of their contact, those without until
   * the contact has ended.
   */
  take(node: NodeId): Promise<TakenOrder[]>;
  /** Keeps the outcome of an order that was taken; without effect where the contact was taken over since. */
  answer(order: Pick<TakenOrder, 'id' | 'contact'>, outcome: unknown): Promise<void>;
  /** Takes out those of these orders that are answered. */
  takeOutcomes(
    ids: readonly string[],
  ): Promise<readonly { readonly id: string; readonly outcome: unknown }[]>;
  /** Takes an order back; resolves with its outcome if it has one by now. */
  withdraw(id: string): Promise<{ readonly outcome: unknown } | undefined>;
  /** Removes orders that nobody waits for any more: expired ones, and those whose contact has ended. */
  removeOld(): Promise<void>;
}

export function openContactOrderStore(database: RingbackDatabase): ContactOrderStore {
  return {
    async give({ id, name, detail, contact, answer }) {
      const { rows } = await database.query<{ owner_node: NodeId | null }>(giveOrder, [
        contact.instanceId,
        contact.id,
        id,
        name,
        JSON.stringify(detail),
        answer?.to,
        answer?.withinMs,
      ]);
      return rows[0] ? { owner: rows[0].owner_node ?? undefined } : 'ended';
    },
    async take(node) {
      const { rows } = await database.query<TakenRow>(takeOrders, [node]);
      return rows.map((row) => ({
        id: row.order_id,
        name: row.order_name,
        detail: row.order_detail,
        contact: contactOf(row),
        answerTo: row.asked_by ?? undefined,
      }));
    },
    async answer({ id, contact }, outcome) {
      await database.query(answerOrder, [id, contact.epoch, JSON.stringify(outcome)]);
    },
    async takeOutcomes(ids) {
      const { rows } = await database.query<{ id: string; outcome: unknown }>(takeAnswered, [ids]);
      return rows;
    },
    async withdraw(id) {
      const { rows } = await database.query<{ outcome: unknown }>(
        'DELETE FROM contact_order WHERE id = $1 RETURNING outcome',
        [id],
      );
      const outcome = rows[0]?.outcome ?? undefined;
      return outcome === undefined ? undefined : { outcome };
    },
    async removeOld() {
      await database.query(
        `DELETE FROM contact_order o
          WHERE o.expires_at < clock_timestamp()
             OR o.expires_at IS NULL AND NOT EXISTS (
                  SELECT FROM contact c
                   WHERE c.instance_id = o.instance_id AND c.id = o.contact_id AND c.state <> 'ENDED')`,
      );
    },
  };
}

interface TakenRow extends ContactRow {
  readonly order_id: string;
  readonly order_name: string;
  readonly order_detail: unknown;
  readonly asked_by: NodeId | null;
}

// Expiry lives on database time, as leases do.
const giveOrder = {
  name: 'give-contact-order',
  text: `
    WITH addressed AS (
      SELECT instance_id, id, owner_node FROM contact WHERE instance_id = $1 AND id = $2 AND state <> 'ENDED'
    ), given AS (
      INSERT INTO contact_order (id, instance_id, contact_id, name, detail, asked_by, expires_at)
      SELECT $3, instance_id, id, $4, $5::jsonb, $6, clock_timestamp() + make_interval(secs => $7::float8 / 1000)
        FROM addressed
    )
    SELECT owner_node FROM addressed`,
};

// Who owned the contact when the statement began may have lost it since: then the next owner, whose epoch is greater, takes
// the order again, and the answer of this one is void. It may also own the contact without running it yet; an order that stands
// is taken until it had its effect.
const takeOrders = {
  name: 'take-contact-orders',
  text: `
    UPDATE contact_order o SET taken_epoch = c.epoch
      FROM contact c
     WHERE c.instance_id = o.instance_id AND c.id = o.contact_id AND c.owner_node = $1
       AND o.outcome IS NULL AND (o.taken_epoch < c.epoch OR o.asked_by IS NULL AND c.state <> 'ENDED')
       AND (o.expires_at IS NULL OR o.expires_at > clock_timestamp())
    RETURNING o.id AS order_id, o.name AS order_name, o.detail AS order_detail, o.asked_by, c.*`,
};

const answerOrder = {
  name: 'answer-contact-order',
  text: `
    UPDATE contact_order o SET outcome = $3::jsonb
      FROM contact c
     WHERE o.id = $1 AND c.instance_id = o.instance_id AND c.id = o.contact_id AND c.epoch = $2`,
};

const takeAnswered = {
  name: 'take-answered-contact-orders',
  text: 'DELETE FROM contact_order WHERE id = ANY ($1::uuid[]) AND outcome IS NOT NULL RETURNING id, outcome',
};
