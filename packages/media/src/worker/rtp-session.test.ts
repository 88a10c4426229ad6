import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { encodeMulaw } from '../codec/g711.ts';
import { readWav } from '../codec/wav.ts';
import { rms, toneLevel } from '../detect/goertzel.ts';
import type { PlaySource } from '../play-source.ts';
import type { OpenFile } from '../recording/growing-wav-file.ts';
import type { FrameOrigin } from '../rtp/frame-origin.ts';
import { writeTelephoneEvent } from '../rtp/telephone-event.ts';
import { sequenceDistance } from '../rtp/wrap.ts';
import { SrtpContext } from '../srtp/srtp-context.ts';
import { agreed, Bench, connected, type SentPacket } from './rtp-session.fixture.ts';

const isSilent = (packet: SentPacket): boolean => packet.payload.every((byte) => byte === 0xff);
const tone = (durationMs: number): PlaySource => ({ tone: { frequenciesHz: [1_000] }, durationMs });

/** A digit's packets on their way in. */
function pressKey(bench: Bench, event: number, sequenceNumber: number, timestamp: number, copies = 1): void {
  for (let n = 0; n < 7; n += 1) {
    const payload = Uint8Array.of(event, n >= 4 ? 0x8a : 0x0a, 0, Math.min(n + 1, 5) * 32);
    for (let copy = 0; copy < copies; copy += 1) {
      bench.hear({ payloadType: 101, sequenceNumber: sequenceNumber + n, timestamp, payload });
    }
  }
}

