// CheckHoursOfOperation: is it open now, by named hours or those of the target queue?

import type { ActionContext } from '../../action-context.ts';
import {
  type ActionDefinition,
  type ActionOutcome,
  INBOUND,
  QUEUE,
  TRANSFERS,
} from '../../action-definition.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable } from '../../flow-host.ts';
import { resource } from '../../parameter-spec.ts';

export const checkHoursOfOperation: ActionDefinition = {
  type: 'CheckHoursOfOperation',
  logType: 'CheckHoursOfOperation',
  support: { level: 'full' },
  flowTypes: [...INBOUND, ...TRANSFERS, ...QUEUE],
  nextAction: 'optional',
  parameters: { HoursOfOperationId: resource('hoursOfOperation') },
  errors: { expected: ['NoMatchingError'] },
  conditions: { operators: ['Equals'], results: ['True', 'False'], complete: true },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const id = context.text('HoursOfOperationId');
  return after(context.perform('isOpen', context.host.isOpen?.(id)), (open): ActionOutcome => {
    const value = open ? 'True' : 'False';
    return {
      kind: 'result',
      value,
      log: () => ({ parameters: id === undefined ? {} : { HoursOfOperationId: id }, results: value }),
    };
  });
}
