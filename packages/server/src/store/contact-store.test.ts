// Contacts against a real PostgreSQL, started once for this file: tokens, call slots, fencing and recovery, with two
// pools where two nodes matter.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Contact } from '../contacts/contact.ts';
import { type InstanceId, type NodeId, newId } from '../ids.ts';
import { sampleContact, sampleTenant, sampleTimeMs } from '../test-support/sample-contact.ts';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.ts';
import { acceptAtOnce } from './accept-at-once.ts';
import type { AcceptOutcome, ContactToAccept, OutboxFact } from './accept-contacts.ts';
import { advanceContacts, type ContactAdvance, ContactNoLongerOwned } from './advance-contacts.ts';
import type { FactForm } from './alike-facts.ts';
import { type ContactStore, openContactStore } from './contact-store.ts';
import { openNodeStore } from './node-store.ts';
import { openOutboxStore } from './outbox-store.ts';
import type { RingbackDatabase } from './schema.ts';

let server: TestDatabase;
let database: RingbackDatabase;
let otherDatabase: RingbackDatabase;
let instanceId: InstanceId;
let store: ContactStore;
let otherStore: ContactStore;

const weekMs = 7 * 24 * 60 * 60 * 1000;
const deadNode = '00000000-0000-4000-8000-00000000dead' as NodeId;

before(async () => {
  server = await openTestDatabase();
  ({ database, instanceId } = server);
  otherDatabase = await server.openPool();
  store = openContactStore(database);
  otherStore = openContactStore(otherDatabase);
});

after(async () => {
  await store.close();
  await otherStore.close();
  await server.close();
});

beforeEach(async () => {
  await database.query('TRUNCATE contact, client_token, dial_attempt, outbox, node');
  await database.query('UPDATE call_slot_pool SET capacity = 1000, in_use = 0');
});