describe('RTP session › sending', () => {
  it('sends nothing before anything is agreed, then silence on every tick', () => {
    const bench = new Bench();
    bench.tick(5);
    assert.equal(bench.sent.length, 0);
    bench.session.connect(agreed());
    bench.tick(5);
    assert.equal(bench.sent.length, 5);
    assert.ok(bench.sent.every(isSilent));
    assert.ok(bench.sent.every(({ host, port }) => host === '192.0.2.7' && port === 4_000));
  });

  it('numbers packets by one and times them by 160, across both wraps, with the marker on the first only', () => {
    const bench = connected();
    bench.tick(4);
    assert.deepEqual(
      bench.sent.map(({ sequenceNumber }) => sequenceNumber),
      [0xfffe, 0xffff, 0, 1],
    );
    assert.deepEqual(
      bench.sent.map(({ timestamp }) => timestamp),
      [0xffffff00, 0xffffffa0, 0x40, 0xe0],
    );
    assert.deepEqual(
      bench.sent.map(({ marker }) => marker),
      [true, false, false, false],
    );
    assert.ok(bench.sent.every(({ ssrc }) => ssrc === 0xabcd));
  });

  it('skipped ticks are skipped timestamps, and a new talkspurt', () => {
    const bench = connected();
    bench.tick(2);
    bench.tickNumber += 10;
    bench.tick(2);
    const [, before, after, next] = bench.sent;
    assert.equal(sequenceDistance(after?.sequenceNumber ?? 0, before?.sequenceNumber ?? 0), 1);
    assert.equal(((after?.timestamp ?? 0) - (before?.timestamp ?? 0)) >>> 0, 11 * 160);
    assert.deepEqual([after?.marker, next?.marker], [true, false]);
  });

  it('plays sources one after another, each from a frame of its own, and says when the last frame is sent', () => {
    const bench = connected();
    bench.prompts.set('p', encodeMulaw(new Int16Array(400).fill(4_092)));
    bench.play([{ prompt: 'p' }, { silenceMs: 40 }, tone(20)]);
    bench.tick(5);
    assert.deepEqual(bench.reports, []);
    bench.tick(1);
    assert.deepEqual(bench.reports, ['play 1 finished']);
    bench.tick(1);
    const audio = bench.sentAudio();
    assert.deepEqual(new Set(audio.subarray(0, 400)), new Set([4_092]));
    assert.deepEqual(new Set(audio.subarray(400, 800)), new Set([0]));
    assert.ok(toneLevel(audio.subarray(800, 960), 8_000, 1_000) > 0.99);
    assert.deepEqual(new Set(audio.subarray(960)), new Set([0]));
  });

  it('plays on and on, until stopped', () => {
    const bench = connected();
    bench.prompts.set('p', encodeMulaw(new Int16Array(320).fill(4_092)));
    bench.play([{ prompt: 'p' }, { silenceMs: 20 }], { forever: true });
    bench.tick(9);
    assert.deepEqual(
      bench.sent.map((packet) => isSilent(packet)),
      [false, false, true, false, false, true, false, false, true],
    );
    bench.session.stopPlay(99);
    assert.deepEqual(bench.reports, []);
    bench.session.stopPlay(1);
    bench.tick(1);
    assert.deepEqual(bench.reports, ['play 1 stopped by signal']);
    assert.ok(isSilent(bench.sent.at(-1) as SentPacket));
  });

  it('another play replaces the first; the session’s end stops it', () => {
    const bench = connected();
    bench.play([tone(1_000)]);
    bench.tick(2);
    bench.play([tone(1_000)], { play: 2 });
    bench.session.close();
    assert.deepEqual(bench.reports, ['play 1 stopped by replaced', 'play 2 stopped by close']);
  });

  it('an order of nothing is finished at once, even for ever', () => {
    const bench = connected();
    bench.play([]);
    bench.play([{ silenceMs: 0 }, { prompt: 'unloaded' }], { play: 2, forever: true });
    assert.deepEqual(bench.reports, ['play 1 finished', 'play 2 finished']);
  });

  it('waits with playing until something is agreed', () => {
    const bench = new Bench();
    bench.play([tone(40)]);
    bench.tick(10);
    assert.deepEqual(bench.reports, []);
    bench.session.connect(agreed());
    bench.tick(2);
    assert.deepEqual(bench.reports, ['play 1 finished']);
    assert.ok(bench.sent.every((packet) => !isSilent(packet)));
  });

  it('sends A-law on a PCMA leg, silence and sound', () => {
    const bench = connected({}, { codec: 'PCMA', payloadType: 8 });
    bench.tick(1);
    assert.deepEqual(new Set(bench.sent[0]?.payload), new Set([0xd5]));
    bench.play([tone(1_000)]);
    bench.tick(50);
    const audio = bench.sentAudio('PCMA').subarray(160);
    assert.ok(toneLevel(audio, 8_000, 1_000) > 0.999);
    // −13 dBm0 of a scale that ends at +3.17.
    const expected = (32_124 / Math.SQRT2) * 10 ** (-16.17 / 20);
    assert.ok(Math.abs(20 * Math.log10(rms(audio) / expected)) < 0.1);
  });

  it('keeps quiet while the far end does not listen, and its play goes on', () => {
    const bench = connected();
    bench.tick(1);
    bench.session.connect(agreed({ direction: 'recvonly' }));
    bench.play([tone(100)]);
    bench.tick(5);
    assert.equal(bench.sent.length, 1);
    assert.deepEqual(bench.reports, ['play 1 finished']);
    bench.session.connect(agreed());
    bench.tick(1);
    assert.equal(bench.sent.length, 2);
    assert.equal(bench.sent[1]?.marker, true);
  });

  it('digits take the place of audio, at one timestamp each, and audio comes back as a talkspurt', () => {
    const bench = connected();
    bench.tick(1);
    bench.session.sendDigits({ id: 7, digits: '5', toneMs: 60, gapMs: 60 });
    bench.tick(7);
    const types = bench.sent.map(({ payloadType }) => payloadType);
    assert.deepEqual(types, [0, 101, 101, 101, 101, 101, 0, 0]);
    const events = bench.sent.slice(1, 6);
    assert.equal(new Set(events.map(({ timestamp }) => timestamp)).size, 1);
    assert.equal(events[0]?.timestamp, ((bench.sent[0]?.timestamp ?? 0) + 160) >>> 0);
    assert.deepEqual(
      events.map(({ marker }) => marker),
      [true, false, false, false, false],
    );
    assert.deepEqual(
      events.map(({ payload }) => Buffer.from(payload).toString('hex')),
      ['050a00a0', '050a0140', '058a01e0', '058a01e0', '058a01e0'],
    );
    assert.deepEqual([bench.sent[6]?.marker, bench.sent[7]?.marker], [true, false]);
    assert.equal(bench.sent[6]?.timestamp, ((bench.sent[0]?.timestamp ?? 0) + 6 * 160) >>> 0);
    assert.deepEqual(bench.reports, ['digits 7 sent']);
  });

  it('digits go on as tones where telephone-events are agreed away while they are sent', () => {
    const bench = connected();
    bench.session.sendDigits({ id: 7, digits: '12', toneMs: 100, gapMs: 100 });
    bench.tick(10);
    bench.session.connect(agreed({ telephoneEventPayloadType: undefined, codec: 'PCMA', payloadType: 8 }));
    bench.tick(10);
    assert.deepEqual(bench.reports, ['digits 7 sent']);
    const after = bench.sent.slice(10);
    assert.deepEqual([...new Set(after.map(({ payloadType }) => payloadType))], [8]);
    const tones = bench.sentAudio('PCMA').slice(0, 800);
    for (const hz of [697, 1_336]) assert.ok(toneLevel(tones, 8_000, hz) > 0.4, `${hz} Hz`);
    assert.ok(after.slice(5).every(({ payload }) => payload.every((byte) => byte === 0xd5)));
  });
});

