/** The file of a scenario: how a flow's world and caller behave, and what is expected of the flow. Read for `ringback flow run --script`. */
import { FLOW_TYPES } from '@ringback/flow';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { readCheckedYaml, type YamlMistake } from '../../checked-yaml.ts';
import { e164, textOfForm } from '../../text-forms.ts';

const strict = { additionalProperties: false } as const;
const seconds = Type.Number({ minimum: 0, maximum: 604_800 });
const textMap = Type.Record(Type.String(), Type.String());
const keys = textOfForm('at most 64 keys, each a digit, "*" or "#", in quotes', '^[0-9*#]{1,64}$');
const phoneNumber = e164('^\\+[1-9][0-9]{2,14}$');
const count = Type.Integer({ minimum: 0, maximum: 1_000_000 });

/** What the caller does at the next question, or when a message with certain words begins. */
const CallerStep = Type.Union([
  Type.Literal('silence'),
  Type.Literal('hangUp'),
  Type.Object(
    {
      press: keys,
      /** Waits for a message that contains these words, instead of the next question. */
      hears: Type.Optional(Type.String({ minLength: 1 })),
      /** So long after the prompt's end; default 1. */
      afterSeconds: Type.Optional(seconds),
      /** Interrupts the prompt so long after its beginning. */
      duringPromptSeconds: Type.Optional(seconds),
    },
    strict,
  ),
  Type.Object(
    {
      hangUp: Type.Literal(true),
      hears: Type.Optional(Type.String({ minLength: 1 })),
      afterSeconds: Type.Optional(seconds),
      duringPromptSeconds: Type.Optional(seconds),
    },
    strict,
  ),
]);

const LambdaAnswer = Type.Union([
  Type.Object({ answer: Type.Unknown(), afterSeconds: Type.Optional(seconds) }, strict),
  Type.Object({ error: Type.String(), afterSeconds: Type.Optional(seconds) }, strict),
]);

const Queue = Type.Object(
  {
    capacity: Type.Optional(Type.Union([Type.Literal('free'), Type.Literal('full')])),
    contactsInQueue: Type.Optional(count),
    oldestContactAgeSeconds: Type.Optional(seconds),
    agentsOnline: Type.Optional(count),
    agentsAvailable: Type.Optional(count),
    agentsStaffed: Type.Optional(count),
  },
  strict,
);

const openOrClosed = Type.Union([Type.Literal('open'), Type.Literal('closed')]);

const outcomes = [
  'disconnected',
  'ended',
  'queued',
  'transferredToAgent',
  'transferredToThirdParty',
  'aborted',
  'moduleEnded',
  'stepLimitReached',
] as const;

const Expectations = Type.Object(
  {
    /** How control left the flow. `aborted`: the caller hung up. */
    outcome: Type.Optional(Type.Enum([...outcomes])),
    /** Identifiers of all actions in the order they ran. */
    path: Type.Optional(Type.Array(Type.String())),
    /** Identifiers that ran in this order, others between them or not. */
    visits: Type.Optional(Type.Array(Type.String())),
    /** Words that messages contain, in this order. */
    says: Type.Optional(Type.Array(Type.String())),
    /** Words that no message contains. */
    neverSays: Type.Optional(Type.Array(Type.String())),
    /** Attributes that the contact has at the end; `null` where it has none of that name. */
    attributes: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()]))),
    /** Functions called, in order, by name or ARN. */
    lambdas: Type.Optional(Type.Array(Type.String())),
    queue: Type.Optional(Type.String()),
    /** Names of the flows that queue, whispers, hold and the agent's leaving began, in order. */
    flows: Type.Optional(Type.Array(Type.String())),
    lastsAtMostSeconds: Type.Optional(seconds),
  },
  strict,
);