describe('contact store › accept', () => {
  it('stores contact, token, call slot and first fact together, and gives the contact back as it was', async () => {
    const contact = sampleContact({
      instanceId,
      attributes: { name: "Zoë “Z” O'Neil", empty: '' },
      request: {
        ...sampleContact().request,
        name: 'A call',
        references: { order: { type: 'URL', value: 'https://example.com/1?a=b' } },
        answerMachineDetection: { awaitPrompt: true },
      },
    });
    const outcome = await store.accept(asked(contact, 'token'));
    assert.deepEqual(outcome, { kind: 'accepted', contactId: contact.id });
    assert.deepEqual(await store.find(instanceId, contact.id), contact);
    assert.deepEqual(await facts(contact), [[1, 'contact-events', 'INITIATED']]);
    assert.equal(await slotsInUse('active-calls'), 1);
    const { rows } = await database.query('SELECT token, contact_id, expires_at FROM client_token');
    assert.deepEqual(rows, [
      { token: 'token', contact_id: contact.id, expires_at: new Date(sampleTimeMs + weekMs) },
    ]);
  });

  it('answers a token that was used before with its contact, and writes nothing', async () => {
    const first = sampleContact({ instanceId });
    await store.accept(asked(first, 'token'));
    const again = sampleContact({ instanceId, initiatedAtMs: sampleTimeMs + weekMs - 1 });
    assert.deepEqual(await store.accept(asked(again, 'token')), { kind: 'replayed', contactId: first.id });
    assert.equal(await store.find(instanceId, again.id), undefined);
    assert.equal(await slotsInUse('active-calls'), 1);
    assert.equal(await count('outbox'), 1);
  });

  it('replays also after the contact ended', async () => {
    const first = sampleContact({ instanceId });
    await store.accept(asked(first, 'token'));
    await store.advance(ending(first));
    const again = await store.accept(asked(sampleContact({ instanceId }), 'token'));
    assert.deepEqual(again, { kind: 'replayed', contactId: first.id });
    assert.equal(await slotsInUse('active-calls'), 0);
  });

  it('keeps tokens of other accounts, Regions and spellings apart', async () => {
    const tenants = [
      sampleTenant,
      { ...sampleTenant, region: 'eu-west-2' },
      { ...sampleTenant, accountId: '111111111111' as typeof sampleTenant.accountId },
    ];
    const outcomes = await Promise.all([
      ...tenants.map((tenant) => store.accept(asked(sampleContact({ instanceId, tenant }), 'token'))),
      store.accept(asked(sampleContact({ instanceId }), 'Token')),
      store.accept(asked(sampleContact({ instanceId }), 'token ')),
    ]);
    assert.deepEqual(kinds(outcomes), ['accepted', 'accepted', 'accepted', 'accepted', 'accepted']);
  });

  it('takes requests without a token as new ones each', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 3 }, () => store.accept(asked(sampleContact({ instanceId })))),
    );
    assert.deepEqual(kinds(outcomes), ['accepted', 'accepted', 'accepted']);
    assert.equal(await count('client_token'), 0);
  });

  it('makes one contact of 500 concurrent requests with one token', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 500 }, () => store.accept(asked(sampleContact({ instanceId }), 'same'))),
    );
    assert.equal(outcomes.filter(({ kind }) => kind === 'accepted').length, 1);
    assert.equal(outcomes.filter(({ kind }) => kind === 'replayed').length, 499);
    assert.equal(new Set(outcomes.map((outcome) => 'contactId' in outcome && outcome.contactId)).size, 1);
    assert.equal(await count('contact'), 1);
    assert.equal(await count('outbox'), 1);
    assert.equal(await slotsInUse('active-calls'), 1);
  });

  it('puts first facts that are alike into few rows, and takes as many positions for them', async () => {
    const outbox = openOutboxStore(database);
    const from = await outbox.positionOf('sink');
    const before = await lastPosition();
    const asks = Array.from({ length: 100 }, () => sayingHello(sampleContact({ instanceId })));
    const whole = asked(sampleContact({ instanceId }));
    const outcomes = await Promise.all([...asks, whole].map((ask) => store.accept(ask)));
    assert.deepEqual(new Set(kinds(outcomes)), new Set(['accepted']));
    // Requests that come while a batch is under way are the next one.
    assert.ok((await count('outbox')) <= 8, `${await count('outbox')} rows`);
    assert.equal((await lastPosition()) - before, 101);
    const read = await outbox.read(from, 1000);
    assert.deepEqual(
      new Set(
        read.map(({ contactId, sequence, stream, payload }) => [contactId, sequence, stream, payload].join()),
      ),
      new Set([
        ...asks.map(({ contact }) => `${contact.id},1,contact-events,hello ${contact.id} from 1`),
        `${whole.contact.id},1,contact-events,INITIATED`,
      ]),
    );
    assert.equal(read.length, 101);
  });

  it('tells of those of alike requests only that were accepted', async () => {
    const outbox = openOutboxStore(database);
    const from = await outbox.positionOf('sink');
    await setCapacity('campaign-calls', 2);
    const ask = (token: number, pool: Contact['pool']): ContactToAccept => ({
      ...sayingHello(sampleContact({ instanceId, pool })),
      clientToken: { value: `token-${token}`, expiresAtMs: sampleTimeMs + weekMs },
    });
    const earlier = [1, 2, 3].map((n) => ask(n, 'active-calls'));
    // Tokens that were used before, and a pool that lacks room for all that want to be in it.
    const later = [1, 2, 3, 4, 5].flatMap((n) => [ask(n, 'active-calls'), ask(n + 10, 'campaign-calls')]);
    const outcomes: AcceptOutcome[] = [];
    for (const batch of [earlier, later]) {
      outcomes.push(...(await Promise.all(batch.map((each) => store.accept(each)))));
    }
    const accepted = [...earlier, ...later].filter((_, n) => outcomes[n]?.kind === 'accepted');
    assert.equal(accepted.length, 3 + 2 + 2);
    assert.deepEqual(
      (await outbox.read(from, 1000)).map(({ payload }) => payload).sort(),
      accepted.map(({ contact }) => `hello ${contact.id} from 1`).sort(),
    );
  });

  it('lets two nodes that race for the same tokens agree on one contact each', async () => {
    const tokens = Array.from({ length: 100 }, (_, n) => `token-${n}`);
    const order = [...tokens].reverse();
    const [ours, theirs] = await Promise.all([
      Promise.all(tokens.map((token) => store.accept(asked(sampleContact({ instanceId }), token)))),
      Promise.all(
        order.map((token, n) =>
          otherStore.accept(asked(sampleContact({ instanceId, pool: poolOf(n) }), token)),
        ),
      ),
    ]);
    const byToken = new Map(tokens.map((token, n) => [token, [ours[n]]]));
    order.forEach((token, n) => {
      byToken.get(token)?.push(theirs[n]);
    });
    for (const [token, outcomes] of byToken) {
      const [one, other] = outcomes.map((outcome) => outcome && 'contactId' in outcome && outcome.contactId);
      assert.equal(one, other, token);
      assert.deepEqual(outcomes.map((outcome) => outcome?.kind).sort(), ['accepted', 'replayed'], token);
    }
    assert.equal(await count('contact'), 100);
    assert.equal((await slotsInUse('active-calls')) + (await slotsInUse('campaign-calls')), 100);
  });

  it('replaces a token that has expired', async () => {
    const first = sampleContact({ instanceId });
    await store.accept(asked(first, 'token'));
    const later = sampleContact({ instanceId, initiatedAtMs: sampleTimeMs + weekMs });
    assert.deepEqual(await store.accept(asked(later, 'token')), { kind: 'accepted', contactId: later.id });
    assert.equal(await tokenOwner('token', later.initiatedAtMs), later.id);
    const replay = sampleContact({ instanceId, initiatedAtMs: later.initiatedAtMs + 1 });
    assert.deepEqual(await store.accept(asked(replay, 'token')), { kind: 'replayed', contactId: later.id });
  });

  it('finds a token for as long as it stands', async () => {
    const contact = sampleContact({ instanceId });
    await store.accept(asked(contact, 'token'));
    assert.equal(await tokenOwner('token', sampleTimeMs + weekMs - 1), contact.id);
    assert.equal(await tokenOwner('token', sampleTimeMs + weekMs), undefined);
    assert.equal(await tokenOwner('other', sampleTimeMs), undefined);
  });

  it('removes expired tokens, no more at once than asked', async () => {
    for (const token of ['a', 'b', 'c']) await store.accept(asked(sampleContact({ instanceId }), token));
    const late = sampleContact({ instanceId, initiatedAtMs: sampleTimeMs + 1 });
    await store.accept(asked(late, 'late'));
    assert.equal(await store.removeExpiredTokens(sampleTimeMs + weekMs, 2), 2);
    assert.equal(await store.removeExpiredTokens(sampleTimeMs + weekMs, 2), 1);
    assert.equal(await store.removeExpiredTokens(sampleTimeMs + weekMs, 2), 0);
    assert.equal(await tokenOwner('late', sampleTimeMs + weekMs), late.id);
  });

  it('refuses without a call slot, and leaves the token free', async () => {
    await setCapacity('active-calls', 1);
    await store.accept(asked(sampleContact({ instanceId }), 'first'));
    const refused = await store.accept(asked(sampleContact({ instanceId }), 'second'));
    assert.deepEqual(refused, { kind: 'no call slot', capacity: 1 });
    assert.equal(await tokenOwner('second', sampleTimeMs), undefined);
    assert.equal(await count('contact'), 1);
    assert.equal(await count('outbox'), 1);

    await setCapacity('active-calls', 2);
    const retried = sampleContact({ instanceId });
    assert.deepEqual(await store.accept(asked(retried, 'second')), {
      kind: 'accepted',
      contactId: retried.id,
    });
  });

  it('replays a token although all slots are in use', async () => {
    await setCapacity('active-calls', 1);
    const first = sampleContact({ instanceId });
    await store.accept(asked(first, 'first'));
    const again = await store.accept(asked(sampleContact({ instanceId }), 'first'));
    assert.deepEqual(again, { kind: 'replayed', contactId: first.id });
  });

  it('refuses the duplicates of a refused request too', async () => {
    await setCapacity('active-calls', 0);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => store.accept(asked(sampleContact({ instanceId }), 'same'))),
    );
    assert.deepEqual(new Set(kinds(outcomes)), new Set(['no call slot']));
    assert.equal(await count('client_token'), 0);
  });

  it('refuses a contact of an instance without slots at all', async () => {
    const contact = sampleContact({ instanceId: newId<InstanceId>() });
    assert.deepEqual(await store.accept(asked(contact, 'token')), { kind: 'no call slot', capacity: 0 });
    assert.equal(await count('client_token'), 0);
  });

  it('never gives out more slots than there are, and counts exactly, however many ask at once', async () => {
    await setCapacity('active-calls', 40);
    const outcomes = await Promise.all(
      Array.from({ length: 120 }, (_, n) =>
        (n % 2 === 0 ? store : otherStore).accept(asked(sampleContact({ instanceId }), `t${n}`)),
      ),
    );
    const accepted = outcomes.filter(({ kind }) => kind === 'accepted');
    assert.equal(accepted.length, 40);
    assert.equal(await slotsInUse('active-calls'), 40);
    assert.equal(await count('contact'), 40);
    assert.equal(await count('client_token'), 40);
  });

  it('counts campaign calls apart', async () => {
    await setCapacity('active-calls', 1);
    await setCapacity('campaign-calls', 2);
    const outcomes = await Promise.all(
      (['active-calls', 'active-calls', 'campaign-calls', 'campaign-calls', 'campaign-calls'] as const).map(
        (pool) => store.accept(asked(sampleContact({ instanceId, pool }))),
      ),
    );
    assert.deepEqual(kinds(outcomes), ['accepted', 'no call slot', 'accepted', 'accepted', 'no call slot']);
    assert.equal(await slotsInUse('active-calls'), 1);
    assert.equal(await slotsInUse('campaign-calls'), 2);
  });

  it('stores each contact of a batch with its own tenant, owner and pool', async () => {
    const asking = Array.from({ length: 12 }, (_, n) => ({
      owner: n % 3 === 0 ? deadNode : newId<NodeId>(),
      contact: sampleContact({
        instanceId,
        pool: poolOf(n),
        tenant: { ...sampleTenant, region: `region-${n % 4}` },
        attributes: { n: String(n) },
      }),
    }));
    await Promise.all(asking.map(({ contact, owner }, n) => store.accept(asked(contact, `t${n}`, owner))));
    for (const { contact, owner } of asking) {
      assert.deepEqual(await store.find(instanceId, contact.id), contact);
      const { rows } = await database.query('SELECT owner_node FROM contact WHERE id = $1', [contact.id]);
      assert.deepEqual(rows, [{ owner_node: owner }]);
    }
    assert.deepEqual([await slotsInUse('active-calls'), await slotsInUse('campaign-calls')], [6, 6]);
  });

  it('takes of a batch at once what nothing is in the way of, and leaves no trace of the rest', async () => {
    await setCapacity('campaign-calls', 1);
    const nowMs = sampleTimeMs + weekMs;
    await store.accept(asked(sampleContact({ instanceId }), 'expired'));
    const live = sampleContact({ instanceId, initiatedAtMs: nowMs - 1 });
    await store.accept(asked(live, 'live'));
    const contactOf = (changes: Partial<Contact> = {}): Contact =>
      sampleContact({ instanceId, initiatedAtMs: nowMs, ...changes });
    const batch = [
      asked(contactOf(), 'new'),
      asked(contactOf(), 'live'),
      asked(contactOf(), 'expired'),
      asked(contactOf()),
      asked(contactOf({ pool: 'campaign-calls' }), 'one too many'),
      asked(contactOf({ pool: 'campaign-calls' })),
    ];
    const outcomes = await acceptAtOnce(database, batch);
    assert.deepEqual(
      outcomes.map((outcome) => outcome.kind === 'done' && outcome.result),
      ['accepted', 'undecided', 'accepted', 'accepted', 'undecided', 'undecided'],
    );
    const [isNew, replay, renewed, free] = batch.map(({ contact }) => contact);
    assert.equal(await tokenOwner('new', nowMs), isNew?.id);
    assert.equal(await tokenOwner('live', nowMs), live.id);
    assert.equal(await tokenOwner('expired', nowMs), renewed?.id);
    assert.equal(await tokenOwner('one too many', nowMs), undefined);
    assert.ok(free && (await store.find(instanceId, free.id)));
    assert.ok(replay);
    assert.deepEqual(
      [await count('contact'), await count('outbox'), (await facts(replay)).length],
      [5, 5, 0],
    );
    assert.deepEqual([await slotsInUse('active-calls'), await slotsInUse('campaign-calls')], [5, 0]);
  });

  it('fails a request whose data cannot be stored alone', async () => {
    const bad = sampleContact({ instanceId, attributes: { poison: 'a\u0000b' } });
    const good = [1, 2, 3].map(() => sampleContact({ instanceId }));
    const [first, failed, ...rest] = await Promise.allSettled([
      store.accept(asked(good[0] as Contact, 'good-0')),
      store.accept(asked(bad, 'bad')),
      store.accept(asked(good[1] as Contact, 'good-1')),
      store.accept(asked(good[2] as Contact, 'good-2')),
    ]);
    assert.equal(failed?.status, 'rejected');
    for (const outcome of [first, ...rest]) {
      assert.equal(outcome?.status === 'fulfilled' && outcome.value.kind, 'accepted');
    }
    assert.equal(await tokenOwner('bad', sampleTimeMs), undefined);
    assert.equal(await slotsInUse('active-calls'), 3);
  });
});

