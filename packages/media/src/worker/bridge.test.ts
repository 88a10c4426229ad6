import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeMulaw, encodeAlaw, encodeMulaw } from '../codec/g711.ts';
import { rms, toneLevel } from '../detect/goertzel.ts';
import type { NegotiatedMedia } from '../sdp/session-description.ts';
import { Bridge } from './bridge.ts';
import { agreed, Bench } from './rtp-session.fixture.ts';

/** Sessions in one bridge on one beat; each far end sends a tone of its own, a packet before each tick. */
class Room {
  readonly bridge = new Bridge();
  readonly benches: Bench[] = [];
  readonly #tones: Int16Array[] = [];
  #tick = 0;

  add(hz: number, over: Partial<NegotiatedMedia> = {}): Bench {
    const bench = new Bench({ session: this.benches.length + 1 });
    bench.session.connect(agreed(over));
    this.benches.push(bench);
    this.#tones.push(tone(hz));
    return bench;
  }

  join(...benches: Bench[]): void {
    for (const bench of benches) {
      this.bridge.join(bench.session, 'party', undefined);
      bench.session.setBridge(this.bridge);
    }
  }

  run(ticks: number, options: { lose?: (tick: number, session: number) => boolean } = {}): void {
    for (let n = 0; n < ticks; n += 1) {
      this.benches.forEach((bench, index) => {
        if (options.lose?.(this.#tick, index + 1)) return;
        const at = (this.#tick * 160) % 8_000;
        const pcm = (this.#tones[index] as Int16Array).subarray(at, at + 160);
        const isAlaw = bench.session.law.codec === 'PCMA';
        bench.hear({
          payloadType: isAlaw ? 8 : 0,
          sequenceNumber: this.#tick,
          timestamp: this.#tick * 160,
          payload: isAlaw ? encodeAlaw(pcm) : encodeMulaw(pcm),
        });
      });
      this.bridge.gather();
      for (const bench of this.benches) bench.tick();
      this.#tick += 1;
    }
  }
}

/** A second of a tone with a whole number of periods. */
function tone(hz: number): Int16Array {
  return Int16Array.from({ length: 8_000 }, (_, n) =>
    Math.round(8_000 * Math.sin((2 * Math.PI * hz * n) / 8_000)),
  );
}

/** The last half second that a session sent. */
function heard(bench: Bench, codec: 'PCMU' | 'PCMA' = 'PCMU'): Int16Array {
  return bench.sentAudio(codec).slice(-4_000);
}

function shareOf(bench: Bench, hz: number, codec: 'PCMU' | 'PCMA' = 'PCMU'): number {
  return toneLevel(heard(bench, codec), 8_000, hz);
}

describe('bridge', () => {
  it('passes frames on byte for byte, in order, none missing and none twice', () => {
    const room = new Room();
    const customer = room.add(400);
    const agent = room.add(1_000);
    room.join(customer, agent);
    room.run(200);
    const passed = Buffer.concat(agent.sent.map(({ payload }) => payload));
    const spoken = Buffer.from(encodeMulaw(tone(400)));
    const twice = Buffer.concat([spoken, spoken, spoken, spoken, spoken]);
    const start = passed.findIndex((byte) => byte !== 0xff);
    // Heard two ticks late: the jitter buffer's first 40 ms, and nothing else.
    assert.ok(start >= 2 * 160 && start < 3 * 160, `first sound at ${start}`);
    assert.deepEqual(passed.subarray(320), twice.subarray(0, passed.length - 320));
  });

  it('turns one law into the other where codecs differ', () => {
    const room = new Room();
    const customer = room.add(400);
    const agent = room.add(1_000, { codec: 'PCMA', payloadType: 8 });
    room.join(customer, agent);
    room.run(100);
    assert.ok(shareOf(agent, 400, 'PCMA') > 0.99);
    assert.ok(shareOf(customer, 1_000) > 0.99);
    const levelDb = 20 * Math.log10(rms(heard(customer)) / rms(tone(1_000)));
    assert.ok(Math.abs(levelDb) < 0.5, `${levelDb} dB`);
  });

  it('adds up three voices, each without its own', () => {
    const room = new Room();
    const benches = [room.add(400), room.add(1_000), room.add(1_700)];
    room.join(...benches);
    room.run(100);
    const [customer, agent] = benches as [Bench, Bench];
    assert.ok(Math.abs(shareOf(customer, 1_000) - 0.5) < 0.02);
    assert.ok(Math.abs(shareOf(customer, 1_700) - 0.5) < 0.02);
    assert.ok(shareOf(customer, 400) < 0.001);
    assert.ok(Math.abs(shareOf(agent, 400) - 0.5) < 0.02);
  });

  it('lets a monitor listen unheard, whisper to one, and barge in', () => {
    const room = new Room();
    const [customer, agent, supervisor] = [room.add(400), room.add(1_000), room.add(1_700)];
    room.join(customer, agent, supervisor);
    room.bridge.join(supervisor.session, 'monitor', undefined);
    room.run(100);
    assert.ok(Math.abs(shareOf(supervisor, 400) - 0.5) < 0.02);
    assert.ok(shareOf(customer, 1_000) > 0.99);
    assert.ok(shareOf(agent, 400) > 0.99);
    room.bridge.join(supervisor.session, 'whisper', agent.session.id);
    room.run(50);
    assert.ok(shareOf(customer, 1_000) > 0.99);
    assert.ok(Math.abs(shareOf(agent, 1_700) - 0.5) < 0.02);
    room.bridge.join(supervisor.session, 'party', undefined);
    room.run(50);
    assert.ok(Math.abs(shareOf(customer, 1_700) - 0.5) < 0.02);
  });

  it('plays music to the one on hold and keeps it out of the bridge', () => {
    const room = new Room();
    const [customer, agent] = [room.add(400), room.add(1_000)];
    room.join(customer, agent);
    room.run(50);
    customer.session.hold([{ tone: { frequenciesHz: [2_000] }, durationMs: 100 }]);
    room.run(50);
    assert.ok(shareOf(customer, 2_000) > 0.99);
    assert.equal(rms(heard(agent)), 0);
    customer.session.resume();
    room.run(50);
    assert.ok(shareOf(customer, 1_000) > 0.99);
    assert.ok(shareOf(agent, 400) > 0.99);
  });

  it('keeps a muted voice out', () => {
    const room = new Room();
    const [customer, agent] = [room.add(400), room.add(1_000)];
    room.join(customer, agent);
    agent.session.isMuted = true;
    room.run(60);
    assert.equal(rms(heard(customer)), 0);
    assert.ok(shareOf(agent, 400) > 0.99);
  });

  it('lets a prompt take the place of the bridge, and the bridge come back', () => {
    const room = new Room();
    const [customer, agent] = [room.add(400), room.add(1_000)];
    room.join(customer, agent);
    room.run(20);
    agent.play([{ tone: { frequenciesHz: [2_000] }, durationMs: 500 }]);
    room.run(25);
    assert.ok(toneLevel(agent.sentAudio().slice(-3_840), 8_000, 2_000) > 0.99);
    room.run(25);
    assert.ok(shareOf(agent, 400) > 0.99);
  });

  it('makes up a lost frame instead of leaving a hole', () => {
    const room = new Room();
    const [customer, agent] = [room.add(400), room.add(1_000)];
    room.join(customer, agent);
    room.run(100, { lose: (tick, session) => session === 1 && tick % 20 === 10 });
    const quietest = Math.min(...agent.sent.slice(10).map(({ payload }) => rms(decodeMulaw(payload))));
    assert.ok(quietest > 4_000, `a frame at ${quietest}`);
    assert.ok(shareOf(agent, 400) > 0.99);
  });
});