describe('RTP session › receiving', () => {
  it('follows the first valid source and refuses all others', () => {
    const bench = connected();
    bench.session.receive(Buffer.from('garbage on an RTP port'), '198.51.100.9', 1, 0);
    bench.hear({ payloadType: 77, host: '198.51.100.9' });
    bench.tick(1);
    assert.equal(bench.sent.at(-1)?.host, '192.0.2.7');
    bench.hear({ host: '203.0.113.5', port: 6_000, sequenceNumber: 1 });
    bench.tick(1);
    assert.deepEqual([bench.sent.at(-1)?.host, bench.sent.at(-1)?.port], ['203.0.113.5', 6_000]);
    bench.hear({ host: '192.0.2.7', port: 4_000, sequenceNumber: 2 });
    bench.hear({ host: '203.0.113.5', port: 6_002, sequenceNumber: 2 });
    bench.tick(1);
    assert.deepEqual([bench.sent.at(-1)?.host, bench.sent.at(-1)?.port], ['203.0.113.5', 6_000]);
    const { malformed, unexpected, refused, packetsReceived } = bench.session.stats();
    assert.deepEqual(
      { malformed, unexpected, refused, packetsReceived },
      {
        malformed: 1,
        unexpected: 1,
        refused: 2,
        packetsReceived: 1,
      },
    );
    assert.deepEqual(bench.reports, ['mediaStarted']);
  });

  it('never follows a source that cannot be answered', () => {
    const bench = connected();
    bench.hear({ port: 0 });
    bench.tick(1);
    assert.equal(bench.sent.at(-1)?.port, 4_000);
    assert.equal(bench.session.stats().malformed, 1);
  });

  it('takes nothing before anything is agreed', () => {
    const bench = new Bench();
    bench.hear();
    assert.equal(bench.session.stats().unexpected, 1);
    assert.deepEqual(bench.reports, []);
  });

  it('follows afresh after an agreement on another address, and goes on after the same', () => {
    const bench = connected();
    bench.hear({ port: 5_000 });
    bench.session.connect(agreed());
    bench.tick(1);
    assert.equal(bench.sent.at(-1)?.port, 5_000);
    bench.session.connect(agreed({ remotePort: 4_444 }));
    bench.tick(1);
    assert.equal(bench.sent.at(-1)?.port, 4_444);
    bench.hear({ port: 4_446, sequenceNumber: 1 });
    bench.tick(1);
    assert.equal(bench.sent.at(-1)?.port, 4_446);
  });

  it('what the address before still sends is heard, and does not take the place of the one that was agreed on', () => {
    const bench = connected();
    bench.hear();
    bench.session.connect(agreed({ remoteHost: '198.51.100.4', remotePort: 7_000 }));
    bench.hear({ sequenceNumber: 1, timestamp: 160 });
    bench.tick(1);
    assert.deepEqual([bench.sent.at(-1)?.host, bench.sent.at(-1)?.port], ['198.51.100.4', 7_000]);
    bench.hear({ host: '198.51.100.4', port: 7_000, ssrc: 10 });
    assert.equal(bench.session.stats().packetsReceived, 3);
    bench.hear({ sequenceNumber: 2, timestamp: 320 });
    assert.equal(bench.session.stats().refused, 1);
  });

  it('finds the far end where it was before, when it goes on sending from there alone', () => {
    const bench = connected();
    bench.hear({ port: 5_000 });
    bench.session.connect(agreed({ remotePort: 4_444 }));
    for (let n = 1; n <= 100; n += 1) {
      bench.hear({ port: 5_000, sequenceNumber: n, timestamp: n * 160 });
      bench.tick(1);
      assert.equal(bench.sent.at(-1)?.port, 4_444);
    }
    bench.tick(1);
    bench.hear({ port: 5_000, sequenceNumber: 101, timestamp: 101 * 160 });
    bench.tick(1);
    assert.equal(bench.sent.at(-1)?.port, 5_000);
  });

  it('finds a far end behind a NAT at once where it comes back before it was heard elsewhere', () => {
    const bench = connected({}, { remoteHost: '10.0.0.5' });
    bench.hear();
    bench.session.connect(agreed({ remoteHost: '198.51.100.4', direction: 'inactive' }));
    bench.tick(10);
    bench.session.connect(agreed({ remoteHost: '10.0.0.5' }));
    bench.hear({ sequenceNumber: 11, timestamp: 1_760 });
    bench.tick(1);
    assert.equal(bench.sent.at(-1)?.host, '192.0.2.7');
  });

  it('keeps the address on a hold that names none, also for its reports', () => {
    const bench = connected({}, { remoteHost: '10.0.0.5' });
    bench.hear();
    bench.session.connect(agreed({ remoteHost: '0.0.0.0', direction: 'inactive' }));
    bench.hear({ sequenceNumber: 1, timestamp: 160 });
    bench.tick(400);
    assert.equal(bench.sent.length, 0);
    assert.deepEqual([...new Set(bench.reportsSent.map(({ host }) => host))], ['192.0.2.7']);
    bench.session.connect(agreed({ remoteHost: '10.0.0.5' }));
    bench.tick(1);
    assert.equal(bench.sent.at(-1)?.host, '192.0.2.7');
  });

  it('leaves strangers to the system two seconds after a source was followed, until another address is agreed on', () => {
    const bench = connected();
    bench.tick(200);
    assert.equal(bench.hears, undefined);
    bench.hear({ port: 5_000 });
    bench.tick(100);
    assert.equal(bench.hears, undefined);
    bench.tick(1);
    assert.deepEqual(bench.hears, { host: '192.0.2.7', port: 5_000 });
    bench.session.connect(agreed());
    assert.deepEqual(bench.hears, { host: '192.0.2.7', port: 5_000 });
    bench.session.connect(agreed({ remotePort: 4_444 }));
    assert.equal(bench.hears, undefined);
    bench.hear({ port: 4_444, sequenceNumber: 1 });
    bench.tick(101);
    assert.deepEqual(bench.hears, { host: '192.0.2.7', port: 4_444 });
  });

  it('counts audio that is empty or of a size nobody sends', () => {
    const bench = connected();
    bench.hear({ payload: new Uint8Array(0) });
    bench.hear({ payload: new Uint8Array(1_601) });
    bench.hear({ payloadType: 101, payload: new Uint8Array(3) });
    assert.equal(bench.session.stats().malformed, 3);
    assert.equal(bench.session.stats().packetsReceived, 0);
  });

  it('reports each digit once under copies, and stops a play that listens for digits', () => {
    const bench = connected();
    bench.play([tone(10_000)], { stopOnDigit: true });
    bench.tick(3);
    pressKey(bench, 5, 100, 8_000, 3);
    pressKey(bench, 11, 107, 12_000, 3);
    assert.deepEqual(bench.reports, ['mediaStarted', 'digit 5', 'play 1 stopped by digit', 'digit #']);
    bench.tick(1);
    assert.ok(isSilent(bench.sent.at(-1) as SentPacket));
  });

  it('a play that does not listen for digits goes on', () => {
    const bench = connected();
    bench.play([tone(10_000)]);
    pressKey(bench, 1, 100, 8_000);
    bench.tick(1);
    assert.deepEqual(bench.reports, ['mediaStarted', 'digit 1']);
    assert.ok(!isSilent(bench.sent.at(-1) as SentPacket));
  });

  it('tells lost media once, again only after media came back, and never on hold', () => {
    const bench = connected({ mediaTimeoutMs: 1_000 });
    bench.tick(49);
    assert.deepEqual(bench.reports, []);
    bench.tick(60);
    assert.deepEqual(bench.reports, ['mediaLost']);
    bench.hear();
    bench.tick(49);
    assert.deepEqual(bench.reports, ['mediaLost', 'mediaStarted']);
    bench.tick(1);
    assert.deepEqual(bench.reports, ['mediaLost', 'mediaStarted', 'mediaLost']);
    bench.hear({ sequenceNumber: 1 });
    // Many phones say that they only send on hold, and have no music to send.
    for (const direction of ['sendonly', 'inactive', 'recvonly'] as const) {
      bench.session.connect(agreed({ direction }));
      bench.tick(500);
      assert.equal(bench.reports.length, 3, direction);
    }
    bench.session.connect(agreed());
    bench.tick(50);
    assert.equal(bench.reports.length, 4);
  });

  it('keeps the count of what it made up when another codec is agreed on', () => {
    const bench = connected();
    bench.session.addListener({ hear: () => undefined });
    for (let n = 0; n < 20; n += 1) {
      if (n !== 5) bench.hear({ sequenceNumber: n, timestamp: n * 160 });
      bench.tick();
    }
    assert.equal(bench.session.stats().concealedFrames, 1);
    bench.session.connect(agreed({ codec: 'PCMA', payloadType: 8 }));
    assert.equal(bench.session.stats().concealedFrames, 1);
  });

  it('tells listeners what came, what is made up for it, and where nothing is', () => {
    const bench = connected();
    const origins: FrameOrigin[] = [];
    bench.session.addListener({ hear: (_frame, origin) => origins.push(origin) });
    const hear = (from: number, count: number): void => {
      for (let n = from; n < from + count; n += 1) {
        bench.hear({ sequenceNumber: n, timestamp: n * 160 });
        bench.tick();
      }
    };
    hear(0, 10);
    bench.tick(20);
    // Comfort noise, by which the far end says that it pauses (RFC 3389).
    bench.hear({ sequenceNumber: 10, timestamp: 1_600, payloadType: 13, payload: Uint8Array.of(60) });
    bench.tick(5);
    const runs = origins.filter((origin, n) => origin !== origins[n - 1]);
    assert.deepEqual(runs, ['absent', 'received', 'concealed', 'absent', 'received']);
    assert.equal(origins.length, 35);
  });

  it('its own stall is not taken for lost media', () => {
    const bench = connected({ mediaTimeoutMs: 1_000 });
    bench.tick(10);
    bench.tickNumber += 1_000;
    bench.tick(10);
    assert.deepEqual(bench.reports, []);
  });
});

