// A contact's whole way in virtual time: which flow runs at which moment, to whom it speaks, and who ends it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Flow, type FlowType, parseFlow } from '@ringback/flow';
import { checkExpectations } from './check-expectations.ts';
import { readScenario } from './scenario-file.ts';
import { scriptedCaller, worldOf } from './scenario-world.ts';
import { type SimulatedRun, simulateFlow } from './simulate-flow.ts';

const startMs = Date.UTC(2026, 0, 5, 9);
const end: object = { Identifier: 'end', Type: 'EndFlowExecution', Parameters: {}, Transitions: {} };
const hangUp: object = { Identifier: 'end', Type: 'DisconnectParticipant', Parameters: {}, Transitions: {} };

describe('simulated journey', () => {
  it('runs the default flows of queue, whispers and hold in their order, and ends with the agent', async () => {
    const run = await simulate(
      [toQueue, end],
      'queue: Sales\nagent: { acceptsAfterSeconds: 20, talksForSeconds: 30, holdsForSeconds: 10 }\nexpect: { outcome: disconnected }',
    );
    assert.deepEqual(flowsOf(run), [
      ['CustomerQueue', 'Default customer queue', 'customer', 0],
      ['AgentWhisper', 'Default agent whisper', 'agent', 20_000],
      // The whisper says the queue's name.
      ['CustomerWhisper', 'Default customer whisper', 'customer', 20_500],
      ['CustomerHold', 'Default customer hold', 'customer', 38_500],
    ]);
    assert.equal(run.outcome.kind, 'disconnected');
    assert.deepEqual(saidTo(run, 'agent'), ['Sales']);
    assert.match(
      saidTo(run, 'customer').join(),
      /Thank you for your patience.*CustomerQueue.wav.*Beep.wav.*CustomerHold.wav/,
    );
    assert.equal(run.elapsedMs, 63_500);
  });

  it('runs what the flow set instead, nothing where it was switched off, and at last the disconnect flow', async () => {
    const run = await simulate(
      [
        hooks('set', { CustomerQueue: 'Music', AgentWhisper: 'x', CustomerRemaining: 'Survey' }, 'queue', {
          AgentWhisper: { DisableExecution: 'true' },
        }),
        toQueue,
        end,
      ],
      'queue: Sales\nagent: {}',
      {
        Music: flowOf([say('wait', 'Please wait.', 'end'), end], 'Music', 'CUSTOMER_QUEUE'),
        Survey: flowOf([say('ask', 'How was $.InitiationMethod?', 'end'), hangUp], 'Survey', 'CONTACT_FLOW'),
      },
    );
    assert.deepEqual(
      flowsOf(run).map(([hook, name]) => [hook, name]),
      [
        ['CustomerQueue', 'Music'],
        ['CustomerWhisper', 'Default customer whisper'],
        ['CustomerRemaining', 'Survey'],
      ],
    );
    assert.deepEqual(saidTo(run, 'customer'), ['Please wait.', 'Beep.wav', 'How was DISCONNECT?']);
    assert.deepEqual(run.outcome, { kind: 'disconnected' });
  });

  it('has no disconnect flow where the customer hangs up, in the talk or in the queue', async () => {
    const survey = { Survey: flowOf([say('ask', 'How was it?', 'end'), hangUp], 'Survey', 'CONTACT_FLOW') };
    const actions = [hooks('set', { CustomerRemaining: 'Survey' }, 'queue'), toQueue, end];
    const inTalk = await simulate(actions, 'queue: Sales\nagent: { hangsUp: customer }', survey);
    assert.equal(inTalk.outcome.kind, 'aborted');
    assert.ok(!flowsOf(inTalk).some(([hook]) => hook === 'CustomerRemaining'));
    const inQueue = await simulate(actions, 'queue: Sales\nhangUpAtSeconds: 5\nagent: {}', survey);
    assert.deepEqual(
      flowsOf(inQueue).map(([hook]) => hook),
      ['CustomerQueue'],
    );
    assert.equal(inQueue.elapsedMs, 5_000);
  });

  it('lets a queue flow move the contact to another queue, or end it', async () => {
    const moving = flowOf(
      [
        say('wait', 'Please wait.', 'move'),
        {
          Identifier: 'move',
          Type: 'DequeueContactAndTransferToQueue',
          Parameters: { QueueId: 'Overflow' },
          Transitions: { NextAction: 'end', Errors: errors('QueueAtCapacity', 'NoMatchingError') },
        },
        hangUp,
      ],
      'Music',
      'CUSTOMER_QUEUE',
    );
    const actions = [hooks('set', { CustomerQueue: 'Music' }, 'queue'), toQueue, end];
    const moved = await simulate(actions, 'queue: Sales\nagent: { acceptsAfterSeconds: 1 }', {
      Music: moving,
    });
    assert.equal(moved.queue, 'Overflow');
    assert.ok(flowsOf(moved).filter(([hook]) => hook === 'CustomerQueue').length > 1);
    const full = await simulate(
      actions,
      'queue: Sales\nqueues: { Sales: {}, Overflow: { capacity: full } }\nagent: { acceptsAfterSeconds: 60 }',
      { Music: moving },
    );
    assert.equal(full.outcome.kind, 'disconnected');
    assert.deepEqual(
      flowsOf(full).map(([hook]) => hook),
      ['CustomerQueue'],
    );
  });

  it('ends a queue flow that would move the contact for ever', async () => {
    const restless = flowOf(
      [
        {
          Identifier: 'move',
          Type: 'DequeueContactAndTransferToQueue',
          Parameters: { QueueId: 'Sales' },
          Transitions: { NextAction: 'end', Errors: errors('QueueAtCapacity', 'NoMatchingError') },
        },
        end,
      ],
      'Restless',
      'CUSTOMER_QUEUE',
    );
    const run = await simulate(
      [hooks('set', { CustomerQueue: 'Restless' }, 'queue'), toQueue, end],
      'queue: Sales\nagent: { acceptsAfterSeconds: 1 }',
      { Restless: restless },
    );
    assert.equal(flowsOf(run).filter(([hook]) => hook === 'CustomerQueue').length, 12);
  });

  it('lets the customer wait in silence when the queue flow has ended, and talks about the agent once he has accepted', async () => {
    const run = await simulate(
      [
        hooks('set', { CustomerQueue: 'Short', AgentWhisper: 'Brief', CustomerWhisper: 'Next' }, 'queue'),
        toQueue,
        end,
      ],
      'queue: Sales\nagent: { acceptsAfterSeconds: 40, talksForSeconds: 0 }',
      {
        Short: flowOf([say('tell', 'Nobody$.Agent.FirstName', 'end'), end], 'Short', 'CUSTOMER_QUEUE'),
        Next: flowOf(
          [say('tell', 'You speak with $.Agent.FirstName', 'end'), end],
          'Next',
          'CUSTOMER_WHISPER',
        ),
        Brief: flowOf([say('tell', 'Hi $.Agent.FirstName', 'end'), end], 'Brief', 'AGENT_WHISPER'),
      },
    );
    assert.deepEqual(saidTo(run, 'agent'), ['Hi Simulated']);
    assert.deepEqual(saidTo(run, 'customer'), ['Nobody', 'You speak with Simulated']);
    assert.equal(flowsOf(run)[1]?.[3], 40_000);
  });

  it('is compared with the flows that a scenario expects', async () => {
    const run = await simulate([toQueue, end], 'queue: Sales\nagent: {}');
    const unmet = checkExpectations({ flows: ['Default customer queue', 'Default customer whisper'] }, run);
    assert.deepEqual(unmet[0]?.lines, [
      '  Default customer queue',
      '+ Default agent whisper',
      '  Default customer whisper',
    ]);
  });
});