describe('contact store › advance', () => {
  it('commits state, attempt and facts together', async () => {
    const contact = await accepted();
    const dialling: Contact = {
      ...contact,
      state: 'DIALLING',
      outboxSequence: 2,
      updatedAtMs: sampleTimeMs + 5,
      attributes: { a: '1' },
      outcome: { callId: 'call-1' },
    };
    await store.advance({
      contact: dialling,
      facts: [fact(2, 'CONTACT_DATA_UPDATED')],
      attempt: attempt(1),
    });
    assert.deepEqual(await store.find(instanceId, contact.id), dialling);
    assert.deepEqual(await attempts(contact), [{ n: 1, target: 'trunk 127.0.0.1:5060', call_id: 'call-1' }]);
    assert.deepEqual(await facts(contact), [
      [1, 'contact-events', 'INITIATED'],
      [2, 'contact-events', 'CONTACT_DATA_UPDATED'],
    ]);
  });

  it('refuses a stale epoch, which leaves no state, no fact and no attempt', async () => {
    const contact = await accepted();
    await database.query('UPDATE contact SET epoch = 2');
    await assert.rejects(
      store.advance({
        contact: { ...contact, state: 'DIALLING' },
        facts: [fact(2, 'CONTACT_DATA_UPDATED')],
        attempt: attempt(1),
      }),
      ContactNoLongerOwned,
    );
    await assert.rejects(store.advance(ending(contact)), ContactNoLongerOwned);
    assert.equal((await store.find(instanceId, contact.id))?.state, 'ACCEPTED');
    assert.deepEqual(await attempts(contact), []);
    assert.equal((await facts(contact)).length, 1);
    assert.equal(await slotsInUse('active-calls'), 1);
  });

  it('refuses a stale writer without hurting the others of its batch', async () => {
    const stale = await accepted();
    await database.query('UPDATE contact SET epoch = 2');
    const good = await accepted();
    const [refused, done] = await Promise.allSettled([
      store.advance(ending(stale)),
      store.advance(ending(good)),
    ]);
    assert.equal(refused?.status, 'rejected');
    assert.equal(done?.status, 'fulfilled');
    assert.equal((await store.find(instanceId, good.id))?.state, 'ENDED');
  });

  it('frees the call slot exactly once: an ended contact never changes again', async () => {
    const contact = await accepted();
    await accepted();
    assert.equal(await slotsInUse('active-calls'), 2);
    const outcomes = await Promise.allSettled([
      store.advance(ending(contact)),
      store.advance(ending(contact)),
      otherStore.advance(ending(contact)),
    ]);
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof ContactNoLongerOwned);
    }
    await assert.rejects(
      store.advance({ contact: { ...contact, state: 'CONNECTED' }, facts: [] }),
      ContactNoLongerOwned,
    );
    assert.equal(await slotsInUse('active-calls'), 1);
    assert.equal((await store.find(instanceId, contact.id))?.disconnectReason, 'OTHER');
    assert.deepEqual(await facts(contact), [
      [1, 'contact-events', 'INITIATED'],
      [2, 'contact-events', 'DISCONNECTED'],
      [3, 'contact-events', 'COMPLETED'],
      [4, 'contact-records', 'record'],
    ]);
  });

  it('frees the call slot when the call is over, and not again after after-contact work', async () => {
    const contact = await accepted();
    await accepted();
    const disconnected: ContactAdvance = {
      contact: {
        ...contact,
        state: 'DISCONNECTED',
        disconnectedAtMs: sampleTimeMs + 1000,
        outboxSequence: 2,
      },
      facts: [fact(2, 'DISCONNECTED')],
      call: 'over',
    };
    await store.advance(disconnected);
    assert.equal(await slotsInUse('active-calls'), 1);
    await assert.rejects(store.advance(disconnected), ContactNoLongerOwned);
    await store.advance({
      contact: { ...disconnected.contact, state: 'ENDED', outboxSequence: 3 },
      facts: [fact(3, 'COMPLETED')],
    });
    assert.equal(await slotsInUse('active-calls'), 1);
    assert.deepEqual(
      (await facts(contact)).map(([, , payload]) => payload),
      ['INITIATED', 'DISCONNECTED', 'COMPLETED'],
    );
  });

  it('frees the slots of every pool that a batch ends contacts of', async () => {
    const contacts = await Promise.all(Array.from({ length: 60 }, (_, n) => accepted({ pool: poolOf(n) })));
    await Promise.all(
      contacts.slice(0, 50).map((contact, n) => (n % 3 === 0 ? store : otherStore).advance(ending(contact))),
    );
    assert.deepEqual([await slotsInUse('active-calls'), await slotsInUse('campaign-calls')], [5, 5]);
  });

  it('writes data of an ended contact with its facts, and only of the contact as it was read', async () => {
    const contact = await accepted();
    const amendment = (read: Contact, value: string) => ({
      contact: {
        ...read,
        attributes: { a: value },
        outcome: { tags: { t: value } },
        updatedAtMs: sampleTimeMs + 2000,
        outboxSequence: read.outboxSequence + 2,
      },
      facts: [fact(read.outboxSequence + 1, 'CONTACT_DATA_UPDATED'), fact(read.outboxSequence + 2, value)],
    });
    assert.equal(await store.amendEnded(amendment(contact, 'early')), false);
    await store.advance(ending(contact));
    const ended = (await store.find(instanceId, contact.id)) ?? assert.fail();
    const outcomes = await Promise.all([
      store.amendEnded(amendment(ended, 'one')),
      otherStore.amendEnded(amendment(ended, 'one')),
    ]);
    assert.deepEqual(outcomes.toSorted(), [false, true]);
    assert.deepEqual(await store.find(instanceId, contact.id), amendment(ended, 'one').contact);
    assert.deepEqual((await facts(contact)).slice(4), [
      [5, 'contact-events', 'CONTACT_DATA_UPDATED'],
      [6, 'contact-events', 'one'],
    ]);
  });

  it('writes a contact that stands twice in a batch twice, in order', async () => {
    const contact = await accepted();
    const dialling: ContactAdvance = {
      contact: { ...contact, state: 'DIALLING' },
      facts: [fact(2, 'CONTACT_DATA_UPDATED')],
      attempt: attempt(1),
    };
    const connected: ContactAdvance = {
      contact: { ...contact, state: 'CONNECTED', connectedAtMs: sampleTimeMs, outboxSequence: 3 },
      facts: [fact(3, 'CONNECTED_TO_SYSTEM')],
    };
    await Promise.all([store.advance(dialling), store.advance(connected)]);
    assert.equal((await store.find(instanceId, contact.id))?.state, 'CONNECTED');
    assert.deepEqual(
      (await facts(contact)).map(([sequence]) => sequence),
      [1, 2, 3],
    );
  });

  it('writes nothing of a batch in which a contact stands twice and the second time fails', async () => {
    const contact = await accepted();
    const good: ContactAdvance = {
      contact: { ...contact, state: 'DIALLING' },
      facts: [fact(2, 'CONTACT_DATA_UPDATED')],
    };
    const bad: ContactAdvance = {
      contact: { ...contact, state: 'CONNECTED', attributes: { poison: '\u0000' } },
      facts: [],
    };
    await assert.rejects(advanceContacts(database, [good, bad]), { code: '22P05' });
    assert.equal((await store.find(instanceId, contact.id))?.state, 'ACCEPTED');
    assert.equal(await slotsInUse('active-calls'), 1);
    assert.equal((await facts(contact)).length, 1);
  });

  it('takes the same attempt again after a commit whose answer was lost', async () => {
    const contact = await accepted();
    const dialling: ContactAdvance = {
      contact: { ...contact, state: 'DIALLING' },
      facts: [],
      attempt: attempt(1),
    };
    await store.advance(dialling);
    await store.advance(dialling);
    assert.equal((await attempts(contact)).length, 1);
  });

  it('fails a contact whose data cannot be stored alone', async () => {
    const [bad, good] = [await accepted(), await accepted()];
    const [failed, done] = await Promise.allSettled([
      store.advance({ contact: { ...bad, attributes: { poison: '\u0000' } }, facts: [] }),
      store.advance(ending(good)),
    ]);
    assert.equal(failed?.status === 'rejected' && failed.reason.code, '22P05');
    assert.equal(done?.status, 'fulfilled');
  });
});

