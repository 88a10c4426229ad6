// UpdateContactCallbackNumber (Set callback number): where a callback of this contact will ring.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable } from '../../flow-host.ts';
import { required, text } from '../../parameter-spec.ts';
import { textOf } from '../../references.ts';

export const updateContactCallbackNumber: ActionDefinition = {
  type: 'UpdateContactCallbackNumber',
  logType: 'SetCallbackNumber',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'required',
  parameters: { CallbackNumber: required(text('only')) },
  errors: { expected: ['InvalidCallbackNumber', 'CallbackNumberNotDialable'] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const written = textOf(context.value(context.raw('CallbackNumber'))) ?? '';
  const phoneNumber = written.replace(/[ ().-]/g, '');
  if (!/^\+[1-9]\d{6,14}$/.test(phoneNumber)) {
    return {
      kind: 'error',
      errorType: 'InvalidCallbackNumber',
      detail: `"${written}" is no telephone number in E.164`,
    };
  }
  return after(
    context.perform('setCallbackNumber', context.host.setCallbackNumber?.(phoneNumber)),
    (): ActionOutcome => ({ kind: 'success', log: () => ({ parameters: { CallbackNumber: phoneNumber } }) }),
  );
}