describe('RTP session › keys by several methods', () => {
  const eventPayload = (): Uint8Array => {
    const payload = new Uint8Array(4);
    writeTelephoneEvent(payload, 0, 5, false, 160);
    return payload;
  };
  const digitsOf = (bench: Bench): string[] => bench.reports.filter((line) => line.startsWith('digit'));

  it('a key by SIP INFO is reported, and stops a play that listens for digits, before the next packet', () => {
    const bench = connected();
    bench.play([{ tone: { frequenciesHz: [1_000] }, durationMs: 2_000 }], { stopOnDigit: true });
    bench.tick(10);
    bench.session.pressed('5');
    assert.deepEqual(bench.reports.slice(-2), ['digit 5', 'play 1 stopped by digit']);
    bench.tick();
    assert.ok(bench.sent.at(-1)?.payload.every((byte) => byte === 0xff));
  });

  const hearToneOf5 = (bench: Bench, from = 0): void => {
    const payload = encodeMulaw(
      Int16Array.from(
        { length: 160 },
        (_, n) =>
          6_000 * (Math.sin((2 * Math.PI * 770 * n) / 8_000) + Math.sin((2 * Math.PI * 1_336 * n) / 8_000)),
      ),
    );
    for (let n = from; n < from + 12; n += 1) {
      bench.hear({ sequenceNumber: n, timestamp: n * 160, payload });
      bench.tick();
    }
  };

  it('a tone is a digit where no telephone-events were agreed, also by a later answer, if that was wished', () => {
    const without = { telephoneEventPayloadType: undefined };
    const bench = connected({ toneDigits: 'withoutTelephoneEvents' });
    hearToneOf5(bench);
    assert.deepEqual(digitsOf(bench), []);
    bench.session.connect(agreed(without));
    hearToneOf5(bench, 20);
    assert.deepEqual(digitsOf(bench), ['digit 5']);
    bench.session.connect(agreed());
    hearToneOf5(bench, 40);
    assert.deepEqual(digitsOf(bench), ['digit 5']);
    const never = connected({ toneDigits: 'never' });
    never.session.connect(agreed(without));
    hearToneOf5(never);
    assert.deepEqual(digitsOf(never), []);
  });

  it('a key is one digit that comes as telephone-event, by SIP INFO and as tones', () => {
    const bench = connected({ toneDigits: 'always' });
    hearToneOf5(bench);
    assert.deepEqual(digitsOf(bench), ['digit 5']);
    bench.hear({ sequenceNumber: 12, timestamp: 1_920, payloadType: 101, payload: eventPayload() });
    bench.session.pressed('5');
    assert.deepEqual(digitsOf(bench), ['digit 5']);
    bench.session.pressed('5');
    assert.deepEqual(digitsOf(bench), ['digit 5', 'digit 5']);
  });
});

