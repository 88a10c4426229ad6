/** Callers that start contacts under fire: each repeats its token until it is answered, and afterwards every contact is held against the carrier's log and the delivered facts. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeContactCommand } from '@aws-sdk/client-connect';
import { until } from './processes.ts';
import { type CallTarget, type Fact, type ServicePlace, startOf } from './service-place.ts';

/** Phones take turns, so that trouble meets calls that ring, talk, fail and hang up. */
const phones = [
  { reason: 'CONTACT_FLOW_DISCONNECT', steps: [{ step: 'ring', forMs: 100 }, { step: 'answer' }] },
  { reason: 'CONTACT_FLOW_DISCONNECT', steps: [{ step: 'ring', forMs: 900 }, { step: 'answer' }] },
  {
    reason: 'CONTACT_FLOW_DISCONNECT',
    steps: [{ step: 'earlyMedia' }, { step: 'pause', forMs: 400 }, { step: 'answer' }],
  },
  {
    reason: 'TELECOM_BUSY',
    steps: [
      { step: 'ring', forMs: 200 },
      { step: 'reject', status: 486 },
    ],
  },
  {
    reason: 'CUSTOMER_DISCONNECT',
    steps: [{ step: 'ring', forMs: 50 }, { step: 'answer' }, { step: 'hangUp', afterAnswerMs: 150 }],
  },
] as const;

const mostNumbers = 3000;

/** The phones that the load calls, for the carrier's scenario file. */
export const loadPhones: Readonly<Record<string, unknown>> = Object.fromEntries(
  Array.from({ length: mostNumbers }, (_, n) => [numberOf(n), phoneOf(n).steps]),
);

export interface ContactLoad {
  /** Lets callers start contacts, each at a number of its own, until `stop`. */
  run(): { stop(): Promise<void> };
  /** Asks again for everything that got no answer, with the same tokens, and fails if there is none again. */
  repeatUnanswered(): Promise<void>;
  /** Asks again for everything, and expects the same contacts. */
  repeatAll(): Promise<void>;
  /** The contacts that were answered so far. */
  answered(): readonly string[];
  /** Waits until every contact has ended and its record is delivered. */
  ended(): Promise<readonly EndedContact[]>;
}

export interface EndedContact {
  /** Which request of the load it was. */
  readonly n: number;
  readonly contactId: string;
  readonly number: string;
  readonly record: ContactRecord;
}

export interface ContactRecord extends Fact {
  readonly DisconnectReason: string;
  readonly ConnectedToSystemTimestamp: string | null;
  readonly SegmentAttributes: Readonly<Record<string, { readonly ValueString: string }>>;
}

interface Request {
  readonly n: number;
  readonly token: string;
  readonly number: string;
  contactId: string | undefined;
}

export function openContactLoad(
  place: ServicePlace,
  target: CallTarget,
  options: { readonly callers: number; readonly pauseMs: number },
): ContactLoad {
  const requests: Request[] = [];

  async function send(request: Request): Promise<void> {
    const { ContactId } = await place.client.send(startOf(target, request));
    assert.ok(ContactId);
    assert.equal(ContactId, request.contactId ?? ContactId, 'a token stands for one contact');
    request.contactId = ContactId;
  }

  async function caller(isStopped: () => boolean): Promise<void> {
    while (!isStopped()) {
      const n = requests.length;
      assert.ok(n < mostNumbers, 'the load has run out of numbers');
      const request: Request = { n, token: randomUUID(), number: numberOf(n), contactId: undefined };
      requests.push(request);
      // Whatever went wrong: nobody knows whether it was committed, so it is asked again later.
      await send(request).catch(() => undefined);
      await sleep(options.pauseMs);
    }
  }

  async function endOf({ n, number, contactId }: Request): Promise<EndedContact> {
    assert.ok(contactId);
    let reason: string | undefined;
    await until(async () => {
      const { Contact: contact } = await place.client.send(
        new DescribeContactCommand({ InstanceId: target.instanceId, ContactId: contactId }),
      );
      reason = contact?.DisconnectReason;
      return contact?.DisconnectTimestamp !== undefined;
    }, `contact ${contactId} to end`);
    const [record, ...again] = await recordsOf(contactId);
    assert.ok(record);
    for (const copy of again) assert.deepEqual(copy, record, 'a record that came twice is the same');
    assert.equal(record.DisconnectReason, reason, 'the record says what DescribeContact says');
    return { n, number, contactId, record };
  }

  async function recordsOf(contactId: string): Promise<ContactRecord[]> {
    let records: ContactRecord[] = [];
    await until(() => {
      records = (place.facts('contact-records') as ContactRecord[]).filter(
        (record) => record.ContactId === contactId,
      );
      return records.length > 0;
    }, `the record of contact ${contactId}`);
    return records;
  }

  return {
    run() {
      let hasStopped = false;
      const callers = Array.from({ length: options.callers }, () => caller(() => hasStopped));
      const all = Promise.all(callers);
      return {
        async stop() {
          hasStopped = true;
          await all;
        },
      };
    },
    async repeatUnanswered() {
      await Promise.all(requests.filter(({ contactId }) => contactId === undefined).map(send));
    },
    async repeatAll() {
      await Promise.all(requests.map(send));
    },
    answered: () => requests.flatMap(({ contactId }) => contactId ?? []),
    ended: () => Promise.all(requests.map(endOf)),
  };
}

