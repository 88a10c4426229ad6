// The one table from the end of a dialling to its verdict.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NetworkTone } from '@ringback/media';
import {
  InviteCancelled,
  InviteRejected,
  InviteTimedOut,
  InviteTransportError,
  TransportError,
} from '@ringback/sip';
import { sipResponse } from '../test-support/fake-telephony.ts';
import { causeOf, DialFailure, type DialFailureCause, judge } from './dial-failure.ts';
import { wordOfTone } from './early-tones.ts';

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

describe('dial failure › Q.850 cause beside a status', () => {
  const withCause = (status: number, cause: number, reason = ''): DialFailureCause => ({
    kind: 'rejected',
    status,
    reason,
    reasonHeader: `Q.850;cause=${cause}`,
  });
  const cases: [status: number, causes: readonly number[], disconnectReason: string, next: string][] = [
    // A status that says nothing of its own is told by the cause.
    [480, [1, 2, 3, 22, 28], 'TELECOM_NUMBER_INVALID', 'never'],
    [500, [17], 'TELECOM_BUSY', 'never'],
    [502, [18, 19, 20, 27], 'TELECOM_UNANSWERED', 'never'],
    [403, [21, 55, 87], 'TELECOM_UNANSWERED', 'never'],
    [480, [34, 38, 41, 42, 43, 44, 46, 47, 49, 50, 58, 63, 102, 111], 'TELECOM_PROBLEM', 'never'],
    [500, [57, 65, 70, 79, 88, 95, 96, 97, 99, 100], 'TELECOM_PROBLEM', 'never'],
    // 503 goes to another trunk, unless the cause says that the phone itself was reached.
    [503, [34, 41, 42, 16, 31, 127, 200], 'TELECOM_PROBLEM', 'allowed'],
    [503, [17], 'TELECOM_BUSY', 'never'],
    [503, [1], 'TELECOM_NUMBER_INVALID', 'never'],
    // What gateways put on any ending changes nothing.
    [480, [16, 31, 127], 'TELECOM_UNANSWERED', 'never'],
    // A status with a meaning of its own keeps it.
    [486, [1, 34], 'TELECOM_BUSY', 'never'],
    [404, [17, 41], 'TELECOM_NUMBER_INVALID', 'never'],
    [603, [17, 41], 'TELECOM_UNANSWERED', 'never'],
    [607, [17, 21], 'TELECOM_POTENTIAL_BLOCKING', 'never'],
    [302, [17], 'TELECOM_PROBLEM', 'allowed'],
    [408, [1, 17, 41], 'TELECOM_UNANSWERED', 'never'],
    [487, [1, 17, 41], 'TELECOM_UNANSWERED', 'never'],
  ];
  for (const [status, causes, disconnectReason, next] of cases) {
    it(`${status} with ${causes.join(', ')} is ${disconnectReason}`, () => {
      for (const cause of causes) {
        const verdict = judge(withCause(status, cause), false);
        assert.deepEqual(
          [verdict.disconnectReason, verdict.nextAttempt],
          [disconnectReason, next],
          String(cause),
        );
      }
    });
  }

  it('never opens another attempt that the status does not', () => {
    for (let status = 300; status < 700; status += 1) {
      const plain = judge(rejected(status), false).nextAttempt;
      for (let cause = 0; cause < 128; cause += 1) {
        const verdict = judge(withCause(status, cause), false);
        assert.ok(plain === 'allowed' || verdict.nextAttempt === 'never', `${status} ${cause}`);
      }
    }
  });

  it('a 603 of a network that blocks by analytics is told by its phrase', () => {
    assert.equal(
      judge(withCause(603, 21, 'Network Blocked'), false).disconnectReason,
      'TELECOM_POTENTIAL_BLOCKING',
    );
    assert.equal(judge(withCause(486, 21, 'Network Blocked'), false).disconnectReason, 'TELECOM_BUSY');
  });

  it('an unreadable one changes nothing', () => {
    const garbage: DialFailureCause = {
      kind: 'rejected',
      status: 480,
      reason: '',
      reasonHeader: ';;=;cause',
    };
    assert.equal(judge(garbage, false).disconnectReason, 'TELECOM_UNANSWERED');
  });
});