const Scenario = Type.Object(
  {
    /** The flow's file, relative to the scenario; default: the first FILE of the command line. */
    flow: Type.Optional(Type.String({ minLength: 1 })),
    /** Other flows and modules by id, ARN or name. */
    flows: Type.Optional(textMap),
    type: Type.Optional(Type.Enum([...FLOW_TYPES])),
    attributes: Type.Optional(textMap),
    customerNumber: Type.Optional(phoneNumber),
    systemNumber: Type.Optional(phoneNumber),
    /** Target queue of the request, by name. */
    queue: Type.Optional(Type.String()),
    /** `nobody`: the flow runs without a participant. */
    participant: Type.Optional(
      Type.Union([Type.Literal('customer'), Type.Literal('agent'), Type.Literal('nobody')]),
    ),
    caller: Type.Optional(Type.Array(CallerStep)),
    hangUpAtSeconds: Type.Optional(seconds),
    /** By function name or ARN: one answer for every call, or a list whose last one repeats. */
    lambdas: Type.Optional(
      Type.Record(Type.String(), Type.Union([LambdaAnswer, Type.Array(LambdaAnswer, { minItems: 1 })])),
    ),
    /** All hours, or the ones that there are, by name, id or ARN. Default: all open. */
    hours: Type.Optional(Type.Union([openOrClosed, Type.Record(Type.String(), openOrClosed)])),
    /** By name, id or ARN. Default: every queue exists, is free and has one available agent. */
    queues: Type.Optional(Type.Record(Type.String(), Queue)),
    answeredBy: Type.Optional(Type.Enum(['CallAnswered', 'VoicemailBeep', 'VoicemailNoBeep', 'NotDetected'])),
    thirdParty: Type.Optional(
      Type.Union([
        Type.Literal('connected'),
        Type.Literal('CallFailed'),
        Type.Literal('ConnectionTimeLimitExceeded'),
      ]),
    ),
    /** Takes the contact once it is queued; without it the run ends there. */
    agent: Type.Optional(
      Type.Object(
        {
          /** Default 20. */
          acceptsAfterSeconds: Type.Optional(seconds),
          /** Default 30. */
          talksForSeconds: Type.Optional(seconds),
          /** The customer waits on hold for so long in the middle of the talk; default: not at all. */
          holdsForSeconds: Type.Optional(seconds),
          /** Default: the agent, so that the disconnect flow runs. */
          hangsUp: Type.Optional(Type.Union([Type.Literal('agent'), Type.Literal('customer')])),
        },
        strict,
      ),
    ),
    /** Answers of services beyond voice, by action type. */
    services: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Array(
          Type.Object(
            {
              result: Type.Optional(Type.String()),
              root: Type.Optional(Type.String()),
              value: Type.Optional(Type.Unknown()),
            },
            strict,
          ),
          { minItems: 1 },
        ),
      ),
    ),
    /** Numbers from 0 to below 1 that DistributeByPercentage draws, in turn. Default 0.5. */
    random: Type.Optional(Type.Array(Type.Number({ minimum: 0, exclusiveMaximum: 1 }), { minItems: 1 })),
    expect: Type.Optional(Expectations),
  },
  strict,
);

export type Scenario = Static<typeof Scenario>;
export type CallerStep = Static<typeof CallerStep>;
export type Expectations = Static<typeof Expectations>;
export type ScenarioLambdaAnswer = Static<typeof LambdaAnswer>;

const compiled = Compile(Scenario);

/** The scenario cannot be used; the message lists every mistake with its line and key. */
export class ScenarioUnusable extends Error {
  override readonly name = 'ScenarioUnusable';
  constructor(file: string, mistakes: readonly YamlMistake[]) {
    const lines = mistakes.map(
      ({ line, column, key, message }) => `  ${file}:${line}:${column} ${key || '(document)'}: ${message}`,
    );
    super(`The scenario has ${mistakes.length} mistake(s):\n${lines.join('\n')}`);
  }
}

/**
 * Reads the text of a scenario.
 *
 * @throws {ScenarioUnusable} listing every mistake at once.
 */
export function readScenario(file: string, text: string): Scenario {
  const read = readCheckedYaml<Scenario>(compiled, text, (scenario) =>
    (scenario.caller ?? []).flatMap((step, index) =>
      typeof step === 'object' && step.afterSeconds !== undefined && step.duringPromptSeconds !== undefined
        ? [{ path: ['caller', String(index)], message: 'take afterSeconds or duringPromptSeconds, not both' }]
        : [],
    ),
  );
  if (!read.ok) throw new ScenarioUnusable(file, read.mistakes);
  return read.value;
}
