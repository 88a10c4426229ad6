// ResumeContact: wakes a paused contact.

import { ADAPTER_ERRORS, ANY_RESULT, serviceAction } from '../service-action.ts';

export const resumeContact = serviceAction({
  type: 'ResumeContact',
  reason: 'chat',
  parameters: 'unknown',
  errors: ADAPTER_ERRORS,
  conditions: ANY_RESULT,
});
