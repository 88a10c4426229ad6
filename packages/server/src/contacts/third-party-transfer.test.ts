// A customer's transfer to a telephone number against scripted phones, on virtual time: what is dialled, heard, refused and hung up.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HostResult, ThirdPartyRequest } from '@ringback/flow';
import { VirtualClock } from '@ringback/testkit';
import { dial } from '../calls/dial.ts';
import { type CallCaps, noCaps } from '../policy/toll-fraud.ts';
import type { CapReached } from '../store/count-calls.ts';
import type { Directory } from '../store/directory.ts';
import type { Instance } from '../store/resource-store.ts';
import { capturedLogger } from '../test-support/captured-logger.ts';
import { FakeMediaEngine, FakeUserAgent, type Journal } from '../test-support/fake-telephony.ts';
import { openTestTrunks, trunkAt } from '../test-support/fake-trunks.ts';
import { sampleContact, sampleInstanceId, sampleTenant } from '../test-support/sample-contact.ts';
import type { ContactOutcome } from './contact.ts';
import { callGuest, type GuestEvents } from './conversation-guest.ts';
import { openDialGate } from './dial-gate.ts';
import type { HeldByContact } from './end-contact.ts';
import type { DialTarget, OpenContact } from './open-contact.ts';
import { type ThirdPartyDeps, transferToThirdParty } from './third-party-transfer.ts';

const thirdNumber = '+12065550100';
const request: ThirdPartyRequest = {
  phoneNumber: thirdNumber,
  connectionTimeLimitMs: 20_000,
  afterwards: 'resume',
};

