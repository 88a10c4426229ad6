// CheckVoiceId: asked Voice ID about the caller.

import { required, text } from '../../parameter-spec.ts';
import { ADAPTER_ERRORS, serviceAction } from '../service-action.ts';

export const checkVoiceId = serviceAction({
  type: 'CheckVoiceId',
  reason: 'Voice ID, which ended in 2026',
  parameters: { CheckVoiceIdOption: required(text('static')) },
  errors: ADAPTER_ERRORS,
  conditions: {
    operators: ['Equals'],
    results: [
      'Enrolled',
      'NotEnrolled',
      'OptedOut',
      'Authenticated',
      'NotAuthenticated',
      'Inconclusive',
      'HighRisk',
      'LowRisk',
    ],
  },
});