describe('dial failure › tones of the network in early media', () => {
  const busyTone: NetworkTone = { kind: 'busy' };
  const vacant: NetworkTone = { kind: 'sit', cause: 'vacant code' };
  const noCircuit: NetworkTone = { kind: 'sit', cause: 'no circuit' };
  const timeout: DialFailureCause = { kind: 'ring timeout', ringTimeoutMs: 1 };
  const cases: [cause: DialFailureCause, heard: NetworkTone, reason: string, amd: string][] = [
    // Outcomes that say little are told by what was heard.
    ...[403, 408, 480, 487, 500, 503].flatMap((status): [DialFailureCause, NetworkTone, string, string][] => [
      [rejected(status), busyTone, 'TELECOM_BUSY', 'SIT_TONE_BUSY'],
      [rejected(status), vacant, 'TELECOM_NUMBER_INVALID', 'SIT_TONE_INVALID_NUMBER'],
      [rejected(status), noCircuit, 'TELECOM_PROBLEM', 'SIT_TONE_DETECTED'],
    ]),
    [rejected(480), { kind: 'sit', cause: 'intercept' }, 'TELECOM_NUMBER_INVALID', 'SIT_TONE_INVALID_NUMBER'],
    [rejected(480), { kind: 'sit', cause: 'reorder' }, 'TELECOM_PROBLEM', 'SIT_TONE_DETECTED'],
    [rejected(480), { kind: 'reorder' }, 'TELECOM_PROBLEM', 'SIT_TONE_DETECTED'],
    [timeout, busyTone, 'TELECOM_BUSY', 'SIT_TONE_BUSY'],
    [timeout, vacant, 'TELECOM_NUMBER_INVALID', 'SIT_TONE_INVALID_NUMBER'],
    [{ kind: 'no response' }, vacant, 'TELECOM_NUMBER_INVALID', 'SIT_TONE_INVALID_NUMBER'],
    [{ kind: 'transport', message: '' }, busyTone, 'TELECOM_BUSY', 'SIT_TONE_BUSY'],
    // A status of its own meaning, and a cause that the network gave, are an answer.
    [rejected(486), vacant, 'TELECOM_BUSY', 'SIT_TONE_BUSY'],
    [rejected(404), busyTone, 'TELECOM_NUMBER_INVALID', 'SIT_TONE_INVALID_NUMBER'],
    [rejected(603), vacant, 'TELECOM_UNANSWERED', 'AMD_NOT_APPLICABLE'],
    [
      { ...rejected(480), reasonHeader: 'Q.850;cause=17' } as DialFailureCause,
      vacant,
      'TELECOM_BUSY',
      'SIT_TONE_BUSY',
    ],
    // Who gave up did so, whatever was heard.
    [{ kind: 'stopped' }, vacant, 'TELECOM_ORIGINATOR_CANCEL', 'SIT_TONE_INVALID_NUMBER'],
    // Ringing says nothing that 18x does not.
    [rejected(480), { kind: 'ringback' }, 'TELECOM_UNANSWERED', 'AMD_UNANSWERED'],
    [timeout, { kind: 'ringback' }, 'TELECOM_TIMEOUT', 'AMD_UNANSWERED'],
  ];
  for (const [cause, heard, disconnectReason, amdStatus] of cases) {
    const what = cause.kind === 'rejected' ? cause.status : cause.kind;
    it(`${wordOfTone(heard)} and ${what} is ${disconnectReason}, ${amdStatus}`, () => {
      const verdict = judge(cause, true, heard);
      assert.deepEqual(
        [verdict.disconnectReason, verdict.amdStatus, verdict.nextAttempt],
        [disconnectReason, amdStatus, 'never'],
      );
    });
  }

  it('keeps campaigns from numbers that the network says are none', () => {
    assert.equal(judge(rejected(480), true, vacant).campaignRetry, 'never');
    const { campaignRetry, fault } = judge(rejected(480), true, noCircuit);
    assert.deepEqual([campaignRetry, fault], ['allowed', 'carrier']);
  });
});

describe('dial failure › verdict of every outcome', () => {
  it('is whole: reason, fault, next attempt and retry, for each status, whether it rang or not', () => {
    for (let status = 300; status < 700; status += 1) {
      for (const rang of [false, true]) {
        const verdict = judge(rejected(status), rang);
        assert.deepEqual(Object.keys(verdict).sort(), [
          'amdStatus',
          'campaignRetry',
          'disconnectReason',
          'fault',
          'nextAttempt',
        ]);
        for (const member of Object.values(verdict)) assert.equal(typeof member, 'string');
      }
    }
  });

  it('never takes an answer of the called side to another trunk', () => {
    for (const status of [486, 600, 603, 604, 606, 607, 608]) {
      assert.equal(judge(rejected(status), false).nextAttempt, 'never', String(status));
    }
  });

  it('allows no attempt after a connection that broke with the INVITE on it', () => {
    const broken = (phase: 'connecting' | 'connected') => {
      const endpoint = { host: '10.0.0.1', port: 5060, transport: 'tcp' } as const;
      const cause = causeOf(new InviteTransportError(new TransportError(endpoint, 'reset', phase)));
      assert.ok(cause);
      return judge(cause, false).nextAttempt;
    };
    assert.deepEqual([broken('connecting'), broken('connected')], ['allowed', 'never']);
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
    [{ kind: 'no room' }, false, 'TELECOM_PROBLEM', 'AMD_NOT_APPLICABLE', 'never'],
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
    const unstorable = causeOf(new InviteRejected(sipResponse(500, [['Reason', 'Q.850;text="a\0b"']])));
    assert.equal(unstorable?.kind === 'rejected' && unstorable.reasonHeader, 'Q.850;text="a\uFFFDb"');
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
    const endpoint = { host: '10.0.0.1', port: 5060, transport: 'tcp' } as const;
    const told = (code: 'refused' | 'reset', phase: 'connecting' | 'connected') => {
      const cause = causeOf(new InviteTransportError(new TransportError(endpoint, code, phase)));
      assert.ok(cause);
      return new DialFailure(cause, false).message;
    };
    assert.equal(
      told('refused', 'connecting'),
      'The INVITE could not be sent: tcp 10.0.0.1:5060 refuses connections',
    );
    assert.equal(
      told('reset', 'connected'),
      'The INVITE left, and its connection was lost: tcp 10.0.0.1:5060 closed the connection',
    );
  });
});
