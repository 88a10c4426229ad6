// Reason header values as networks write them, and as nobody should.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseReason } from './reason.ts';

describe('Reason', () => {
  test('reads SIP and Q.850 causes side by side', () => {
    assert.deepEqual(
      parseReason('Q.850;cause=16;text="Normal call clearing", sip ;cause=200;text="a, \\"b\\""'),
      [
        { protocol: 'Q.850', cause: 16, text: 'Normal call clearing' },
        { protocol: 'SIP', cause: 200, text: 'a, "b"' },
      ],
    );
  });

  test('keeps other protocols as they are, and causes it cannot read undefined', () => {
    assert.deepEqual(parseReason('preemption;cause=x, FreeSWITCH'), [
      { protocol: 'preemption', cause: undefined, text: undefined },
      { protocol: 'FreeSWITCH', cause: undefined, text: undefined },
    ]);
  });

  test('gives up quietly on garbage, and reads at most eight', () => {
    assert.deepEqual(parseReason('Q.850;cause=16;text="open'), []);
    assert.deepEqual(parseReason(''), []);
    assert.equal(parseReason(Array.from({ length: 50 }, () => 'SIP;cause=1').join(',')).length, 8);
  });
});