describe('contact store › recover', () => {
  it('takes over only contacts whose owner’s lease has run out, under a new epoch', async () => {
    const nodes = openNodeStore(database);
    const [living, dying, us] = [newId<NodeId>(), newId<NodeId>(), newId<NodeId>()];
    await nodes.register(living, { host: 'living' }, 3_600_000);
    await nodes.register(dying, { host: 'dying' }, 3_600_000);
    await nodes.register(us, { host: 'us' }, -1);
    const owned = {
      living: await accepted({}, living),
      dying: await accepted({}, dying),
      us: await accepted({}, us),
      gone: await accepted({}, deadNode),
    };
    assert.deepEqual(
      (await store.recover(us, 10)).map(({ contact }) => contact.id),
      [owned.gone.id],
    );
    await database.query('UPDATE node SET lease_expires_at = clock_timestamp() WHERE id = $1', [dying]);
    const [recovered, ...none] = await store.recover(us, 10);
    assert.deepEqual(recovered, { contact: { ...owned.dying, epoch: 2 }, dialAttempts: 0 });
    assert.deepEqual(none, []);
    await assert.rejects(store.advance(ending(owned.dying)), ContactNoLongerOwned);
    await store.advance(ending({ ...owned.dying, epoch: 2 }));
  });

  it('takes over at once what was left at its own place', async () => {
    const nodes = openNodeStore(database);
    const [before, beside, elsewhere, us] = [
      newId<NodeId>(),
      newId<NodeId>(),
      newId<NodeId>(),
      newId<NodeId>(),
    ];
    await nodes.register(before, { host: 'here', place: 'here 5060' }, 3_600_000);
    await nodes.register(beside, { host: 'here', place: 'here 5061' }, 3_600_000);
    await nodes.register(elsewhere, { host: 'here' }, 3_600_000);
    const left = await accepted({}, before);
    await accepted({}, beside);
    await accepted({}, elsewhere);
    await nodes.register(us, { host: 'here', place: 'here 5060' }, 3_600_000);
    const ours = await accepted({}, us);
    assert.deepEqual(
      (await store.recover(us, 10)).map(({ contact }) => contact.id),
      [left.id],
    );
    await store.advance(ending(ours));
    await nodes.register(newId<NodeId>(), { host: 'unknown' }, 3_600_000);
    assert.deepEqual(await store.recover(us, 10), [], 'places that are not known are not alike');
  });

  it('leaves ended contacts alone', async () => {
    const contact = await accepted({}, deadNode);
    await store.advance(ending(contact));
    assert.deepEqual(await store.recover(newId<NodeId>(), 10), []);
  });

  it('tells how often a contact was attempted', async () => {
    const [never, twice] = [await accepted({}, deadNode), await accepted({}, deadNode)];
    for (const n of [1, 2]) {
      await store.advance({ contact: { ...twice, state: 'DIALLING' }, facts: [], attempt: attempt(n) });
    }
    const recovered = await store.recover(newId<NodeId>(), 10);
    const byId = new Map(recovered.map(({ contact, dialAttempts }) => [contact.id, dialAttempts]));
    assert.deepEqual([byId.get(never.id), byId.get(twice.id)], [0, 2]);
  });

  it('takes the oldest first, no more than asked', async () => {
    const contacts = [];
    for (const n of [3, 1, 2]) {
      contacts.push(await accepted({ initiatedAtMs: sampleTimeMs + n }, deadNode));
    }
    const us = newId<NodeId>();
    const first = await store.recover(us, 2);
    assert.deepEqual(first.map(({ contact }) => contact.initiatedAtMs - sampleTimeMs).sort(), [1, 2]);
    assert.deepEqual(
      (await store.recover(us, 2)).map(({ contact }) => contact.id),
      [contacts[0]?.id],
    );
  });

  it('steps over what another node is taking at this moment', async () => {
    const [one, other] = [await accepted({}, deadNode), await accepted({}, deadNode)];
    await database.withTransaction(async ({ query }) => {
      await query('SELECT FROM contact WHERE id = $1 FOR UPDATE', [one.id]);
      const recovered = await otherStore.recover(newId<NodeId>(), 10);
      assert.deepEqual(
        recovered.map(({ contact }) => contact.id),
        [other.id],
      );
    });
  });

  it('never lets two nodes take the same contact', async () => {
    const nodes = openNodeStore(database);
    const [us, them] = [newId<NodeId>(), newId<NodeId>()];
    await nodes.register(us, { host: 'us' }, 3_600_000);
    await nodes.register(them, { host: 'them' }, 3_600_000);
    await Promise.all(Array.from({ length: 200 }, () => accepted({}, deadNode)));
    const takeAll = async (from: ContactStore, node: NodeId): Promise<string[]> => {
      const taken: string[] = [];
      for (;;) {
        const some = await from.recover(node, 7);
        if (some.length === 0) return taken;
        taken.push(...some.map(({ contact }) => contact.id));
      }
    };
    const [ours, theirs] = await Promise.all([takeAll(store, us), takeAll(otherStore, them)]);
    assert.equal(new Set([...ours, ...theirs]).size, 200);
    assert.equal(ours.length + theirs.length, 200, 'each was taken once');
  });
});

