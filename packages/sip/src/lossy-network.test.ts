// Ten thousand calls of every kind over a network that loses one message in twenty and reorders, in virtual time: each reaches its right
// end on both sides, and afterwards nothing is left of any of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IncomingInvite } from './dialog/incoming-invite.ts';
import type { DialogEnd, InviteDialog } from './dialog/invite-dialog.ts';
import { InviteCancelled, InviteRejected } from './errors.ts';
import { CALLEE_HOST, CALLER_HOST, callTo, createWorld, sdp, type World } from './sip-fixture.ts';

const CALLS = 10_000;
/** Calls begin this far apart, ms, so that about a thousand are up at once. */
const SPACING_MS = 8;
const TALK_MS = 4_000;

const KINDS = [
  'callerHangsUp',
  'calleeHangsUp',
  'bothHangUp',
  'busy',
  'cancelled',
  'cancelRacesAnswer',
  'reliableEarlyMedia',
  'lateOffer',
  'holdAndResume',
  'updatedByCallee',
] as const;
type Kind = (typeof KINDS)[number];

function kindOf(callId: string): Kind {
  return KINDS[Number(callId.slice(callId.indexOf('-') + 1)) % KINDS.length] as Kind;
}

/** What became of one call, seen from both sides. */
interface Story {
  caller: string;
  callee: string;
}

const pause = (world: World, delayMs: number): Promise<void> =>
  new Promise((resolve) => world.clock.setTimeout(resolve, delayMs));

async function answerCall(world: World, invite: IncomingInvite, story: Story): Promise<void> {
  const kind = kindOf(invite.request.headers.callId);
  const isReliable = kind === 'reliableEarlyMedia';
  if (isReliable) invite.provisional(183, undefined, { reliability: 'reliable', body: sdp('answer') });
  else invite.provisional(180);
  await pause(world, kind === 'cancelled' ? 60_000 : 700);
  if (kind === 'busy') {
    invite.reject(486);
    story.callee = 'rejected';
    return;
  }
  let dialog: InviteDialog;
  try {
    dialog = await invite.answer({
      body: sdp('answer'),
      onRequest: ({ body }) => ({ status: 200, body: sdp(`answer to ${body}`) }),
    });
  } catch {
    story.callee = 'cancelled';
    return;
  }
  story.callee = 'answered';
  void dialog.ended.then(({ by }) => {
    story.callee = `ended by ${by}`;
  });
  if (kind === 'updatedByCallee') {
    await pause(world, 1_000);
    assert.deepEqual(await dialog.update(sdp('moved')), sdp('seen moved'));
  }
  if (kind === 'calleeHangsUp' || kind === 'updatedByCallee') {
    await pause(world, TALK_MS);
    await dialog.bye();
  } else if (kind === 'bothHangUp') {
    await pause(world, TALK_MS);
    void dialog.bye();
  }
}

/** Plays the calling side to its end. */
async function talk(world: World, kind: Kind, dialog: InviteDialog): Promise<DialogEnd> {
  if (kind === 'holdAndResume') {
    assert.deepEqual(await dialog.reinvite(sdp('hold')), sdp('answer to hold'));
    assert.deepEqual(await dialog.reinvite(sdp('resume')), sdp('answer to resume'));
  }
  if (kind !== 'calleeHangsUp' && kind !== 'updatedByCallee') {
    await pause(world, TALK_MS);
    await dialog.bye();
  }
  return dialog.ended;
}

