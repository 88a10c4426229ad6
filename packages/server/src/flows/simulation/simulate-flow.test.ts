// Flows in virtual time: what the caller does, how the world answers, and what scenarios say of it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Flow, type FlowType, parseFlow } from '@ringback/flow';
import { checkExpectations, difference } from './check-expectations.ts';
import { type Expectations, readScenario, ScenarioUnusable } from './scenario-file.ts';
import { scriptedCaller, worldOf } from './scenario-world.ts';
import { type SimulatedRun, simulateFlow } from './simulate-flow.ts';
import { SimulatedClock, SimulationStuck } from './simulated-clock.ts';

const startMs = Date.UTC(2026, 0, 5, 9);
const end: object = { Identifier: 'end', Type: 'EndFlowExecution', Parameters: {}, Transitions: {} };
const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:lookup';

describe('simulated caller', () => {
  it('presses keys one second after the prompt, one question after the other', async () => {
    const run = await simulate(
      [ask('first', 'second'), ask('second', 'end'), end],
      'caller: [{press: "1"}, {press: "2"}]',
    );
    assert.deepEqual(branches(run), [
      'first Conditions[0] Equals "1"',
      'second Errors[NoMatchingCondition]',
      'end ended',
    ]);
    // 13 characters at 65 ms, and one second, twice.
    assert.equal(run.elapsedMs, 2 * (13 * 65 + 1000));
  });

  it('lets the time run out where it is silent, and when its steps are used up', async () => {
    const run = await simulate([ask('first', 'second'), ask('second', 'end'), end], 'caller: [silence]');
    assert.deepEqual(branches(run).slice(0, 2), [
      'first Errors[InputTimeLimitExceeded]',
      'second Errors[InputTimeLimitExceeded]',
    ]);
    assert.deepEqual(
      run.entries.flatMap((entry) => (entry.kind === 'silence' ? [entry.forMs] : [])),
      [8000, 8000],
    );
  });

  it('interrupts a prompt', async () => {
    const run = await simulate(
      [ask('first', 'end'), end],
      'caller: [{press: "1", duringPromptSeconds: 0.2}]',
    );
    assert.equal(run.elapsedMs, 200);
    assert.equal(branches(run)[0], 'first Conditions[0] Equals "1"');
  });

  it('waits for words; keys that come before anybody asks are lost, as on a telephone', async () => {
    const actions = [say('hello', 'Hello there', 'first'), ask('first', 'end'), end];
    const early = await simulate(actions, 'caller: [{press: "1", hears: "HELLO", duringPromptSeconds: 0}]');
    assert.equal(branches(early)[1], 'first Errors[InputTimeLimitExceeded]');
    const inTime = await simulate(actions, 'caller: [{press: "1", hears: "HELLO", afterSeconds: 0.1}]');
    assert.equal(branches(inTime)[1], 'first Conditions[0] Equals "1"');
  });

  it('hangs up in the middle of a message; no further branch is taken', async () => {
    const run = await simulate(
      [say('hello', 'A long message that goes on for a while', 'end'), end],
      'caller: [{hangUp: true, hears: long, duringPromptSeconds: 1}]',
    );
    assert.equal(run.outcome.kind, 'aborted');
    assert.equal(run.elapsedMs, 1000);
    assert.deepEqual(run.steps, []);
  });

  it('loses patience with a flow that never ends', async () => {
    const loop = {
      Identifier: 'music',
      Type: 'MessageParticipantIteratively',
      Parameters: { Messages: [{ PromptId: 'Music.wav' }] },
      Transitions: { NextAction: 'end', Errors: [], Conditions: [] },
    };
    const run = await simulate([loop, end], '', 'CUSTOMER_QUEUE');
    assert.equal(run.outcome.kind, 'aborted');
    assert.equal(run.elapsedMs, 3_600_000);
  });
});

