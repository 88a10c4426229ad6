// The actions of flow control that take a line or two each.

import assert from 'node:assert/strict';
import { testAction } from '../../../test/action-table.ts';
import type { QueueMetrics } from '../../flow-host.ts';
import { done, failed } from '../../flow-host.ts';

testAction('EndFlowExecution', [
  {
    name: 'ends the flow and does not hang up',
    NextAction: null,
    goesTo: '(ended)',
    calls: [],
    logs: [['Resume', {}]],
  },
]);

testAction('UpdateFlowLoggingBehavior', [
  {
    name: 'turns logs on, itself included',
    Parameters: { FlowLoggingBehavior: 'Enabled' },
    goesTo: 'next',
    logs: [['SetLoggingBehavior', { LoggingBehavior: 'Enable' }]],
  },
  { name: 'turns logs off', Parameters: { FlowLoggingBehavior: 'Disabled' }, goesTo: 'next', logs: [] },
]);

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
]);

const SHARES = [
  ['NumberLessThan', '4'],
  ['NumberLessThan', '10'],
  ['NumberLessThan', '18'],
] as const;

testAction(
  'DistributeByPercentage',
  (
    [
      [0, 'NumberLessThan 4'],
      [0.0299, 'NumberLessThan 4'],
      [0.03, 'NumberLessThan 10'],
      [0.0899, 'NumberLessThan 10'],
      [0.1699, 'NumberLessThan 18'],
      [0.17, 'NoMatchingCondition'],
      [0.9999999, 'NoMatchingCondition'],
    ] as const
  ).map(([drawn, goesTo]) => ({
    name: `${drawn} goes to ${goesTo}`,
    Errors: ['NoMatchingCondition'],
    Conditions: SHARES,
    script: { host: { random: () => drawn } },
    goesTo,
  })),
);

const OPEN = [
  ['Equals', 'True'],
  ['Equals', 'False'],
] as const;

testAction('CheckHoursOfOperation', [
  {
    name: 'open',
    Errors: ['NoMatchingError'],
    Conditions: OPEN,
    script: { host: { isOpen: (id) => done(id === undefined) } },
    goesTo: 'Equals True',
    logs: [['CheckHoursOfOperation', {}, 'True']],
  },
  {
    name: 'closed, by named hours',
    Parameters: { HoursOfOperationId: 'h1' },
    Errors: ['NoMatchingError'],
    Conditions: OPEN,
    script: { host: { isOpen: (id) => done(id !== 'h1') } },
    goesTo: 'Equals False',
  },
  {
    name: 'without a queue',
    Errors: ['NoMatchingError'],
    Conditions: OPEN,
    script: { host: { isOpen: () => failed('no queue') } },
    goesTo: 'NoMatchingError',
  },
]);

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
]);

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
]);

testAction('CheckOutboundCallStatus', [
  {
    name: 'waits for the verdict',
    Errors: ['NoMatchingError'],
    Conditions: [
      ['Equals', 'CallAnswered'],
      ['Equals', 'VoicemailBeep'],
    ],
    script: { host: { outboundCallStatus: () => Promise.resolve(done('VoicemailBeep' as const)) } },
    goesTo: 'Equals VoicemailBeep',
    logs: [['CheckOutboundCallStatus', {}, 'VoicemailBeep']],
  },
  {
    name: 'takes the error branch without detection',
    Errors: ['NoMatchingError'],
    Conditions: [['Equals', 'CallAnswered']],
    goesTo: 'NoMatchingError',
  },
]);
