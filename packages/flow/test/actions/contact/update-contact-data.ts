// UpdateContactData: fields of the contact, and the language that speaks from then on.

import assert from 'node:assert/strict';
import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

const NME = { Errors: ['NoMatchingError'] };

testAction('UpdateContactData', [
  {
    name: 'sets fields, and the language speaks from then on',
    Parameters: { Name: 'A $.Channel call', LanguageCode: 'de-DE', TargetContact: 'Current' },
    ...NME,
    goesTo: 'next',
    calls: [['updateContactData', 'current', { Name: 'A VOICE call', LanguageCode: 'de-DE' }]],
    also: (ran) => assert.equal(ran.state.languageCode, 'de-DE'),
  },
  {
    name: 'takes Voice ID settings without effect',
    Parameters: { IsVoiceIdStreamingEnabled: 'true' },
    ...NME,
    goesTo: 'next',
    calls: [],
    note: /Voice ID/,
  },
  {
    name: 'refuses what is no language',
    Parameters: { LanguageCode: 'German please' },
    ...NME,
    goesTo: 'NoMatchingError',
  },
  { name: 'refuses nothing at all', Parameters: {}, ...NME, goesTo: 'NoMatchingError' },
  {
    name: 'succeeds on a host that keeps no such fields',
    Parameters: { CustomerId: 'c-1' },
    ...NME,
    script: { host: { updateContactData: undefined } },
    goesTo: 'next',
    note: /going on as if/,
  },
  {
    name: 'logs what it set',
    Parameters: { CustomerId: 'c-$.Channel' },
    ...NME,
    goesTo: 'next',
    logs: [['SetContactData', { CustomerId: 'c-VOICE' }]],
  },
  {
    name: 'takes the error branch when the host refuses',
    Parameters: { Name: 'x', TargetContact: 'Related' },
    ...NME,
    script: { host: { updateContactData: () => failed('no related contact') } },
    goesTo: 'NoMatchingError',
    logError: /no related contact/,
  },
]);
