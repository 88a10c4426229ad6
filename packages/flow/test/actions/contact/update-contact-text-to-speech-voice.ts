// UpdateContactTextToSpeechVoice: the voice of everything said from then on.

import assert from 'node:assert/strict';
import { testAction } from '../../action-table.ts';

testAction('UpdateContactTextToSpeechVoice', [
  {
    name: 'sets voice, engine and style',
    Parameters: { TextToSpeechVoice: 'Olivia', TextToSpeechEngine: 'Neural', TextToSpeechStyle: 'None' },
    goesTo: 'next',
    logs: [['SetVoice', { GlobalVoice: 'Olivia', Engine: 'Neural', Style: 'None' }]],
    also: (ran) => assert.deepEqual(ran.state.voice, { voiceId: 'Olivia', engine: 'Neural', style: 'None' }),
  },
  {
    name: 'speaks with it from then on',
    Parameters: { TextToSpeechVoice: '$.Attributes.voice' },
    script: { contact: { attributes: new Map([['voice', 'Matthew']]) } },
    goesTo: 'next',
    also: (ran) => assert.equal(ran.state.voice?.voiceId, 'Matthew'),
  },
  {
    name: 'a voice that a reference does not name takes the error branch',
    Parameters: { TextToSpeechVoice: '$.Attributes.voice' },
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
    also: (ran) => assert.equal(ran.state.voice, undefined),
  },
]);
