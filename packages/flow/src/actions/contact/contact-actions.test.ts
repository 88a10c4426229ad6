// The contact actions: what reaches the host, and which way they go.

import assert from 'node:assert/strict';
import { testAction } from '../../../test/action-table.ts';
import { failed } from '../../flow-host.ts';

const NME = { Errors: ['NoMatchingError'] };
const CONTACT_ID = '11111111-1111-4111-8111-111111111111';

testAction('UpdateContactAttributes', [
  {
    name: 'sets attributes with references in names and values',
    Parameters: {
      Attributes: { plain: 'x', 'to_$.Channel': 'Call $.ContactId', gone: '$.External.none' },
      TargetContact: 'Current',
    },
    ...NME,
    goesTo: 'next',
    calls: [['updateAttributes', 'current', { plain: 'x', to_VOICE: `Call ${CONTACT_ID}`, gone: '' }]],
    logs: [
      ['SetAttributes', { Key: 'plain', Value: 'x', AddAttributeToRelatedContact: 'false' }],
      [
        'SetAttributes',
        { Key: 'to_VOICE', Value: `Call ${CONTACT_ID}`, AddAttributeToRelatedContact: 'false' },
      ],
      ['SetAttributes', { Key: 'gone', Value: '', AddAttributeToRelatedContact: 'false' }],
    ],
  },
  {
    name: 'sets those of the related contact',
    Parameters: { Attributes: { a: '1' }, TargetContact: 'Related' },
    ...NME,
    goesTo: 'next',
    calls: [['updateAttributes', 'related', { a: '1' }]],
  },
  {
    name: 'sets none when they would be too large together',
    Parameters: { Attributes: { a: '1', b: 'x'.repeat(20_000) } },
    ...NME,
    script: { contact: { attributes: new Map([['c', 'y'.repeat(20_000)]]) } },
    goesTo: 'NoMatchingError',
    calls: [],
    detail: /at most 32768/,
  },
  {
    name: 'what an attribute is replaced by counts once',
    Parameters: { Attributes: { c: 'x'.repeat(20_000) } },
    ...NME,
    script: { contact: { attributes: new Map([['c', 'y'.repeat(20_000)]]) } },
    goesTo: 'next',
  },
  {
    name: 'sets none when one has an impossible name',
    Parameters: { Attributes: { a: '1', 'b.c': '2' } },
    ...NME,
    goesTo: 'NoMatchingError',
    calls: [],
  },
  { name: 'takes the error branch without attributes', Parameters: {}, ...NME, goesTo: 'NoMatchingError' },
]);

testAction('UpdateContactData', [
  {
    name: 'sets fields, and the language speaks from then on',
    Parameters: { Name: 'A $.Channel call', LanguageCode: 'de-DE', TargetContact: 'Current' },
    ...NME,
    goesTo: 'next',
    calls: [['updateContactData', 'current', { Name: 'A VOICE call', LanguageCode: 'de-DE' }]],
    also: (ran) => assert.equal(ran.state.languageCode, 'de-DE'),
  },
  {
    name: 'takes Voice ID settings without effect',
    Parameters: { IsVoiceIdStreamingEnabled: 'true' },
    ...NME,
    goesTo: 'next',
    calls: [],
    note: /Voice ID/,
  },
  {
    name: 'refuses what is no language',
    Parameters: { LanguageCode: 'German please' },
    ...NME,
    goesTo: 'NoMatchingError',
  },
  { name: 'refuses nothing at all', Parameters: {}, ...NME, goesTo: 'NoMatchingError' },
  {
    name: 'succeeds on a host that keeps no such fields',
    Parameters: { CustomerId: 'c-1' },
    ...NME,
    script: { host: { updateContactData: undefined } },
    goesTo: 'next',
    note: /going on as if/,
  },
]);

testAction('UpdateContactTextToSpeechVoice', [
  {
    name: 'sets voice, engine and style',
    Parameters: { TextToSpeechVoice: 'Olivia', TextToSpeechEngine: 'Neural', TextToSpeechStyle: 'None' },
    goesTo: 'next',
    logs: [['SetVoice', { GlobalVoice: 'Olivia', Engine: 'Neural', Style: 'None' }]],
    also: (ran) => assert.deepEqual(ran.state.voice, { voiceId: 'Olivia', engine: 'Neural', style: 'None' }),
  },
]);

