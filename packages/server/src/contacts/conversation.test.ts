// Conversations in unlucky moments: what an agent still does when all is over, and what fails when nobody waits for it.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createContactFlowState } from '@ringback/flow';
import { MediaSessionClosed } from '@ringback/media';
import { VirtualClock } from '@ringback/testkit';
import type { Leg } from '../calls/leg.ts';
import { capturedLogger } from '../test-support/captured-logger.ts';
import { type ConversationParts, converse } from './conversation.ts';
import type { CardControls } from './story-card.ts';

/** A customer in conversation with an agent; `shown` are the buttons that his page has had, stage by stage. */
function world() {
  const clock = new VirtualClock();
  const { logger, lines } = capturedLogger();
  const shown: CardControls[] = [];
  const gone = Promise.withResolvers<void>();
  let isClosed = false;
  const mustBeOpen = (): void => {
    if (isClosed) throw new MediaSessionClosed(1);
  };
  const parts = {
    contact: {
      current: { id: 'contact', request: { destination: '+12065550100' }, outcome: {} },
      learned: () => undefined,
      connectedToAgent: async () => undefined,
    },
    instance: { tenant: {} },
    held: {},
    host: { clock, participant: undefined },
    flowState: createContactFlowState(),
    hooks: new Map([['CustomerHold', { hook: 'CustomerHold', execution: 'disabled' }]]),
    part: {
      attempts: 1,
      connected: async () => undefined,
      held: async (state: 'hold' | 'retrieve') => {
        if (state === 'retrieve') throw new Error('the database is away');
      },
    },
    card: { enter: (_stage: object, controls: CardControls) => shown.push(controls), show: () => undefined },
    desk: {
      audio: undefined,
      gone: gone.promise,
      onAudioReplaced: () => () => undefined,
      endEcho: async () => undefined,
      setUp: async () => ({
        agent: { agent: { id: 'agent', identity: {} }, profile: {}, hierarchy: [] },
      }),
    },
    deps: { clock, logger },
  };
  const audio = { stats: async () => ({}), unmute: () => undefined };
  const desk = { ...parts.desk, audio };
  const joined = { other: audio, part: async () => undefined };
  return {
    parts: { ...parts, desk, joined } as unknown as ConversationParts,
    customer: { media: { hold: mustBeOpen, resume: mustBeOpen } } as unknown as Leg,
    shown,
    lines,
    /** As when the contact's end closes the leg. */
    closeLeg: () => {
      isClosed = true;
    },
    agentGoes: () => gone.resolve(),
  };
}

it('conversation › an agent who presses Hold as the customer hangs up, and goes later, harms nobody', async () => {
  const { parts, customer, shown, closeLeg, agentGoes } = world();
  const hangUp = new AbortController();
  const talk = converse(parts, customer, 'none', hangUp.signal);
  while (!shown.at(-1)?.hold) await new Promise(setImmediate);
  const { hold } = shown.at(-1) ?? {};
  hangUp.abort();
  assert.deepEqual(await talk, { kind: 'over', ending: undefined });
  closeLeg();
  assert.deepEqual(shown.at(-1), {}, 'the buttons are dead');
  assert.equal(
    (await hold?.({ do: 'hold', contactId: 'contact' } as never, 'agent' as never))?.code,
    'NOT_NOW',
  );
  // A rejection that nobody takes ends the process, and fails this test.
  agentGoes();
  await new Promise(setImmediate);
});

it('conversation › what fails as a guest goes, whom the agent wanted to bring in, is told and harms nobody', async () => {
  // Nobody can be called with what these parts have, and no change of the routing can be written.
  const { parts, customer, shown, lines } = world();
  const hangUp = new AbortController();
  const talk = converse(parts, customer, 'none', hangUp.signal);
  while (!shown.at(-1)?.transfer) await new Promise(setImmediate);
  const command = { do: 'transfer', contactId: 'contact', kind: 'cold', phoneNumber: '+12065550120' };
  await shown.at(-1)?.transfer?.(command as never, 'agent' as never);
  const isTold = () =>
    lines.some(({ msg }) => msg === 'a conversation could not go on as it should when a guest came or went');
  while (!isTold()) await new Promise(setImmediate);
  hangUp.abort();
  assert.deepEqual(await talk, { kind: 'over', ending: undefined });
});

it('conversation › a recording that fails as the customer is handed over is told, and the two talk on', async () => {
  const { parts, customer, lines } = world();
  const hangUp = new AbortController();
  const handedOver = new AbortController();
  let tell: (news: 'handed over') => void = () => undefined;
  const transfer = {
    handedOver: handedOver.signal,
    byAgent: { name: 'ada' },
    customerState: 'connected',
    tellProgress: () => undefined,
    listen: (listener: typeof tell) => {
      tell = listener;
      return () => undefined;
    },
  };
  const failsNow = async (): Promise<void> => {
    if (handedOver.signal.aborted && !hangUp.signal.aborted) throw new Error('the recording failed');
  };
  const recording = { state: 'off', conversation: failsNow, onChanged: () => () => undefined };
  const talk = converse(
    { ...parts, transfer, held: { recording } } as unknown as ConversationParts,
    customer,
    'none',
    hangUp.signal,
  );
  await new Promise(setImmediate);
  handedOver.abort();
  tell('handed over');
  // A rejection that nobody takes ends the process, and fails this test.
  await new Promise(setImmediate);
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ['the recording could not begin as the customer was handed over'],
  );
  hangUp.abort();
  assert.deepEqual(await talk, { kind: 'over', ending: undefined });
});

for (const moment of ['before the answer', 'while the connection of the two is written'] as const) {
  it(`conversation › an agent whose page was loaded again ${moment} is joined with his new softphone`, async () => {
    const { parts, customer } = world();
    const softphone = (id: number) => ({
      id,
      stats: async () => ({}),
      unmute: () => undefined,
      unbridge: async () => undefined,
    });
    const [former, latest] = [softphone(1), softphone(2)];
    const bridged: unknown[] = [];
    const parted: unknown[] = [];
    let replaced: () => void = () => undefined;
    const desk = {
      ...parts.desk,
      audio: former,
      onAudioReplaced: (listener: () => void) => {
        replaced = listener;
        return () => undefined;
      },
    };
    const pageComesBack = (): void => {
      desk.audio = latest;
      replaced();
    };
    const written = Promise.withResolvers<void>();
    const contact = { ...parts.contact, connectedToAgent: () => written.promise };
    const joined = {
      other: former,
      part: async () => void parted.push(former),
      become: async () => undefined,
    };
    const media = { ...customer.media, bridge: async (other: unknown) => void bridged.push(other) };
    if (moment === 'before the answer') pageComesBack();
    const hangUp = new AbortController();
    const talk = converse(
      { ...parts, desk, contact, joined } as unknown as ConversationParts,
      { ...customer, media } as unknown as Leg,
      'none',
      hangUp.signal,
    );
    await new Promise(setImmediate);
    if (moment !== 'before the answer') pageComesBack();
    written.resolve();
    await new Promise(setImmediate);
    assert.deepEqual([parted, bridged], [[former], [latest]]);
    hangUp.abort();
    assert.deepEqual(await talk, { kind: 'over', ending: undefined });
  });
}