describe('contact store › reclaim', () => {
  it('takes back own open contacts among those asked for, and fences their former run off', async () => {
    const us = newId<NodeId>();
    const [lost, attempted, ended, unasked] = [
      await accepted({}, us),
      await accepted({}, us),
      await accepted({}, us),
      await accepted({}, us),
    ];
    const foreign = await accepted({}, deadNode);
    const missing = sampleContact({ instanceId });
    await store.advance({
      contact: { ...attempted, state: 'DIALLING' },
      facts: [],
      attempt: attempt(1),
    });
    await store.advance(ending(ended));

    const reclaimed = await store.reclaim(us, [lost, attempted, ended, foreign, missing]);
    const byId = new Map(reclaimed.map((found) => [found.contact.id, found]));
    assert.deepEqual([...byId.keys()].sort(), [lost.id, attempted.id].sort());
    assert.deepEqual(byId.get(lost.id), { contact: { ...lost, epoch: 2 }, dialAttempts: 0 });
    assert.equal(byId.get(attempted.id)?.dialAttempts, 1);
    await assert.rejects(store.advance(ending(lost)), ContactNoLongerOwned);
    await store.advance(ending({ ...lost, epoch: 2 }));
    await store.advance(ending(unasked));
  });
});

describe('contact store › recover while others write', () => {
  // The first contact of each takeover waits at this gate, so that others can write in the middle of its statement.
  const gate = 4711;

  before(async () => {
    await database.query(`
      CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF OLD.attributes ? 'gate' AND NEW.owner_node <> OLD.owner_node THEN
          PERFORM pg_advisory_xact_lock(${gate});
        END IF;
        RETURN NEW;
      END $$`);
    await database.query(
      'CREATE TRIGGER gate BEFORE UPDATE ON contact FOR EACH ROW EXECUTE FUNCTION wait_at_gate()',
    );
  });
  after(() => database.query('DROP TRIGGER gate ON contact'));

  /** Runs `work` while a takeover by `node` stands between its first and its second contact. */
  async function duringTakeover(node: NodeId, work: () => Promise<void>) {
    // How rows are joined is the planner's choice; a nested loop locks and writes them one by one.
    await database.query('ALTER DATABASE ringback SET enable_hashjoin = off');
    await database.query('ALTER DATABASE ringback SET enable_mergejoin = off');
    const slow = openContactStore(await server.openPool());
    return database.withTransaction(async ({ query }) => {
      await query(`SELECT pg_advisory_xact_lock(${gate})`);
      const takeover = slow.recover(node, 10);
      for (;;) {
        const { rows } = await database.query(
          `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = ${gate} AND NOT granted`,
        );
        if (rows.length > 0) break;
      }
      await work();
      return { takeover };
    });
  }

  it('does not take what a living node has taken since', async () => {
    const nodes = openNodeStore(database);
    const [us, them] = [newId<NodeId>(), newId<NodeId>()];
    await nodes.register(us, { host: 'us' }, 3_600_000);
    await nodes.register(them, { host: 'them' }, 3_600_000);
    const first = await accepted({ attributes: { gate: '' } }, deadNode);
    const second = await accepted({ initiatedAtMs: sampleTimeMs + 1 }, deadNode);
    const { takeover } = await duringTakeover(us, async () => {
      const theirs = await otherStore.recover(them, 10);
      assert.deepEqual(
        theirs.map(({ contact }) => contact.id),
        [second.id],
      );
    });
    assert.deepEqual(
      (await takeover).map(({ contact }) => contact.id),
      [first.id],
    );
  });

  it('counts an attempt that its late owner commits at that very moment', async () => {
    await accepted({ attributes: { gate: '' } }, deadNode);
    const second = await accepted({ initiatedAtMs: sampleTimeMs + 1 }, deadNode);
    const { takeover } = await duringTakeover(newId<NodeId>(), () =>
      otherStore.advance({ contact: { ...second, state: 'DIALLING' }, facts: [], attempt: attempt(1) }),
    );
    const found = (await takeover).find(({ contact }) => contact.id === second.id);
    assert.equal(found?.contact.state, 'DIALLING');
    assert.equal(found.dialAttempts, 1);
  });
});

