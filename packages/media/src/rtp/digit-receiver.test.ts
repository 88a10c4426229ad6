import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DigitReceiver } from './digit-receiver.ts';
import { DIGITS, type Digit, writeTelephoneEvent } from './telephone-event.ts';

interface Sent {
  key: Digit;
  timestamp: number;
  duration?: number;
  isEnd?: boolean;
  atMs?: number;
}

function receive(packets: readonly Sent[], receiver = new DigitReceiver()): string {
  const payload = new Uint8Array(4);
  return packets
    .map(({ key, timestamp, duration = 160, isEnd = false, atMs = timestamp / 8 }) => {
      writeTelephoneEvent(payload, 0, DIGITS.indexOf(key), isEnd, duration);
      return receiver.receive(payload, 0, 4, timestamp >>> 0, atMs) ?? '';
    })
    .join('');
}

/** A press as RFC 4733 sends it: updates, then the end three times. */
function press(key: Digit, timestamp: number): Sent[] {
  const updates = [160, 320, 480, 640].map((duration) => ({ key, timestamp, duration }));
  const end = { key, timestamp, duration: 800, isEnd: true };
  return [...updates, end, end, end];
}

describe('digit receiver', () => {
  it('reports each press once, with its first packet', () => {
    const receiver = new DigitReceiver();
    const [first, ...rest] = press('5', 1_000);
    assert.equal(receive([first as Sent], receiver), '5');
    assert.equal(receive(rest, receiver), '');
  });

  it('reports the same key pressed twice as two digits', () => {
    assert.equal(receive([...press('1', 1_000), ...press('1', 3_000)]), '11');
  });

  it('needs any one packet of a press, whichever are lost', () => {
    const whole = press('7', 1_000);
    for (let mask = 1; mask < 2 ** whole.length; mask += 1) {
      const kept = whole.filter((_, index) => mask & (1 << index));
      assert.equal(receive([...kept, ...press('8', 4_000)]), '78', `packets ${mask.toString(2)}`);
    }
  });

  it('reports once when every packet comes twice, and copies come after the next press', () => {
    const doubled = press('3', 1_000).flatMap((packet) => [packet, packet]);
    assert.equal(receive(doubled), '3');
    assert.equal(receive([...press('3', 1_000), ...press('4', 3_000), ...press('3', 1_000)]), '34');
  });

  it('knows all sixteen keys, and no others', () => {
    const keys = DIGITS.flatMap((key, index) => press(key, 1_000 + index * 8_000));
    assert.equal(receive(keys), '0123456789*#ABCD');
    const payload = new Uint8Array(4);
    for (const event of [16, 64, 255]) {
      payload[0] = event;
      assert.equal(new DigitReceiver().receive(payload, 0, 4, 1, 0), undefined);
    }
  });

  it('takes presses across the wrap of the timestamp', () => {
    assert.equal(
      receive(
        [...press('1', 2 ** 32 - 1_000), ...press('2', 2 ** 32 + 1_000)].map((p) => ({ ...p, atMs: 0 })),
      ),
      '12',
    );
  });

  it('goes on when the timestamps of the source begin again, further up or further back', () => {
    const based = (key: Digit, timestamp: number, atMs: number): Sent[] =>
      press(key, timestamp).map((packet) => ({ ...packet, atMs }));
    for (const base of [0x1000_0000, 0xb000_0000]) {
      const presses = [based('1', 0x6000_0000, 0), based('2', base, 2_000), based('3', base + 8_000, 4_000)];
      assert.equal(receive(presses.flat()), '123');
    }
    // A little further back than a key ago, as of a sender that begins at 0 after a hold.
    const again = [based('1', 90_000, 0), based('2', 50_000, 4_000), based('2', 56_000, 5_000)];
    assert.equal(receive(again.flat()), '122');
  });

  it('a key held longer than one event can say is one digit (RFC 4733 §2.5.1.3)', () => {
    const first = [16_000, 32_000, 48_000, 65_440, 65_535].map((duration) => ({
      key: '9' as const,
      timestamp: 1_000,
      duration,
    }));
    const second = [
      { key: '9' as const, timestamp: 1_000 + 65_535, duration: 160 },
      ...press('9', 1_000 + 65_535),
    ];
    assert.equal(receive([...first, ...second]), '9');
  });

  it('refuses more digits than anyone can press', () => {
    const receiver = new DigitReceiver();
    const flood = Array.from({ length: 1_000 }, (_, n) => ({
      key: '1' as const,
      timestamp: n * 160,
      atMs: n / 10,
    }));
    assert.equal(receive(flood, receiver).length, 25);
    assert.equal(receiver.refused, 975);
    assert.equal(receive([{ key: '2', timestamp: 1_000_000, atMs: 5_000 }], receiver), '2');
  });

  it('ignores a payload cut short', () => {
    assert.equal(new DigitReceiver().receive(new Uint8Array(4), 0, 3, 1, 0), undefined);
  });
});
