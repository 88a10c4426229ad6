// TagContact: puts tags on the contact.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome, ReportProblem } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { after } from '../../awaitable.ts';
import { type Action, member } from '../../flow-document.ts';
import type { Awaitable } from '../../flow-host.ts';
import { map, required, text } from '../../parameter-spec.ts';

/** Most tags a flow may set in one action. */
const MAX_TAGS = 6;

export const tagContact: ActionDefinition = {
  type: 'TagContact',
  logType: 'TagContact',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'required',
  parameters: { Tags: required(map(text('inline', { maxLength: 256 }))) },
  errors: { expected: ['NoMatchingError'] },
  check,
  run,
};

function check(action: Action, report: ReportProblem): void {
  const tags = member(action.parameters, 'Tags');
  if (typeof tags !== 'object' || tags === null) return;
  const keys = Object.keys(tags);
  if (keys.length > MAX_TAGS) {
    report(
      'error',
      'Parameters.Tags',
      'More than 6 tags in Parameters.Tags',
      'Set at most 6 tags in one action.',
    );
  }
  if (keys.some((key) => key.startsWith('aws:'))) {
    // The service finds this out only when the flow runs.
    report('warning', 'Parameters.Tags', 'Tag keys must not begin with aws:', 'Choose another key.');
  }
}

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const tags = context.textMap(context.raw('Tags'), 'Tags');
  if (tags.size === 0 || tags.size > MAX_TAGS)
    throw new ActionFailure(`there are ${tags.size} tags; 1 to 6 can be set`);
  for (const key of tags.keys()) {
    if (key.toLowerCase().startsWith('aws:')) throw new ActionFailure(`the tag key "${key}" is reserved`);
  }
  return after(
    context.performIfOffered('tagContact', context.host.tagContact?.(tags)),
    (): ActionOutcome => ({
      kind: 'success',
      log: () => ({ parameters: { Tags: Object.fromEntries(tags) } }),
    }),
  );
}