describe('node store', () => {
  it('renews a lease for as long as the node is known', async () => {
    const nodes = openNodeStore(database);
    const us = newId<NodeId>();
    await nodes.register(us, { host: 'us' }, 1000);
    assert.equal(await nodes.renew(us, 60_000), true);
    const { rows } = await database.query<{ left: number }>(
      'SELECT extract(epoch FROM lease_expires_at - clock_timestamp())::float8 AS left FROM node',
    );
    assert.ok(rows[0] && rows[0].left > 30 && rows[0].left <= 60, `${rows[0]?.left} s`);
    await nodes.release(us);
    assert.equal(await nodes.renew(us, 60_000), false);
  });

  it('forgets dead nodes that own nothing open any more', async () => {
    const nodes = openNodeStore(database);
    const [empty, owning, fresh] = [newId<NodeId>(), newId<NodeId>(), newId<NodeId>()];
    await nodes.register(empty, { host: 'empty' }, -3_700_000);
    await nodes.register(owning, { host: 'owning' }, -3_700_000);
    await nodes.register(fresh, { host: 'fresh' }, -1000);
    const contact = await accepted({}, owning);
    await nodes.removeDead();
    assert.deepEqual(await knownNodes(), [fresh, owning].sort());
    await store.advance(ending(contact));
    await nodes.removeDead();
    assert.deepEqual(await knownNodes(), [fresh]);
  });
});

