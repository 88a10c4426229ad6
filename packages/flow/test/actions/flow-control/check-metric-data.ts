// CheckMetricData: numbers of a queue against operands.

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

testAction('CheckMetricData', [
  {
    name: 'agents are available only above none',
    Parameters: { MetricType: 'NumberOfAgentsAvailable' },
    Errors: ['NoMatchingError', 'NoMatchingCondition'],
    Conditions: [['NumberGreaterThan', '0']],
    script: { host: metrics },
    goesTo: 'NoMatchingCondition',
  },
  {
    name: 'agents are staffed',
    Parameters: { MetricType: 'NumberOfAgentsStaffed' },
    Errors: ['NoMatchingError', 'NoMatchingCondition'],
    Conditions: [['NumberGreaterThan', '0']],
    script: { host: metrics },
    goesTo: 'NumberGreaterThan 0',
  },
  {
    name: 'the oldest contact is compared in milliseconds',
    Parameters: { MetricType: 'OldestContactInQueueAgeSeconds', QueueId: 'q' },
    Errors: ['NoMatchingError', 'NoMatchingCondition'],
    Conditions: [['NumberLessThan', '300001']],
    script: { host: metrics },
    goesTo: 'NumberLessThan 300001',
  },
  {
    name: 'an unknown metric takes the error branch',
    Parameters: { MetricType: 'Mood' },
    Errors: ['NoMatchingError', 'NoMatchingCondition'],
    script: { host: metrics },
    goesTo: 'NoMatchingError',
  },
  {
    name: 'logs the number it found',
    Parameters: { MetricType: 'NumberOfContactsInQueue' },
    Errors: ['NoMatchingError', 'NoMatchingCondition'],
    Conditions: [['NumberGreaterOrEqualTo', '3']],
    script: { host: metrics },
    goesTo: 'NumberGreaterOrEqualTo 3',
    logs: [['CheckMetricData', { MetricType: 'NumberOfContactsInQueue' }, '3']],
  },
  {
    name: 'asks about the queue it names',
    Parameters: { MetricType: 'NumberOfAgentsOnline', QueueId: '$.Attributes.q' },
    Errors: ['NoMatchingError', 'NoMatchingCondition'],
    Conditions: [['NumberGreaterThan', '0']],
    script: {
      contact: { attributes: new Map([['q', 'q-1']]) },
      host: {
        queueMetrics: (target) => {
          assert.deepEqual(target, { kind: 'queue', queueId: 'q-1' });
          return done(METRICS);
        },
      },
    },
    goesTo: 'NumberGreaterThan 0',
  },
  {
    name: 'takes the error branch where nothing is known of queues',
    Parameters: { MetricType: 'NumberOfAgentsOnline' },
    Errors: ['NoMatchingError', 'NoMatchingCondition'],
    goesTo: 'NoMatchingError',
    note: /cannot do queueMetrics/,
  },
]);
