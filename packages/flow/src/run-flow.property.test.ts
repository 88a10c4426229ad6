// Random valid flows, made from what the action files say is valid, on hosts that answer at random: every run stops within
// its guard, takes exactly the target that the rule allows, and throws nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { documentOf, flowOf, run, type Script } from '../test/scripted-host.ts';
import type { ActionDefinition } from './action-definition.ts';
import { allActions } from './actions/all-actions.ts';
import type { FlowType } from './flow-type.ts';
import {
  type Action,
  done,
  type Flow,
  type FlowHost,
  failed,
  type HostResult,
  unsupported,
} from './index.ts';
import type { Choice, ParameterSpec, TextSpec } from './parameter-spec.ts';
import { parseFlow } from './parse-flow.ts';
import { validateFlow } from './validate-flow.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const REFERENCES = ['$.Attributes.a', '$.External.x', '$.StoredCustomerInput', "$['FlowAttributes']['y']"];
const TEXTS = [
  'x',
  '1',
  '#',
  '+12065550100',
  'a-1',
  '<speak>x</speak>',
  'Hi $.Attributes.a, $.Channel',
  'NULL',
  '42',
];
const FLOW_TYPES: readonly FlowType[] = [
  'CONTACT_FLOW',
  'CUSTOMER_QUEUE',
  'CUSTOMER_HOLD',
  'AGENT_WHISPER',
  'OUTBOUND_WHISPER',
  'QUEUE_TRANSFER',
  'MODULE',
];
const STEP_LIMIT = 300;

function textFor(spec: TextSpec): fc.Arbitrary<unknown> {
  const fits = (text: string): boolean => spec.pattern === undefined || spec.pattern.test(text);
  const written = (spec.values ?? TEXTS).filter((text) => fits(text) || text.includes('$.'));
  const fixed = written.filter((text) => !text.includes('$.') || spec.references === 'inline');
  if (spec.references === 'only') return fc.constantFrom(...REFERENCES);
  if (spec.references === 'static' && fixed.length > 0) return fc.constantFrom(...fixed);
  return fc.constantFrom(...fixed, ...REFERENCES);
}

function valueFor(spec: ParameterSpec): fc.Arbitrary<unknown> {
  switch (spec.kind) {
    case 'text':
      return textFor(spec);
    case 'number': {
      const number = fc.integer({ min: spec.min, max: Math.min(spec.max, spec.min + 20) });
      const plain: fc.Arbitrary<unknown> = fc.oneof(number.map(String), number);
      return spec.references === 'static' ? plain : fc.oneof(plain, fc.constantFrom<unknown>(...REFERENCES));
    }
    case 'flag':
      return fc.constantFrom('True', 'False', 'true', false);
    case 'list':
      return fc.array(valueFor(spec.of), { minLength: spec.min ?? 0, maxLength: (spec.min ?? 0) + 2 });
    case 'map':
      return fc.dictionary(fc.constantFrom('a', 'b', 'c'), valueFor(spec.of), {
        minKeys: spec.required ? 1 : 0,
        maxKeys: 3,
      });
    case 'object':
      return membersFor(spec.members, spec.choice);
    case 'free':
      return fc.constantFrom<unknown>('x', { a: '$.Attributes.a' }, ['$.External.x']);
  }
}

function membersFor(
  members: Readonly<Record<string, ParameterSpec>>,
  choice: Choice | undefined,
): fc.Arbitrary<Record<string, unknown>> {
  const names = Object.keys(members);
  const chosen = choice?.of ?? [];
  const record = fc.record(
    Object.fromEntries(names.map((name) => [name, valueFor(members[name] as ParameterSpec)])),
    { requiredKeys: [...names.filter((name) => members[name]?.required), ...chosen] },
  );
  if (choice === undefined) return record as fc.Arbitrary<Record<string, unknown>>;
  return fc
    .tuple(record, fc.nat(chosen.length - 1))
    .map(([values, keep]) =>
      Object.fromEntries(
        Object.entries(values).filter(([name]) => !chosen.includes(name) || name === chosen[keep]),
      ),
    );
}

const target = fc.constantFrom(...NAMES);

