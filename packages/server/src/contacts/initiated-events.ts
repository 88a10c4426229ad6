/**
 * The first event of each accepted contact as JSON text. Most contacts of an instance differ only in ids, destination and
 * time, so the text between those is made once, by contact-events.ts, and kept: building and stringifying the whole event took a
 * fifteenth of accepting a contact, and a row of its own in the outbox half of what PostgreSQL logs for it. Used by accept-contact.ts.
 */
import { randomUUID } from 'node:crypto';
import type { AlikeText, FactForm, FactText } from '../store/alike-facts.ts';
import type { Contact } from './contact.ts';
import { contactEvent } from './contact-events.ts';

/** Forms kept, and contacts like which there has been one. */
const maxForms = 1000;

/** What varies, in the order of an alike text's values. */
const varyings = ['contactId', 'eventId', 'destination', 'time', 'second'] as const;

const secondOf = (time: string): string => `${time.slice(0, 19)}Z`;

/** A time in the fourth millennium: it has to be one, because events spell it out. */
const standInMs = Date.UTC(3000, 0, 1) + Math.floor(Math.random() * 365 * 86_400_000);
const standInTime = new Date(standInMs).toISOString();

/** What a text is cut at: nothing in a contact looks like these, because nobody knows them. */
const standIns = new Map<string, (typeof varyings)[number]>([
  [randomUUID(), 'contactId'],
  [randomUUID(), 'eventId'],
  [randomUUID(), 'destination'],
  [standInTime, 'time'],
  [secondOf(standInTime), 'second'],
]);
const [contactIdStandIn = '', eventIdStandIn = '', destinationStandIn = ''] = standIns.keys();

export class InitiatedEvents {
  /** By what contacts must have in common for it; undefined until a second one is alike. */
  readonly #forms = new Map<string, FactForm | undefined>();
  #spelled = { ms: Number.NaN, time: '', second: '' };

  /**
   * The same text as that of `contactEvent(contact, 'INITIATED', contact.initiatedAtMs, eventId)`.
   *
   * @param requestText the contact's request as JSON.
   */
  textOf(contact: Contact, eventId: string, requestText: string): FactText {
    const { accountId, region } = contact.tenant;
    const { destination } = contact.request;
    const likeness = `${accountId} ${region} ${contact.instanceId} ${withoutDestination(requestText, destination)}`;
    let form = this.#forms.get(likeness);
    if (!form) {
      const isFirst = !this.#forms.has(likeness);
      if (!isFirst) form = formOf(contact);
      this.#keep(likeness, form);
      if (!form) return eventText(contact, eventId);
    }
    // Requests of one moment share its spelling.
    if (this.#spelled.ms !== contact.initiatedAtMs) this.#spelled = spelled(contact.initiatedAtMs);
    const { time, second } = this.#spelled;
    return { form, values: [contact.id, eventId, destination, time, second] } satisfies AlikeText;
  }

  #keep(likeness: string, form: FactForm | undefined): void {
    this.#forms.set(likeness, form);
    if (this.#forms.size <= maxForms) return;
    const [oldest] = this.#forms.keys();
    if (oldest !== undefined) this.#forms.delete(oldest);
  }
}

function spelled(ms: number): { readonly ms: number; readonly time: string; readonly second: string } {
  const time = new Date(ms).toISOString();
  return { ms, time, second: secondOf(time) };
}

/** No other member can look like it: quotes within texts are escaped, and inner structures have no member of that name and type. */
function withoutDestination(requestText: string, destination: string): string {
  const member = `"destination":"${destination}"`;
  const at = requestText.indexOf(member);
  return `${requestText.slice(0, at)}${requestText.slice(at + member.length)}`;
}

function eventText(contact: Contact, eventId: string): string {
  return JSON.stringify(contactEvent(contact, 'INITIATED', contact.initiatedAtMs, eventId));
}

function formOf(contact: Contact): FactForm {
  const model = {
    ...contact,
    id: contactIdStandIn as Contact['id'],
    initiatedAtMs: standInMs,
    request: { ...contact.request, destination: destinationStandIn as Contact['request']['destination'] },
  };
  const cut = eventText(model, eventIdStandIn).split(new RegExp(`(${[...standIns.keys()].join('|')})`));
  return {
    fixed: cut.filter((_, index) => index % 2 === 0),
    varying: cut.flatMap((piece) => {
      const name = standIns.get(piece);
      return name ? varyings.indexOf(name) : [];
    }),
  };
}
