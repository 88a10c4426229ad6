// TransferContactToAgent: the end of a transfer flow.

import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

testAction('TransferContactToAgent', [
  { name: 'hands over', NextAction: null, goesTo: '(transferredToAgent)', calls: [['transferToAgent']] },
  {
    name: 'ends the flow when it cannot',
    NextAction: null,
    script: { host: { transferToAgent: () => failed('busy') } },
    goesTo: '(ended)',
  },
  {
    name: 'logs it',
    NextAction: null,
    goesTo: '(transferredToAgent)',
    logs: [['Transfer', { Target: 'Agent' }]],
  },
]);