test('lossy network › of 10,000 calls each reaches its right end, and nothing is left', async () => {
  const world = createWorld(
    { lossRate: 0.05, delayMs: 20, jitterMs: 10, reorderRate: 0.05, reorderDelayMs: 120 },
    4,
  );
  const stories = new Map<string, Story>();
  const problems: unknown[] = [];
  const storyOf = (callId: string): Story => {
    const known = stories.get(callId);
    if (known !== undefined) return known;
    const story: Story = { caller: 'nothing', callee: 'nothing' };
    stories.set(callId, story);
    return story;
  };
  const callee = await world.open({
    host: CALLEE_HOST,
    acceptsFrom: () => true,
    onInvite: (invite) => {
      const story = storyOf(invite.request.headers.callId);
      assert.equal(story.callee, 'nothing', 'rung twice');
      story.callee = 'ringing';
      answerCall(world, invite, story).catch((error) => problems.push(error));
    },
  });
  const caller = await world.open({ host: CALLER_HOST, acceptsFrom: () => true });

  async function place(callId: string): Promise<void> {
    const kind = kindOf(callId);
    const story = storyOf(callId);
    const { body, ...offerless } = callTo({
      callId,
      onRequest: (request) => ({ status: 200, body: sdp(`seen ${request.body}`) }),
      onOffer: (offer) => sdp(`answer to ${offer.content}`),
    });
    const call = caller.invite(
      kind === 'lateOffer' || body === undefined ? offerless : { ...offerless, body },
    );
    if (kind === 'cancelled') world.clock.setTimeout(() => call.cancel(), 2_000);
    if (kind === 'cancelRacesAnswer') world.clock.setTimeout(() => call.cancel(), 730);
    try {
      const dialog = await call.answered;
      story.caller = 'answered';
      story.caller = `ended by ${(await talk(world, kind, dialog)).by}`;
    } catch (error) {
      if (error instanceof InviteRejected) story.caller = `rejected ${error.status}`;
      else if (error instanceof InviteCancelled) story.caller = 'cancelled';
      else throw error;
    }
  }

  for (let index = 0; index < CALLS; index++) {
    world.clock.setTimeout(() => {
      place(`call-${index}`).catch((error) => problems.push(error));
    }, index * SPACING_MS);
  }
  let sent = 0;
  let lost = 0;
  for (let elapsedMs = 0; elapsedMs < CALLS * SPACING_MS + 400_000; elapsedMs += 5_000) {
    await world.clock.advance(5_000);
    // The log would hold every message of every call.
    sent += world.network.log.length;
    for (const { fate } of world.network.log) if (fate === 'lost') lost++;
    world.network.log.length = 0;
  }

  assert.deepEqual(problems, []);
  assert.ok(lost > sent * 0.04, `${lost} of ${sent} were lost`);
  const right: Record<Kind, readonly string[]> = {
    callerHangsUp: ['ended by local, ended by remote'],
    calleeHangsUp: ['ended by remote, ended by local'],
    // Who is first is a matter of milliseconds; where both BYEs cross, both did it.
    bothHangUp: [
      'ended by local, ended by remote',
      'ended by remote, ended by local',
      'ended by local, ended by local',
    ],
    busy: ['rejected 486, rejected'],
    cancelled: ['cancelled, cancelled'],
    cancelRacesAnswer: [
      'cancelled, cancelled',
      'cancelled, ended by remote',
      'ended by local, ended by remote',
    ],
    reliableEarlyMedia: ['ended by local, ended by remote'],
    lateOffer: ['ended by local, ended by remote'],
    holdAndResume: ['ended by local, ended by remote'],
    updatedByCallee: ['ended by remote, ended by local'],
  };
  const wrong = new Map<string, number>();
  for (const [callId, { caller: ours, callee: theirs }] of stories) {
    const kind = kindOf(callId);
    const end = `${ours}, ${theirs}`;
    if (!right[kind].includes(end)) wrong.set(`${kind}: ${end}`, (wrong.get(`${kind}: ${end}`) ?? 0) + 1);
  }
  assert.deepEqual([...wrong], []);
  assert.equal(stories.size, CALLS);
  const idle = { clientTransactions: 0, serverTransactions: 0, dialogs: 0, pendingCalls: 0, lateAnswers: 0 };
  assert.deepEqual(caller.activity, idle);
  assert.deepEqual(callee.activity, idle);
  assert.equal(world.clock.pendingTimers, 0);
  assert.deepEqual(world.faults, []);
});
