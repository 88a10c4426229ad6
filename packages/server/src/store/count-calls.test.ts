// Caps against toll fraud on a real PostgreSQL, started once for this file: counted exactly however many ask at once,
// and settled when a call ends.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Contact } from '../contacts/contact.ts';
import { type InstanceId, type LegId, type NodeId, newId, type PhoneNumber } from '../ids.ts';
import { type CallCaps, callLimitsOf, noCaps } from '../policy/toll-fraud.ts';
import { sampleContact, sampleRequest, sampleTimeMs } from '../test-support/sample-contact.ts';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.ts';
import type { AcceptOutcome } from './accept-contacts.ts';
import { type ContactStore, openContactStore } from './contact-store.ts';
import { countCall, settleLeg } from './count-calls.ts';
import { openOperatorStore } from './operator-store.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const node = newId<NodeId>();

let server: TestDatabase;
let instanceId: InstanceId;
let store: ContactStore;
let otherStore: ContactStore;

before(async () => {
  server = await openTestDatabase();
  instanceId = server.instanceId;
  store = openContactStore(server.database);
  otherStore = openContactStore(await server.openPool());
});

after(async () => {
  await store.close();
  await otherStore.close();
  await server.close();
});

beforeEach(async () => {
  await server.database.query(
    'TRUNCATE contact, client_token, outbox, call_counter, call_spend, call_reservation',
  );
  await server.database.query('UPDATE call_slot_pool SET in_use = 0, capacity = 1000');
});

interface Asking {
  readonly caps: CallCaps;
  readonly number?: string;
  readonly country?: string;
  readonly atMs?: number;
  readonly token?: string;
  readonly pool?: Contact['pool'];
  readonly through?: ContactStore;
}

async function ask({
  caps,
  number = '+12065550100',
  country = 'US',
  atMs = sampleTimeMs,
  token,
  pool = 'active-calls',
  through = store,
}: Asking): Promise<{ readonly contact: Contact; readonly outcome: AcceptOutcome }> {
  const contact = sampleContact({
    instanceId,
    pool,
    initiatedAtMs: atMs,
    request: { ...sampleRequest, destination: number as PhoneNumber },
  });
  const outcome = await through.accept({
    contact,
    owner: node,
    clientToken: token === undefined ? undefined : { value: token, expiresAtMs: atMs + dayMs },
    facts: [],
    limits: callLimitsOf(caps, { country, number: number as PhoneNumber }, atMs),
  });
  return { contact, outcome };
}

async function end(contact: Contact, connectedForMs: number | undefined): Promise<void> {
  const startedAtMs = contact.initiatedAtMs + 1000;
  const endedAtMs = startedAtMs + (connectedForMs ?? 0);
  await store.advance({
    contact: {
      ...contact,
      state: 'ENDED',
      connectedAtMs: connectedForMs === undefined ? undefined : startedAtMs,
      disconnectedAtMs: endedAtMs,
      updatedAtMs: endedAtMs,
      disconnectReason: 'CUSTOMER_DISCONNECT',
    },
    facts: [],
    call: 'over',
  });
}

const kindOf = async (asked: ReturnType<typeof ask>): Promise<string> => (await asked).outcome.kind;

async function spend(): Promise<{ reserved: number; charged: number }[]> {
  const { rows } = await server.database.query<{ reserved: number; charged: number }>(
    'SELECT reserved_micros AS reserved, charged_micros AS charged FROM call_spend ORDER BY day',
  );
  return [...rows];
}

