// GetMetricData: fills $.Metrics.

import assert from 'node:assert/strict';
import { done, type QueueMetrics } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

const METRICS: QueueMetrics = {
  queueName: 'Q',
  contactsInQueue: 3,
  oldestContactAgeMs: 300_000,
  agentsOnline: 2,
  agentsAvailable: 0,
  agentsStaffed: 1,
};
const metrics = { queueMetrics: () => done(METRICS) };

testAction('GetMetricData', [
  {
    name: 'fills the metrics',
    Parameters: { QueueChannel: 'Voice' },
    Errors: ['NoMatchingError'],
    script: { host: metrics },
    goesTo: 'next',
    also: (ran) => assert.equal(ran.state.data.metrics, METRICS),
  },
  {
    name: 'takes the error branch where there are none',
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
    note: /cannot do queueMetrics/,
  },
  {
    name: 'logs it',
    Parameters: { QueueChannel: 'Voice' },
    Errors: ['NoMatchingError'],
    script: { host: metrics },
    goesTo: 'next',
    logs: [['GetQueueMetrics', { QueueChannel: 'Voice' }]],
  },
]);