const toQueue: object = {
  Identifier: 'queue',
  Type: 'TransferContactToQueue',
  Parameters: {},
  Transitions: { NextAction: 'end', Errors: errors('QueueAtCapacity', 'NoMatchingError') },
};

function hooks(identifier: string, EventHooks: object, next: string, configuration?: object): object {
  return {
    Identifier: identifier,
    Type: 'UpdateContactEventHooks',
    Parameters: { EventHooks, ...(configuration ? { EventHooksConfiguration: configuration } : {}) },
    Transitions: { NextAction: next, Errors: errors('NoMatchingError') },
  };
}

function say(identifier: string, text: string, next: string): object {
  return {
    Identifier: identifier,
    Type: 'MessageParticipant',
    Parameters: { Text: text },
    Transitions: { NextAction: next, Errors: errors('NoMatchingError') },
  };
}

function errors(...types: readonly string[]): object[] {
  return types.map((ErrorType) => ({ ErrorType, NextAction: 'end' }));
}

function flowOf(actions: readonly object[], name: string, type: FlowType): Flow {
  const [first] = actions as readonly { readonly Identifier: string }[];
  const parsed = parseFlow({ Version: '2019-10-30', StartAction: first?.Identifier, Actions: actions });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return { document: parsed.flow, id: name, arn: name, name, type };
}

async function simulate(
  actions: readonly object[],
  yaml: string,
  others: Readonly<Record<string, Flow>> = {},
): Promise<SimulatedRun> {
  const scenario = readScenario('test.yaml', yaml);
  return simulateFlow({
    flow: flowOf(actions, 'main', 'CONTACT_FLOW'),
    world: worldOf(scenario, { findFlow: (name) => others[name] }),
    mind: scriptedCaller(scenario.caller ?? []),
    startMs,
    ...(scenario.hangUpAtSeconds === undefined ? {} : { hangUpAtMs: 1000 * scenario.hangUpAtSeconds }),
  });
}

/** Moment, flow, listener and time of each flow that began. */
function flowsOf(run: SimulatedRun) {
  return run.entries.flatMap((entry) =>
    entry.kind === 'flow begins' ? [[entry.hook, entry.flowName, entry.hears, entry.atMs] as const] : [],
  );
}

function saidTo(run: SimulatedRun, to: 'customer' | 'agent'): readonly string[] {
  return run.entries.flatMap((entry) => (entry.kind === 'says' && entry.to === to ? [entry.words] : []));
}
