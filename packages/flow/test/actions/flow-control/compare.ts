// Compare: values from everywhere, and the NULL rule.

import { createContactFlowState, createFlowData } from '../../../src/contact-flow-state.ts';
import { testAction } from '../../action-table.ts';

const remembering = (data: Partial<ReturnType<typeof createFlowData>>) => ({
  ...createContactFlowState({ logging: 'Enabled' }),
  data: { ...createFlowData(), ...data },
});

testAction('Compare', [
  {
    name: 'takes the first condition that holds',
    Parameters: { ComparisonValue: '$.Attributes.tier' },
    Errors: ['NoMatchingCondition'],
    Conditions: [
      ['Equals', 'silver'],
      ['TextStartsWith', 'go'],
      ['Equals', 'gold'],
    ],
    script: { contact: { attributes: new Map([['tier', 'gold']]) } },
    goesTo: 'TextStartsWith go',
    elapsedMs: 0,
    calls: [],
    logs: [
      ['CheckAttribute', { Value: 'gold', ComparisonMethod: 'Equals', SecondValue: 'silver' }, 'false'],
      ['CheckAttribute', { Value: 'gold', ComparisonMethod: 'TextStartsWith', SecondValue: 'go' }, 'true'],
    ],
  },
  {
    name: 'goes to NoMatchingCondition when none holds',
    Parameters: { ComparisonValue: '$.Attributes.tier' },
    Errors: ['NoMatchingCondition'],
    Conditions: [['Equals', 'gold']],
    goesTo: 'NoMatchingCondition',
  },
  {
    name: 'a missing value equals NULL',
    Parameters: { ComparisonValue: '$.External.balance' },
    Errors: ['NoMatchingCondition'],
    Conditions: [['Equals', 'NULL']],
    goesTo: 'Equals NULL',
  },
  {
    name: 'a JSON null of a function equals NULL',
    Parameters: { ComparisonValue: '$.External.balance' },
    Errors: ['NoMatchingCondition'],
    Conditions: [['Equals', 'NULL']],
    script: { state: remembering({ external: { balance: null } }) },
    goesTo: 'Equals NULL',
  },
  {
    name: 'reads nested answers, also by the newer name',
    Parameters: { ComparisonValue: '$.LambdaInvocation.ResultData.customer.age' },
    Errors: ['NoMatchingCondition'],
    Conditions: [['NumberGreaterThan', '17']],
    script: { state: remembering({ external: { customer: { age: 18 } } }) },
    goesTo: 'NumberGreaterThan 17',
  },
  {
    name: 'asks whether an object has a key',
    Parameters: { ComparisonValue: '$.External.customer' },
    Errors: ['NoMatchingCondition'],
    Conditions: [['KeyExists', 'age']],
    script: { state: remembering({ external: { customer: { age: 18 } } }) },
    goesTo: 'KeyExists age',
  },
  {
    name: 'stored input that timed out',
    Parameters: { ComparisonValue: '$.StoredCustomerInput' },
    Errors: ['NoMatchingCondition'],
    Conditions: [['Equals', 'Timeout']],
    script: { state: remembering({ storedCustomerInput: 'Timeout' }) },
    goesTo: 'Equals Timeout',
  },
  {
    name: 'the dialled number, and keys with spaces',
    Parameters: { ComparisonValue: "$.Attributes.['my number']" },
    Errors: ['NoMatchingCondition'],
    Conditions: [['Equals', '$.CustomerEndpoint.Address']],
    script: { contact: { attributes: new Map([['my number', '+12065550100']]) } },
    goesTo: 'Equals $.CustomerEndpoint.Address',
  },
  {
    name: 'a segment attribute',
    Parameters: { ComparisonValue: "$.SegmentAttributes['connect:Subtype']" },
    Errors: ['NoMatchingCondition'],
    Conditions: [['Equals', 'connect:Telephony']],
    script: {
      contact: { segmentAttributes: new Map([['connect:Subtype', { ValueString: 'connect:Telephony' }]]) },
    },
    goesTo: 'Equals connect:Telephony',
  },
  {
    name: 'system values',
    Parameters: { ComparisonValue: '$.Queue.OutboundCallerId.Address' },
    Errors: ['NoMatchingCondition'],
    Conditions: [['Equals', '+12065550199']],
    script: {
      contact: {
        queue: {
          arn: 'q',
          name: 'Q',
          outboundCallerId: { address: '+12065550199', type: 'TELEPHONE_NUMBER' },
        },
      },
    },
    goesTo: 'Equals +12065550199',
  },
]);