describe('call caps', () => {
  it('count calls of an instance in a minute, and begin again in the next', async () => {
    const caps = { ...noCaps, perInstance: { perMinute: 2 } };
    const numbers = ['+12065550100', '+12065550101', '+12065550102'];
    const first = await Promise.all(numbers.map((number) => kindOf(ask({ caps, number }))));
    assert.deepEqual(first, ['accepted', 'accepted', 'cap reached']);
    const last = sampleTimeMs + minuteMs - 1;
    assert.equal(await kindOf(ask({ caps, atMs: last })), 'cap reached');
    assert.equal(await kindOf(ask({ caps, atMs: last + 1 })), 'accepted');
  });

  it('count a day in UTC', async () => {
    const caps = { ...noCaps, perInstance: { perDay: 1 } };
    assert.equal(await kindOf(ask({ caps })), 'accepted');
    assert.equal(await kindOf(ask({ caps, atMs: sampleTimeMs + dayMs - 1 })), 'cap reached');
    assert.equal(await kindOf(ask({ caps, atMs: sampleTimeMs + dayMs })), 'accepted');
  });

  it('count countries and numbers apart, and say which cap is in the way', async () => {
    const caps = {
      ...noCaps,
      perCountry: { perDay: 2 },
      countries: { GB: { perDay: 1 } },
      perNumber: { perDay: 1 },
    };
    assert.equal(await kindOf(ask({ caps, number: '+12065550100' })), 'accepted');
    const again = await ask({ caps, number: '+12065550100' });
    assert.deepEqual(again.outcome.kind === 'cap reached' && again.outcome.cap, {
      kind: 'calls',
      counter: {
        scope: 'number',
        subject: '+12065550100',
        window: 'day',
        startsAtMs: sampleTimeMs,
        limit: 1,
      },
    });
    assert.equal(await kindOf(ask({ caps, number: '+12065550101' })), 'accepted');
    assert.equal(await kindOf(ask({ caps, number: '+12065550102' })), 'cap reached');
    assert.equal(await kindOf(ask({ caps, number: '+442079460000', country: 'GB' })), 'accepted');
    assert.equal(await kindOf(ask({ caps, number: '+442079460001', country: 'GB' })), 'cap reached');
  });

  it('let exactly as many through as there may be, however many ask on two nodes at once', async () => {
    const caps = { ...noCaps, perInstance: { perMinute: 40, perDay: 100 }, perNumber: { perMinute: 3 } };
    const kinds = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        kindOf(
          ask({
            caps,
            number: `+120655501${String(n % 40).padStart(2, '0')}`,
            pool: n % 3 === 0 ? 'campaign-calls' : 'active-calls',
            through: n % 2 === 0 ? store : otherStore,
          }),
        ),
      ),
    );
    assert.equal(kinds.filter((kind) => kind === 'accepted').length, 40);
    const { rows } = await server.database.query(
      `SELECT scope, period, sum(count)::int AS sum, max(count) AS most FROM call_counter
        GROUP BY scope, period ORDER BY scope, period`,
    );
    assert.deepEqual(
      rows.map(({ scope, period, sum }) => [scope, period, sum]),
      [
        ['instance', 'day', 40],
        ['instance', 'minute', 40],
        ['number', 'minute', 40],
      ],
    );
    assert.ok(rows.every(({ scope, most }) => scope !== 'number' || Number(most) <= 3));
  });

  it('leave the token of a refused call usable, and count its replay once', async () => {
    const caps = { ...noCaps, perInstance: { perMinute: 1 } };
    await ask({ caps, token: 'first' });
    assert.equal(await kindOf(ask({ caps, token: 'second' })), 'cap reached');
    const replay = await ask({ caps, token: 'first' });
    assert.equal(replay.outcome.kind, 'replayed');
    const later = sampleTimeMs + minuteMs;
    assert.equal(await kindOf(ask({ caps, token: 'second', atMs: later })), 'accepted');
    assert.equal(await kindOf(ask({ caps, token: 'third', atMs: later })), 'cap reached');
  });

  it('do not count a call that found no slot', async () => {
    const caps = { ...noCaps, perInstance: { perMinute: 1 } };
    await server.database.query('UPDATE call_slot_pool SET capacity = 0');
    assert.equal(await kindOf(ask({ caps })), 'no call slot');
    await server.database.query('UPDATE call_slot_pool SET capacity = 1');
    assert.equal(await kindOf(ask({ caps })), 'accepted');
  });

  it('ask nothing of the tables where no cap applies', async () => {
    assert.equal(await kindOf(ask({ caps: noCaps })), 'accepted');
    const { rows } = await server.database.query('SELECT FROM call_counter');
    assert.equal(rows.length, 0);
  });

  it('are forgotten when their windows are old', async () => {
    const caps = { ...noCaps, perInstance: { perMinute: 5 } };
    await ask({ caps });
    await ask({ caps, atMs: sampleTimeMs + dayMs });
    await openOperatorStore(server.database).removeOldCounts(sampleTimeMs + dayMs, 100);
    const { rows } = await server.database.query('SELECT starts_at FROM call_counter');
    assert.deepEqual(rows, [{ starts_at: new Date(sampleTimeMs + dayMs) }]);
  });
});

