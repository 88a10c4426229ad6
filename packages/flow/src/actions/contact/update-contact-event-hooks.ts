// UpdateContactEventHooks (Set customer queue / whisper / hold / disconnect flow): which flow runs at a moment to come.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { member } from '../../flow-document.ts';
import type { EventHook, EventHookSetting } from '../../flow-host.ts';
import { flag, map, object, required, resource } from '../../parameter-spec.ts';

const EVENT_HOOKS: readonly EventHook[] = [
  'CustomerQueue',
  'CustomerWhisper',
  'AgentWhisper',
  'CustomerHold',
  'AgentHold',
  'CustomerRemaining',
  'DefaultAgentUI',
  'DisconnectAgentUI',
  'PauseContact',
  'ResumeContact',
];

export const updateContactEventHooks: ActionDefinition = {
  type: 'UpdateContactEventHooks',
  logType: 'SetEventHook',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'required',
  parameters: {
    EventHooks: required(object(Object.fromEntries(EVENT_HOOKS.map((hook) => [hook, resource('flow')])))),
    // Refused by the create API, yet written by the console's own exports: honoured.
    EventHooksConfiguration: map(object({ DisableExecution: flag() })),
  },
  errors: { expected: ['NoMatchingError'] },
  run,
};

async function run(context: ActionContext): Promise<ActionOutcome> {
  const settings = settingsOf(context);
  if (settings.length === 0) throw new ActionFailure('EventHooks names no event');
  for (const setting of settings) {
    await context.performIfOffered('setEventHook', context.host.setEventHook?.(setting));
  }
  return {
    kind: 'success',
    log: () =>
      settings.map((setting) => ({
        parameters: {
          Type: setting.hook,
          ContactFlowId: setting.flowId,
          DisableExecution: String(setting.execution === 'disabled'),
        },
      })),
  };
}

function settingsOf(context: ActionContext): readonly EventHookSetting[] {
  const hooks = context.raw('EventHooks');
  const configuration = context.raw('EventHooksConfiguration');
  return EVENT_HOOKS.flatMap((hook): readonly EventHookSetting[] => {
    const written = member(hooks, hook);
    const disabled = context.isTrueValue(member(member(configuration, hook), 'DisableExecution'));
    if (disabled) return [{ hook, execution: 'disabled' }];
    const flowId = context.textOf(written, hook);
    return flowId === undefined ? [] : [{ hook, flowId: flowId.trim(), execution: 'enabled' }];
  });
}
