// Session timers: the terms two sides agree on, and the clock that keeps them (RFC 4028).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import { type HeaderList, SipHeaders } from '../message/headers.ts';
import { SessionTimer } from './session-timer.ts';
import { stepSessionTimer } from './session-timer-states.ts';
import {
  answerTerms,
  requestTerms,
  type SessionTimerPolicy,
  termsOfResponse,
} from './session-timer-terms.ts';

const headersOf = (list: HeaderList): SipHeaders => SipHeaders.of(list);

describe('session timer › terms of a request', () => {
  test('names Min-SE only above the least, and the refresher only when it matters', () => {
    assert.deepEqual(requestTerms({ seconds: 1_800, minSeconds: 90 }), [['Session-Expires', '1800']]);
    assert.deepEqual(requestTerms({ seconds: 300, minSeconds: 300, refresher: 'uac' }), [
      ['Session-Expires', '300;refresher=uac'],
      ['Min-SE', '300'],
    ]);
  });
});

describe('session timer › terms of a 2xx', () => {
  for (const [field, expected] of [
    ['1800;refresher=uas', { intervalSeconds: 1_800, refresher: 'remote' }],
    ['600 ; refresher=UAC', { intervalSeconds: 600, refresher: 'local' }],
    // Nobody named: somebody has to do it.
    ['600', { intervalSeconds: 600, refresher: 'local' }],
    // Below what RFC 4028 §5 allows.
    ['5;refresher=uac', { intervalSeconds: 90, refresher: 'local' }],
    ['soon', undefined],
    ['', undefined],
  ] as const) {
    test(`${JSON.stringify(field)} → ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(termsOfResponse(headersOf([['Session-Expires', field]])), expected);
    });
  }

  test('without the field there is no timer', () => {
    assert.equal(termsOfResponse(headersOf([])), undefined);
  });
});

describe('session timer › answering a request', () => {
  const TIMER = ['Supported', 'timer'] as const;
  const cases: ReadonlyArray<readonly [string, HeaderList, SessionTimerPolicy | undefined, unknown]> = [
    ['nobody asks', [TIMER], undefined, 'off'],
    [
      'the caller asks and may refresh',
      [TIMER, ['Session-Expires', '1800']],
      undefined,
      '1800 remote uac timer',
    ],
    [
      'the caller wants us to refresh',
      [TIMER, ['Session-Expires', '1800;refresher=uas']],
      undefined,
      '1800 local uas',
    ],
    ['a proxy asks for a caller that cannot', [['Session-Expires', '1800']], undefined, '1800 local uas'],
    ['too brief', [TIMER, ['Session-Expires', '60']], undefined, 'tooBrief 90'],
    ['too brief for our policy', [TIMER, ['Session-Expires', '200']], { minSeconds: 300 }, 'tooBrief 300'],
    ['too brief, from a caller that knows no 422', [['Session-Expires', '60']], undefined, '90 local uas'],
    [
      'lowered to what we want',
      [TIMER, ['Session-Expires', '1800']],
      { intervalSeconds: 600 },
      '600 remote uac timer',
    ],
    [
      'never below what the way named',
      [TIMER, ['Session-Expires', '1800'], ['Min-SE', '900']],
      { intervalSeconds: 600 },
      '900 remote uac timer',
    ],
    ['never raised', [TIMER, ['Session-Expires', '600']], { intervalSeconds: 3_600 }, '600 remote uac timer'],
    ['we ask, and refresh', [TIMER], { intervalSeconds: 600 }, '600 local uas'],
    [
      'we ask, and have it refreshed',
      [TIMER],
      { intervalSeconds: 600, refresher: 'remote' },
      '600 remote uac timer',
    ],
    ['we ask of a caller that cannot', [], { intervalSeconds: 600, refresher: 'remote' }, '600 local uas'],
    [
      'we ask, not below the caller’s Min-SE',
      [TIMER, ['Min-SE', '700']],
      { intervalSeconds: 600 },
      '700 local uas',
    ],
  ];
  for (const [name, headers, policy, expected] of cases) {
    test(`${name} → ${expected}`, () => {
      const reply = answerTerms(headersOf(headers), policy);
      const fields = reply.kind === 'on' ? Object.fromEntries(reply.headers) : {};
      const said =
        reply.kind === 'on'
          ? `${reply.interval.intervalSeconds} ${reply.interval.refresher} ${/=(.*)/.exec(fields['Session-Expires'] ?? '')?.[1]}${fields.Require === undefined ? '' : ` ${fields.Require}`}`
          : reply.kind === 'tooBrief'
            ? `tooBrief ${reply.minSeconds}`
            : 'off';
      assert.equal(said, expected);
    });
  }
});

describe('session timer › table', () => {
  test('a session that expired stays expired, whatever comes', () => {
    for (const input of [
      'agreed',
      'released',
      'refreshDue',
      'refreshFailed',
      'expiryDue',
      'ended',
    ] as const) {
      assert.deepEqual(stepSessionTimer('expired', input), { state: 'expired', actions: [] });
    }
  });
});

describe('session timer › clock', () => {
  function start(interval: { intervalSeconds: number; refresher: 'local' | 'remote' }) {
    const clock = new VirtualClock({ startMs: 0 });
    const events: string[] = [];
    const timer = new SessionTimer(clock, {
      onRefreshDue: () => events.push(`refresh@${clock.now()}`),
      onExpired: () => events.push(`expired@${clock.now()}`),
    });
    timer.agreed(interval);
    return { clock, events, timer };
  }

  test('the refresher acts at half the interval, and again after it was agreed anew', async () => {
    const { clock, events, timer } = start({ intervalSeconds: 600, refresher: 'local' });
    await clock.advance(300_000);
    timer.agreed({ intervalSeconds: 600, refresher: 'local' });
    await clock.advance(300_000);
    timer.agreed(undefined);
    await clock.advance(10_000_000);
    assert.deepEqual(events, ['refresh@300000', 'refresh@600000']);
    assert.equal(clock.pendingTimers, 0);
  });

  test('the other side ends the session 32 s before it expires, or a third of it', async () => {
    for (const [intervalSeconds, expiredAtMs] of [
      [600, 568_000],
      [90, 60_000],
    ] as const) {
      const { clock, events } = start({ intervalSeconds, refresher: 'remote' });
      await clock.advance(10_000_000);
      assert.deepEqual(events, [`expired@${expiredAtMs}`]);
      assert.equal(clock.pendingTimers, 0);
    }
  });

  test('a refresh that failed is tried again until the session expires', async () => {
    const { clock, events, timer } = start({ intervalSeconds: 90, refresher: 'local' });
    await clock.advance(45_000);
    timer.refreshFailed();
    await clock.advance(5_000);
    assert.deepEqual(events, ['refresh@45000', 'refresh@50000']);
    await clock.advance(100_000);
    assert.deepEqual(events.at(-1), 'expired@60000');
  });

  test('intervals beyond what a timer can hold do not fire at once', async () => {
    const { clock, events, timer } = start({ intervalSeconds: 2 ** 32 - 1, refresher: 'local' });
    await clock.advance(86_400_000);
    assert.deepEqual(events, []);
    timer.stop();
    assert.equal(clock.pendingTimers, 0);
  });
});
