// Transfers to telephone numbers.

import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

const TRANSFER = {
  ThirdPartyPhoneNumber: '+1 (206) 555-0111',
  ThirdPartyConnectionTimeLimitSeconds: '30',
  ContinueFlowExecution: 'False',
};

testAction('TransferParticipantToThirdParty', [
  {
    name: 'leaves the flow once connected',
    Parameters: TRANSFER,
    Errors: ['NoMatchingError'],
    goesTo: '(transferredToThirdParty)',
    calls: [
      [
        'transferToThirdParty',
        { phoneNumber: '+12065550111', connectionTimeLimitMs: 30_000, afterwards: 'leave' },
      ],
    ],
    logs: [['Transfer', { ThirdPartyPhoneNumber: '+12065550111', Target: 'PhoneNumber' }]],
  },
  {
    name: 'comes back to NextAction when it is to continue',
    Parameters: {
      ...TRANSFER,
      ContinueFlowExecution: 'True',
      ThirdPartyDTMFDigits: '1,2#',
      CallerId: { Number: '$.SystemEndpoint.Address', Name: 'Us' },
    },
    Errors: ['CallFailed', 'ConnectionTimeLimitExceeded', 'NoMatchingError'],
    goesTo: 'next',
    calls: [
      [
        'transferToThirdParty',
        {
          phoneNumber: '+12065550111',
          connectionTimeLimitMs: 30_000,
          afterwards: 'resume',
          dtmfDigits: '1,2#',
          callerId: { number: '+12065550199', name: 'Us' },
        },
      ],
    ],
  },
  ...['CallFailed', 'ConnectionTimeLimitExceeded'].map((errorType) => ({
    name: `takes the branch ${errorType}`,
    Parameters: { ...TRANSFER, ContinueFlowExecution: 'True' },
    Errors: ['CallFailed', 'ConnectionTimeLimitExceeded', 'NoMatchingError'],
    script: { host: { transferToThirdParty: () => failed('no', errorType) } },
    goesTo: errorType,
  })),
  {
    name: 'refuses what is no telephone number',
    Parameters: { ...TRANSFER, ThirdPartyPhoneNumber: '$.Attributes.none' },
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
    calls: [],
  },
  {
    name: 'takes the error branch where it is not supported',
    Parameters: TRANSFER,
    Errors: ['NoMatchingError'],
    script: { host: { transferToThirdParty: undefined } },
    goesTo: 'NoMatchingError',
    note: /cannot do transferToThirdParty/,
  },
]);