testAction('UpdateContactRecordingBehavior', [
  {
    name: 'both parties',
    Parameters: { RecordingBehavior: { RecordedParticipants: ['Agent', 'Customer'] } },
    goesTo: 'next',
    calls: [
      [
        'setRecordingBehavior',
        { recordedParticipants: ['Agent', 'Customer'], screenRecordedParticipants: [] },
      ],
    ],
  },
  {
    name: 'the automated part',
    Parameters: {
      RecordingBehavior: { RecordedParticipants: [], IVRRecordingBehavior: 'Enabled' },
      AnalyticsBehavior: { Enabled: 'True', AnalyticsLanguage: '$.LanguageCode' },
    },
    goesTo: 'next',
    calls: [
      [
        'setRecordingBehavior',
        {
          recordedParticipants: [],
          screenRecordedParticipants: [],
          ivrRecording: 'Enabled',
          analytics: { Enabled: 'True', AnalyticsLanguage: 'en-US' },
        },
      ],
    ],
  },
  {
    name: 'succeeds on a host that does not record',
    Parameters: { RecordingBehavior: { RecordedParticipants: [] } },
    script: { host: { setRecordingBehavior: undefined } },
    goesTo: 'next',
  },
]);

testAction('UpdateContactRecordingAndAnalyticsBehavior', [
  {
    name: 'voice',
    Parameters: { VoiceBehavior: { VoiceRecordingBehavior: { RecordedParticipants: ['Agent'] } } },
    Errors: ['NoMatchingError', 'ChannelMismatch'],
    goesTo: 'next',
    calls: [['setRecordingBehavior', { recordedParticipants: ['Agent'], screenRecordedParticipants: [] }]],
  },
  {
    name: 'chat settings on a call mismatch',
    Parameters: { ChatBehavior: {} },
    Errors: ['NoMatchingError', 'ChannelMismatch'],
    goesTo: 'ChannelMismatch',
  },
  {
    name: 'screen settings leave the recording of voices alone',
    Parameters: { ScreenRecordingBehavior: { ScreenRecordedParticipants: ['Agent'] } },
    Errors: ['NoMatchingError', 'ChannelMismatch'],
    goesTo: 'next',
    calls: [],
  },
]);

testAction('UpdateContactMediaStreamingBehavior', [
  {
    name: 'starts streaming',
    Parameters: {
      MediaStreamingState: 'Enabled',
      MediaStreamType: 'Audio',
      Participants: [{ ParticipantType: 'Customer', MediaDirections: ['From', 'To'] }],
    },
    ...NME,
    goesTo: 'next',
    calls: [
      [
        'setMediaStreaming',
        {
          state: 'Enabled',
          mediaStreamType: 'Audio',
          participants: [{ participantType: 'Customer', mediaDirections: ['From', 'To'] }],
        },
      ],
    ],
  },
]);

testAction('UpdateContactTargetQueue', [
  {
    name: 'a queue by reference',
    Parameters: { QueueId: '$.Attributes.queue' },
    ...NME,
    script: { contact: { attributes: new Map([['queue', 'q-1']]) } },
    goesTo: 'next',
    calls: [['setTargetQueue', { kind: 'queue', queueId: 'q-1' }]],
    logs: [['SetQueue', { Queue: 'q-1' }]],
  },
  {
    name: 'an agent',
    Parameters: { AgentId: 'a-1' },
    ...NME,
    goesTo: 'next',
    calls: [['setTargetQueue', { kind: 'agent', agentId: 'a-1' }]],
  },
  {
    name: 'there is no such queue',
    Parameters: { QueueId: 'q' },
    ...NME,
    script: { host: { setTargetQueue: () => failed('no such queue') } },
    goesTo: 'NoMatchingError',
  },
  {
    name: 'the reference has no value',
    Parameters: { QueueId: '$.External.q' },
    ...NME,
    goesTo: 'NoMatchingError',
  },
]);

