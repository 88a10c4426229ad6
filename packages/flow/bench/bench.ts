// How fast the interpreter and the validator are, beside their goals: actions per second with a host that does nothing,
// time to validate a flow of 94 actions (or the file given), memory per paused flow: `npm run bench:flow`.

import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { developerCommand } from '@ringback/testkit';
import { done, type Flow, type FlowHost, parseFlow, runFlow, validateFlow } from '../src/index.ts';

const command = developerCommand('npm run bench:flow --')
  .description(
    'Measures the flow interpreter and its validator beside their goals: actions per second, ms to validate, memory per paused flow.',
  )
  .argument('[file]', 'flow document to validate; one of 94 actions when absent')
  .addHelpText(
    'after',
    `
Examples:
  npm run bench:flow
  npm run bench:flow -- flow.json`,
  )
  .parse();
const [file] = command.args;
const given = file === undefined ? undefined : readFlow(file);

/** Reads the flow before anything is measured: a wrong name is told at once. */
function readFlow(from: string): string {
  try {
    const text = readFileSync(from, 'utf8');
    flowOf(text);
    return text;
  } catch (error) {
    return command.error(`error: ${from} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

const host: FlowHost = {
  clock: { now: () => 0, setTimeout: () => undefined, clearTimeout: () => undefined },
  random: () => 0.5,
  contact: {
    contactId: 'c',
    initialContactId: 'c',
    channel: 'VOICE',
    initiationMethod: 'API',
    instanceArn: 'i',
    awsRegion: 'us-east-1',
    attributes: new Map([['tier', 'gold']]),
  },
  participant: undefined,
  log: () => undefined,
  note: () => undefined,
  updateAttributes: () => done(),
};

/** Memory is only told rightly after a collection, which a flag of V8 opens. */
function openGarbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
const collectGarbage = openGarbageCollector();

function flowOf(content: string | object): Flow {
  const parsed = parseFlow(content);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { document: parsed.flow, id: 'f', arn: 'f', name: 'f', type: 'CONTACT_FLOW' };
}

/** Compare, set attributes, voice, loop: the mix of an IVR without its waiting. */
const MIX = {
  Version: '2019-10-30',
  StartAction: 'compare',
  Actions: [
    {
      Identifier: 'compare',
      Type: 'Compare',
      Parameters: { ComparisonValue: '$.Attributes.tier' },
      Transitions: {
        NextAction: 'set',
        Errors: [{ ErrorType: 'NoMatchingCondition', NextAction: 'set' }],
        Conditions: [
          { NextAction: 'set', Condition: { Operator: 'Equals', Operands: ['silver'] } },
          { NextAction: 'set', Condition: { Operator: 'Equals', Operands: ['gold'] } },
        ],
      },
    },
    {
      Identifier: 'set',
      Type: 'UpdateContactAttributes',
      Parameters: { Attributes: { greeting: 'Hello $.Attributes.tier customer' } },
      Transitions: { NextAction: 'voice', Errors: [{ ErrorType: 'NoMatchingError', NextAction: 'voice' }] },
    },
    {
      Identifier: 'voice',
      Type: 'UpdateContactTextToSpeechVoice',
      Parameters: { TextToSpeechVoice: 'Joanna' },
      Transitions: { NextAction: 'share' },
    },
    {
      Identifier: 'share',
      Type: 'DistributeByPercentage',
      Transitions: {
        NextAction: 'compare',
        Errors: [{ ErrorType: 'NoMatchingCondition', NextAction: 'compare' }],
        Conditions: [{ NextAction: 'compare', Condition: { Operator: 'NumberLessThan', Operands: ['4'] } }],
      },
    },
  ],
};

/** A flow as long as the longest export known. */
function longFlow(): object {
  const actions = Array.from({ length: 94 }, (_, n) => ({
    ...MIX.Actions[n % MIX.Actions.length],
    Identifier: n === 0 ? 'compare' : `a${n}`,
    Transitions: { ...MIX.Actions[n % MIX.Actions.length]?.Transitions, NextAction: `a${(n % 93) + 1}` },
  }));
  return { ...MIX, Actions: [...actions, ...MIX.Actions.slice(1)] };
}

async function actionsPerSecond(): Promise<number> {
  const flow = flowOf(MIX);
  const steps = 2_000_000;
  const signal = new AbortController().signal;
  await runFlow(flow, host, { signal, maxSteps: 200_000, maxStepsWithoutTime: Number.POSITIVE_INFINITY });
  // Processor time, so that other work on the machine does not count.
  const before = process.threadCpuUsage();
  await runFlow(flow, host, { signal, maxSteps: steps, maxStepsWithoutTime: Number.POSITIVE_INFINITY });
  const { user, system } = process.threadCpuUsage(before);
  return (steps / (user + system)) * 1_000_000;
}

function validationMs(): number {
  const text = given ?? JSON.stringify(longFlow());
  const rounds = Array.from({ length: 50 }, () => {
    const began = performance.now();
    const parsed = parseFlow(text);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    validateFlow(parsed.flow, { type: 'CONTACT_FLOW' });
    return performance.now() - began;
  });
  // The median: other work on the machine must not count.
  return rounds.toSorted((a, b) => a - b)[rounds.length / 2] ?? Number.NaN;
}

async function bytesPerPausedFlow(): Promise<number> {
  const flow = flowOf({
    Version: '2019-10-30',
    StartAction: 'wait',
    Actions: [
      {
        Identifier: 'wait',
        Type: 'Wait',
        Parameters: { TimeLimitSeconds: '60' },
        Transitions: { NextAction: 'wait' },
      },
    ],
  });
  const count = 20_000;
  // The signal is the contact's, not the flow's.
  const contacts = Array.from({ length: count }, () => {
    const stop = new AbortController();
    stop.signal.addEventListener('abort', () => undefined);
    return stop;
  });
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const runs = contacts.map(({ signal }) => runFlow(flow, host, { signal }));
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  const bytes = (process.memoryUsage().heapUsed - before) / count;
  for (const contact of contacts) contact.abort();
  await Promise.all(runs);
  return bytes;
}

function report(what: string, measured: string, goal: string, isMet: boolean): void {
  console.log(`${what.padEnd(24)}${measured.padStart(16)}   goal ${goal}: ${isMet ? 'met' : 'missed'}`);
}

const perSecond = await actionsPerSecond();
report(
  'actions per second',
  Math.round(perSecond).toLocaleString('en'),
  '500,000 or more',
  perSecond >= 500_000,
);
const ms = validationMs();
report('parse and validate', `${ms.toFixed(2)} ms`, 'under 5 ms', ms < 5);
const bytes = await bytesPerPausedFlow();
report('memory per paused flow', `${Math.round(bytes)} bytes`, 'under 4,096 bytes', bytes < 4096);
