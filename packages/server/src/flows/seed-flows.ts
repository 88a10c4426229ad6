/** The flows and prompts that a new instance starts with, so that a first call needs no set-up. */
import { encodeMulaw } from '@ringback/media';
import { defaultFlows, type InitialFlow } from './default-flows.ts';
import { holdMusic } from './hold-music.ts';

const stop = { Identifier: 'hang-up', Type: 'DisconnectParticipant', Parameters: {}, Transitions: {} };

/** Says one sentence and hangs up. */
const greeting = {
  Version: '2019-10-30',
  StartAction: 'greet',
  Metadata: {},
  Actions: [
    {
      Identifier: 'greet',
      Type: 'MessageParticipant',
      Parameters: { Text: 'Hello. This is a call from Ringback. Goodbye.' },
      Transitions: {
        NextAction: 'hang-up',
        Errors: [{ NextAction: 'hang-up', ErrorType: 'NoMatchingError' }],
        Conditions: [],
      },
    },
    stop,
  ],
};

/** Asks for a key, remembers it as the attribute `choice`, records the call. */
const menu = {
  Version: '2019-10-30',
  StartAction: 'record',
  Metadata: {},
  Actions: [
    {
      Identifier: 'record',
      Type: 'UpdateContactRecordingBehavior',
      Parameters: { RecordingBehavior: { RecordedParticipants: [], IVRRecordingBehavior: 'Enabled' } },
      Transitions: { NextAction: 'ask' },
    },
    {
      Identifier: 'ask',
      Type: 'GetParticipantInput',
      Parameters: {
        Text: 'To confirm your appointment, press 1. To cancel it, press 2.',
        InputTimeLimitSeconds: '8',
        StoreInput: 'False',
      },
      Transitions: {
        NextAction: 'not-understood',
        Errors: [
          { NextAction: 'not-understood', ErrorType: 'InputTimeLimitExceeded' },
          { NextAction: 'not-understood', ErrorType: 'NoMatchingCondition' },
          { NextAction: 'not-understood', ErrorType: 'NoMatchingError' },
        ],
        Conditions: [
          { NextAction: 'confirmed', Condition: { Operator: 'Equals', Operands: ['1'] } },
          { NextAction: 'cancelled', Condition: { Operator: 'Equals', Operands: ['2'] } },
        ],
      },
    },
    remember('confirmed'),
    say('say-confirmed', 'Thank you. Your appointment is confirmed.'),
    remember('cancelled'),
    say('say-cancelled', 'Your appointment is cancelled.'),
    say('not-understood', 'Sorry, we could not understand you. Goodbye.'),
    stop,
  ],
};

function remember(choice: 'confirmed' | 'cancelled') {
  return {
    Identifier: choice,
    Type: 'UpdateContactAttributes',
    Parameters: { Attributes: { choice }, TargetContact: 'Current' },
    Transitions: {
      NextAction: `say-${choice}`,
      Errors: [{ NextAction: `say-${choice}`, ErrorType: 'NoMatchingError' }],
      Conditions: [],
    },
  };
}

function say(identifier: string, text: string) {
  return {
    Identifier: identifier,
    Type: 'MessageParticipant',
    Parameters: { Text: text },
    Transitions: {
      NextAction: 'hang-up',
      Errors: [{ NextAction: 'hang-up', ErrorType: 'NoMatchingError' }],
      Conditions: [],
    },
  };
}

export const seedFlows: readonly InitialFlow[] = [
  {
    name: 'Sample greeting',
    type: 'CONTACT_FLOW',
    description: 'Says one sentence and hangs up.',
    content: JSON.stringify(greeting),
  },
  {
    name: 'Sample appointment reminder',
    type: 'CONTACT_FLOW',
    description: 'Asks for a key, remembers the answer as an attribute, and records the call.',
    content: JSON.stringify(menu),
  },
  ...defaultFlows,
];

/** Telephone audio, samples per second. */
const sampleRateHz = 8000;

/** A short 1 kHz beep and music to wait by, under the names that they have in Amazon Connect. */
export function seedPrompts() {
  const beep = Int16Array.from({ length: sampleRateHz * 0.2 }, (_, n) =>
    Math.round(8000 * Math.sin((2 * Math.PI * 1000 * n) / sampleRateHz)),
  );
  const music = encodeMulaw(holdMusic(sampleRateHz));
  return [
    { name: 'Beep.wav', description: 'A beep of 0.2 s', mulaw: encodeMulaw(beep) },
    { name: 'CustomerQueue.wav', description: 'Music while a customer waits', mulaw: music },
    { name: 'CustomerHold.wav', description: 'Music while a customer is on hold', mulaw: music },
  ];
}
