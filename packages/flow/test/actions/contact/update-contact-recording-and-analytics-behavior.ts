// UpdateContactRecordingAndAnalyticsBehavior: the newer block, for one channel at a time.

import { testAction } from '../../action-table.ts';

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
  {
    name: 'logs who is recorded',
    Parameters: { VoiceBehavior: { VoiceRecordingBehavior: { RecordedParticipants: ['Customer'] } } },
    Errors: ['NoMatchingError', 'ChannelMismatch'],
    goesTo: 'next',
    logs: [
      ['SetRecordingBehavior', { RecordingBehaviorOption: 'Enable', RecordingParticipantOption: 'Customer' }],
    ],
  },
]);
