// Services beyond voice: the error branch without an adapter, the adapter's answer with one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testAction } from '../../../test/action-table.ts';
import { around, run } from '../../../test/scripted-host.ts';
import { done, failed } from '../../flow-host.ts';
import { serviceActions } from './service-actions.ts';

for (const { type } of [...serviceActions, { type: 'BrandNewAction' }]) {
  testAction(type, [
    {
      name: 'without an adapter takes its error branch and says so',
      Errors: ['NoMatchingError'],
      goesTo: 'NoMatchingError',
      note: new RegExp(`${type} is not available`),
    },
  ]);
}

test('ConnectParticipantWithLexBot › runs through the adapter; its answer chooses the branch and can be read', async () => {
  const flow = around({
    Type: 'ConnectParticipantWithLexBot',
    Parameters: { Text: 'Hi $.Channel', LexV2Bot: { AliasArn: '$.Attributes.bot' } },
    Errors: ['NoMatchingError', 'NoMatchingCondition'],
    Conditions: [['Equals', 'Yes']],
  });
  const ran = await run(flow, {
    contact: { attributes: new Map([['bot', 'bot-1']]) },
    host: {
      runServiceAction: (request) => {
        assert.deepEqual(request.parameters, { Text: 'Hi VOICE', LexV2Bot: { AliasArn: 'bot-1' } });
        return done({ result: 'Yes', values: { root: 'Lex', value: { IntentName: 'Yes' } } });
      },
    },
  });
  assert.equal(ran.path.at(-1), 'Equals Yes');
  assert.deepEqual(ran.state.data.services.get('Lex'), { IntentName: 'Yes' });
});

test('GetCustomerProfile › an adapter can name the error branch', async () => {
  const flow = around({
    Type: 'GetCustomerProfile',
    Errors: ['NoneFoundError', 'MultipleFoundError', 'NoMatchingError'],
  });
  const ran = await run(flow, { host: { runServiceAction: () => failed('none', 'NoneFoundError') } });
  assert.equal(ran.path.at(-1), 'NoneFoundError');
});
