import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DigitMethod } from '../rtp/digit-sender.ts';
import type { FrameOrigin } from '../rtp/frame-origin.ts';
import { emptyPacketView, readRtpPacket } from '../rtp/packet.ts';
import { DIGITS, type Digit } from '../rtp/telephone-event.ts';
import { type Bench, connected } from '../worker/rtp-session.fixture.ts';
import { tonesOf } from './digit-tones.ts';
import { readDtmfRelay, writeDtmfRelay } from './dtmf-relay.ts';
import { ToneDigitDetector } from './tone-digit-detector.ts';

/** Numbers in 0 … 1 from a seed, the same each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const TRIALS = 1_000;
const LOSS = 0.05;

/** Sends each digit from one session to another over a wire that loses packets; the share that arrived once and right. */
function shareRight(method: DigitMethod, codec: 'PCMU' | 'PCMA'): number {
  const random = seeded(2_026);
  const over = { codec, payloadType: codec === 'PCMU' ? 0 : 8 };
  const sender = connected({}, over);
  const receiver: Bench = connected({ toneDigits: method === 'tones' ? 'always' : 'never' }, over);
  const view = emptyPacketView();
  let right = 0;
  for (let trial = 0; trial < TRIALS; trial += 1) {
    const digit = DIGITS[Math.floor(random() * 16)] as Digit;
    const toneMs = 80 + Math.floor(random() * 120);
    const gapMs = 60 + Math.floor(random() * 120);
    const before = receiver.reports.length;
    sender.session.sendDigits({ id: trial, digits: digit, toneMs, gapMs, method });
    const ticks = Math.ceil(toneMs / 20) + Math.ceil(gapMs / 20) + 6;
    for (let tick = 0; tick < ticks; tick += 1) {
      const sentBefore = sender.sent.length;
      sender.tick();
      for (const { datagram } of sender.sent.slice(sentBefore)) {
        if (random() < LOSS || !readRtpPacket(datagram, view)) continue;
        receiver.session.receive(datagram, '192.0.2.7', 4_000, receiver.nowMs);
      }
      receiver.tick();
    }
    sender.sent.length = 0;
    receiver.sent.length = 0;
    const heard = receiver.reports.slice(before).filter((line) => line.startsWith('digit '));
    if (heard.length === 1 && heard[0] === `digit ${digit}`) right += 1;
  }
  return right / TRIALS;
}

describe('digits at 5 % loss', () => {
  for (const codec of ['PCMU', 'PCMA'] as const) {
    for (const method of ['telephone-event', 'tones'] as const) {
      it(`${method} over ${codec} › at least 99 of 100 arrive once and right`, () => {
        const share = shareRight(method, codec);
        assert.ok(share >= 0.99, `${share}`);
      });
    }
  }

  it('SIP INFO › every body is read as it was written', () => {
    const random = seeded(7);
    for (let trial = 0; trial < TRIALS; trial += 1) {
      const digit = DIGITS[Math.floor(random() * 16)] as Digit;
      const durationMs = Math.floor(random() * 5_000);
      const read = readDtmfRelay('application/dtmf-relay', writeDtmfRelay(digit, durationMs));
      assert.deepEqual(read, { digit, durationMs });
    }
  });
});

describe('digits in SIP INFO', () => {
  it('are read as phones and gateways write them', () => {
    const read = (body: string, type = 'application/dtmf-relay'): string | undefined =>
      readDtmfRelay(type, body)?.digit;
    assert.equal(read('Signal=5\r\nDuration=160\r\n'), '5');
    assert.equal(read('signal = *\nduration=100'), '*');
    assert.equal(read('Signal= #\r\nDuration= 250\r\n', 'Application/DTMF-Relay; charset=utf-8'), '#');
    assert.equal(read('Signal=11'), '#');
    assert.equal(read('7', 'application/dtmf'), '7');
    for (const garbage of ['', 'Signal=', 'Signal=E', 'Signal=55', 'Duration=5', 'x'.repeat(2_000)]) {
      assert.equal(read(garbage), undefined);
    }
    assert.equal(read('Signal=5', 'text/plain'), undefined);
  });
});

describe('tone digit detector', () => {
  const mixed = (digit: Digit, ms: number, change: (hz: number, which: number) => [number, number]) => {
    const [row, column] = tonesOf(digit);
    return Int16Array.from({ length: ms * 8 }, (_, n) =>
      [row, column].reduce((sum, hz, which) => {
        const [at, level] = change(hz, which);
        return sum + level * Math.sin((2 * Math.PI * at * n) / 8_000);
      }, 0),
    );
  };
  const digitsIn = (...parts: (Int16Array | readonly [Int16Array, FrameOrigin])[]): string => {
    const heard: string[] = [];
    const detector = new ToneDigitDetector((digit) => heard.push(digit));
    for (const part of parts) {
      const [pcm, origin] = part instanceof Int16Array ? [part, 'received' as const] : part;
      for (let at = 0; at + 160 <= pcm.length; at += 160) detector.hear(pcm.subarray(at, at + 160), origin);
    }
    return heard.join('');
  };

  it('takes every key, 1.5 % off in frequency and with the twist of a long line', () => {
    for (const digit of DIGITS) {
      assert.equal(digitsIn(mixed(digit, 100, (hz) => [hz * 1.015, 4_000])), digit);
      assert.equal(digitsIn(mixed(digit, 100, (hz) => [hz * 0.985, 4_000])), digit);
      assert.equal(digitsIn(mixed(digit, 100, (hz, which) => [hz, which ? 2_000 : 5_000])), digit);
    }
  });

  it('takes no single tone, no ringing, no noise and no short click for a key', () => {
    assert.equal(digitsIn(mixed('5', 200, (hz, which) => [hz, which ? 0 : 6_000])), '');
    assert.equal(digitsIn(mixed('5', 200, (_hz, which) => [which ? 480 : 440, 6_000])), '');
    assert.equal(digitsIn(mixed('5', 20, (hz) => [hz, 6_000])), '');
    const random = seeded(3);
    assert.equal(digitsIn(Int16Array.from({ length: 80_000 }, () => (random() - 0.5) * 20_000)), '');
    assert.equal(digitsIn(new Int16Array(1_600)), '');
  });

  it('tells a key pressed twice from one held long', () => {
    const press = mixed('8', 100, (hz) => [hz, 4_000]);
    const twice = Int16Array.from([...press, ...new Int16Array(800), ...press]);
    assert.equal(digitsIn(twice), '88');
    assert.equal(digitsIn(mixed('8', 1_000, (hz) => [hz, 4_000])), '8');
  });

  it('takes a key that is heard before and after a long loss for one, but for two where nothing came meanwhile', () => {
    const press = mixed('8', 100, (hz) => [hz, 4_000]);
    const meanwhile = new Int16Array(8 * 200);
    assert.equal(digitsIn(press, [meanwhile, 'lost'], press), '8');
    assert.equal(digitsIn(press, [meanwhile, 'absent'], press), '88');
  });

  it('finds hardly a digit in speech', async () => {
    const { readFile } = await import('node:fs/promises');
    const speech = await readFile(new URL('../../test/fixtures/speech.ulaw', import.meta.url));
    const bench = connected({ toneDigits: 'always' });
    for (let at = 0; at + 160 <= speech.length; at += 160) {
      bench.hear({ sequenceNumber: at / 160, timestamp: at, payload: speech.subarray(at, at + 160) });
      bench.tick();
    }
    assert.deepEqual(
      bench.reports.filter((line) => line.startsWith('digit')),
      [],
    );
  });
});
