// EndFlowExecution (End flow / resume): ends this flow without hanging up.

import type { ActionDefinition } from '../../action-definition.ts';

export const endFlowExecution: ActionDefinition = {
  type: 'EndFlowExecution',
  logType: 'Resume',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'none',
  parameters: {},
  errors: { expected: [] },
  run: () => ({ kind: 'leave', outcome: { kind: 'ended', reason: 'endFlowExecution' } }),
};