describe('RTP session › sources', () => {
  const loud = new Uint8Array(160).fill(0x20);
  const eventOf = (isEnd: boolean, duration: number): Uint8Array => {
    const payload = new Uint8Array(4);
    writeTelephoneEvent(payload, 0, 5, isEnd, duration);
    return payload;
  };

  it('telephone-events of a source of their own, in the middle of the audio’s, are one digit and no loss', () => {
    const bench = connected();
    for (let n = 0; n < 30; n += 1) {
      bench.hear({ sequenceNumber: n, timestamp: n * 160, ssrc: 1 });
      if (n >= 10 && n < 18) {
        const payload = eventOf(n > 14, (n - 9) * 160);
        bench.hear({ ssrc: 2, sequenceNumber: 100 + n, timestamp: 1_600, payloadType: 101, payload });
      }
      bench.tick();
    }
    assert.deepEqual(
      bench.reports.filter((line) => line.startsWith('digit')),
      ['digit 5'],
    );
    const { packetsReceived, lost } = bench.session.stats();
    assert.deepEqual([packetsReceived, lost], [38, 0]);
  });

  it('a late packet of the source before takes nothing from the one that is heard; the source itself may come back', () => {
    const bench = connected();
    const heard: boolean[] = [];
    bench.session.addListener({ hear: (frame) => heard.push(frame[0] !== 0) });
    const hear = (ssrc: number, n: number): void =>
      bench.hear({ ssrc, sequenceNumber: n, timestamp: n * 160, payload: loud });
    for (let n = 0; n < 20; n += 1) {
      hear(1, n);
      bench.tick();
    }
    for (let n = 21; n < 40; n += 1) {
      hear(2, n);
      // The last two of the first source were overtaken.
      if (n === 30) hear(1, 20);
      if (n === 31) hear(1, 21);
      bench.tick();
    }
    assert.deepEqual(heard.slice(26), heard.slice(26).fill(true));
    assert.equal(bench.session.stats().lost, 0);
    for (let n = 40; n < 60; n += 1) {
      hear(1, n);
      bench.tick();
    }
    assert.deepEqual(heard.slice(50), heard.slice(50).fill(true));
  });
});

