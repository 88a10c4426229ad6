// The one table from the end of a dialling to its verdict.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InviteCancelled, InviteRejected, InviteTimedOut, InviteTransportError } from '@ringback/sip';
import { sipResponse } from '../test-support/fake-telephony.ts';
import { causeOf, DialFailure, type DialFailureCause, judge } from './dial-failure.ts';

const rejected = (status: number): DialFailureCause => ({ kind: 'rejected', status, reason: '' });

describe('dial failure › verdict of a final response', () => {
  const cases: [statuses: number[], reason: string, amd: string][] = [
    [[486, 600], 'TELECOM_BUSY', 'SIT_TONE_BUSY'],
    [[404, 410, 484, 604], 'TELECOM_NUMBER_INVALID', 'SIT_TONE_INVALID_NUMBER'],
    [[603, 699], 'TELECOM_UNANSWERED', 'AMD_NOT_APPLICABLE'],
    [[408, 480, 487], 'TELECOM_UNANSWERED', 'AMD_UNANSWERED'],
    [[607, 608], 'TELECOM_POTENTIAL_BLOCKING', 'AMD_NOT_APPLICABLE'],
    [
      [300, 302, 400, 401, 403, 407, 415, 488, 499, 500, 502, 503, 504, 599, 606],
      'TELECOM_PROBLEM',
      'AMD_NOT_APPLICABLE',
    ],
  ];
  for (const [statuses, disconnectReason, amdStatus] of cases) {
    for (const status of statuses) {
      it(`${status} is ${disconnectReason}`, () => {
        const verdict = judge(rejected(status), false);
        assert.deepEqual(
          { disconnectReason: verdict.disconnectReason, amdStatus: verdict.amdStatus },
          { disconnectReason, amdStatus },
        );
      });
    }
  }

  it('allows another attempt only after 503 and 3xx', () => {
    const allowed: number[] = [];
    for (let status = 300; status < 700; status += 1) {
      if (judge(rejected(status), false).nextAttempt === 'allowed') allowed.push(status);
    }
    assert.deepEqual(allowed, [...Array.from({ length: 100 }, (_, n) => 300 + n), 503]);
  });

  it('allows no other attempt for anything once it has rung', () => {
    for (let status = 300; status < 700; status += 1) {
      assert.equal(judge(rejected(status), true).nextAttempt, 'never', String(status));
    }
    assert.equal(judge({ kind: 'transport', message: '' }, true).nextAttempt, 'never');
  });

  it('keeps campaigns from numbers that do not exist', () => {
    assert.equal(judge(rejected(404), false).campaignRetry, 'never');
    assert.equal(judge(rejected(486), false).campaignRetry, 'allowed');
  });
});

describe('dial failure › verdict of other ends', () => {
  const cases: [cause: DialFailureCause, rang: boolean, reason: string, amd: string, next: string][] = [
    [{ kind: 'no response' }, false, 'TELECOM_PROBLEM', 'AMD_NOT_APPLICABLE', 'never'],
    [{ kind: 'transport', message: '' }, false, 'TELECOM_PROBLEM', 'AMD_NOT_APPLICABLE', 'allowed'],
    [{ kind: 'ring timeout', ringTimeoutMs: 1 }, true, 'TELECOM_TIMEOUT', 'AMD_UNANSWERED', 'never'],
    [{ kind: 'ring timeout', ringTimeoutMs: 1 }, false, 'TELECOM_TIMEOUT', 'AMD_NOT_APPLICABLE', 'never'],
    [{ kind: 'stopped' }, true, 'TELECOM_ORIGINATOR_CANCEL', 'AMD_UNANSWERED', 'never'],
    [{ kind: 'stopped' }, false, 'TELECOM_ORIGINATOR_CANCEL', 'AMD_NOT_APPLICABLE', 'never'],
    [{ kind: 'no trunk' }, false, 'TELECOM_PROBLEM', 'AMD_NOT_APPLICABLE', 'never'],
    [{ kind: 'media', message: '' }, false, 'TELECOM_PROBLEM', 'AMD_NOT_APPLICABLE', 'never'],
  ];
  for (const [cause, rang, disconnectReason, amdStatus, nextAttempt] of cases) {
    it(`${cause.kind}${rang ? ' after ringing' : ''} is ${disconnectReason}`, () => {
      const verdict = judge(cause, rang);
      assert.deepEqual(
        [verdict.disconnectReason, verdict.amdStatus, verdict.nextAttempt],
        [disconnectReason, amdStatus, nextAttempt],
      );
    });
  }
});

describe('dial failure › cause', () => {
  it('is read from what the SIP layer rejects with', () => {
    const header = 'Q.850;cause=17;text="User busy"';
    assert.deepEqual(causeOf(new InviteRejected(sipResponse(486, [['Reason', header]]))), {
      kind: 'rejected',
      status: 486,
      reason: 'Busy Here',
      reasonHeader: header,
    });
    assert.deepEqual(causeOf(new InviteRejected(sipResponse(404))), {
      kind: 'rejected',
      status: 404,
      reason: 'Not Found',
    });
    assert.deepEqual(causeOf(new InviteTimedOut()), { kind: 'no response' });
    assert.equal(causeOf(new InviteTransportError(new Error('EHOSTUNREACH')))?.kind, 'transport');
    assert.deepEqual(causeOf(new InviteCancelled()), { kind: 'stopped' });
  });

  it('is unknown for anything else, so that a bug stays a bug', () => {
    assert.equal(causeOf(new TypeError('undefined is not a function')), undefined);
    assert.equal(causeOf(undefined), undefined);
  });

  it('is told in words', () => {
    const failure = new DialFailure({ kind: 'ring timeout', ringTimeoutMs: 15_000 }, true);
    assert.match(failure.message, /15000 ms/);
    assert.match(new DialFailure(rejected(486), false).message, /486/);
  });
});
