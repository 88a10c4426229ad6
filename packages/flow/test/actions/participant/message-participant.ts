// What MessageParticipant says, and which way it goes.

import assert from 'node:assert/strict';
import { createContactFlowState } from '../../../src/contact-flow-state.ts';
import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

const NAMED = {
  contact: {
    attributes: new Map([
      ['name', 'Ann & <Bob>'],
      ['ssml', '<speak>Hi <break time="1s"/></speak>'],
      ['prompt', 'prompt-7'],
    ]),
  },
};

testAction('MessageParticipant', [
  {
    name: 'plays text to its end',
    Parameters: { Text: 'Welcome.' },
    goesTo: 'next',
    heard: ['Welcome.'],
    elapsedMs: 1_000,
    logs: [['PlayPrompt', { Text: 'Welcome.', TextToSpeechType: 'text', Voice: 'Joanna' }]],
  },
  {
    name: 'substitutes references in text as they are',
    Parameters: { Text: 'Hello $.Attributes.name, $.Attributes.missing!' },
    script: NAMED,
    goesTo: 'next',
    heard: ['Hello Ann & <Bob>, !'],
  },
  {
    name: 'escapes values inside SSML',
    Parameters: { SSML: '<speak>Hello $.Attributes.name</speak>' },
    script: { contact: { attributes: new Map([['name', 'Ann & Bob < 3']]) } },
    goesTo: 'next',
    heard: ['<speak>Hello Ann &amp; Bob &lt; 3</speak>'],
  },
  {
    name: 'puts values that are markup into SSML as they are',
    Parameters: { SSML: '$.Attributes.ssml' },
    script: NAMED,
    goesTo: 'next',
    heard: ['<speak>Hi <break time="1s"/></speak>'],
  },
  {
    name: 'wraps SSML that has no speak element',
    Parameters: { SSML: 'Hi <break time="1s"/>' },
    goesTo: 'next',
    heard: ['<speak>Hi <break time="1s"/></speak>'],
  },
  {
    name: 'treats text that begins with speak as SSML',
    Parameters: { Text: ' <speak>Hi</speak> ' },
    goesTo: 'next',
    heard: ['<speak>Hi</speak>'],
    also: (run) => assert.equal(run.phone.messages[0]?.kind, 'ssml'),
  },
  {
    name: 'takes the error branch on malformed SSML',
    Parameters: { SSML: '<speak>Hi <break></speak>' },
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
    heard: [],
    detail: /malformed SSML/,
  },
  {
    name: 'plays a prompt named by a reference',
    Parameters: { PromptId: '$.Attributes.prompt' },
    script: NAMED,
    goesTo: 'next',
    heard: ['prompt-7'],
    logs: [['PlayPrompt', { PromptId: 'prompt-7' }]],
  },
  {
    name: 'plays media whose address is put together from references',
    Parameters: { Media: { Uri: "s3://b/$['LanguageCode']/1.wav", SourceType: 'S3', MediaType: 'Audio' } },
    goesTo: 'next',
    heard: ['s3://b/en-US/1.wav'],
  },
  {
    name: 'takes the error branch when the whole text is a reference without a value',
    Parameters: { Text: '$.External.message' },
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
    detail: /has no value/,
  },
  {
    name: 'takes the error branch when the host cannot play it',
    Parameters: { PromptId: 'p' },
    Errors: ['NoMatchingError'],
    script: {
      host: {
        participant: {
          role: 'customer',
          play: () => failed('no such prompt'),
          nextDigit: () => undefined,
          drainDigits: () => [],
        },
      },
    },
    goesTo: 'NoMatchingError',
    detail: /no such prompt/,
  },
  {
    name: 'goes on by NextAction when it fails and has no error branch',
    Parameters: { SSML: '<speak>' },
    goesTo: 'next',
  },
  {
    name: 'is not interrupted by keys',
    Parameters: { Text: 'Long' },
    script: { presses: { 100: '1' } },
    goesTo: 'next',
    elapsedMs: 1_000,
  },
  {
    name: 'is skipped at once when keys are buffered and it may be',
    Parameters: { Text: 'Long', SkipWhenDTMFBufferEnabled: 'true' },
    script: { state: { ...createContactFlowState(), digitBuffer: ['1'] } },
    goesTo: 'next',
    heard: [],
  },
  {
    name: 'stops at a key, which is kept, when buffering is on and it may be skipped',
    Parameters: { Text: 'Long', SkipWhenDTMFBufferEnabled: 'true' },
    script: { presses: { 100: '1' }, state: { ...createContactFlowState(), digitBuffer: [] } },
    goesTo: 'next',
    elapsedMs: 100,
    also: (run) => assert.deepEqual(run.state.digitBuffer, ['1']),
  },
  {
    name: 'is skipped when nobody is there',
    Parameters: { Text: 'Hi' },
    script: { participant: 'nobody' },
    goesTo: 'next',
    note: /no participant/,
  },
  {
    name: 'speaks with the voice and language in force',
    Parameters: { Text: 'Hi' },
    script: {
      state: {
        ...createContactFlowState(),
        voice: { voiceId: 'Olivia', engine: 'Neural' },
        languageCode: 'en-AU',
      },
    },
    goesTo: 'next',
    also: (run) =>
      assert.deepEqual(run.phone.messages[0], {
        kind: 'text',
        text: 'Hi',
        voice: { voiceId: 'Olivia', engine: 'Neural', languageCode: 'en-AU' },
      }),
  },
  {
    name: 'dials first when it is the first to speak in an outbound whisper',
    Parameters: { Text: 'Hi' },
    script: { type: 'OUTBOUND_WHISPER', participant: 'nobody' },
    goesTo: 'next',
    calls: [['completeOutboundCall', {}]],
  },
]);
