import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeMulaw } from '../codec/g711.ts';
import { resample } from '../codec/resample.ts';
import { readWav, WavUnusable, writeWav } from '../codec/wav.ts';
import { rms, toneLevel } from '../detect/goertzel.ts';
import { sequenceDistance, timestampDistance } from '../rtp/wrap.ts';
import { Bridge } from './bridge.ts';
import { agreed, Bench, connected } from './rtp-session.fixture.ts';

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A 24-bit or 16-bit prompt file of a sine at a rate, as uploaded, turned into what is played. */
function prompt(hz: number, sampleRate: number, seconds: number, level = 10_000): Uint8Array {
  const pcm = Int16Array.from({ length: sampleRate * seconds }, (_, n) =>
    Math.round(level * Math.sin((2 * Math.PI * hz * n) / sampleRate)),
  );
  const read = readWav(writeWav({ sampleRate, channels: [pcm] }));
  return encodeMulaw(resample(read.channels[0] as Int16Array, read.sampleRate, 8_000));
}

describe('audio path', () => {
  it('plays each frame of a minute once, in order, by sequence number, time and content', () => {
    const bench = connected();
    const random = seeded(1);
    const bytes = new Uint8Array(3_000 * 160).map(() => Math.floor(random() * 255));
    bench.prompts.set('minute', bytes);
    bench.play([{ prompt: 'minute' }]);
    bench.tick(3_000);
    assert.equal(bench.sent.length, 3_000);
    assert.deepEqual(Buffer.concat(bench.sent.map(({ payload }) => payload)), Buffer.from(bytes));
    bench.sent.slice(1).forEach((packet, index) => {
      const before = bench.sent[index] as (typeof bench.sent)[0];
      assert.equal(sequenceDistance(packet.sequenceNumber, before.sequenceNumber), 1);
      assert.equal(timestampDistance(packet.timestamp, before.timestamp), 160);
    });
    assert.ok(bench.reports.includes('play 1 finished'));
  });

  for (const sampleRate of [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000]) {
    it(`${sampleRate} Hz › a tone keeps its frequency, and its level within 1 dB, through prompt, bridge and both laws`, () => {
      const phone = connected();
      phone.prompts.set('tone', prompt(1_020, sampleRate, 2));
      phone.play([{ prompt: 'tone' }]);
      const customer = new Bench({ session: 1 });
      const agent = new Bench({ session: 2 });
      customer.session.connect(agreed());
      agent.session.connect(agreed({ codec: 'PCMA', payloadType: 8 }));
      const bridge = new Bridge();
      for (const { session } of [customer, agent]) {
        bridge.join(session, 'party', undefined);
        session.setBridge(bridge);
      }
      for (let tick = 0; tick < 95; tick += 1) {
        phone.tick();
        const { datagram } = phone.sent.at(-1) as (typeof phone.sent)[0];
        customer.session.receive(datagram, '192.0.2.7', 4_000, customer.nowMs);
        bridge.gather();
        customer.tick();
        agent.tick();
      }
      const heard = agent.sentAudio('PCMA').slice(-8_000);
      assert.ok(toneLevel(heard, 8_000, 1_020) > 0.99);
      const levelDb = 20 * Math.log10((rms(heard) * Math.SQRT2) / 10_000);
      assert.ok(Math.abs(levelDb) < 1, `${levelDb} dB`);
    });
  }

  it('tells of a far end that never sends, and of one that stops', () => {
    const silent = connected({ mediaTimeoutMs: 1_000 });
    silent.tick(60);
    assert.deepEqual(silent.reports, ['mediaLost']);
    assert.equal(silent.session.stats().packetsSent, 60, 'we go on sending');
    const halfOpen = connected({ mediaTimeoutMs: 1_000 });
    for (let n = 0; n < 20; n += 1) {
      halfOpen.hear({ sequenceNumber: n, timestamp: n * 160 });
      halfOpen.tick();
    }
    halfOpen.tick(60);
    assert.deepEqual(halfOpen.reports, ['mediaStarted', 'mediaLost']);
  });

  it('counts what is no audio of its call and goes on with what is', () => {
    const customer = connected({ toneDigits: 'always' });
    const agent = new Bench({ session: 2 });
    agent.session.connect(agreed());
    const bridge = new Bridge();
    for (const { session } of [customer, agent]) {
      bridge.join(session, 'party', undefined);
      session.setBridge(bridge);
    }
    const random = seeded(5);
    const good = encodeMulaw(new Int16Array(160).fill(4_000));
    for (let tick = 0; tick < 1_000; tick += 1) {
      customer.hear({ sequenceNumber: tick, timestamp: tick * 160, payload: good });
      const length = Math.floor(random() ** 3 * 3_000);
      const garbage = new Uint8Array(length).map(() => Math.floor(random() * 256));
      if (tick % 2 === 0 && length > 1) garbage.set([0x80, 0]);
      customer.session.receive(garbage, '203.0.113.9', 4_000, customer.nowMs);
      customer.session.receiveReport(garbage, '192.0.2.7', customer.nowMs);
      customer.hear({ sequenceNumber: tick, timestamp: tick * 160, payloadType: 96 });
      customer.hear({ sequenceNumber: tick, timestamp: tick, payload: new Uint8Array(2_000) });
      bridge.gather();
      customer.tick();
      agent.tick();
    }
    const stats = customer.session.stats();
    assert.deepEqual([stats.packetsReceived, stats.lost, stats.concealedFrames], [1_000, 0, 0]);
    assert.ok(stats.refused > 400 && stats.unexpected >= 1_000 && stats.malformed >= 1_000);
    assert.ok(rms(agent.sentAudio().slice(-8_000)) > 3_900);
  });

  it('refuses broken prompt files with one typed error, whatever is in them', () => {
    const file = writeWav({ sampleRate: 16_000, channels: [new Int16Array(200), new Int16Array(200)] });
    const random = seeded(9);
    let refused = 0;
    for (let n = 0; n < 5_000; n += 1) {
      const broken = file.slice(0, n % 3 === 0 ? Math.floor(random() * file.length) : file.length);
      for (let change = 0; change < 3; change += 1) {
        broken[Math.floor(random() * Math.min(60, broken.length))] = Math.floor(random() * 256);
      }
      try {
        readWav(broken);
      } catch (error) {
        assert.ok(error instanceof WavUnusable, String(error));
        refused += 1;
      }
    }
    assert.ok(refused > 1_000);
  });
});
