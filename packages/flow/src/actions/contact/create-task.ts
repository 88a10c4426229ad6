// CreateTask: makes a task contact for somebody to work on; this flow goes on.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable } from '../../flow-host.ts';
import { free, map, number, required, resource, text } from '../../parameter-spec.ts';

/** Longest delay: six days. */
const MAX_DELAY_SECONDS = 518_400;

export const createTask: ActionDefinition = {
  type: 'CreateTask',
  logType: 'CreateTask',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'required',
  parameters: {
    ContactFlowId: resource('flow'),
    TaskTemplateId: text('whole'),
    Name: required(text('inline', { maxLength: 512 })),
    Description: text('inline', { maxLength: 4_096 }),
    Attributes: map(text('inline')),
    References: map(free()),
    DelaySeconds: number(0, MAX_DELAY_SECONDS, 'whole'),
    ScheduledTime: text('whole'),
  },
  choice: { rule: 'atLeastOne', of: ['ContactFlowId', 'TaskTemplateId'] },
  errors: { expected: ['NoMatchingError'] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const contactFlowId = context.text('ContactFlowId');
  const taskTemplateId = context.text('TaskTemplateId');
  const description = context.text('Description');
  const delaySeconds = context.number('DelaySeconds', 0, MAX_DELAY_SECONDS);
  const scheduledTime = context.text('ScheduledTime');
  const references = context.raw('References');
  const request = {
    name: context.requiredText('Name'),
    attributes: context.textMap(context.raw('Attributes'), 'Attributes'),
    references:
      typeof references === 'object' && references !== null
        ? (context.resolveDeep(references) as Record<string, unknown>)
        : {},
    ...(contactFlowId === undefined ? {} : { contactFlowId }),
    ...(taskTemplateId === undefined ? {} : { taskTemplateId }),
    ...(description === undefined ? {} : { description }),
    ...(delaySeconds === undefined ? {} : { delayMs: delaySeconds * 1000 }),
    ...(scheduledTime === undefined ? {} : { scheduledTime }),
  };
  return after(
    context.perform('createTask', context.host.createTask?.(request)),
    ({ contactId }): ActionOutcome => {
      context.data.services = new Map([...context.data.services, ['Task', { ContactId: contactId }]]);
      return { kind: 'success', log: () => ({ parameters: { Name: request.name }, results: contactId }) };
    },
  );
}
