// StartVoiceIdStream: sent the caller's voice to Voice ID.

import { ADAPTER_ERRORS, serviceAction } from '../service-action.ts';

export const startVoiceIdStream = serviceAction({
  type: 'StartVoiceIdStream',
  reason: 'Voice ID, which ended in 2026',
  parameters: {},
  errors: ADAPTER_ERRORS,
});
