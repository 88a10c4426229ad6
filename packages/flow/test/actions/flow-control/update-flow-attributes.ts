// UpdateFlowAttributes: values that end with the flow.

import assert from 'node:assert/strict';
import { testAction } from '../../action-table.ts';

testAction('UpdateFlowAttributes', [
  {
    name: 'sets values that references see until the flow ends',
    Parameters: {
      FlowAttributes: { a: { Value: 'x$.Channel' }, b: { Value: '$.External.none', Type: 'String' } },
    },
    Errors: ['NoMatchingError'],
    goesTo: 'next',
    logs: [['SetFlowAttributes', { a: 'xVOICE', b: '' }]],
    also: (ran) => assert.equal(ran.state.data.flowAttributes.get('a'), 'xVOICE'),
  },
  {
    name: 'refuses more than it may keep',
    Parameters: { FlowAttributes: { a: { Value: 'x'.repeat(40_000) } } },
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
  },
  {
    name: 'logs why not',
    Parameters: {},
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
    logError: /FlowAttributes/,
  },
]);
