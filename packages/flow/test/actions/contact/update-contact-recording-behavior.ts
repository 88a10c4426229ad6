// UpdateContactRecordingBehavior: who is recorded, and the automated part.

import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

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
  {
    name: 'logs who is recorded',
    Parameters: { RecordingBehavior: { RecordedParticipants: ['Agent'], IVRRecordingBehavior: 'Disabled' } },
    goesTo: 'next',
    logs: [
      [
        'SetRecordingBehavior',
        {
          RecordingBehaviorOption: 'Enable',
          RecordingParticipantOption: 'Agent',
          IVRRecordingBehavior: 'Disabled',
        },
      ],
    ],
  },
  {
    name: 'goes on when recording fails: it has no error branch',
    Parameters: { RecordingBehavior: { RecordedParticipants: ['Agent'] } },
    script: { host: { setRecordingBehavior: () => failed('disk full') } },
    goesTo: 'next',
    logError: /disk full/,
  },
]);
