// CreateCallbackContact (Transfer to queue, callback): somebody will call the customer later; this flow goes on.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { after } from '../../awaitable.ts';
import { member } from '../../flow-document.ts';
import type { Awaitable } from '../../flow-host.ts';
import { number, object, required, resource, text } from '../../parameter-spec.ts';
import { routingTarget, targetLog } from '../routing-target.ts';

/** Longest delay: three days. */
const MAX_DELAY_SECONDS = 259_200;
const MAX_ATTEMPTS = 1_000;

export const createCallbackContact: ActionDefinition = {
  type: 'CreateCallbackContact',
  logType: 'CreateCallback',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'required',
  parameters: {
    InitialCallDelaySeconds: required(number(1, MAX_DELAY_SECONDS, 'whole', 'warning')),
    MaximumConnectionAttempts: required(number(1, MAX_ATTEMPTS, 'whole', 'warning')),
    RetryDelaySeconds: required(number(1, MAX_DELAY_SECONDS, 'whole', 'warning')),
    QueueId: resource('queue'),
    AgentId: resource('agent'),
    ContactFlowId: resource('flow'),
    CallerId: object({ Number: text('whole'), Name: text('whole') }),
  },
  choice: { rule: 'atMostOne', of: ['QueueId', 'AgentId'] },
  errors: { expected: ['NoMatchingError'] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const target = routingTarget(context);
  const contactFlowId = context.text('ContactFlowId');
  const callerId = context.raw('CallerId');
  const callerIdNumber = context.textOf(
    typeof callerId === 'string' ? callerId : member(callerId, 'Number'),
    'CallerId',
  );
  const delaySeconds = requiredNumber(context, 'InitialCallDelaySeconds', MAX_DELAY_SECONDS);
  const request = {
    // A flow of its own decides when to call.
    initialDelayMs: contactFlowId === undefined ? delaySeconds * 1000 : 0,
    maximumAttempts: requiredNumber(context, 'MaximumConnectionAttempts', MAX_ATTEMPTS),
    retryDelayMs: requiredNumber(context, 'RetryDelaySeconds', MAX_DELAY_SECONDS) * 1000,
    ...(target === undefined ? {} : { target }),
    ...(contactFlowId === undefined ? {} : { contactFlowId }),
    ...(callerIdNumber === undefined ? {} : { callerIdNumber }),
  };
  return after(
    context.perform('createCallback', context.host.createCallback?.(request)),
    (): ActionOutcome => ({
      kind: 'success',
      log: () => ({ parameters: { ...targetLog(target), InitialCallDelaySeconds: String(delaySeconds) } }),
    }),
  );
}

function requiredNumber(context: ActionContext, name: string, max: number): number {
  const value = context.number(name, 1, max);
  if (value === undefined) throw new ActionFailure(`${name} is missing`);
  return value;
}