describe('RTP session › speech', () => {
  const speech = readFileSync(new URL('../../test/fixtures/speech.ulaw', import.meta.url));

  /** Sends the sentence at its pace, silence before and after; packets for which `isLost` are not sent. */
  function say(bench: Bench, options: { silentTicks: number; isLost?: (n: number) => boolean }): void {
    const audio = Buffer.concat([
      Buffer.alloc(1_600, 0xff),
      speech,
      Buffer.alloc(options.silentTicks * 160, 0xff),
    ]);
    for (let n = 0; n * 160 < audio.length; n += 1) {
      const payload = audio.subarray(n * 160, n * 160 + 160);
      if (!options.isLost?.(n))
        bench.hear({ sequenceNumber: n, timestamp: 2 ** 32 - 5_000 + n * 160, payload });
      bench.tick(1);
    }
  }

  const speechMs = speech.length / 8;

  it('hears a sentence begin and end, in media time', () => {
    const bench = connected({ speechSilenceMs: 1_000 });
    say(bench, { silentTicks: 60 });
    const [started, ended] = bench.reports.slice(1).map((line) => Number(line.split(' ')[1]));
    assert.equal(bench.reports.length, 3, bench.reports.join());
    assert.ok((started ?? 0) >= 200 && (started ?? 0) <= 320, `started ${started}`);
    assert.ok(Math.abs((ended ?? 0) - (200 + speechMs)) <= 150, `ended ${ended}`);
  });

  it('hears the same when packets are lost', () => {
    const bench = connected({ speechSilenceMs: 1_000 });
    say(bench, { silentTicks: 60, isLost: (n) => n % 7 === 3 });
    const kinds = bench.reports.slice(1).map((line) => line.split(' ')[0]);
    assert.deepEqual(kinds, ['speechStarted', 'speechEnded']);
    const ended = Number(bench.reports.at(-1)?.split(' ')[1]);
    assert.ok(Math.abs(ended - (200 + speechMs)) <= 200, `ended ${ended}`);
  });

  it('hears the end when the sender falls silent by sending nothing', () => {
    const bench = connected({ speechSilenceMs: 1_000 });
    say(bench, { silentTicks: 0 });
    bench.tick(50);
    assert.equal(bench.reports.length, 2, bench.reports.join());
    bench.tick(15);
    assert.match(bench.reports.at(-1) as string, /^speechEnded /);
    const before = bench.reports.length;
    // The stream's own time goes on through the pause: 65 ticks, of which some were guessed.
    const n = Math.ceil((1_600 + speech.length) / 160) + 65;
    const payload = encodeMulaw(new Int16Array(160).fill(8_316));
    for (let more = 0; more < 5; more += 1) {
      bench.hear({ sequenceNumber: n - 65 + more, timestamp: 2 ** 32 - 5_000 + (n + more) * 160, payload });
    }
    assert.equal(bench.reports[before], `speechStarted ${n * 20}`);
  });
});

