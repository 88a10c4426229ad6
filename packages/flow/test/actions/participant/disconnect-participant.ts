// Hanging up.

import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

testAction('DisconnectParticipant', [
  {
    name: 'hangs up',
    NextAction: null,
    goesTo: '(disconnected)',
    calls: [['disconnect']],
    logs: [['Disconnect', {}]],
  },
  {
    name: 'ends as disconnected even when the host reports trouble',
    NextAction: null,
    script: { host: { disconnect: () => failed('already gone') } },
    goesTo: '(disconnected)',
    note: /already gone/,
  },
  {
    name: 'does without the host',
    NextAction: null,
    script: { host: { disconnect: undefined } },
    goesTo: '(disconnected)',
  },
  {
    name: 'only ends the flow when nobody is there',
    NextAction: null,
    script: { participant: 'nobody' },
    goesTo: '(ended)',
    calls: [],
  },
]);
