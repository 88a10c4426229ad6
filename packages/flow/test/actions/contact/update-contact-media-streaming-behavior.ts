// UpdateContactMediaStreamingBehavior: begins and ends streaming of the customer's audio.

import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

const NME = { Errors: ['NoMatchingError'] };

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
  {
    name: 'stops streaming',
    Parameters: {
      MediaStreamingState: 'Disabled',
      MediaStreamType: 'Audio',
      Participants: [{ ParticipantType: 'Customer', MediaDirections: ['To'] }],
    },
    ...NME,
    goesTo: 'next',
    logs: [['SetMediaStreaming', { MediaStreamingState: 'Disabled' }]],
  },
  {
    name: 'takes the error branch when it fails',
    Parameters: { MediaStreamingState: 'Enabled', MediaStreamType: 'Audio', Participants: [] },
    ...NME,
    script: { host: { setMediaStreaming: () => failed('no stream') } },
    goesTo: 'NoMatchingError',
    logError: /no stream/,
  },
  {
    name: 'succeeds on a host that does not stream',
    Parameters: { MediaStreamingState: 'Enabled', MediaStreamType: 'Audio', Participants: [] },
    ...NME,
    script: { host: { setMediaStreaming: undefined } },
    goesTo: 'next',
    note: /going on as if/,
  },
]);
