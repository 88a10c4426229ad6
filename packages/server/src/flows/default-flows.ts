/**
 * The instance's default flows: what runs around a conversation when no flow says otherwise. Names and types are those
 * of Amazon Connect, so that exported flows find them; wording is ours. The order in which they run: docs/flows.md.
 */
import { type EventHook, type Flow, type FlowType, parseFlow } from '@ringback/flow';

/** A flow as a new instance gets it. */
export interface InitialFlow {
  readonly name: string;
  readonly type: FlowType;
  readonly description: string;
  readonly content: string;
}

export const defaultFlows: readonly InitialFlow[] = [
  flow(
    'Default customer queue',
    'CUSTOMER_QUEUE',
    'Thanks who waits, and plays music until an agent is free.',
    [
      loopPrompts('wait', [
        { Text: 'Thank you for your patience. The next free colleague will talk to you.' },
        { PromptId: 'CustomerQueue.wav' },
      ]),
      end(),
    ],
  ),
  flow('Default agent whisper', 'AGENT_WHISPER', 'Tells the agent which queue the contact comes from.', [
    say('queue name', { Text: '$.Queue.Name' }, 'end'),
    end(),
  ]),
  flow('Default customer whisper', 'CUSTOMER_WHISPER', 'A beep before the customer is joined to an agent.', [
    say('beep', { PromptId: 'Beep.wav' }, 'end'),
    end(),
  ]),
  flow(
    'Default outbound',
    'OUTBOUND_WHISPER',
    'Runs when a customer answers whom an agent dialled; records nothing.',
    [
      {
        Identifier: 'record nothing',
        Type: 'UpdateContactRecordingBehavior',
        Parameters: { RecordingBehavior: { RecordedParticipants: [] } },
        Transitions: { NextAction: 'end' },
      },
      end(),
    ],
  ),
  flow('Default customer hold', 'CUSTOMER_HOLD', 'Music while the customer is on hold.', [
    loopPrompts('music', [{ PromptId: 'CustomerHold.wav' }]),
    end(),
  ]),
  flow('Default agent hold', 'AGENT_HOLD', 'Tells an agent every ten seconds that he is on hold.', [
    loopPrompts('on hold', [{ SSML: '<speak>You are on hold.<break time="8500ms"/></speak>' }]),
    end(),
  ]),
  flow('Default queue transfer', 'QUEUE_TRANSFER', 'Hands a contact to a queue that is open and staffed.', [
    {
      Identifier: 'hours',
      Type: 'CheckHoursOfOperation',
      Parameters: {},
      Transitions: {
        NextAction: 'say failed',
        Errors: errors({ NoMatchingError: 'say failed' }),
        Conditions: conditions('Equals', { True: 'staffed', False: 'say closed' }),
      },
    },
    {
      Identifier: 'staffed',
      Type: 'CheckMetricData',
      Parameters: { MetricType: 'NumberOfAgentsStaffed' },
      Transitions: {
        NextAction: 'say failed',
        Errors: errors({ NoMatchingCondition: 'say unstaffed', NoMatchingError: 'say failed' }),
        Conditions: conditions('NumberGreaterThan', { 0: 'say transfer' }),
      },
    },
    say('say transfer', { Text: 'One moment please, you are being transferred.' }, 'transfer'),
    {
      Identifier: 'transfer',
      Type: 'TransferContactToQueue',
      Parameters: {},
      Transitions: {
        NextAction: 'say failed',
        Errors: errors({ QueueAtCapacity: 'say full', NoMatchingError: 'say failed' }),
        Conditions: [],
      },
    },
    say('say closed', { Text: 'This queue is closed at the moment.' }, 'hang up'),
    say('say unstaffed', { Text: 'Nobody works in this queue at the moment.' }, 'hang up'),
    say('say full', { Text: 'This queue is full.' }, 'hang up'),
    say('say failed', { Text: 'The transfer did not succeed.' }, 'hang up'),
    hangUp(),
  ]),
  flow('Default agent transfer', 'AGENT_TRANSFER', 'Hands a contact to the agent whom it is meant for.', [
    say('say transfer', { Text: 'You are being transferred now.' }, 'transfer'),
    { Identifier: 'transfer', Type: 'TransferContactToAgent', Parameters: {}, Transitions: {} },
  ]),
];

/** The default flow of each moment. Hooks without one run nothing unless a flow sets them. */
export const defaultFlowNames: Partial<Record<EventHook, string>> = {
  CustomerQueue: 'Default customer queue',
  AgentWhisper: 'Default agent whisper',
  CustomerWhisper: 'Default customer whisper',
  CustomerHold: 'Default customer hold',
  AgentHold: 'Default agent hold',
};

/** The default flow of a hook: the one that `find` knows by its name, else as a new instance has it. */
export function defaultFlowOfHook(
  hook: EventHook,
  find: (name: string) => Flow | undefined,
): Flow | undefined {
  const name = defaultFlowNames[hook];
  const initial = defaultFlows.find((candidate) => candidate.name === name);
  if (!initial) return undefined;
  const known = find(initial.name);
  if (known) return known;
  const parsed = parseFlow(initial.content);
  if (!parsed.ok) throw new Error(`The default flow "${initial.name}" cannot be parsed.`);
  return {
    document: parsed.flow,
    id: initial.name,
    arn: `default:${initial.name}`,
    name: initial.name,
    type: initial.type,
  };
}

function flow(name: string, type: FlowType, description: string, actions: readonly object[]): InitialFlow {
  const [first] = actions as readonly { readonly Identifier: string }[];
  return {
    name,
    type,
    description,
    content: JSON.stringify({
      Version: '2019-10-30',
      StartAction: first?.Identifier,
      Metadata: {},
      Actions: actions,
    }),
  };
}

/** Ends the flow without hanging up. */
function end(): object {
  return { Identifier: 'end', Type: 'EndFlowExecution', Parameters: {}, Transitions: {} };
}

function hangUp(): object {
  return { Identifier: 'hang up', Type: 'DisconnectParticipant', Parameters: {}, Transitions: {} };
}

function say(identifier: string, message: object, next: string): object {
  return {
    Identifier: identifier,
    Type: 'MessageParticipant',
    Parameters: message,
    Transitions: { NextAction: next, Errors: errors({ NoMatchingError: next }), Conditions: [] },
  };
}

function loopPrompts(identifier: string, messages: readonly object[]): object {
  return {
    Identifier: identifier,
    Type: 'MessageParticipantIteratively',
    Parameters: { Messages: messages },
    Transitions: { NextAction: 'end', Errors: errors({ NoMatchingError: 'end' }), Conditions: [] },
  };
}

function errors(branches: Readonly<Record<string, string>>): object[] {
  return Object.entries(branches).map(([ErrorType, NextAction]) => ({ ErrorType, NextAction }));
}

function conditions(Operator: string, branches: Readonly<Record<string, string>>): object[] {
  return Object.entries(branches).map(([operand, NextAction]) => ({
    NextAction,
    Condition: { Operator, Operands: [operand] },
  }));
}
