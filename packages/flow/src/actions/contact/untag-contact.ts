// UntagContact: takes tags off the contact. (The documentation's UnTagContact is refused by the service.)

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable } from '../../flow-host.ts';
import { list, required, text } from '../../parameter-spec.ts';

export const untagContact: ActionDefinition = {
  type: 'UntagContact',
  logType: 'UntagContact',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'required',
  parameters: { TagKeys: required(list(text('static'), { min: 1, max: 6 })) },
  errors: { expected: ['NoMatchingError'] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const written = context.raw('TagKeys');
  if (!Array.isArray(written)) throw new ActionFailure('TagKeys is missing');
  const keys = written.map(String);
  return after(
    context.performIfOffered('untagContact', context.host.untagContact?.(keys)),
    (): ActionOutcome => ({ kind: 'success', log: () => ({ parameters: { TagKeys: keys } }) }),
  );
}