describe('simulated world', () => {
  const call = {
    Identifier: 'call',
    Type: 'InvokeLambdaFunction',
    Parameters: { LambdaFunctionARN: functionArn, InvocationTimeLimitSeconds: '3' },
    Transitions: {
      NextAction: 'remember',
      Errors: [{ ErrorType: 'NoMatchingError', NextAction: 'end' }],
      Conditions: [],
    },
  };
  const remember = {
    Identifier: 'remember',
    Type: 'UpdateContactAttributes',
    Parameters: { Attributes: { tier: '$.External.tier' }, TargetContact: 'Current' },
    Transitions: {
      NextAction: 'call',
      Errors: [{ ErrorType: 'NoMatchingError', NextAction: 'end' }],
      Conditions: [],
    },
  };

  it('answers functions by name, call by call', async () => {
    const run = await simulate(
      [call, remember, end],
      'lambdas: {lookup: [{answer: {tier: gold}, afterSeconds: 1}, {answer: {tier: silver}}, {error: broken}]}',
    );
    assert.deepEqual(branches(run), [
      'call NextAction',
      'remember NextAction',
      'call NextAction',
      'remember NextAction',
      'call Errors[NoMatchingError]',
      'end ended',
    ]);
    assert.equal(run.attributes.tier, 'silver');
    assert.equal(run.elapsedMs, 1000);
  });

  it('drops the answer of a function that comes too late, and one that comes after the hang-up', async () => {
    const late = await simulate(
      [call, remember, end],
      'lambdas: {lookup: {answer: {tier: gold}, afterSeconds: 5}}',
    );
    assert.equal(branches(late)[0], 'call Errors[NoMatchingError]');
    assert.equal(late.elapsedMs, 3000);
    const gone = await simulate(
      [call, remember, end],
      'lambdas: {lookup: {answer: {tier: gold}, afterSeconds: 2}}\nhangUpAtSeconds: 1',
    );
    assert.equal(gone.outcome.kind, 'aborted');
    assert.equal(gone.elapsedMs, 1000);
    assert.deepEqual(gone.steps, []);
    assert.deepEqual(gone.attributes, {});
  });

  it('opens and closes hours, fills queues', async () => {
    const hours = {
      Identifier: 'hours',
      Type: 'CheckHoursOfOperation',
      Parameters: { HoursOfOperationId: 'arn:aws:connect:us-east-1:0:instance/i/operating-hours/weekdays' },
      Transitions: {
        NextAction: 'end',
        Errors: [{ ErrorType: 'NoMatchingError', NextAction: 'end' }],
        Conditions: ['True', 'False'].map((value) => ({
          NextAction: value === 'True' ? 'set queue' : 'end',
          Condition: { Operator: 'Equals', Operands: [value] },
        })),
      },
    };
    const setQueue = {
      Identifier: 'set queue',
      Type: 'UpdateContactTargetQueue',
      Parameters: { QueueId: 'Sales' },
      Transitions: {
        NextAction: 'queue',
        Errors: [{ ErrorType: 'NoMatchingError', NextAction: 'end' }],
        Conditions: [],
      },
    };
    const queue = {
      Identifier: 'queue',
      Type: 'TransferContactToQueue',
      Parameters: {},
      Transitions: {
        NextAction: 'end',
        Errors: ['QueueAtCapacity', 'NoMatchingError'].map((ErrorType) => ({ ErrorType, NextAction: 'end' })),
        Conditions: [],
      },
    };
    const actions = [hours, setQueue, queue, end];
    const free = await simulate(actions, '');
    assert.equal(free.outcome.kind, 'queued');
    assert.equal(free.queue, 'Sales');
    const closed = await simulate(actions, 'hours: {weekdays: closed}');
    assert.equal(branches(closed)[0], 'hours Conditions[1] Equals "False"');
    const full = await simulate(actions, 'queues: {Sales: {capacity: full}}');
    assert.equal(branches(full)[2], 'queue Errors[QueueAtCapacity]');
    const none = await simulate(actions, 'queues: {Service: {}}');
    assert.equal(branches(none)[1], 'set queue Errors[NoMatchingError]');
  });
});

describe('simulated clock', () => {
  it('stands still while somebody outside is asked', async () => {
    const clock = new SimulatedClock(0);
    let isLate = false;
    clock.setTimeout(() => {
      isLate = true;
    }, 10);
    const answered = clock.outside(
      new Promise<string>((resolve) => setImmediate(() => setImmediate(() => resolve('here')))),
    );
    assert.equal(await clock.runUntil(answered), 'here');
    assert.equal(isLate, false);
    assert.equal(clock.now(), 0);
  });

  it('says so when nothing can ever happen', async () => {
    const clock = new SimulatedClock(0);
    await assert.rejects(clock.runUntil(new Promise(() => undefined)), SimulationStuck);
  });
});

