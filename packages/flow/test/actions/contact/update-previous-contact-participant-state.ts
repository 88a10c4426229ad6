// UpdatePreviousContactParticipantState: holds and retrieves.

import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

const NME = { Errors: ['NoMatchingError'] };

testAction('UpdatePreviousContactParticipantState', [
  {
    name: 'holds',
    Parameters: { PreviousContactParticipantState: 'CustomerOnHold' },
    ...NME,
    goesTo: 'next',
    calls: [['setPreviousParticipantState', 'CustomerOnHold']],
  },
  {
    name: 'retrieves, and logs it',
    Parameters: { PreviousContactParticipantState: 'OffHold' },
    ...NME,
    goesTo: 'next',
    calls: [['setPreviousParticipantState', 'OffHold']],
    logs: [['SetHoldState', { PreviousContactParticipantState: 'OffHold' }]],
  },
  {
    name: 'takes the error branch when it fails',
    Parameters: { PreviousContactParticipantState: 'AgentOnHold' },
    ...NME,
    script: { host: { setPreviousParticipantState: () => failed('no agent') } },
    goesTo: 'NoMatchingError',
    logError: /no agent/,
  },
]);
