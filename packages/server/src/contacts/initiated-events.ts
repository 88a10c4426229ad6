/**
 * The first event of each accepted contact as JSON text. Most contacts of an instance differ only in ids, destination and
 * time, so the text between those is made once, by contact-events.ts, and kept: building and stringifying the whole event took a
 * fifteenth of accepting a contact. Used by accept-contact.ts.
 */
import { randomUUID } from 'node:crypto';
import type { InstanceId } from '../ids.ts';
import type { Contact } from './contact.ts';
import { contactEvent } from './contact-events.ts';

/** Texts kept; each belongs to one instance. */
const maxTemplates = 1000;

interface Template {
  /** What the contact must have in common with the one that the text was made for. */
  readonly likeness: string;
  /** Absent until a second contact is alike. */
  pieces?: Pieces;
}

type Varying = 'contactId' | 'eventId' | 'destination' | 'time' | 'second';

/** A text cut up: each fixed piece is followed by what varies, but for the last. */
interface Pieces {
  readonly fixed: readonly string[];
  readonly varying: readonly Varying[];
}

/** A time in the fourth millennium: it has to be one, because events spell it out. */
const standInMs = Date.UTC(3000, 0, 1) + Math.floor(Math.random() * 365 * 86_400_000);
const standInTime = new Date(standInMs).toISOString();

/** What a text is cut at: nothing in a contact looks like these, because nobody knows them. */
const standIns = new Map<string, Varying>([
  [randomUUID(), 'contactId'],
  [randomUUID(), 'eventId'],
  [randomUUID(), 'destination'],
  [standInTime, 'time'],
  [`${standInTime.slice(0, 19)}Z`, 'second'],
]);
const [contactIdStandIn = '', eventIdStandIn = '', destinationStandIn = ''] = standIns.keys();

export class InitiatedEvents {
  readonly #templates = new Map<InstanceId, Template>();
  #spelled = { ms: Number.NaN, text: '' };

  /**
   * The same text as that of `contactEvent(contact, 'INITIATED', contact.initiatedAtMs, eventId)`.
   *
   * @param requestText the contact's request as JSON.
   */
  textOf(contact: Contact, eventId: string, requestText: string): string {
    const { accountId, region } = contact.tenant;
    const likeness = `${accountId} ${region} ${withoutDestination(requestText, contact.request.destination)}`;
    const known = this.#templates.get(contact.instanceId);
    if (known?.likeness !== likeness) {
      this.#keep(contact.instanceId, { likeness });
      return eventText(contact, eventId);
    }
    known.pieces ??= piecesOf(contact);
    // Requests of one moment share its text.
    if (this.#spelled.ms !== contact.initiatedAtMs) {
      this.#spelled = { ms: contact.initiatedAtMs, text: new Date(contact.initiatedAtMs).toISOString() };
    }
    return filled(known.pieces, contact, eventId, this.#spelled.text);
  }

  #keep(instanceId: InstanceId, template: Template): void {
    this.#templates.set(instanceId, template);
    if (this.#templates.size <= maxTemplates) return;
    const [oldest] = this.#templates.keys();
    if (oldest !== undefined) this.#templates.delete(oldest);
  }
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

function piecesOf(contact: Contact): Pieces {
  const model = {
    ...contact,
    id: contactIdStandIn as Contact['id'],
    initiatedAtMs: standInMs,
    request: { ...contact.request, destination: destinationStandIn as Contact['request']['destination'] },
  };
  const cut = eventText(model, eventIdStandIn).split(new RegExp(`(${[...standIns.keys()].join('|')})`));
  return {
    fixed: cut.filter((_, index) => index % 2 === 0),
    varying: cut.flatMap((piece) => standIns.get(piece) ?? []),
  };
}

function filled({ fixed, varying }: Pieces, contact: Contact, eventId: string, time: string): string {
  let text = fixed[0] ?? '';
  for (let at = 0; at < varying.length; at += 1) {
    switch (varying[at]) {
      case 'contactId':
        text += contact.id;
        break;
      case 'eventId':
        text += eventId;
        break;
      case 'destination':
        text += contact.request.destination;
        break;
      case 'time':
        text += time;
        break;
      case 'second':
        text += `${time.slice(0, 19)}Z`;
    }
    text += fixed[at + 1];
  }
  return text;
}
