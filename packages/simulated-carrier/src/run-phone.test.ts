// What is too slow or too rare for real calls: real SIP in memory and virtual time, with media that only pretends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MediaEngine, MediaEvent, MediaSession } from '@ringback/media';
import { InviteRejected, openUserAgent } from '@ringback/sip';
import { InMemoryNetwork, VirtualClock } from '@ringback/testkit';
import { DigestGate } from './digest-gate.ts';
import { Phone } from './phone.ts';
import type { PhoneEventDetail } from './phone-event.ts';
import { listensForPrompts, type PhoneScenario } from './phone-scenario.ts';
import { runPhone } from './run-phone.ts';

/** Media that answers every offer and plays in no time; `openSession` may be replaced. */
class PretendedMedia {
  sessions = 0;
  emit: (event: MediaEvent) => void = () => {};
  open: () => Promise<void> = async () => {};
  pressed = '';

  readonly engine = {
    openSession: async (options: { onEvent: (event: MediaEvent) => void }) => {
      await this.open();
      this.sessions++;
      this.emit = options.onEvent;
      return this.#session;
    },
  } as unknown as MediaEngine;

  readonly #session = {
    answerOffer: async () => 'v=0\r\n',
    play: async () => ({ kind: 'finished' }),
    sendDigits: async (digits: string) => {
      this.pressed += digits;
    },
    close: async () => {
      this.sessions--;
      return { packetsSent: 1, packetsReceived: 2 };
    },
  } as unknown as MediaSession;
}

async function call(scenario: PhoneScenario) {
  const clock = new VirtualClock();
  const network = new InMemoryNetwork({ clock });
  const media = new PretendedMedia();
  const notes: PhoneEventDetail[] = [];
  const faults: unknown[] = [];
  let phone: Phone | undefined;
  let story: Promise<void> | undefined;
  const called = await openUserAgent({
    host: '10.0.0.2',
    port: 5060,
    clock,
    network,
    // Accepted, or an answer larger than the INVITE would be withheld from a caller that nobody knows.
    acceptsFrom: () => true,
    onInvite: (invite) => {
      phone = new Phone({
        call: { callId: invite.request.headers.callId, from: 'alice', to: 'bob' },
        invite,
        surroundings: {
          media: media.engine,
          clock,
          gate: new DigestGate(new Uint8Array(32), () => clock.now()),
          recordingsDirectory: undefined,
          reportFault: (error) => faults.push(error),
        },
        listensForPrompts: listensForPrompts(scenario),
        note: (detail) => notes.push(detail),
      });
      story = runPhone(phone, scenario);
    },
  });
  const caller = await openUserAgent({ host: '10.0.0.1', port: 5060, clock, network });
  const invite = caller.invite({
    target: called.endpoint,
    requestUri: 'sip:bob@10.0.0.2',
    from: { uri: 'sip:alice@10.0.0.1' },
    to: { uri: 'sip:bob@10.0.0.2' },
    callId: 'one',
    body: { contentType: 'application/sdp', content: 'v=0\r\n' },
  });
  await clock.advance(0);
  assert.ok(phone !== undefined && story !== undefined);
  return { clock, media, notes, faults, phone, story, called, caller, invite };
}

async function statusOf(answered: Promise<unknown>): Promise<number> {
  try {
    await answered;
  } catch (error) {
    if (error instanceof InviteRejected) return error.status;
    throw error;
  }
  throw new Error('the call was answered');
}

test('phone › ringing that nobody cancels ends with 480 after five minutes', async () => {
  const { clock, invite, story, notes } = await call([{ step: 'ring', forMs: 'forever' }]);
  await clock.advance(299_000);
  assert.deepEqual(notes, [{ kind: 'ringing' }]);
  assert.equal(await clock.settle(statusOf(invite.answered)), 480);
  await clock.settle(story);
  assert.deepEqual(notes.at(-1), { kind: 'ended', by: 'phone', how: 'rejected' });
});

test('phone › hangs up when the caller has not been heard for long', async () => {
  const { clock, invite, story, media, notes } = await call([{ step: 'answer' }]);
  const dialog = await clock.settle(invite.answered);
  media.emit({ kind: 'mediaLost' });
  await clock.settle(story);
  assert.equal((await clock.settle(dialog.ended)).by, 'remote');
  const ended = notes.at(-1);
  assert.ok(ended?.kind === 'ended');
  assert.deepEqual([ended.by, ended.how, ended.packetsReceived], ['fault', 'mediaLost', 2]);
  assert.equal(media.sessions, 0);
});

