// CompleteOutboundCall: dials the customer from an outbound whisper flow.

import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

testAction('CompleteOutboundCall', [
  {
    name: 'dials with another caller ID',
    Parameters: { CallerId: { Number: '+12065550111' }, ConnectionTimeLimitSeconds: '20' },
    script: { type: 'OUTBOUND_WHISPER' },
    goesTo: 'next',
    calls: [['completeOutboundCall', { callerIdNumber: '+12065550111', connectionTimeLimitMs: 20_000 }]],
  },
  {
    name: 'dials plainly, and logs it',
    Parameters: {},
    script: { type: 'OUTBOUND_WHISPER' },
    goesTo: 'next',
    calls: [['completeOutboundCall', {}]],
    logs: [['CompleteOutboundCall', {}]],
  },
  {
    name: 'goes on when the customer cannot be reached: it has no error branch',
    Parameters: {},
    script: { type: 'OUTBOUND_WHISPER', host: { completeOutboundCall: () => failed('busy') } },
    goesTo: 'next',
    logError: /busy/,
  },
]);
