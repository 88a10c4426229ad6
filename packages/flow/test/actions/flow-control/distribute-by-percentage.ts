// DistributeByPercentage: where each share of a hundred draws goes.

import { testAction } from '../../action-table.ts';

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
    calls: [],
    logs: [['DistributeByPercentage', {}, String(Math.floor(drawn * 100) + 1)]] as const,
  })),
);
