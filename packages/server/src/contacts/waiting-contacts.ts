/**
 * Accepted contacts before a closed dial gate. Each has no story yet: no promise, timer or signal of its own, which took
 * 5 KB a contact, and most of the time that the garbage collector had. Used by active-contacts.ts.
 */
import type { Clock } from '../clock.ts';
import type { ContactId } from '../ids.ts';
import type { Contact } from './contact.ts';

export interface WaitingContacts {
  /**
   * Holds a contact until its story has to begin. False when its time ends before that of one held already (it was taken
   * over from another node): then its story must begin at once and watch the time itself.
   */
  hold(contact: Contact): boolean;
  /** Begins the story of one; false when it does not wait. */
  begin(contactId: ContactId): boolean;
  beginAll(): void;
  has(contactId: ContactId): boolean;
  readonly size: number;
}

/**
 * @param maxDialDelayMs how long after its request a contact may wait, ms.
 * @param begin takes a contact that waits no longer.
 */
export function openWaitingContacts(
  clock: Clock,
  maxDialDelayMs: number,
  begin: (contact: Contact) => void,
): WaitingContacts {
  /** In the order in which their times end. */
  const held = new Map<ContactId, Contact>();
  let latestMs = Number.NEGATIVE_INFINITY;
  let timer: unknown;

  const endsAtMs = ({ initiatedAtMs }: Contact): number => initiatedAtMs + maxDialDelayMs;

  function armTimer(): void {
    clock.clearTimeout(timer);
    timer = undefined;
    for (const first of held.values()) {
      timer = clock.setTimeout(beginOverdue, Math.max(0, endsAtMs(first) - clock.now()));
      return;
    }
  }

  function beginOverdue(): void {
    for (const contact of held.values()) {
      if (endsAtMs(contact) > clock.now()) break;
      held.delete(contact.id);
      begin(contact);
    }
    armTimer();
  }

  return {
    hold(contact) {
      if (held.size > 0 && endsAtMs(contact) < latestMs) return false;
      latestMs = endsAtMs(contact);
      held.set(contact.id, contact);
      if (held.size === 1) armTimer();
      return true;
    },
    begin(contactId) {
      const contact = held.get(contactId);
      if (!contact) return false;
      held.delete(contactId);
      if (held.size === 0) armTimer();
      begin(contact);
      return true;
    },
    beginAll() {
      const all = [...held.values()];
      held.clear();
      armTimer();
      for (const contact of all) begin(contact);
    },
    has: (contactId) => held.has(contactId),
    get size() {
      return held.size;
    },
  };
}
