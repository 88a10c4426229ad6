// UpdateContactAttributes: which attributes are set, and when none are.

import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

const NME = { Errors: ['NoMatchingError'] };

const CONTACT_ID = '11111111-1111-4111-8111-111111111111';

testAction('UpdateContactAttributes', [
  {
    name: 'sets attributes with references in names and values',
    Parameters: {
      Attributes: { plain: 'x', 'to_$.Channel': 'Call $.ContactId', gone: '$.External.none' },
      TargetContact: 'Current',
    },
    ...NME,
    goesTo: 'next',
    calls: [['updateAttributes', 'current', { plain: 'x', to_VOICE: `Call ${CONTACT_ID}`, gone: '' }]],
    logs: [
      ['SetAttributes', { Key: 'plain', Value: 'x', AddAttributeToRelatedContact: 'false' }],
      [
        'SetAttributes',
        { Key: 'to_VOICE', Value: `Call ${CONTACT_ID}`, AddAttributeToRelatedContact: 'false' },
      ],
      ['SetAttributes', { Key: 'gone', Value: '', AddAttributeToRelatedContact: 'false' }],
    ],
  },
  {
    name: 'sets those of the related contact',
    Parameters: { Attributes: { a: '1' }, TargetContact: 'Related' },
    ...NME,
    goesTo: 'next',
    calls: [['updateAttributes', 'related', { a: '1' }]],
  },
  {
    name: 'sets none when they would be too large together',
    Parameters: { Attributes: { a: '1', b: 'x'.repeat(20_000) } },
    ...NME,
    script: { contact: { attributes: new Map([['c', 'y'.repeat(20_000)]]) } },
    goesTo: 'NoMatchingError',
    calls: [],
    detail: /at most 32768/,
  },
  {
    name: 'what an attribute is replaced by counts once',
    Parameters: { Attributes: { c: 'x'.repeat(20_000) } },
    ...NME,
    script: { contact: { attributes: new Map([['c', 'y'.repeat(20_000)]]) } },
    goesTo: 'next',
  },
  {
    name: 'sets none when one has an impossible name',
    Parameters: { Attributes: { a: '1', 'b.c': '2' } },
    ...NME,
    goesTo: 'NoMatchingError',
    calls: [],
  },
  { name: 'takes the error branch without attributes', Parameters: {}, ...NME, goesTo: 'NoMatchingError' },
  {
    name: 'sets none when the host refuses, and the log says why',
    Parameters: { Attributes: { a: '1' } },
    ...NME,
    script: { host: { updateAttributes: () => failed('the contact is gone') } },
    goesTo: 'NoMatchingError',
    logError: /the contact is gone/,
  },
]);
