import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DigitRun, DigitSender } from './digit-sender.ts';

function sender(): { sender: DigitSender; ended: string[] } {
  const ended: string[] = [];
  return { sender: new DigitSender((id, outcome) => ended.push(`${id} ${outcome}`)), ended };
}

const run = (digits: string, over: Partial<DigitRun> = {}): DigitRun => ({
  id: 1,
  digits,
  toneMs: 100,
  gapMs: 100,
  ...over,
});

/** One mark a tick: `5M160` first, `5·320` update, `5E800` end, `-` audio. */
function ticks(digits: DigitSender, count: number): string[] {
  return Array.from({ length: count }, () => {
    if (!digits.tick()) return '-';
    const { event, isFirst, isEnd, duration } = digits.packet;
    return `${event}${isFirst ? 'M' : isEnd ? 'E' : '·'}${duration}`;
  });
}

describe('digit sender', () => {
  it('sends growing durations, the end three times, then audio until the gap is over', () => {
    const { sender: digits, ended } = sender();
    digits.add(run('5'));
    assert.deepEqual(ticks(digits, 9), [
      '5M160',
      '5·320',
      '5·480',
      '5·640',
      '5E800',
      '5E800',
      '5E800',
      '-',
      '-',
    ]);
    assert.deepEqual(ended, []);
    assert.deepEqual(ticks(digits, 3), ['-', '-', '-']);
    assert.deepEqual(ended, ['1 sent']);
  });

  it('spaces digits by tone and gap', () => {
    const { sender: digits } = sender();
    digits.add(run('1#', { toneMs: 60, gapMs: 60 }));
    assert.deepEqual(ticks(digits, 12), [
      '1M160',
      '1·320',
      '1E480',
      '1E480',
      '1E480',
      '-',
      '11M160',
      '11·320',
      '11E480',
      '11E480',
      '11E480',
      '-',
    ]);
    assert.equal(digits.isIdle, true);
  });

  it('pauses two seconds for a comma, unless told otherwise', () => {
    const { sender: digits } = sender();
    digits.add(run(',1'));
    const sent = ticks(digits, 102);
    assert.equal(sent.indexOf('1M160'), 100);
    const { sender: shorter } = sender();
    shorter.add(run(',1', { commaMs: 750 }));
    assert.equal(ticks(shorter, 102).indexOf('1M160'), 38);
  });

  it('queues runs', () => {
    const { sender: digits, ended } = sender();
    digits.add(run('1'));
    digits.add(run('2', { id: 2 }));
    const sent = ticks(digits, 20);
    assert.equal(sent[10], '2M160');
    assert.deepEqual(ended, ['1 sent', '2 sent']);
  });

  it('stopped in a digit › ends that digit properly and sends no further one', () => {
    const { sender: digits, ended } = sender();
    digits.add(run('12'));
    ticks(digits, 2);
    digits.stop(1);
    assert.deepEqual(ended, []);
    assert.deepEqual(ticks(digits, 7), ['1·480', '1·640', '1E800', '1E800', '1E800', '-', '-']);
    assert.deepEqual(ended, ['1 stopped']);
  });

  it('stopped before its turn, in a pause, or by the session’s end › sends nothing more', () => {
    const { sender: digits, ended } = sender();
    digits.add(run(',1'));
    digits.add(run('2', { id: 2 }));
    ticks(digits, 5);
    digits.stop(2);
    digits.stop(1);
    assert.deepEqual(ended, ['2 stopped', '1 stopped']);
    digits.add(run('3', { id: 3 }));
    ticks(digits, 1);
    digits.stopAll();
    assert.deepEqual(ended.at(-1), '3 stopped');
    assert.deepEqual(new Set(ticks(digits, 20)), new Set(['-']));
  });
});
