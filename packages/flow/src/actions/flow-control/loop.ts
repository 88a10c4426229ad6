// Loop: goes round a number of times, then on.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { number, required } from '../../parameter-spec.ts';

const CONTINUE = 'ContinueLooping';
const DONE = 'DoneLooping';

export const loop: ActionDefinition = {
  type: 'Loop',
  logType: 'Loop',
  support: {
    level: 'partial',
    missing: 'named and array loops ($.Loop.<name>): their parameters are not published',
  },
  flowTypes: 'all',
  nextAction: 'required',
  parameters: { LoopCount: required(number(0, 100, 'whole')) },
  errors: { expected: [], optional: ['NoMatchingError'] },
  conditions: { operators: ['Equals'], results: [CONTINUE, DONE], complete: true },
  run,
};

function run(context: ActionContext): ActionOutcome {
  const count = context.number('LoopCount', 0, 100);
  if (count === undefined) throw new ActionFailure('LoopCount is missing');
  const { loopCounters } = context.state;
  // Keyed by flow, too: the same action identifier may stand in another flow of the contact.
  const key = `${context.flow.id}\n${context.action.identifier}`;
  const passes = loopCounters.get(key) ?? 0;
  const value = passes < count ? CONTINUE : DONE;
  if (value === CONTINUE) loopCounters.set(key, passes + 1);
  else loopCounters.delete(key);
  return {
    kind: 'result',
    value,
    log: () => ({ parameters: { LoopCount: String(count) }, results: value }),
  };
}
