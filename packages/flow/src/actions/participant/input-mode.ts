// Tells the three blocks apart that share GetParticipantInput.

import { type Action, member } from '../../flow-document.ts';

/** Which of the three blocks an action is. */
export type InputMode = 'menu' | 'store' | 'buffer';

/** The mode, from the parameters as written. */
export function inputModeOf(action: Action): InputMode {
  if ((member(action.parameters, 'EnableDTMFBuffer') ?? undefined) !== undefined) return 'buffer';
  return String(member(action.parameters, 'StoreInput')).toLowerCase() === 'true' ? 'store' : 'menu';
}