function asked(contact: Contact, token?: string, owner: NodeId = deadNode): ContactToAccept {
  return {
    contact,
    owner,
    clientToken:
      token === undefined ? undefined : { value: token, expiresAtMs: contact.initiatedAtMs + weekMs },
    facts: [fact(1, 'INITIATED')],
  };
}

async function accepted(changes: Partial<Contact> = {}, owner: NodeId = deadNode): Promise<Contact> {
  const contact = sampleContact({ instanceId, ...changes });
  const outcome = await store.accept(asked(contact, undefined, owner));
  assert.equal(outcome.kind, 'accepted');
  return contact;
}

function ending(contact: Contact): ContactAdvance {
  return {
    contact: {
      ...contact,
      state: 'ENDED',
      disconnectedAtMs: sampleTimeMs + 1000,
      disconnectReason: 'OTHER',
      outboxSequence: 4,
    },
    facts: [
      fact(2, 'DISCONNECTED'),
      fact(3, 'COMPLETED'),
      { sequence: 4, stream: 'contact-records', payload: 'record' },
    ],
    call: 'over',
  };
}

const fact = (sequence: number, payload: string): OutboxFact => ({
  sequence,
  stream: 'contact-events',
  payload,
});

const attempt = (n: number) => ({
  n,
  target: 'trunk 127.0.0.1:5060',
  callId: `call-${n}`,
  attemptedAtMs: sampleTimeMs,
});