testAction('TransferContactToQueue', [
  {
    name: 'ends the flow in the queue, never at NextAction',
    Errors: ['QueueAtCapacity', 'NoMatchingError'],
    goesTo: '(queued)',
    calls: [['transferToQueue']],
  },
  {
    name: 'the queue is full',
    Errors: ['QueueAtCapacity', 'NoMatchingError'],
    script: { host: { transferToQueue: () => failed('full', 'QueueAtCapacity') } },
    goesTo: 'QueueAtCapacity',
  },
  {
    name: 'no queue is set',
    Errors: ['QueueAtCapacity', 'NoMatchingError'],
    script: { host: { transferToQueue: () => Promise.resolve(failed('no queue')) } },
    goesTo: 'NoMatchingError',
  },
]);

testAction('DequeueContactAndTransferToQueue', [
  {
    name: 'moves to another queue',
    Parameters: { QueueId: 'q-2' },
    Errors: ['QueueAtCapacity', 'NoMatchingError'],
    goesTo: '(queued)',
    calls: [['dequeueAndTransfer', { kind: 'queue', queueId: 'q-2' }]],
    also: (ran) => assert.deepEqual(ran.outcome, { kind: 'queued', from: 'queue' }),
  },
]);

testAction('TransferContactToAgent', [
  { name: 'hands over', NextAction: null, goesTo: '(transferredToAgent)', calls: [['transferToAgent']] },
  {
    name: 'ends the flow when it cannot',
    NextAction: null,
    script: { host: { transferToAgent: () => failed('busy') } },
    goesTo: '(ended)',
  },
]);

testAction('UpdateContactRoutingBehavior', [
  {
    name: 'priority',
    Parameters: { QueuePriority: '1' },
    goesTo: 'next',
    calls: [['setRoutingPriority', { queuePriority: 1 }]],
  },
  {
    name: 'age, also backwards',
    Parameters: { QueueTimeAdjustmentSeconds: '-60' },
    goesTo: 'next',
    calls: [['setRoutingPriority', { queueTimeAdjustmentMs: -60_000 }]],
  },
]);

testAction('UpdateContactRoutingCriteria', [
  {
    name: 'resolves references below',
    Parameters: {
      RoutingCriteria: {
        Steps: [
          {
            Expression: {
              AttributeCondition: { MatchCriteria: { AgentsCriteria: { AgentIds: ['$.Attributes.agent'] } } },
            },
          },
        ],
      },
    },
    ...NME,
    script: { contact: { attributes: new Map([['agent', 'a-1']]) } },
    goesTo: 'next',
    calls: [
      [
        'setRoutingCriteria',
        {
          Steps: [
            {
              Expression: {
                AttributeCondition: { MatchCriteria: { AgentsCriteria: { AgentIds: ['a-1'] } } },
              },
            },
          ],
        },
      ],
    ],
  },
]);

testAction('UpdateContactCallbackNumber', [
  {
    name: 'the number of the caller',
    Parameters: { CallbackNumber: '$.CustomerEndpoint.Address' },
    Errors: ['InvalidCallbackNumber', 'CallbackNumberNotDialable'],
    goesTo: 'next',
    calls: [['setCallbackNumber', '+12065550100']],
  },
  {
    name: 'no number',
    Parameters: { CallbackNumber: '$.StoredCustomerInput' },
    Errors: ['InvalidCallbackNumber', 'CallbackNumberNotDialable'],
    goesTo: 'InvalidCallbackNumber',
  },
  {
    name: 'a number that may not be dialled',
    Parameters: { CallbackNumber: '$.CustomerEndpoint.Address' },
    Errors: ['InvalidCallbackNumber', 'CallbackNumberNotDialable'],
    script: { host: { setCallbackNumber: () => failed('closed', 'CallbackNumberNotDialable') } },
    goesTo: 'CallbackNumberNotDialable',
  },
]);