function transitionsFor({ nextAction, errors, conditions }: ActionDefinition): fc.Arbitrary<object> {
  if (nextAction === 'none') return fc.constant({});
  const types = [...errors.expected, ...(errors.optional ?? [])];
  const operands = conditions?.results ?? ['1', 'NULL', 'x', '42'];
  const condition = (operand: fc.Arbitrary<string>) =>
    fc.record({
      NextAction: target,
      Condition: fc.record({
        Operator: fc.constantFrom(...(conditions?.operators ?? [])),
        Operands: operand.map((value) => [value]),
      }),
    });
  return fc.record({
    NextAction: target,
    Errors: fc
      .subarray(types, { minLength: Math.min(types.length, errors.expected.length) })
      .chain((kept) =>
        fc.tuple(...kept.map((ErrorType) => target.map((NextAction) => ({ ErrorType, NextAction })))),
      ),
    Conditions:
      conditions === undefined
        ? fc.constant([])
        : conditions.complete
          ? fc.tuple(...operands.map((operand) => condition(fc.constant(operand))))
          : fc.array(condition(fc.constantFrom(...operands)), { maxLength: 3 }),
  });
}

const action: fc.Arbitrary<object> = fc.constantFrom(...allActions()).chain((definition) =>
  fc.record({
    Type: fc.constant(definition.type),
    Parameters:
      definition.parameters === 'unknown'
        ? fc.constant({})
        : membersFor(definition.parameters, definition.choice),
    Transitions: transitionsFor(definition),
  }),
);

const FALLBACK = { Type: 'UpdateFlowLoggingBehavior', Parameters: { FlowLoggingBehavior: 'Enabled' } };

/** The flow, with what tables cannot say (rules of one action, flow types) sorted out by the validator itself. */
function validFlow(actions: readonly object[], type: FlowType): Flow {
  const entries = actions.map((entry, index) => [NAMES[index], entry] as const);
  const build = (bad: ReadonlySet<unknown>): object =>
    documentOf(
      Object.fromEntries(
        entries.map(([name, entry], index) => [
          name,
          bad.has(name)
            ? { ...FALLBACK, Transitions: { NextAction: NAMES[(index + 1) % NAMES.length] } }
            : entry,
        ]),
      ),
    );
  const errorsIn = (document: object) => {
    const parsed = parseFlow(document);
    assert.ok(parsed.ok, JSON.stringify(parsed));
    return validateFlow(parsed.flow, { type }).filter(({ severity }) => severity === 'error');
  };
  const document = build(new Set(errorsIn(build(new Set())).map(({ actionIdentifier }) => actionIdentifier)));
  assert.deepEqual(errorsIn(document), []);
  return flowOf(document, 'main', type);
}

/** Every operation of the host, with an answer as it would be. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  updateAttributes: undefined,
  updateContactData: undefined,
  setRecordingBehavior: undefined,
  setMediaStreaming: undefined,
  setEventHook: undefined,
  tagContact: undefined,
  untagContact: undefined,
  setTargetQueue: undefined,
  transferToQueue: undefined,
  dequeueAndTransfer: undefined,
  transferToAgent: undefined,
  transferToThirdParty: undefined,
  setRoutingPriority: undefined,
  setRoutingCriteria: undefined,
  setCallbackNumber: undefined,
  createCallback: undefined,
  completeOutboundCall: undefined,
  setPreviousParticipantState: undefined,
  disconnect: undefined,
  createTask: { contactId: 'task' },
  invokeLambda: '{"x":"1"}',
  isOpen: true,
  outboundCallStatus: 'CallAnswered',
  waitForEvent: 'CustomerReturned',
  encryptInput: 'cipher',
  runServiceAction: { result: '1', values: { root: 'Lex', value: { IntentName: '1' } } },
  queueMetrics: {
    contactsInQueue: 1,
    oldestContactAgeMs: 1,
    agentsOnline: 1,
    agentsAvailable: 1,
    agentsStaffed: 1,
  },
};

/** A host that draws how each of its answers comes, and what it is. */
function randomHost(draws: readonly number[], flow: Flow): Script['host'] {
  let at = 0;
  const answer = (value: unknown): HostResult<unknown> | Promise<HostResult<unknown>> => {
    at += 1;
    switch (draws[at % draws.length]) {
      case 0:
        return failed('at random', 'QueueAtCapacity');
      case 1:
        return unsupported('at random');
      case 2:
        throw new Error('thrown at random');
      case 3:
        return Promise.reject(new Error('rejected at random'));
      case 4:
        return failed('at random');
      case 5:
        return done(undefined);
      case 6:
        return Promise.resolve(done(value));
      default:
        return done(value);
    }
  };
  const module = flowOf(
    documentOf({ m: { Type: 'EndFlowModuleExecution', Parameters: { Result: '1' } } }),
    'module',
    'MODULE',
  );
  return {
    ...Object.fromEntries(Object.entries(ANSWERS).map(([name, value]) => [name, () => answer(value)])),
    findFlow: () => answer(flow),
    findModule: () => answer(module),
  } as Partial<FlowHost>;
}