const poolOf = (n: number): Contact['pool'] => (n % 2 === 0 ? 'active-calls' : 'campaign-calls');

/** Asks with a first fact of one form. */
const sayingHello = (contact: Contact): ContactToAccept => ({
  ...asked(contact),
  facts: [{ sequence: 1, stream: 'contact-events', payload: { form: hello, values: [contact.id, '1'] } }],
});
const hello: FactForm = { fixed: ['hello ', ' from ', ''], varying: [0, 1] };

async function lastPosition(): Promise<number> {
  const { rows } = await database.query<{ last: number }>('SELECT last_value AS last FROM outbox_position');
  return rows[0]?.last ?? 0;
}

const kinds = (outcomes: readonly AcceptOutcome[]): string[] => outcomes.map(({ kind }) => kind);

function tokenOwner(token: string, nowMs: number) {
  return store.findByToken({ ...sampleTenant, instanceId, token, nowMs });
}

async function facts(contact: Contact): Promise<unknown[][]> {
  const { rows } = await database.query<{ sequence: number; stream: string; payload: string }>(
    'SELECT sequence, stream, payload FROM outbox WHERE contact_id = $1 ORDER BY transaction_id, position',
    [contact.id],
  );
  return rows.map(({ sequence, stream, payload }) => [sequence, stream, payload]);
}

async function attempts(contact: Contact) {
  const { rows } = await database.query(
    'SELECT n, target, call_id FROM dial_attempt WHERE contact_id = $1 ORDER BY n',
    [contact.id],
  );
  return rows;
}

async function knownNodes(): Promise<string[]> {
  const { rows } = await database.query<{ id: string }>('SELECT id FROM node ORDER BY id');
  return rows.map(({ id }) => id);
}

async function count(table: string): Promise<number> {
  const { rows } = await database.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`);
  return rows[0]?.n ?? -1;
}

async function slotsInUse(pool: Contact['pool']): Promise<number> {
  const { rows } = await database.query<{ in_use: number }>(
    'SELECT in_use FROM call_slot_pool WHERE instance_id = $1 AND pool = $2',
    [instanceId, pool],
  );
  return rows[0]?.in_use ?? -1;
}

async function setCapacity(pool: Contact['pool'], capacity: number): Promise<void> {
  await database.query('UPDATE call_slot_pool SET capacity = $1 WHERE pool = $2', [capacity, pool]);
}
