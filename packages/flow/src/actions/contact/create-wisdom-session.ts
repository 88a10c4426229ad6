// CreateWisdomSession (Amazon Q in Connect): begins a session of recommendations for the agent.

import { required, text } from '../../parameter-spec.ts';
import { ADAPTER_ERRORS, serviceAction } from '../service-action.ts';

export const createWisdomSession = serviceAction({
  type: 'CreateWisdomSession',
  logType: 'SetWisdomAssistant',
  reason: 'Wisdom (Amazon Q in Connect)',
  parameters: { WisdomAssistantArn: required(text('whole')) },
  errors: ADAPTER_ERRORS,
});
