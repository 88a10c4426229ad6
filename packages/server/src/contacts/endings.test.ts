// What each end of a contact is called, in the record and in our own words.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { DialFailure, type DialFailureCause } from '../calls/dial-failure.ts';
import { ContactEnded, endingOf, endings, stoppedByApi } from './endings.ts';

/** Every disconnect reason of a voice contact (Administrator Guide, data model for contact records). */
const documented = new Set([
  'TELECOM_BUSY',
  'TELECOM_NUMBER_INVALID',
  'TELECOM_POTENTIAL_BLOCKING',
  'TELECOM_UNANSWERED',
  'TELECOM_TIMEOUT',
  'TELECOM_ORIGINATOR_CANCEL',
  'TELECOM_PROBLEM',
  'CUSTOMER_DISCONNECT',
  'CONTACT_FLOW_DISCONNECT',
  'THIRD_PARTY_DISCONNECT',
  'AGENT_DISCONNECT',
  'OUTBUND_PREVIEW_DISCARDED',
  'OTHER',
]);

describe('endings', () => {
  it('use only reasons that Connect knows', () => {
    for (const [name, ending] of Object.entries(endings)) {
      assert.ok(documented.has(ending.disconnectReason), name);
    }
  });

  it('have a cause of ours wherever Connect’s reason says nothing', () => {
    for (const [name, ending] of Object.entries(endings)) {
      if (ending.disconnectReason === 'OTHER')
        assert.match('endCause' in ending ? ending.endCause : '', /^[A-Z_]+$/, name);
    }
  });

  it('stand in the table of docs/ending.md', () => {
    const table = readFileSync(new URL('../../../../docs/ending.md', import.meta.url), 'utf8');
    for (const [name, ending] of Object.entries(endings)) {
      const cause = 'endCause' in ending ? `\`${ending.endCause}\`` : '–';
      const row = `\\| \`${ending.disconnectReason}\`[^|]* \\| ${cause} \\|`;
      assert.match(table, new RegExp(row), name);
    }
  });
});

describe('a stop by the API', () => {
  it('has the reason that the campaigns service gave, where campaigns have such a reason', () => {
    assert.deepEqual(stoppedByApi('EXPIRED'), { disconnectReason: 'EXPIRED', endCause: 'STOPPED_BY_API' });
    assert.equal(stoppedByApi('SOMETHING_ELSE'), endings.stoppedByApi);
    assert.equal(stoppedByApi(undefined), endings.stoppedByApi);
  });
});

describe('ending of a dial failure', () => {
  const rejected = (status: number): DialFailureCause => ({ kind: 'rejected', status, reason: '' });
  // The phones of the simulated carrier (architecture, §5), by what they answer.
  const cases: [
    phone: string,
    cause: DialFailureCause,
    rang: boolean,
    reason: string,
    amd: string,
    endCause?: string,
  ][] = [
    ['…120 busy', rejected(486), true, 'TELECOM_BUSY', 'SIT_TONE_BUSY'],
    [
      '…121 never answers',
      { kind: 'ring timeout', ringTimeoutMs: 1 },
      true,
      'TELECOM_TIMEOUT',
      'AMD_UNANSWERED',
    ],
    ['…122 declined', rejected(603), true, 'TELECOM_UNANSWERED', 'AMD_NOT_APPLICABLE'],
    ['…123 unallocated', rejected(404), false, 'TELECOM_NUMBER_INVALID', 'SIT_TONE_INVALID_NUMBER'],
    ['…124 tones, then 404', rejected(404), true, 'TELECOM_NUMBER_INVALID', 'SIT_TONE_INVALID_NUMBER'],
    ['…125 503', rejected(503), false, 'TELECOM_PROBLEM', 'AMD_NOT_APPLICABLE'],
    ['…126 no reply', { kind: 'no response' }, false, 'TELECOM_PROBLEM', 'AMD_NOT_APPLICABLE'],
    [
      '…126 no reply within the ring timeout',
      { kind: 'ring timeout', ringTimeoutMs: 1 },
      false,
      'TELECOM_TIMEOUT',
      'AMD_NOT_APPLICABLE',
    ],
    ['…127 blocked', rejected(608), false, 'TELECOM_POTENTIAL_BLOCKING', 'AMD_NOT_APPLICABLE'],
    [
      'a carrier that cannot be reached',
      { kind: 'transport', message: '' },
      false,
      'TELECOM_PROBLEM',
      'AMD_NOT_APPLICABLE',
    ],
    ['a stop', { kind: 'stopped' }, true, 'TELECOM_ORIGINATOR_CANCEL', 'AMD_UNANSWERED', 'STOPPED_BY_API'],
    ['no trunk', { kind: 'no trunk' }, false, 'TELECOM_PROBLEM', 'AMD_NOT_APPLICABLE', 'NO_TRUNK'],
    [
      'no media',
      { kind: 'media', message: '' },
      false,
      'TELECOM_PROBLEM',
      'AMD_NOT_APPLICABLE',
      'MEDIA_UNAVAILABLE',
    ],
  ];
  for (const [phone, cause, rang, disconnectReason, amdStatus, endCause] of cases) {
    it(`${phone}: ${disconnectReason}`, () => {
      const ending = endingOf(new DialFailure(cause, rang));
      assert.deepEqual(
        [ending.disconnectReason, ending.amdStatus, ending.endCause],
        [disconnectReason, amdStatus, endCause],
      );
      assert.ok(ending.detail);
    });
  }

  it('keeps the final status and the carrier’s Reason header', () => {
    const cause: DialFailureCause = {
      kind: 'rejected',
      status: 486,
      reason: 'Busy Here',
      reasonHeader: 'Q.850;cause=17',
    };
    assert.deepEqual(endingOf(new DialFailure(cause, false)).sip, { status: 486, reason: 'Q.850;cause=17' });
    assert.deepEqual(endingOf(new DialFailure(rejected(486), false)).sip, { status: 486 });
  });
});

describe('ending of anything else thrown', () => {
  it('is the one that was asked for', () => {
    assert.equal(endingOf(new ContactEnded(endings.drained)), endings.drained);
  });

  it('is an internal error for a bug, with its message for the log', () => {
    assert.deepEqual(endingOf(new TypeError('x is not a function')), {
      disconnectReason: 'OTHER',
      endCause: 'INTERNAL_ERROR',
      detail: 'x is not a function',
    });
    assert.equal(endingOf('a string').detail, 'a string');
  });
});
