// ShowView: shows a view to an agent or in a chat; the action chosen there chooses the branch.

import { free, object, required, text } from '../../parameter-spec.ts';
import { ANY_RESULT, serviceAction } from '../service-action.ts';

export const showView = serviceAction({
  type: 'ShowView',
  reason: 'agent guides and chat views',
  parameters: {
    ViewResource: required(object({ Id: required(text('whole')), Version: text('whole') })),
    InvocationTimeLimitSeconds: required(text('whole')),
    ViewData: free(),
    SensitiveDataConfiguration: free(),
  },
  errors: { expected: ['NoMatchingError', 'NoMatchingCondition', 'TimeLimitExceeded'] },
  conditions: ANY_RESULT,
});
