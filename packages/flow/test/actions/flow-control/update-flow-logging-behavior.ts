// UpdateFlowLoggingBehavior: turns the log on and off, itself included.

import assert from 'node:assert/strict';
import { testAction } from '../../action-table.ts';

testAction('UpdateFlowLoggingBehavior', [
  {
    name: 'turns logs on, itself included',
    Parameters: { FlowLoggingBehavior: 'Enabled' },
    goesTo: 'next',
    logs: [['SetLoggingBehavior', { LoggingBehavior: 'Enable' }]],
  },
  { name: 'turns logs off', Parameters: { FlowLoggingBehavior: 'Disabled' }, goesTo: 'next', logs: [] },
  {
    name: 'is remembered with the contact',
    Parameters: { FlowLoggingBehavior: 'Disabled' },
    goesTo: 'next',
    also: (ran) => assert.equal(ran.state.logging, 'Disabled'),
  },
]);