/** The rule once more, in its own words: where an action has to go after a result. */
function ruledTarget({ errors, conditions, nextAction }: Action, result: string): string | undefined {
  const branch = (type: string) => errors.find(({ errorType }) => errorType === type)?.nextAction;
  const error = /^error (\w+): /.exec(result)?.[1];
  if (error !== undefined) return branch(error) ?? branch('NoMatchingError') ?? nextAction;
  if (!result.startsWith('result ') || conditions.length === 0) return nextAction;
  const value = result.slice('result '.length);
  const met = conditions.find(({ operator, operands: [operand = ''] }) => meets(operator, value, operand));
  return met?.nextAction ?? branch('NoMatchingCondition') ?? nextAction;
}

function meets(operator: string, value: string, operand: string): boolean {
  const numbers = [value, operand].every((text) => text.trim() !== '' && Number.isFinite(Number(text)));
  switch (operator) {
    case 'Equals':
      return value === operand;
    case 'TextStartsWith':
      return value !== 'NULL' && value.startsWith(operand);
    case 'TextEndsWith':
      return value !== 'NULL' && value.endsWith(operand);
    case 'TextContains':
      return value !== 'NULL' && value.includes(operand);
    case 'NumberGreaterThan':
      return numbers && Number(value) > Number(operand);
    case 'NumberGreaterOrEqualTo':
      return numbers && Number(value) >= Number(operand);
    case 'NumberLessThan':
      return numbers && Number(value) < Number(operand);
    case 'NumberLessOrEqualTo':
      return numbers && Number(value) <= Number(operand);
    default:
      // KeyExists: no result of these hosts has keys.
      return false;
  }
}

test('run › random valid flows on hosts that answer at random stop, go by the rule, and throw nothing', async () => {
  const ran = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: NAMES.length, maxLength: NAMES.length }),
      fc.constantFrom(...FLOW_TYPES),
      fc.array(fc.nat(12), { minLength: 1, maxLength: 20 }),
      fc.string({ unit: fc.constantFrom('1', '#', '*', '5'), maxLength: 8 }),
      fc.constantFrom('caller' as const, 'nobody' as const),
      async (actions, type, draws, keys, participant) => {
        const flow = validFlow(actions, type);
        const { steps, outcome } = await run(flow, {
          type,
          participant,
          presses: { 500: keys, 3000: keys },
          maxStepsWithoutTime: 60,
          maxSteps: STEP_LIMIT,
          hangUpAtMs: 7_200_000,
          limitMs: 7_300_000,
          host: randomHost(draws, flow),
        });
        // A module's way back is traced as a step of its caller, beside the one that ended it.
        assert.ok(steps.length <= 2 * STEP_LIMIT, `${steps.length} steps`);
        assert.equal(typeof outcome.kind, 'string');
        for (const step of steps) {
          ran.add(step.actionType);
          const left = step.result === 'leaves the flow';
          const from = step.flow.document.actions.get(step.actionIdentifier);
          assert.ok(from, step.actionIdentifier);
          if (!left) assert.equal(step.nextAction, ruledTarget(from, step.result), JSON.stringify(step));
        }
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(ran.size > 45, `only ${ran.size} kinds of actions ran`);
});