testAction('CreateCallbackContact', [
  {
    name: 'creates it and goes on',
    Parameters: {
      InitialCallDelaySeconds: '5',
      MaximumConnectionAttempts: '2',
      RetryDelaySeconds: '600',
      QueueId: 'q',
    },
    ...NME,
    goesTo: 'next',
    calls: [
      [
        'createCallback',
        {
          initialDelayMs: 5_000,
          maximumAttempts: 2,
          retryDelayMs: 600_000,
          target: { kind: 'queue', queueId: 'q' },
        },
      ],
    ],
  },
  {
    name: 'a flow of its own decides when',
    Parameters: {
      InitialCallDelaySeconds: '5',
      MaximumConnectionAttempts: '1',
      RetryDelaySeconds: '60',
      ContactFlowId: 'f',
    },
    ...NME,
    goesTo: 'next',
    calls: [
      ['createCallback', { initialDelayMs: 0, maximumAttempts: 1, retryDelayMs: 60_000, contactFlowId: 'f' }],
    ],
  },
]);

testAction('UpdateContactEventHooks', [
  {
    name: 'sets a flow',
    Parameters: { EventHooks: { CustomerQueue: 'f-1' } },
    ...NME,
    goesTo: 'next',
    calls: [['setEventHook', { hook: 'CustomerQueue', flowId: 'f-1', execution: 'enabled' }]],
  },
  {
    name: 'sets none to run',
    Parameters: {
      EventHooks: { AgentWhisper: 'f-1' },
      EventHooksConfiguration: { AgentWhisper: { DisableExecution: 'true' } },
    },
    ...NME,
    goesTo: 'next',
    calls: [['setEventHook', { hook: 'AgentWhisper', execution: 'disabled' }]],
  },
  {
    name: 'a reference without a value',
    Parameters: { EventHooks: { CustomerRemaining: '$.FlowAttributes.x' } },
    ...NME,
    goesTo: 'NoMatchingError',
    calls: [],
  },
]);

testAction('UpdatePreviousContactParticipantState', [
  {
    name: 'holds',
    Parameters: { PreviousContactParticipantState: 'CustomerOnHold' },
    ...NME,
    goesTo: 'next',
    calls: [['setPreviousParticipantState', 'CustomerOnHold']],
  },
]);

testAction('CompleteOutboundCall', [
  {
    name: 'dials with another caller ID',
    Parameters: { CallerId: { Number: '+12065550111' }, ConnectionTimeLimitSeconds: '20' },
    script: { type: 'OUTBOUND_WHISPER' },
    goesTo: 'next',
    calls: [['completeOutboundCall', { callerIdNumber: '+12065550111', connectionTimeLimitMs: 20_000 }]],
  },
]);

testAction('TagContact', [
  {
    name: 'tags',
    Parameters: { Tags: { 'for $.Channel': 'x' } },
    ...NME,
    goesTo: 'next',
    calls: [['tagContact', { 'for VOICE': 'x' }]],
  },
  {
    name: 'reserved keys',
    Parameters: { Tags: { 'aws:x': 'y' } },
    ...NME,
    goesTo: 'NoMatchingError',
    calls: [],
  },
]);

testAction('UntagContact', [
  {
    name: 'takes tags off',
    Parameters: { TagKeys: ['a'] },
    ...NME,
    goesTo: 'next',
    calls: [['untagContact', ['a']]],
  },
]);

testAction('CreateTask', [
  {
    name: 'creates it; its id can be read afterwards',
    Parameters: {
      ContactFlowId: 'f',
      Name: 'Claim of $.CustomerEndpoint.Address',
      Attributes: { a: '$.Channel' },
      DelaySeconds: '60',
    },
    ...NME,
    script: {
      host: {
        createTask: (request) => {
          assert.equal(request.name, 'Claim of +12065550100');
          assert.deepEqual([...request.attributes], [['a', 'VOICE']]);
          assert.equal(request.delayMs, 60_000);
          return { kind: 'done', value: { contactId: 'task-1' } };
        },
      },
    },
    goesTo: 'next',
    also: (ran) => assert.deepEqual(ran.state.data.services.get('Task'), { ContactId: 'task-1' }),
  },
  {
    name: 'takes the error branch where there are no tasks',
    Parameters: { Name: 'x', ContactFlowId: 'f' },
    ...NME,
    goesTo: 'NoMatchingError',
  },
]);
