// Whisper flows on virtual time: whom they reach, and that none of them lasts for ever.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createContactFlowState, type EventHook, type Flow, type FlowHost, parseFlow } from '@ringback/flow';
import { VirtualClock } from '@ringback/testkit';
import type { Leg } from '../calls/leg.ts';
import type { ContactFlowId } from '../ids.ts';
import type { Queue } from '../store/queue-store.ts';
import type { Instance } from '../store/resource-store.ts';
import { capturedLogger } from '../test-support/captured-logger.ts';
import {
  outboundWhisperOf,
  type WhisperParts,
  whisperToAgent,
  whisperToCalled,
  whisperToCustomer,
} from './whispers.ts';

const patience = new AbortController().signal;

/** Waits for `seconds`, then ends. */
function waitFlow(seconds: number): Flow {
  const parsed = parseFlow({
    Version: '2019-10-30',
    StartAction: 'wait',
    Actions: [
      {
        Identifier: 'wait',
        Type: 'Wait',
        Parameters: { TimeLimitSeconds: String(seconds) },
        Transitions: { NextAction: 'end', Errors: [], Conditions: [] },
      },
      { Identifier: 'end', Type: 'EndFlowExecution', Parameters: {}, Transitions: {} },
    ],
  });
  assert.ok(parsed.ok);
  return { document: parsed.flow, id: 'whisper', arn: 'arn', name: 'Whisper', type: 'CUSTOMER_WHISPER' };
}

function world(seconds: number, hooks: readonly EventHook[] = []) {
  const clock = new VirtualClock();
  const { logger } = capturedLogger();
  const asked: string[] = [];
  const media: string[] = [];
  const host = {
    clock,
    random: () => 0,
    contact: { contactId: 'contact', channel: 'VOICE', initiationMethod: 'API', attributes: new Map() },
    participant: undefined,
    log: () => undefined,
    note: () => undefined,
  } as unknown as FlowHost;
  const parts = {
    instance: {} as Instance,
    host,
    flowState: createContactFlowState(),
    hooks: new Map(hooks.map((hook) => [hook, { hook, execution: 'disabled' }] as const)),
    deps: {
      clock,
      logger,
      flows: {
        find: async (_instance: Instance, reference: string) => {
          asked.push(reference);
          return waitFlow(seconds);
        },
      },
    },
  } as unknown as WhisperParts;
  const leg = {
    media: { hold: () => media.push('hold'), resume: () => media.push('resume') },
  } as unknown as Leg;
  return { clock, parts, leg, asked, media, logger };
}

describe('whispers', () => {
  it('run the flow of their moment to its end', async () => {
    const { clock, parts, asked } = world(5);
    const toAgent = whisperToAgent(parts, { audio: {} as never }, patience);
    await clock.advance(5000);
    assert.equal(await toAgent, 'heard');
    const toCustomer = whisperToCustomer(parts, patience);
    await clock.advance(5000);
    assert.equal(await toCustomer, 'heard');
    assert.deepEqual(asked, ['Default agent whisper', 'Default customer whisper']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('do not run where a flow switched them off, or where nobody is to hear them', async () => {
    const { parts, asked } = world(5, ['AgentWhisper', 'CustomerWhisper']);
    assert.equal(await whisperToAgent(parts, { audio: {} as never }, patience), 'heard');
    assert.equal(await whisperToCustomer(parts, patience), 'heard');
    assert.equal(await whisperToAgent(world(5).parts, { audio: undefined }, patience), 'heard');
    assert.deepEqual(asked, []);
  });

  it('are stopped after two minutes', async () => {
    for (const begin of [
      ({ parts }: ReturnType<typeof world>) => whisperToAgent(parts, { audio: {} as never }, patience),
      ({ parts }: ReturnType<typeof world>) => whisperToCustomer(parts, patience),
      ({ parts, leg }: ReturnType<typeof world>) => whisperToCalled('flow', parts, leg, patience),
    ]) {
      const one = world(3600);
      let outcome: string | undefined;
      const whisper = begin(one).then((whispered) => {
        outcome = whispered;
      });
      await one.clock.advance(119_999);
      assert.equal(outcome, undefined);
      await one.clock.advance(1);
      await whisper;
      assert.equal(outcome, 'too long');
      assert.equal(one.clock.pendingTimers, 0);
    }
  });

  it('to a customer who was called keep the agent away until they are over', async () => {
    const { clock, parts, leg, media } = world(5);
    const whisper = whisperToCalled('flow', parts, leg, patience);
    await clock.advance(4999);
    assert.deepEqual(media, ['hold']);
    await clock.advance(1);
    await whisper;
    assert.deepEqual(media, ['hold', 'resume']);
  });

  it('to a customer who was called are those of the queue', () => {
    assert.equal(outboundWhisperOf({ outboundFlowId: 'own' as ContactFlowId } as Queue), 'own');
    assert.equal(outboundWhisperOf({ outboundFlowId: undefined } as Queue), 'Default outbound');
    assert.equal(outboundWhisperOf(undefined), 'Default outbound');
  });
});
