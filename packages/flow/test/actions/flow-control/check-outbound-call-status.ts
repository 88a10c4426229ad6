// CheckOutboundCallStatus: waits for the verdict of answering machine detection.

import { done, failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

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
  ...(['CallAnswered', 'VoicemailBeep', 'VoicemailNoBeep', 'NotDetected'] as const).map((status) => ({
    name: `goes by ${status}`,
    Errors: ['NoMatchingError'],
    Conditions: [['Equals', status]] as const,
    script: { host: { outboundCallStatus: () => done(status) } },
    goesTo: `Equals ${status}`,
  })),
  {
    name: 'suspends until the verdict exists',
    Errors: ['NoMatchingError'],
    Conditions: [['Equals', 'CallAnswered']],
    script: {
      host: {
        outboundCallStatus: undefined,
      },
    },
    goesTo: 'NoMatchingError',
    note: /cannot do outboundCallStatus/,
  },
  {
    name: 'a detection that broke takes the error branch',
    Errors: ['NoMatchingError'],
    Conditions: [['Equals', 'CallAnswered']],
    script: { host: { outboundCallStatus: () => Promise.resolve(failed('the detector broke')) } },
    goesTo: 'NoMatchingError',
    logError: /the detector broke/,
  },
]);
