// UpdateContactEventHooks: flows for the moments of a contact.

import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

const NME = { Errors: ['NoMatchingError'] };

testAction('UpdateContactEventHooks', [
  {
    name: 'sets a flow',
    Parameters: { EventHooks: { CustomerQueue: 'f-1' } },
    ...NME,
    goesTo: 'next',
    calls: [['setEventHook', { hook: 'CustomerQueue', flowId: 'f-1', execution: 'enabled' }]],
  },
  {
    name: 'sets none to run',
    Parameters: {
      EventHooks: { AgentWhisper: 'f-1' },
      EventHooksConfiguration: { AgentWhisper: { DisableExecution: 'true' } },
    },
    ...NME,
    goesTo: 'next',
    calls: [['setEventHook', { hook: 'AgentWhisper', execution: 'disabled' }]],
  },
  {
    name: 'a reference without a value',
    Parameters: { EventHooks: { CustomerRemaining: '$.FlowAttributes.x' } },
    ...NME,
    goesTo: 'NoMatchingError',
    calls: [],
  },
  {
    name: 'logs it',
    Parameters: { EventHooks: { CustomerRemaining: 'f-2' } },
    ...NME,
    goesTo: 'next',
    logs: [['SetEventHook', { Type: 'CustomerRemaining', ContactFlowId: 'f-2', DisableExecution: 'false' }]],
  },
  {
    name: 'takes the error branch when there is no such flow',
    Parameters: { EventHooks: { CustomerHold: 'f-3' } },
    ...NME,
    script: { host: { setEventHook: () => failed('no such flow') } },
    goesTo: 'NoMatchingError',
    logError: /no such flow/,
  },
  ...(
    [
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
    ] as const
  ).map((hook) => ({
    name: `knows ${hook}`,
    Parameters: { EventHooks: { [hook]: '$.Attributes.flow' } },
    ...NME,
    script: { contact: { attributes: new Map([['flow', 'f-4']]) } },
    goesTo: 'next',
    calls: [['setEventHook', { hook, flowId: 'f-4', execution: 'enabled' }]],
  })),
]);