test('phone › a caller that cannot be given media gets 500, and the fault is reported', async () => {
  const problem = new Error('no port');
  const scenario: PhoneScenario = [{ step: 'ring', forMs: 1_000 }, { step: 'answer' }];
  const { clock, invite, story, media, notes, faults } = await call(scenario);
  media.open = () => Promise.reject(problem);
  assert.equal(await clock.settle(statusOf(invite.answered)), 500);
  await clock.settle(story);
  assert.deepEqual(faults, [problem]);
  assert.deepEqual(notes.slice(1), [
    { kind: 'failed', message: 'no port' },
    { kind: 'ended', by: 'fault', how: 'failed' },
  ]);
});

test('phone › CANCEL while media opens leaves no session behind', async () => {
  const scenario: PhoneScenario = [{ step: 'ring', forMs: 1_000 }, { step: 'answer' }];
  const { clock, invite, story, media, notes, called } = await call(scenario);
  media.open = () => new Promise((resolve) => clock.setTimeout(resolve, 500));
  await clock.advance(1_200);
  invite.cancel();
  await clock.settle(story);
  const ended = notes.at(-1);
  assert.ok(ended?.kind === 'ended');
  assert.deepEqual([ended.by, ended.how], ['caller', 'cancel']);
  assert.equal(media.sessions, 0);
  await clock.advance(60_000);
  assert.equal(called.activity.serverTransactions, 0);
});

test('phone › a prompt that ends while the phone is busy is not missed', async () => {
  const { clock, invite, story, media } = await call([
    { step: 'answer' },
    { step: 'pause', forMs: 5_000 },
    { step: 'repeat', steps: [{ step: 'awaitPromptEnd' }, { step: 'press', digits: '1' }] },
  ]);
  const dialog = await clock.settle(invite.answered);
  media.emit({ kind: 'speechEnded', mediaTimeMs: 100 });
  await clock.advance(4_000);
  assert.equal(media.pressed, '');
  await clock.advance(2_000);
  assert.equal(media.pressed, '1');
  media.emit({ kind: 'speechEnded', mediaTimeMs: 7_000 });
  await clock.advance(0);
  assert.equal(media.pressed, '11');
  await clock.settle(dialog.bye());
  await clock.settle(story);
});

test('phone › hanging up after the answer counts from the answer, whatever was done meanwhile', async () => {
  const { clock, invite, notes } = await call([
    { step: 'ring', forMs: 10_000 },
    { step: 'answer' },
    { step: 'pause', forMs: 2_000 },
    { step: 'hangUp', afterAnswerMs: 3_000 },
  ]);
  const dialog = await clock.settle(invite.answered);
  await clock.advance(2_999);
  assert.equal(notes.at(-1)?.kind, 'answered');
  await clock.settle(dialog.ended);
  assert.deepEqual(
    notes.slice(-2).map(({ kind }) => kind),
    ['bye', 'ended'],
  );
});

test('phone › closing hangs up an answered call and turns a ringing one away', async () => {
  const answered = await call([{ step: 'answer' }]);
  const dialog = await answered.clock.settle(answered.invite.answered);
  answered.phone.shutDown();
  await answered.clock.settle(answered.story);
  assert.equal((await answered.clock.settle(dialog.ended)).by, 'remote');

  const ringing = await call([{ step: 'ring', forMs: 'forever' }]);
  ringing.phone.shutDown();
  assert.equal(await ringing.clock.settle(statusOf(ringing.invite.answered)), 503);
  await ringing.clock.settle(ringing.story);
  assert.deepEqual(ringing.notes.at(-1), { kind: 'ended', by: 'phone', how: 'closed' });
});

test('phone › a call leaves no timer behind', async () => {
  const { clock, invite, story, called, caller } = await call([
    { step: 'ring', forMs: 100 },
    { step: 'answer' },
    { step: 'pause', forMs: 3_600_000 },
  ]);
  const dialog = await clock.settle(invite.answered);
  await clock.settle(dialog.bye());
  await clock.settle(story);
  await called.close();
  await caller.close();
  assert.equal(clock.pendingTimers, 0);
});