describe('third party transfer', () => {
  it('plays ringback while it rings, joins the two, sends digits, and resolves when the third party is gone', async () => {
    const world = await makeWorld();
    const result = world.transfer({ dtmfDigits: '1,2#' });
    await world.clock.drain();
    world.agent.call.provisional(180);
    await world.clock.advance(3_000);
    assert.match(world.customer.played.join(), /"frequenciesHz":\[440,480\]/);
    world.agent.call.answer();
    await world.clock.drain();
    assert.deepEqual(world.journal.slice(1), [
      'attempt call-2 at trunk 127.0.0.1:5062 is committed',
      'INVITE call-2 to 127.0.0.1:5062',
      'bridge with third party',
      'third party gets 1,2#',
    ]);
    assert.equal(world.learned.transferredTo?.number, thirdNumber);
    world.pressed('2');
    world.agent.call.dialog.end({ by: 'remote' });
    await world.clock.drain();
    assert.deepEqual(await result, { kind: 'done', value: undefined });
    assert.equal(world.journal.at(-1), 'media closes');
    assert.deepEqual(world.held.leg?.keys.drain(), [], 'keys of the conversation are not for the flow');
    assert.equal(world.clock.pendingTimers, 0);
  });

  it('leaves the third party with the contact where the flow shall not go on', async () => {
    const world = await makeWorld();
    const result = world.transfer({ afterwards: 'leave' });
    await world.clock.drain();
    world.agent.call.answer();
    await world.clock.drain();
    assert.equal((await result).kind, 'done');
    assert.equal(world.held.thirdParty?.callId, 'call-2');
    assert.ok(!world.journal.includes('BYE call-2'));
  });

  it('cancels the call when the customer hangs up while it rings', async () => {
    const world = await makeWorld();
    const result = world.transfer();
    await world.clock.drain();
    world.agent.call.provisional(180);
    await world.clock.drain();
    world.hangUp.abort(new Error('the customer hung up'));
    await assert.rejects(result, /the customer hung up/);
    assert.ok(world.journal.includes('CANCEL call-2'), world.journal.join());
    assert.equal(world.held.thirdParty, undefined);
  });

  it('hangs up on the third party with the customer', async () => {
    const world = await makeWorld();
    const result = world.transfer();
    await world.clock.drain();
    world.agent.call.answer();
    await world.clock.drain();
    world.hangUp.abort(new Error('the customer hung up'));
    await result;
    assert.deepEqual(world.journal.slice(-2), ['BYE call-2', 'media closes']);
  });

  it('of an agent › hangs up on who answered and could not be joined with the customer', async () => {
    const world = await makeWorld();
    Object.assign(world.customer, { bridge: () => Promise.reject(new Error('the media worker has ended')) });
    const gone: (string | undefined)[] = [];
    world.callGuest({
      changed: () => undefined,
      joined: () => undefined,
      gone: (failure) => gone.push(failure),
    });
    await world.clock.drain();
    world.agent.call.answer();
    await world.clock.drain();
    assert.deepEqual(gone, [`${thirdNumber} could not be reached.`]);
    assert.deepEqual(world.journal.slice(-2), ['BYE call-2', 'media closes']);
  });

  it('says what failed in words of the flow language', async () => {
    const unanswered = await makeWorld();
    const late = unanswered.transfer({ connectionTimeLimitMs: 5_000 });
    await unanswered.clock.drain();
    unanswered.agent.call.provisional(180);
    await unanswered.clock.advance(5_000);
    await unanswered.clock.drain();
    assert.equal(errorTypeOf(await late), 'ConnectionTimeLimitExceeded');

    const busy = await makeWorld();
    const refused = busy.transfer();
    await busy.clock.drain();
    busy.agent.call.reject(486);
    assert.equal(errorTypeOf(await refused), 'CallFailed');
  });

  it('dials nobody whose attempt could not be committed', async () => {
    const world = await makeWorld({ commit: () => Promise.reject(new Error('another node owns it')) });
    await assert.rejects(world.transfer(), /another node owns it/);
    assert.ok(!world.journal.some((line) => line.startsWith('INVITE call-2')));
    assert.deepEqual(world.settled, [undefined]);
  });

  it('has its cost settled by the time that its leg is closed: since the answer, or nothing', async () => {
    const world = await makeWorld();
    const result = world.transfer({ afterwards: 'leave' });
    await world.clock.drain();
    world.agent.call.answer();
    await world.clock.advance(61_000);
    await result;
    assert.deepEqual(world.settled, []);
    await world.clock.settle(Promise.resolve(world.held.thirdParty?.close()));
    assert.deepEqual(world.settled, [61_000]);

    const busy = await makeWorld();
    const refused = busy.transfer();
    await busy.clock.drain();
    busy.agent.call.reject(486);
    await refused;
    assert.deepEqual(busy.settled, [undefined]);
  });

  it('dials no number that a contact could not dial either', async () => {
    for (const [more, options] of [
      [{ phoneNumber: '+1911' }, {}],
      [{ phoneNumber: '+447400123456' }, {}],
      [{}, { gate: 'closed' }],
      [{}, { outboundCallsEnabled: false }],
      [{}, { cap: { kind: 'spend', dayLimitMicros: 1 } }],
      [{}, { caps: { ...noCaps, spend: { perDay: 1, pricesPerMinute: {}, reservedMinutes: 1 } } }],
    ] as const) {
      const world = await makeWorld(options);
      const result = world.transfer(more);
      await world.clock.advance(60_000);
      assert.equal(errorTypeOf(await result), 'CallFailed', JSON.stringify([more, options]));
      assert.ok(!world.journal.some((line) => line.startsWith('INVITE call-2')));
    }
  });

  it('shows a caller ID of the instance only, and knows no voice connectors', async () => {
    const world = await makeWorld();
    const foreign = await world.transfer({ callerId: { number: '+12065550777' } });
    assert.deepEqual([foreign.kind, errorTypeOf(foreign)], ['failed', undefined]);
    assert.equal((await world.transfer({ voiceConnector: {} })).kind, 'unsupported');
    const own = world.transfer({ callerId: { number: '+12065550199', name: 'Desk' } });
    await world.clock.drain();
    assert.match(JSON.stringify(world.agent.call.request.from), /\+12065550199.*Desk/);
    world.hangUp.abort();
    await assert.rejects(own, /abort/);
  });
});

