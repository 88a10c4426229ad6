// The touch-tone buffer: keys that are kept for the next input while buffering is on.

import type { ActionContext } from '../../action-context.ts';
import type { Digit, FlowParticipant } from '../../flow-host.ts';

/** Most keys that are kept; later ones are lost. */
export const MAX_BUFFERED_DIGITS = 30;

/**
 * Takes the keys pressed since anybody asked. With buffering on they join the buffer, which is returned; with
 * buffering off they are dropped: keys pressed outside an input action mean nothing.
 */
export function keepPressedDigits(context: ActionContext, participant: FlowParticipant): Digit[] | undefined {
  const pressed = participant.drainDigits();
  const buffer = context.state.digitBuffer;
  if (buffer === undefined) return undefined;
  for (const digit of pressed) if (buffer.length < MAX_BUFFERED_DIGITS) buffer.push(digit);
  return buffer;
}
