// UpdateContactRoutingCriteria: which agents may take the contact.

import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

const NME = { Errors: ['NoMatchingError'] };

testAction('UpdateContactRoutingCriteria', [
  {
    name: 'resolves references below',
    Parameters: {
      RoutingCriteria: {
        Steps: [
          {
            Expression: {
              AttributeCondition: { MatchCriteria: { AgentsCriteria: { AgentIds: ['$.Attributes.agent'] } } },
            },
          },
        ],
      },
    },
    ...NME,
    script: { contact: { attributes: new Map([['agent', 'a-1']]) } },
    goesTo: 'next',
    calls: [
      [
        'setRoutingCriteria',
        {
          Steps: [
            {
              Expression: {
                AttributeCondition: { MatchCriteria: { AgentsCriteria: { AgentIds: ['a-1'] } } },
              },
            },
          ],
        },
      ],
    ],
  },
  {
    name: 'logs them',
    Parameters: { RoutingCriteria: { Steps: [] } },
    ...NME,
    goesTo: 'next',
    logs: [['SetRoutingCriteria', { RoutingCriteria: { Steps: [] } }]],
  },
  {
    name: 'takes the error branch when they are refused',
    Parameters: { RoutingCriteria: { Steps: [] } },
    ...NME,
    script: { host: { setRoutingCriteria: () => failed('no step') } },
    goesTo: 'NoMatchingError',
    logError: /no step/,
  },
]);
