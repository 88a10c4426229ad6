// EndFlowExecution: the end of a flow that does not hang up.

import { testAction } from '../../action-table.ts';

testAction('EndFlowExecution', [
  {
    name: 'ends the flow and does not hang up',
    NextAction: null,
    goesTo: '(ended)',
    calls: [],
    logs: [['Resume', {}]],
  },
]);