describe('expectations', () => {
  const actions = [say('hello', 'Hello there', 'first'), ask('first', 'end'), end];

  it('hold', async () => {
    const run = await simulate(actions, 'caller: [{press: "1"}]\nattributes: {name: Ann}');
    assert.deepEqual(
      checkExpectations(
        {
          outcome: 'ended',
          path: ['hello', 'first', 'end'],
          visits: ['hello', 'end'],
          says: ['hello', 'press'],
          neverSays: ['goodbye'],
          attributes: { name: 'Ann', choice: null },
          lambdas: [],
          lastsAtMostSeconds: 10,
        },
        run,
      ),
      [],
    );
  });

  const wrong: readonly (readonly [Expectations, readonly string[]])[] = [
    [{ outcome: 'disconnected' }, ['- disconnected', '+ ended']],
    [{ path: ['hello', 'second', 'end'] }, ['  hello', '- second', '+ first', '  end']],
    [{ visits: ['first', 'hello'] }, ['- hello', '+ end']],
    [{ says: ['goodbye'] }, ['- goodbye', '+ Hello there', '+ Press a key. ']],
    [{ neverSays: ['there'] }, ['+ Hello there']],
    [{ attributes: { name: 'Bob' } }, ['- name: "Bob"', '+ name: (none)']],
    [{ lambdas: ['lookup'] }, ['- lookup']],
    [{ queue: 'Sales' }, ['- Sales', '+ (none)']],
    [{ lastsAtMostSeconds: 1 }, ['- at most 1 s', '+ 2.56 s']],
  ];
  for (const [expected, lines] of wrong) {
    it(`show what differs: ${Object.keys(expected)[0]}`, async () => {
      const run = await simulate(actions, 'caller: [{press: "1"}]');
      const unmet = checkExpectations(expected, run);
      assert.equal(unmet.length, 1);
      assert.deepEqual(unmet[0]?.lines, lines);
    });
  }

  it('align two long paths without taking long', () => {
    const path = Array.from({ length: 5000 }, (_, n) => `a${n}`);
    assert.deepEqual(difference(path, path.toSpliced(4000, 1)), ['  (4000 the same)', '- a4000', '+ a4001']);
  });
});

describe('scenario file', () => {
  it('names line and key of every mistake', () => {
    const text = 'caller:\n  - press: "1x"\nexpect:\n  outcome: nothing\n  sayz: [a]\nhours: shut\n';
    assert.throws(
      () => readScenario('s.yaml', text),
      (error) => {
        assert.ok(error instanceof ScenarioUnusable);
        for (const place of ['s.yaml:2:', 's.yaml:4:', 's.yaml:5:', 's.yaml:6:'])
          assert.match(error.message, new RegExp(place));
        assert.match(error.message, /unknown key "sayz"/);
        return true;
      },
    );
  });

  it('refuses two times for one step', () => {
    const text = 'caller: [{press: "1", afterSeconds: 1, duringPromptSeconds: 1}]';
    assert.throws(() => readScenario('s.yaml', text), /s\.yaml:1:.*not both/);
  });
});

function simulate(
  actions: readonly object[],
  scenario: string,
  type: FlowType = 'CONTACT_FLOW',
): Promise<SimulatedRun> {
  const read = readScenario('scenario.yaml', scenario);
  return simulateFlow({
    flow: flowOf(actions, type),
    world: worldOf(read, { findFlow: () => undefined }),
    mind: scriptedCaller(read.caller ?? []),
    startMs,
    ...(read.hangUpAtSeconds === undefined ? {} : { hangUpAtMs: 1000 * read.hangUpAtSeconds }),
  });
}

function branches(run: SimulatedRun): string[] {
  return run.steps.map(({ actionIdentifier, via }) => `${actionIdentifier} ${via}`);
}

function flowOf(actions: readonly object[], type: FlowType): Flow {
  const [first] = actions as readonly { Identifier: string }[];
  const parsed = parseFlow({ Version: '2019-10-30', StartAction: first?.Identifier, Actions: actions });
  assert.ok(parsed.ok);
  return { document: parsed.flow, id: 'main', arn: 'main', name: 'main', type };
}

function say(identifier: string, words: string, next: string): object {
  return {
    Identifier: identifier,
    Type: 'MessageParticipant',
    Parameters: { Text: words },
    Transitions: {
      NextAction: next,
      Errors: [{ ErrorType: 'NoMatchingError', NextAction: next }],
      Conditions: [],
    },
  };
}

/** A menu of one key whose every branch goes to `next`. */
function ask(identifier: string, next: string): object {
  return {
    Identifier: identifier,
    Type: 'GetParticipantInput',
    Parameters: { Text: 'Press a key. ', InputTimeLimitSeconds: '8', StoreInput: 'False' },
    Transitions: {
      NextAction: next,
      Errors: ['InputTimeLimitExceeded', 'NoMatchingCondition', 'NoMatchingError'].map((ErrorType) => ({
        ErrorType,
        NextAction: next,
      })),
      Conditions: [{ NextAction: next, Condition: { Operator: 'Equals', Operands: ['1'] } }],
    },
  };
}
