// UpdateContactMediaStreamingBehavior (Start / stop media streaming).

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { after } from '../../awaitable.ts';
import { member } from '../../flow-document.ts';
import type { Awaitable } from '../../flow-host.ts';
import { list, object, oneOf, required } from '../../parameter-spec.ts';
import { textOf } from '../../references.ts';

export const updateContactMediaStreamingBehavior: ActionDefinition = {
  type: 'UpdateContactMediaStreamingBehavior',
  logType: 'SetMediaStreaming',
  support: {
    level: 'partial',
    missing: 'streaming itself is the host’s; without it the action succeeds silently',
  },
  flowTypes: 'all',
  nextAction: 'required',
  parameters: {
    MediaStreamingState: required(oneOf('Enabled', 'Disabled')),
    MediaStreamType: required(oneOf('Audio')),
    Participants: required(
      list(
        object({
          ParticipantType: required(oneOf('Customer')),
          MediaDirections: required(list(oneOf('From', 'To'))),
        }),
      ),
    ),
  },
  errors: { expected: ['NoMatchingError'] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const participants = context.raw('Participants');
  const state = context.requiredText('MediaStreamingState') === 'Enabled' ? 'Enabled' : 'Disabled';
  const set = context.performIfOffered(
    'setMediaStreaming',
    context.host.setMediaStreaming?.({
      state,
      mediaStreamType: context.text('MediaStreamType') ?? 'Audio',
      participants: (Array.isArray(participants) ? participants : []).map((participant: unknown) => {
        const directions = member(participant, 'MediaDirections');
        return {
          participantType: textOf(member(participant, 'ParticipantType')) ?? 'Customer',
          mediaDirections: (Array.isArray(directions) ? directions : []).map(String),
        };
      }),
    }),
  );
  return after(
    set,
    (): ActionOutcome => ({
      kind: 'success',
      log: () => ({ parameters: { MediaStreamingState: state } }),
    }),
  );
}