/** `SegmentAttributes['ringback:EndCause']`, where Connect has no word for the end. */
export function endCauseOf(record: ContactRecord): string | undefined {
  return record.SegmentAttributes['ringback:EndCause']?.ValueString;
}

/**
 * Holds all contacts against each other, the carrier's log and the delivered facts. `troubles` are the end causes
 * that what was done to the service may have led to.
 */
export function checkContacts(
  contacts: readonly EndedContact[],
  place: ServicePlace,
  troubles: readonly string[],
): void {
  assert.equal(new Set(contacts.map(({ contactId }) => contactId)).size, contacts.length);
  checkWitness(contacts, place);
  checkEndings(contacts, troubles);
  checkFacts(contacts, place);
}

/** The carrier's log, which no trouble touched. */
function checkWitness(contacts: readonly EndedContact[], place: ServicePlace): void {
  const invites = place.invites();
  const byNumber = Map.groupBy(invites, (line) => String(line.to));
  const called = new Set(contacts.map(({ number }) => number));
  for (const [number, rung] of byNumber) {
    assert.equal(rung.length, 1, `${number} was invited ${rung.length} times`);
    assert.ok(called.has(number), `${number} was invited, and nobody asked for it`);
  }
  assert.equal(new Set(invites.map((line) => line.callId)).size, invites.length, 'Call-IDs are unique');
  for (const { number, record } of contacts) {
    if (endCauseOf(record) === undefined) assert.ok(byNumber.has(number), `${number} was dialled`);
    if (endCauseOf(record) === 'DIAL_DELAY_EXCEEDED') assert.ok(!byNumber.has(number), `${number} was not`);
  }
}

function checkEndings(contacts: readonly EndedContact[], troubles: readonly string[]): void {
  for (const { n, number, contactId, record } of contacts) {
    const cause = endCauseOf(record);
    const expected = cause === undefined ? phoneOf(n).reason : 'OTHER';
    assert.equal(record.DisconnectReason, expected, `${contactId} to ${number}: ${cause}`);
    assert.ok(cause === undefined || troubles.includes(cause), `${contactId} to ${number}: ${cause}`);
  }
}

const eventOrder = ['INITIATED', 'CONNECTED_TO_SYSTEM', 'CONTACT_DATA_UPDATED', 'DISCONNECTED', 'COMPLETED'];

interface EventDetail {
  readonly contactId: string;
  readonly eventType: string;
}

/** Facts may come twice, but there is one of each, and the first deliveries are in order. */
function checkFacts(contacts: readonly EndedContact[], place: ServicePlace): void {
  const events = Map.groupBy(
    place.facts('contact-events'),
    ({ detail }) => (detail as EventDetail).contactId,
  );
  const known = new Set(contacts.map(({ contactId }) => contactId));
  for (const contactId of events.keys()) assert.ok(known.has(contactId), `nobody knows ${contactId}`);
  for (const record of place.facts('contact-records')) assert.ok(known.has(String(record.ContactId)));
  for (const { contactId, record } of contacts) {
    const byEventId = new Map(
      (events.get(contactId) ?? []).map((event) => [event.id, event.detail as EventDetail]),
    );
    const types = [...byEventId.values()].map(({ eventType }) => eventType);
    const inOrder = eventOrder.filter((type) => types.includes(type));
    assert.deepEqual(types, inOrder, `each event of ${contactId} happened once, in order`);
    for (const type of ['INITIATED', 'DISCONNECTED', 'COMPLETED']) assert.ok(types.includes(type), type);
    const wasConnected = record.ConnectedToSystemTimestamp !== null;
    assert.equal(types.includes('CONNECTED_TO_SYSTEM'), wasConnected, `${contactId} ${types}`);
  }
}

function numberOf(n: number): string {
  return `+1206556${String(n).padStart(4, '0')}`;
}

function phoneOf(n: number): (typeof phones)[number] {
  return phones[n % phones.length] ?? phones[0];
}