describe('spend cap', () => {
  /** One unit a minute, three minutes set aside. */
  const caps: CallCaps = {
    ...noCaps,
    spend: { perDay: 10, pricesPerMinute: { '+1': 1, '+44': 0.25 }, reservedMinutes: 3 },
  };

  it('sets money aside for each call, until no more is left', async () => {
    const kinds = [];
    for (let n = 0; n < 4; n += 1) kinds.push(await kindOf(ask({ caps })));
    assert.deepEqual(kinds, ['accepted', 'accepted', 'accepted', 'cap reached']);
    // What is left is enough for a cheaper one.
    assert.equal(await kindOf(ask({ caps, number: '+442079460000', country: 'GB' })), 'accepted');
    assert.deepEqual(await spend(), [{ reserved: 9_750_000, charged: 0 }]);
  });

  it('charges started minutes at the end, and gives back what was set aside', async () => {
    const calls = [await ask({ caps }), await ask({ caps }), await ask({ caps })];
    const [answered, unanswered, long] = calls.map(({ contact }) => contact);
    assert.ok(answered && unanswered && long);
    await Promise.all([end(answered, 61_000), end(unanswered, undefined), end(long, 5 * minuteMs)]);
    assert.deepEqual(await spend(), [{ reserved: 0, charged: 7_000_000 }]);
    const { rows } = await server.database.query('SELECT FROM call_reservation');
    assert.equal(rows.length, 0);
    assert.equal(await kindOf(ask({ caps })), 'accepted');
    assert.equal(await kindOf(ask({ caps })), 'cap reached');
  });

  it('charges a call that was over at once for the minute that it began', async () => {
    const { contact } = await ask({ caps });
    await end(contact, 0);
    assert.deepEqual(await spend(), [{ reserved: 0, charged: 1_000_000 }]);
  });

  it('charges the day in which the call was accepted', async () => {
    const { contact } = await ask({ caps, atMs: sampleTimeMs + dayMs - 1 });
    await ask({ caps, atMs: sampleTimeMs + dayMs });
    await end(contact, 10_000);
    assert.deepEqual(await spend(), [
      { reserved: 0, charged: 1_000_000 },
      { reserved: 3_000_000, charged: 0 },
    ]);
  });

  it('stays exact while calls begin and end on two nodes at once', async () => {
    const wide = { ...noCaps, spend: { perDay: 1e6, pricesPerMinute: { '+': 0.01 }, reservedMinutes: 5 } };
    const calls = await Promise.all(
      Array.from({ length: 120 }, (_, n) => ask({ caps: wide, through: n % 2 === 0 ? store : otherStore })),
    );
    await Promise.all([
      ...calls.slice(0, 100).map(({ contact }) => end(contact, 90_000)),
      ...Array.from({ length: 50 }, () => ask({ caps: wide, pool: 'campaign-calls', through: otherStore })),
    ]);
    assert.deepEqual(await spend(), [{ reserved: 70 * 50_000, charged: 100 * 20_000 }]);
  });
});

describe('legs besides the contact’s own', () => {
  const caps: CallCaps = {
    ...noCaps,
    perNumber: { perDay: 2 },
    spend: { perDay: 10, pricesPerMinute: { '+1': 1 }, reservedMinutes: 4 },
  };

  /** A third party of that contact. */
  async function count({ id: contactId }: Contact, number: string) {
    const leg = newId<LegId>();
    const limits = callLimitsOf(caps, { country: 'US', number: number as PhoneNumber }, sampleTimeMs);
    const cap = await countCall(server.database, { instanceId, contactId, leg, limits });
    return { cap, leg };
  }

  const settle = ({ id: contactId }: Contact, leg: LegId, connectedMs: number | undefined) =>
    settleLeg(server.database, { instanceId, contactId, leg, connectedMs });

  it('count together with contacts, and reserve what they may cost', async () => {
    const { contact, outcome } = await ask({ caps });
    assert.equal(outcome.kind, 'accepted');
    assert.equal((await count(contact, '+12065550100')).cap, undefined);
    assert.equal((await count(contact, '+12065550100')).cap?.kind, 'calls');
    assert.equal((await count(contact, '+12065550101')).cap?.kind, 'spend');
    assert.equal((await ask({ caps })).outcome.kind, 'cap reached');
  });

  it('are charged the minutes that they began, nothing where nobody answered, and once', async () => {
    const { contact } = await ask({ caps });
    const unanswered = await count(contact, '+12065550101');
    await settle(contact, unanswered.leg, undefined);
    assert.deepEqual(await spend(), [{ reserved: 4_000_000, charged: 0 }]);
    const answered = await count(contact, '+12065550101');
    await settle(contact, answered.leg, 61_000);
    await settle(contact, answered.leg, 61_000);
    assert.deepEqual(await spend(), [{ reserved: 4_000_000, charged: 2_000_000 }]);
    await end(contact, 180_000);
    assert.deepEqual(await spend(), [{ reserved: 0, charged: 5_000_000 }]);
  });

  it('that nobody settled end with their contact, charged as long as it', async () => {
    const { contact } = await ask({ caps });
    const { leg } = await count(contact, '+12065550101');
    await end(contact, 61_000);
    assert.deepEqual(await spend(), [{ reserved: 0, charged: 4_000_000 }]);
    await settle(contact, leg, 61_000);
    assert.deepEqual(await spend(), [{ reserved: 0, charged: 4_000_000 }]);
  });
});
