// Messages that loop until they are interrupted or the caller is gone.

import assert from 'node:assert/strict';
import { done } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

const MESSAGES = { Messages: [{ Text: 'a' }, { PromptId: 'music' }] };

testAction('MessageParticipantIteratively', [
  {
    name: 'is interrupted after its interval',
    Parameters: { ...MESSAGES, InterruptFrequencySeconds: '5' },
    Conditions: [['Equals', 'MessagesInterrupted']],
    goesTo: 'Equals MessagesInterrupted',
    heard: ['a', 'music', 'a', 'music', 'a'],
    elapsedMs: 5_000,
    logs: [
      [
        'LoopPrompts',
        { Messages: [{ Text: 'a', TextToSpeechType: 'text', Voice: 'Joanna' }, { PromptId: 'music' }] },
        'MessagesInterrupted',
      ],
    ],
  },
  {
    name: 'is interrupted in the middle of a message',
    Parameters: { ...MESSAGES, InterruptFrequencySeconds: 1 },
    Conditions: [['Equals', 'MessagesInterrupted']],
    script: { hangUpAtMs: 60_000 },
    goesTo: 'Equals MessagesInterrupted',
    elapsedMs: 1_000,
  },
  {
    name: 'without interval it never completes',
    Parameters: MESSAGES,
    script: { hangUpAtMs: 10_500 },
    goesTo: '(aborted)',
    elapsedMs: 10_500,
    also: (ran) => assert.equal(ran.phone.heard.length, 11),
  },
  {
    name: 'does not spin when messages take no time',
    Parameters: MESSAGES,
    script: {
      hangUpAtMs: 60_500,
      host: {
        participant: {
          role: 'customer',
          play: () => done({ kind: 'finished' }),
          nextDigit: () => undefined,
          drainDigits: () => [],
        },
      },
    },
    goesTo: '(aborted)',
  },
  {
    name: 'takes the error branch when a message has no value',
    Parameters: { Messages: [{ Text: '$.External.x' }] },
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
  },
  {
    name: 'is skipped when nobody is there',
    Parameters: MESSAGES,
    script: { participant: 'nobody' },
    goesTo: 'next',
  },
]);
