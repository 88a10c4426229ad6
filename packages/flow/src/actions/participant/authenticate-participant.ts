// AuthenticateParticipant: lets a chat customer sign in.

import { free, text } from '../../parameter-spec.ts';
import { ANY_RESULT, serviceAction } from '../service-action.ts';

export const authenticateParticipant = serviceAction({
  type: 'AuthenticateParticipant',
  reason: 'chat authentication',
  parameters: {
    CognitoConfiguration: free(),
    CustomerProfilesConfiguration: free(),
    TimeLimitMinutes: text('whole'),
  },
  errors: { expected: ['NoMatchingError'], optional: ['TimeLimitExceeded', 'NoMatchingCondition'] },
  conditions: ANY_RESULT,
});