describe('RTP session › recording', () => {
  function memoryFile(): { open: OpenFile; content(): Buffer } {
    let content = Buffer.alloc(0);
    return {
      open: async () => ({
        write: async (buffer, offset, length, position) => {
          const grown = Buffer.alloc(Math.max(content.length, position + length));
          content.copy(grown);
          grown.set(buffer.subarray(offset, offset + length), position);
          content = grown;
          return { bytesWritten: length };
        },
        close: async () => undefined,
      }),
      content: () => content,
    };
  }

  it('has the far end left and us right, aligned, with digits and holds as silence', async () => {
    const bench = connected();
    bench.tick(10);
    const file = memoryFile();
    assert.equal(await bench.session.startRecording('x.wav', 'both', file.open), true);
    assert.equal(await bench.session.startRecording('y.wav', 'both', file.open), false);
    bench.play([tone(100)]);
    const loud = encodeMulaw(new Int16Array(160).fill(8_316));
    for (let n = 0; n < 50; n += 1) {
      if (n === 20) bench.session.sendDigits({ id: 1, digits: '1', toneMs: 100, gapMs: 100 });
      bench.tick(1);
      if (n >= 25) bench.hear({ sequenceNumber: n, timestamp: n * 160, payload: loud });
    }
    const end = await bench.session.stopRecording();
    assert.equal(end?.kind, 'written');
    assert.equal(await bench.session.stopRecording(), undefined);
    const [left, right] = readWav(file.content()).channels as [Int16Array, Int16Array];
    assert.equal(left.length, 50 * 160);
    assert.deepEqual(new Set(left.subarray(0, 25 * 160)), new Set([0]));
    assert.deepEqual(new Set(left.subarray(25 * 160)), new Set([8_316]));
    assert.ok(toneLevel(right.subarray(0, 800), 8_000, 1_000) > 0.99);
    assert.deepEqual(new Set(right.subarray(800)), new Set([0]));
  });

  for (const [tracks, silentSide] of [
    ['received', 'right'],
    ['sent', 'left'],
  ] as const) {
    it(`of what is ${tracks} alone leaves the ${silentSide} side silent`, async () => {
      const bench = connected();
      const file = memoryFile();
      await bench.session.startRecording('x.wav', tracks, file.open);
      bench.play([tone(1_000)]);
      const loud = encodeMulaw(new Int16Array(160).fill(8_316));
      for (let n = 0; n < 50; n += 1) {
        bench.hear({ sequenceNumber: n, timestamp: n * 160, payload: loud });
        bench.tick(1);
      }
      await bench.session.stopRecording();
      const [left, right] = readWav(file.content()).channels as [Int16Array, Int16Array];
      const [silent, recorded] = silentSide === 'left' ? [left, right] : [right, left];
      assert.deepEqual(new Set(silent), new Set([0]));
      assert.ok(rms(recorded.subarray(1_600)) > 1_000);
      assert.equal(left.length, right.length);
    });
  }

  it('a disk that fills up is told once, and the call goes on', async () => {
    const bench = connected();
    let writes = 0;
    const open: OpenFile = async () => ({
      write: async (_buffer, _offset, length) => {
        writes += 1;
        if (writes > 3) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        return { bytesWritten: length };
      },
      close: async () => undefined,
    });
    await bench.session.startRecording('x.wav', 'both', open);
    for (let second = 0; second < 5; second += 1) {
      bench.tick(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(bench.reports, ['recordingFailed']);
    assert.equal(bench.sent.length, 250);
    const end = await bench.session.stopRecording();
    assert.equal(end?.kind === 'failed' && end.failure.code, 'ENOSPC');
  });

  it('two sessions joined by a lossy wire hear each other’s tone', async () => {
    const near = connected();
    const far = new Bench({}, [5, 65_000, 77]);
    far.session.connect(agreed({ codec: 'PCMA', payloadType: 8, remotePort: 7_000 }));
    const file = memoryFile();
    await far.session.startRecording('far.wav', 'both', file.open);
    near.play([{ tone: { frequenciesHz: [700] }, durationMs: 2_000 }]);
    for (let n = 0; n < 100; n += 1) {
      near.tick(1);
      far.tick(1);
      const packet = near.sent.at(-1) as SentPacket;
      if (n % 10 !== 5) far.session.receive(packet.datagram, '192.0.2.1', 7_000, far.nowMs);
    }
    await far.session.stopRecording();
    const [left] = readWav(file.content()).channels as [Int16Array];
    assert.ok(toneLevel(left.subarray(0, 800), 8_000, 700) > 0.99);
    assert.deepEqual(new Set(left.subarray(800, 960)), new Set([0]));
    assert.ok(toneLevel(left.subarray(960, 2_400), 8_000, 700) > 0.99);
    assert.equal(far.session.stats().lost, 10);
  });
});

describe('RTCP of a session', () => {
  it('goes to the port after RTP, in time, and says goodbye at the end', () => {
    const bench = connected();
    bench.hear();
    bench.tick(400);
    assert.ok(bench.reportsSent.length >= 1);
    const [first] = bench.reportsSent;
    assert.deepEqual([first?.host, first?.port, first?.packet[1]], ['192.0.2.7', 4_001, 200]);
    bench.session.close();
    assert.equal(bench.reportsSent.at(-1)?.packet.at(-7), 203);
  });

  it('follows RTP through a NAT and takes no reports from elsewhere', () => {
    const bench = connected();
    bench.hear({ host: '198.51.100.9', port: 61_000 });
    bench.tick(400);
    const report = bench.reportsSent[0];
    assert.deepEqual([report?.host, report?.port], ['198.51.100.9', 61_001]);
    const packet = report?.packet ?? new Uint8Array(0);
    bench.session.receiveReport(packet, '203.0.113.66', bench.nowMs);
    bench.session.receiveReport(new Uint8Array(9), '198.51.100.9', bench.nowMs);
    bench.session.receiveReport(packet, '198.51.100.9', bench.nowMs);
    const { rtcpRefused, rtcpReceived } = bench.session.stats();
    assert.deepEqual([rtcpRefused, rtcpReceived], [2, 1]);
  });
});

describe('SRTP of a session', () => {
  const keys = {
    ours: Buffer.alloc(30, 1).toString('base64'),
    theirs: Buffer.alloc(30, 2).toString('base64'),
  };
  const suite = 'AES_CM_128_HMAC_SHA1_80' as const;

  it('carries audio, digits and reports between two that share keys, and nothing of anybody else', () => {
    const caller = new Bench({}, [1, 0xfffe, 3]);
    caller.session.connect(agreed({ srtp: { suite, ...keys } }));
    const phone = connected({}, { srtp: { suite, ours: keys.theirs, theirs: keys.ours } });
    const wire: { packet: Uint8Array }[] = [];
    caller.onWire = (packet) => wire.push({ packet });
    caller.play([{ tone: { frequenciesHz: [1_000] }, durationMs: 200 }]);
    caller.session.sendDigits({ id: 1, digits: '5', toneMs: 60, gapMs: 60 });
    for (let tick = 0; tick < 300; tick += 1) {
      caller.tick();
      // A stranger is first with each packet, without the key.
      phone.hear({ sequenceNumber: tick, timestamp: tick * 160, host: '203.0.113.5' });
      for (const { packet } of wire.splice(0)) phone.session.receive(packet, '192.0.2.7', 4_000, phone.nowMs);
      phone.tick();
    }
    for (const { packet } of caller.reportsSent)
      phone.session.receiveReport(packet, '192.0.2.7', phone.nowMs);
    const stats = phone.session.stats();
    assert.deepEqual([stats.packetsReceived, stats.lost, stats.malformed, stats.refused], [300, 0, 0, 300]);
    assert.ok(phone.reports.includes('digit 5'));
    assert.ok(stats.rtcpReceived >= 1);
  });

  it('begins so far from the wrap of sequence numbers that lost packets do not hide it', () => {
    const caller = new Bench({}, [1, 0xfffe, 3]);
    caller.session.connect(agreed({ srtp: { suite, ...keys } }));
    const sent: Uint8Array[] = [];
    caller.onWire = (packet) => sent.push(packet);
    const receiver = new SrtpContext(Buffer.alloc(16, 1), Buffer.alloc(14, 1), 10);
    caller.tick(20);
    assert.ok(sent.slice(10).every((packet) => receiver.unprotect(packet)));
  });

  it('goes on in its count when the same keys are agreed again', () => {
    const caller = new Bench();
    caller.session.connect(agreed({ srtp: { suite, ...keys } }));
    const sent: Uint8Array[] = [];
    caller.onWire = (packet) => sent.push(packet);
    const receiver = new SrtpContext(Buffer.alloc(16, 1), Buffer.alloc(14, 1), 10);
    caller.tick(5);
    caller.session.connect(agreed({ remotePort: 4_444, srtp: { suite, ...keys } }));
    caller.tick(5);
    assert.equal(sent.filter((packet) => receiver.unprotect(packet)).length, 10);
  });

  it('hears the far end while its other key is on its way, and under that key', () => {
    const phone = connected({}, { srtp: { suite, ours: keys.ours, theirs: keys.theirs } });
    const caller = new Bench();
    caller.session.connect(agreed({ srtp: { suite, ours: keys.theirs, theirs: keys.ours } }));
    caller.onWire = (packet) => phone.session.receive(packet, '192.0.2.7', 4_000, phone.nowMs);
    caller.tick(5);
    const other = Buffer.alloc(30, 3).toString('base64');
    phone.session.connect(agreed({ srtp: { suite, ours: keys.ours, theirs: other } }));
    caller.tick(5);
    caller.session.connect(agreed({ srtp: { suite, ours: other, theirs: keys.ours } }));
    caller.tick(5);
    const { packetsReceived, lost, refused } = phone.session.stats();
    assert.deepEqual([packetsReceived, lost, refused], [15, 0, 0]);
  });
});
