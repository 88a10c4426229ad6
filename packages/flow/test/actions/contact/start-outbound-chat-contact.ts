// StartOutboundChatContact: without an adapter its error branch; with one, what the adapter is asked and what its answer does.

import { testAction } from '../../action-table.ts';
import { serviceActionCases } from '../../service-action-table.ts';

testAction(
  'StartOutboundChatContact',
  serviceActionCases({
    type: 'StartOutboundChatContact',
    Parameters: { Given: '$.Attributes.it', Deep: { List: ['on $.Channel'] } },
    resolved: { Given: 'it-1', Deep: { List: ['on VOICE'] } },
  }),
);