const errorTypeOf = (result: HostResult): string | undefined =>
  result.kind === 'failed' ? result.errorType : result.kind;

interface Options {
  readonly gate?: 'open' | 'closed';
  readonly cap?: CapReached;
  readonly commit?: () => Promise<void>;
  readonly caps?: CallCaps;
  readonly outboundCallsEnabled?: boolean;
}

async function makeWorld({
  gate = 'open',
  cap,
  commit = async () => undefined,
  caps = {
    ...noCaps,
    perNumber: { perDay: 9 },
    spend: { perDay: 9, pricesPerMinute: { '+1': 1 }, reservedMinutes: 1 },
  },
  outboundCallsEnabled = true,
}: Options = {}) {
  const clock = new VirtualClock();
  const journal: Journal = [];
  const agent = new FakeUserAgent(journal);
  const media = new FakeMediaEngine(clock, journal);
  const dialling = {
    userAgent: agent,
    media,
    trunks: openTestTrunks(agent, clock, [
      trunkAt('trunk', { host: '127.0.0.1', port: 5062, transport: 'udp' }),
    ]),
    clock,
    newCallId: () => `call-${agent.calls.length + 1}`,
  };
  const { request: asked } = sampleContact();
  const first = dial(
    {
      destination: asked.destination,
      source: asked.source,
      account: sampleTenant,
      callerIdName: undefined,
      ringTimeoutMs: 30_000,
      dialByMs: clock.now() + 30_000,
    },
    { commitAttempt: async () => undefined },
    dialling,
    new AbortController().signal,
  );
  await clock.drain();
  agent.call.answer();
  const held: HeldByContact = { leg: await clock.settle(first) };
  const customer = media.session;
  const learned: Partial<ContactOutcome> = {};
  Object.assign(customer, { bridge: async () => void journal.push('bridge with third party') });
  const directory: Partial<Directory> = {
    instance: async () => ({ outboundCallsEnabled }) as Instance,
    phoneNumber: async (_tenant, e164) =>
      e164 === '+12065550199' ? { id: '', e164, instanceId: sampleInstanceId, countryCode: 'US' } : undefined,
  } as Partial<Directory>;
  const deps: ThirdPartyDeps = {
    dialling,
    gate: openDialGate(gate, clock),
    clock,
    directory: directory as Directory,
    policies: {
      of: () => ({
        destinations: { countries: new Set(['US', 'GB']), openPrefixes: [] },
        caps,
        amdSettings: {},
      }),
    },
    countCall: async () => cap,
    settleLeg: async ({ connectedMs }) => void settled.push(connectedMs),
    logger: capturedLogger().logger,
  };
  const contact = {
    current: sampleContact(),
    thirdPartyAttempted: async ({ callId, target }: DialTarget) => {
      await commit();
      journal.push(`attempt ${callId} at ${target} is committed`);
    },
    learned: (outcome: Partial<ContactOutcome>) => void Object.assign(learned, outcome),
  } as unknown as OpenContact;
  const instance = { id: sampleInstanceId, alias: 'a', tenant: sampleTenant } as unknown as Instance;
  const hangUp = new AbortController();
  const settled: (number | undefined)[] = [];
  return {
    settled,
    clock,
    journal,
    agent,
    customer,
    held,
    learned,
    hangUp,
    callGuest(events: GuestEvents): void {
      const { leg } = held;
      if (leg)
        callGuest({ number: thirdNumber, name: thirdNumber, customer: leg, contact, instance, deps, events });
    },
    pressed: (digit: '2') => customer.press(digit),
    transfer(more: Partial<ThirdPartyRequest> = {}): Promise<HostResult> {
      const openSession = media.openSession.bind(media);
      media.openSession = async (options) => {
        const session = await openSession(options);
        return Object.assign(session, {
          sendDigits: async (digits: string) => void journal.push(`third party gets ${digits}`),
        });
      };
      return transferToThirdParty({ ...request, ...more }, contact, instance, held, deps, hangUp.signal);
    },
  };
}
