// ConnectParticipantWithLexBot: without an adapter its error branch; with one, what the adapter is asked and what its answer does.

import assert from 'node:assert/strict';
import { createContactFlowState, createFlowData } from '../../../src/contact-flow-state.ts';
import { done, failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

testAction('ConnectParticipantWithLexBot', [
  {
    name: 'without an adapter takes its error branch, and note and log say so',
    Parameters: { Text: 'Hi', LexV2Bot: { AliasArn: 'bot-1' } },
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
    note: /ConnectParticipantWithLexBot is not available/,
    logs: [['GetUserInput', { Text: 'Hi', LexV2Bot: { AliasArn: 'bot-1' } }]],
    logError: /not available/,
  },
  {
    name: 'with an adapter asks it with references resolved, and its answer chooses the branch',
    Parameters: { Text: 'Hi $.Channel', LexV2Bot: { AliasArn: '$.Attributes.it' } },
    Errors: ['NoMatchingError', 'NoMatchingCondition'],
    Conditions: [['Equals', 'Yes']],
    script: {
      contact: { attributes: new Map([['it', 'it-1']]) },
      state: {
        ...createContactFlowState({ logging: 'Enabled' }),
        data: { ...createFlowData(), services: new Map([['Customer', { Kept: 'before' }]]) },
      },
      host: {
        runServiceAction: (request) => {
          assert.deepEqual(request, {
            actionType: 'ConnectParticipantWithLexBot',
            parameters: { Text: 'Hi VOICE', LexV2Bot: { AliasArn: 'it-1' } },
          });
          return done({ result: 'Yes', values: { root: 'Lex', value: { Kept: 'yes' } } });
        },
      },
    },
    goesTo: 'Equals Yes',
    also: (ran) =>
      assert.deepEqual(
        [...ran.state.data.services],
        [
          ['Customer', { Kept: 'before' }],
          ['Lex', { Kept: 'yes' }],
        ],
      ),
  },
  {
    name: 'an answer that no branch is for',
    Parameters: { Text: 'Hi $.Channel', LexV2Bot: { AliasArn: '$.Attributes.it' } },
    Errors: ['NoMatchingError', 'NoMatchingCondition'],
    Conditions: [['Equals', 'Yes']],
    script: {
      contact: { attributes: new Map([['it', 'it-1']]) },
      host: { runServiceAction: () => Promise.resolve(done({ result: 'SomethingElse' })) },
    },
    goesTo: 'NoMatchingCondition',
  },
  {
    name: 'an adapter that fails names the error branch',
    Parameters: { Text: 'Hi VOICE', LexV2Bot: { AliasArn: 'it-1' } },
    Errors: ['InputTimeLimitExceeded', 'NoMatchingError', 'NoMatchingCondition'],
    script: { host: { runServiceAction: () => failed('no answer', 'InputTimeLimitExceeded') } },
    goesTo: 'InputTimeLimitExceeded',
    logError: /no answer/,
  },
]);
