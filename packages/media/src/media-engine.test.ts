import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import {
  DigitsNotNegotiated,
  decodeMulaw,
  encodeMulaw,
  MediaAtCapacity,
  type MediaEngine,
  MediaEngineClosed,
  type MediaEvent,
  type MediaFault,
  type MediaSession,
  MediaSessionClosed,
  type MediaSessionOptions,
  NoMediaPort,
  openMediaEngine,
  PromptUnknown,
  RecordingFailed,
  readWav,
  rms,
  SdpUnusable,
  toneLevel,
} from './index.ts';

const HOST = '127.0.0.1';
const PORTS = { first: 20_000, last: 59_999 };
/** How long a test waits for something that must happen, ms; ordinary cases take a fraction. */
const PATIENCE_MS = 8_000;

let folder: string;
let engine: MediaEngine;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringback-media-'));
  engine = await openMediaEngine({ host: HOST, ports: PORTS });
});

after(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

/** A session that keeps its events, and lets a test wait for one. */
interface Party {
  session: MediaSession;
  events: MediaEvent[];
  until(kind: MediaEvent['kind'], count?: number): Promise<void>;
}

async function party(options: MediaSessionOptions = {}, at: MediaEngine = engine): Promise<Party> {
  const events: MediaEvent[] = [];
  let wake: () => void = () => undefined;
  const session = await at.openSession({
    ...options,
    onEvent: (event) => {
      events.push(event);
      wake();
    },
  });
  const until: Party['until'] = async (kind, count = 1) => {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    while (events.filter((event) => event.kind === kind).length < count) {
      deadline.throwIfAborted();
      await new Promise<void>((resolve) => {
        wake = resolve;
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  };
  return { session, events, until };
}

/** Two sessions joined to each other, both hearing. */
async function call(
  options: { caller?: MediaSessionOptions; phone?: MediaSessionOptions } = {},
): Promise<{ caller: Party; phone: Party; hangUp(): Promise<void> }> {
  const caller = await party(options.caller);
  const phone = await party(options.phone);
  await caller.session.acceptAnswer(await phone.session.answerOffer(caller.session.createOffer()));
  await Promise.all([caller.until('mediaStarted'), phone.until('mediaStarted')]);
  const hangUp = async (): Promise<void> => {
    await Promise.all([caller.session.close(), phone.session.close()]);
  };
  return { caller, phone, hangUp };
}

const tone = (hz: number, durationMs: number) => ({ tone: { frequenciesHz: [hz] }, durationMs });
const digitsOf = (events: readonly MediaEvent[]): string =>
  events.map((event) => (event.kind === 'digit' ? event.digit : '')).join('');

async function recorded(path: string): Promise<{ left: Int16Array; right: Int16Array }> {
  const [left, right] = readWav(await readFile(path)).channels as [Int16Array, Int16Array];
  return { left, right };
}

/** The 20 ms frames that hold sound, from the first on; a stalled machine leaves silent ones between them. */
function soundingFrames(pcm: Int16Array): Int16Array[] {
  const start = Math.max(
    0,
    pcm.findIndex((sample) => Math.abs(sample) > 500),
  );
  const count = Math.floor((pcm.length - start) / 160);
  const frames = Array.from({ length: count }, (_, n) =>
    pcm.subarray(start + n * 160, start + n * 160 + 160),
  );
  return frames.filter((frame) => rms(frame) > 500);
}

describe('media engine › IPv6', () => {
  it('carries audio, digits and reports over ::1, beside sessions over IPv4 at the same ports', async () => {
    const own = await openMediaEngine({ host: HOST, hostV6: '::1', ports: PORTS, workers: 1 });
    try {
      assert.equal(own.hasIPv6, true);
      const caller = await party({ family: 6 }, own);
      const phone = await party({ family: 6, speechDetection: { silenceMs: 200 } }, own);
      assert.equal(caller.session.localHost, '::1');
      await caller.session.acceptAnswer(await phone.session.answerOffer(caller.session.createOffer()));
      await Promise.all([caller.until('mediaStarted'), phone.until('mediaStarted')]);
      await caller.session.play({ tone: { frequenciesHz: [1_000] }, durationMs: 400 });
      await phone.until('speechStarted');
      await phone.session.sendDigits('5');
      await caller.until('digit');
      const old = await party({}, own);
      assert.equal(old.session.localHost, HOST);
      const stats = await caller.session.close();
      assert.deepEqual([stats.refused, stats.malformed, stats.sendFailures], [0, 0, 0]);
      assert.ok(stats.packetsReceived > 20);
    } finally {
      await own.close();
    }
  });

  it('is refused where the engine has no such address, and addresses that are none', async () => {
    assert.equal(engine.hasIPv6, false);
    await assert.rejects(engine.openSession({ family: 6 }), RangeError);
    await assert.rejects(openMediaEngine({ host: HOST, hostV6: HOST, ports: PORTS }), RangeError);
  });
});

describe('media engine › behind a router that translates addresses', () => {
  it('names the announced addresses in offers and answers, and is bound to its own', async () => {
    const own = await openMediaEngine({
      host: HOST,
      hostV6: '::1',
      announcedHost: '127.0.0.2',
      announcedHostV6: '2001:db8::10',
      ports: PORTS,
      workers: 1,
    });
    try {
      const plain = await engine.openSession({});
      const announced = await own.openSession({});
      assert.match(announced.createOffer(), /^c=IN IP4 127\.0\.0\.2\r$/m);
      assert.match(await announced.answerOffer(plain.createOffer()), /^c=IN IP4 127\.0\.0\.2\r$/m);
      const six = await own.openSession({ family: 6 });
      assert.match(six.createOffer(), /^c=IN IP6 2001:db8::10\r$/m);
      await Promise.all([plain, announced, six].map((session) => session.close()));
    } finally {
      await own.close();
    }
  });

  it('takes no name, and no address of the other family', async () => {
    for (const wrong of [
      { announcedHost: 'edge.example.com' },
      { announcedHost: '::1' },
      { hostV6: '::1', announcedHostV6: HOST },
    ]) {
      await assert.rejects(openMediaEngine({ host: HOST, ports: PORTS, ...wrong }), RangeError);
    }
  });
});

describe('media engine › audio', () => {
  for (const codec of ['PCMU', 'PCMA'] as const) {
    it(`${codec} › a tone arrives at the other side, whole, and is recorded left there and right here`, async () => {
      const { caller, phone, hangUp } = await call({ caller: { codecs: [codec] } });
      const [here, there] = [join(folder, `here-${codec}.wav`), join(folder, `there-${codec}.wav`)];
      await Promise.all([caller.session.startRecording(here), phone.session.startRecording(there)]);
      assert.deepEqual(
        await caller.session.play([{ silenceMs: 100 }, tone(1_000, 500), { silenceMs: 200 }]),
        {
          kind: 'finished',
        },
      );
      const summary = await caller.session.stopRecording();
      await phone.session.stopRecording();
      await hangUp();

      assert.equal(summary.path, here);
      assert.equal((await stat(here)).size, summary.bytes);
      assert.equal((summary.bytes - 44) / 32, summary.durationMs);
      const [sender, receiver] = [await recorded(here), await recorded(there)];
      for (const [pcm, silent] of [
        [sender.right, sender.left],
        [receiver.left, receiver.right],
      ] as const) {
        const heard = soundingFrames(pcm);
        assert.equal(heard.length, 25);
        for (const frame of heard) assert.ok(toneLevel(frame, 8_000, 1_000) > 0.98);
        assert.ok(rms(silent) < 10);
      }
    });
  }

  it('a prompt is played as loaded, also after it was unloaded, and twice in a row', async () => {
    const mulaw = encodeMulaw(
      Int16Array.from({ length: 1_600 }, (_, n) => Math.round(9_000 * Math.cos(n * 0.7))),
    );
    engine.loadPrompt('greeting', mulaw);
    engine.loadPrompt('greeting', new Uint8Array(5));
    assert.equal(engine.hasPrompt('greeting'), true);
    const { caller, phone, hangUp } = await call();
    const path = join(folder, 'prompt.wav');
    await phone.session.startRecording(path);
    const playing = caller.session.play([{ prompt: 'greeting' }, { prompt: 'greeting' }, { silenceMs: 300 }]);
    engine.unloadPrompt('greeting');
    assert.deepEqual(await playing, { kind: 'finished' });
    assert.equal(engine.hasPrompt('greeting'), false);
    await assert.rejects(caller.session.play({ prompt: 'greeting' }), PromptUnknown);
    await phone.session.stopRecording();
    await hangUp();
    const { left } = await recorded(path);
    const heard = soundingFrames(left).flatMap((frame) => [...frame]);
    assert.deepEqual(heard, [...decodeMulaw(mulaw), ...decodeMulaw(mulaw)]);
  });

  it('an abort stops a play; one that was aborted before never starts', async () => {
    const { caller, phone, hangUp } = await call({ phone: { speechDetection: { silenceMs: 100 } } });
    const abort = new AbortController();
    const playing = caller.session.play(tone(500, 60_000), { signal: abort.signal, repeat: 'forever' });
    await phone.until('speechStarted');
    abort.abort();
    assert.deepEqual(await playing, { kind: 'stopped', by: 'signal' });
    await phone.until('speechEnded');
    assert.deepEqual(await caller.session.play(tone(500, 100), { signal: abort.signal }), {
      kind: 'stopped',
      by: 'signal',
    });
    await hangUp();
  });

  it('a second play replaces the first, and closing stops the second', async () => {
    const { caller, hangUp } = await call();
    const first = caller.session.play(tone(500, 60_000));
    const second = caller.session.play(tone(600, 60_000));
    assert.deepEqual(await first, { kind: 'stopped', by: 'replaced' });
    await hangUp();
    assert.deepEqual(await second, { kind: 'stopped', by: 'close' });
  });

  it('speech begins and ends around a tone burst, at its length in media time', async () => {
    const { caller, phone, hangUp } = await call({ phone: { speechDetection: { silenceMs: 200 } } });
    const { ticksSkipped: before } = await engine.stats();
    await caller.session.play([{ silenceMs: 100 }, tone(400, 400)]);
    await phone.until('speechEnded');
    await hangUp();
    const [started, ended] = phone.events.flatMap((event) => ('mediaTimeMs' in event ? [event] : []));
    assert.deepEqual([started?.kind, ended?.kind], ['speechStarted', 'speechEnded']);
    // Exact, unless the machine stood still meanwhile: what was then not sent is a gap in media time.
    const skipped = (await engine.stats()).ticksSkipped - before;
    const lengthMs = (ended?.mediaTimeMs ?? 0) - (started?.mediaTimeMs ?? 0);
    assert.ok(Math.abs(lengthMs - 400) <= skipped * 400, `${lengthMs} ms, ${skipped} ticks skipped`);
  });

  it('lost media is told when the far end falls silent', async () => {
    const { caller, phone, hangUp } = await call({ caller: { mediaTimeoutMs: 200 } });
    await phone.session.close();
    await caller.until('mediaLost');
    await hangUp();
  });
});

describe('media engine › descriptions', () => {
  it('have a version of their own wherever they say anything else, and the same where they do not', async () => {
    const [caller, phone] = [await engine.openSession(), await engine.openSession()];
    const offer = phone.createOffer();
    const hold = offer.replace('a=sendrecv', 'a=sendonly');
    const said = [caller.createOffer(), caller.createOffer()];
    for (const each of [offer, offer, hold, offer]) said.push(await caller.answerOffer(each));
    assert.deepEqual(
      said.map((sdp) => /^o=- \d+ (\d+) /m.exec(sdp)?.[1]),
      ['1', '1', '2', '2', '3', '4'],
    );
    assert.equal(new Set(said.map((sdp) => /^o=- (\d+) /m.exec(sdp)?.[1])).size, 1);
    await Promise.all([caller.close(), phone.close()]);
  });
});

describe('media engine › digits', () => {
  it('digits arrive in order, once each, and stop a play that listens for them', async () => {
    const { caller, phone, hangUp } = await call();
    const prompt = caller.session.play(tone(500, 60_000), { stopOnDigit: true });
    await phone.session.sendDigits('1234#', { toneMs: 40, gapMs: 40 });
    assert.deepEqual(await prompt, { kind: 'stopped', by: 'digit' });
    await caller.until('digit', 5);
    await hangUp();
    assert.equal(digitsOf(caller.events), '1234#');
  });

  it('an abort ends them with its reason; the end of the session with MediaSessionClosed', async () => {
    const { phone, hangUp } = await call();
    const abort = new AbortController();
    const first = phone.session.sendDigits(',,,,1', { signal: abort.signal });
    const second = phone.session.sendDigits(',,,,2');
    abort.abort(new Error('enough'));
    await assert.rejects(first, /enough/);
    const ended = assert.rejects(second, MediaSessionClosed);
    await hangUp();
    await ended;
  });

  it('are refused before the answer, or where they are none', async () => {
    const { session } = await party();
    await assert.rejects(session.sendDigits('1'), DigitsNotNegotiated);
    await assert.rejects(session.sendDigits('1x'), RangeError);
    await assert.rejects(session.sendDigits('1', { toneMs: 5 }), RangeError);
    await session.close();
  });
});

describe('media engine › a foreign far end', () => {
  const sdp = (port: number): string =>
    `v=0\r\no=- 1 1 IN IP4 ${HOST}\r\ns=-\r\nc=IN IP4 ${HOST}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n`;

  async function foreign(): Promise<{
    port: number;
    send(datagram: Uint8Array, to: number): void;
    close(): void;
  }> {
    const socket = createSocket('udp4');
    socket.bind(0, HOST);
    await once(socket, 'listening');
    return {
      port: socket.address().port,
      send: (datagram, to) => socket.send(datagram, to, HOST),
      close: () => socket.close(),
    };
  }

  const event = (sequenceNumber: number, timestamp: number, code: number, isEnd: boolean): Buffer => {
    const packet = Buffer.from([0x80, 101, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, code, isEnd ? 0x8a : 10, 1, 0]);
    packet.writeUInt16BE(sequenceNumber, 2);
    packet.writeUInt32BE(timestamp, 4);
    return packet;
  };

  it('that knows no telephone-event gets digits as tones', async () => {
    const socket = createSocket('udp4');
    socket.bind(0, HOST);
    await once(socket, 'listening');
    const { session } = await party();
    await session.acceptAnswer(sdp(socket.address().port).replace(/ 101\r\na=rtpmap.*\r\n$/, '\r\n'));
    const heard: Buffer[] = [];
    const sounded = new Promise<void>((resolve) => {
      socket.on('message', (packet: Buffer) => {
        heard.push(packet);
        if (packet.subarray(12).some((byte) => (byte & 0x7f) < 0x40)) resolve();
      });
    });
    await Promise.all([session.sendDigits('5'), sounded]);
    await session.close();
    socket.close();
    assert.deepEqual([...new Set(heard.map((packet) => (packet[1] as number) & 0x7f))], [0]);
  });

  it('digits are heard once though every packet comes twice, with new numbers or the same', async () => {
    const far = await foreign();
    const { session, events, until } = await party();
    await session.acceptAnswer(sdp(far.port));
    const keys = [7, 7, 10];
    keys.forEach((code, press) => {
      for (let n = 0; n < 6; n += 1) {
        const packet = event(press * 6 + n, press * 4_000, code, n > 3);
        far.send(packet, session.localPort);
        far.send(packet, session.localPort);
      }
    });
    far.send(event(50, 40_000, 11, false), session.localPort);
    await until('digit', 4);
    const stats = await session.close();
    far.close();
    assert.equal(digitsOf(events), '77*#');
    assert.equal(stats.packetsReceived, 19);
    assert.equal(stats.duplicates, 18);
  });

  it('garbage, strangers and foreign payload types are counted and change nothing', async () => {
    const far = await foreign();
    const stranger = await foreign();
    const { session, events, until } = await party();
    await session.acceptAnswer(sdp(far.port));
    far.send(event(1, 1, 1, false), session.localPort);
    await until('digit');
    for (const datagram of [
      Buffer.alloc(0),
      Buffer.from('hello'),
      Buffer.alloc(1_400, 0xff),
      Buffer.alloc(12),
    ]) {
      stranger.send(datagram, session.localPort);
    }
    stranger.send(event(2, 8_000, 2, false), session.localPort);
    const wrongType = event(3, 16_000, 3, false);
    wrongType[1] = 99;
    far.send(wrongType, session.localPort);
    far.send(event(4, 24_000, 4, false), session.localPort);
    await until('digit', 2);
    // Datagrams of two sockets may pass each other; the counters are read when all are in.
    let stats = await session.stats();
    for (let tries = 0; stats.malformed + stats.refused < 5 && tries < 3_000; tries += 1) {
      await delay(10);
      stats = await session.stats();
    }
    assert.equal(digitsOf(events), '14');
    assert.deepEqual([stats.malformed, stats.refused, stats.unexpected], [4, 1, 1]);
    await session.close();
    far.close();
    stranger.close();
  });

  it('packets that the system does not take are counted', async () => {
    const { session } = await party();
    // A socket on loopback cannot reach beyond it: the system refuses, nothing leaves.
    await session.acceptAnswer(sdp(4_000).replace(`c=IN IP4 ${HOST}`, 'c=IN IP4 192.0.2.7'));
    await session.play({ silenceMs: 100 });
    const { sendFailures, packetsSent } = await session.close();
    assert.ok(sendFailures >= 4 && sendFailures <= packetsSent, `${sendFailures} of ${packetsSent}`);
  });

  it('an unusable answer leaves the session as it was', async () => {
    const { session } = await party();
    await assert.rejects(
      session.acceptAnswer(sdp(0)),
      (error) => error instanceof SdpUnusable && error.reason === 'audioRefused',
    );
    await assert.rejects(session.answerOffer('v=0'), SdpUnusable);
    assert.equal((await session.close()).packetsSent, 0);
  });
});

describe('media engine › recordings that fail', () => {
  for (const [code, path] of [
    ['ENOSPC', () => '/dev/full'],
    ['ENOENT', () => join(folder, 'missing', 'call.wav')],
    ['ENOTDIR', () => join(folder, 'file', 'call.wav')],
  ] as const) {
    it(`${code} › is told to the caller, and the call goes on`, async () => {
      await writeFile(join(folder, 'file'), '');
      const { caller, phone, hangUp } = await call();
      await assert.rejects(
        caller.session.startRecording(path()),
        (error) => error instanceof RecordingFailed && error.code === code && error.path === path(),
      );
      await phone.session.sendDigits('1', { toneMs: 40, gapMs: 40 });
      await caller.until('digit');
      await hangUp();
    });
  }

  it('a second recording, and stopping none, are refused', async () => {
    const { session } = await party();
    await assert.rejects(session.stopRecording(), { name: 'RecordingFailed', code: 'NOT_RECORDING' });
    await session.startRecording(join(folder, 'first.wav'));
    await assert.rejects(session.startRecording(join(folder, 'second.wav')), { code: 'ALREADY_RECORDING' });
    await session.close();
    assert.equal(readWav(await readFile(join(folder, 'first.wav'))).channels.length, 2);
  });

  it('a process killed while recording leaves a file that plays', async () => {
    const path = join(folder, 'killed.wav');
    const script = new URL('../test/record-until-killed.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'ignore', 'inherit'] });
    const size = (): Promise<number> =>
      stat(path).then(
        (found) => found.size,
        () => 0,
      );
    // The second stretch is on disk: the header has told of the first.
    for (let tries = 0; (await size()) < 44 + 40_000 && tries < 1_000; tries += 1) await delay(20);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const file = await readFile(path);
    assert.ok(file.readUInt32LE(40) <= file.length - 44);
    const { left, right } = await recorded(path);
    for (const [pcm, hz] of [
      [left, 1_500],
      [right, 600],
    ] as const) {
      const heard = soundingFrames(pcm);
      assert.ok(heard.length >= 10, `${heard.length} frames`);
      for (const frame of heard.slice(0, -1)) assert.ok(toneLevel(frame, 8_000, hz) > 0.9);
    }
  });
});

describe('media engine › ports and ends', () => {
  it('says when its ports are used up, and has them back after close', async () => {
    const openedOf = async (small: MediaEngine): Promise<MediaSession[]> => {
      const opened: MediaSession[] = [];
      await assert.rejects(async () => {
        for (;;) opened.push(await small.openSession());
      }, NoMediaPort);
      return opened;
    };
    let small: MediaEngine;
    let opened: MediaSession[];
    // Other programs may hold one of the two, or have taken both since; what counts is what is free.
    for (let tries = 1; ; tries += 1) {
      const probe = await party();
      const first = probe.session.localPort;
      await probe.session.close();
      small = await openMediaEngine({ host: HOST, ports: { first, last: first + 3 }, workers: 2 });
      opened = await openedOf(small);
      if (opened.length > 0 || tries === 10) break;
      await small.close();
    }
    assert.ok(opened.length >= 1 && opened.length <= 2, `${opened.length} sessions`);
    await opened[0]?.close();
    await (await small.openSession()).close();
    await small.close();
  });

  it('opens and closes many sessions at once', async () => {
    const sessions = await Promise.all(Array.from({ length: 200 }, () => engine.openSession()));
    assert.equal(new Set(sessions.map(({ localPort }) => localPort)).size, 200);
    assert.ok(sessions.every(({ localPort }) => localPort % 2 === 0));
    assert.ok((await engine.stats()).sessions >= 200);
    await Promise.all(sessions.map((session) => session.close()));
  });

  it('after close everything says so, and close may be called again', async () => {
    const { session } = await party();
    const stats = await session.close();
    assert.deepEqual(await session.close(), stats);
    assert.deepEqual(await session.stats(), stats);
    await assert.rejects(session.play({ silenceMs: 20 }), MediaSessionClosed);
    await assert.rejects(session.sendDigits('1'), MediaSessionClosed);
    await assert.rejects(session.startRecording(join(folder, 'late.wav')), MediaSessionClosed);
    await assert.rejects(session.answerOffer('v=0'), MediaSessionClosed);
  });

  it('closing the engine ends its sessions', async () => {
    const own = await openMediaEngine({ host: HOST, ports: PORTS, maxSessions: 1 });
    const { session } = await party({}, own);
    await assert.rejects(own.openSession(), MediaAtCapacity);
    const playing = session.play({ silenceMs: 60_000 });
    await own.close();
    await own.close();
    assert.deepEqual(await playing, { kind: 'stopped', by: 'close' });
    await assert.rejects(own.openSession(), MediaEngineClosed);
    assert.equal((await session.close()).packetsReceived, 0);
  });

  it('a worker that dies takes its calls along, tells them, and is replaced', async () => {
    let thread: Worker | undefined;
    process.once('worker', (worker) => {
      thread = worker;
    });
    const faults: MediaFault[] = [];
    const own = await openMediaEngine({
      host: HOST,
      ports: PORTS,
      workers: 1,
      onFault: (fault) => faults.push(fault),
    });
    own.loadPrompt('kept', new Uint8Array(160));
    const { session, until } = await party({}, own);
    const playing = session.play({ silenceMs: 60_000 });
    await thread?.terminate();
    await until('fault');
    assert.deepEqual(await playing, { kind: 'stopped', by: 'close' });
    assert.deepEqual(
      faults.map(({ kind }) => kind),
      ['workerDied'],
    );
    await session.close();
    const next = await party({}, own);
    await next.session.acceptAnswer(next.session.createOffer());
    assert.deepEqual(await next.session.play({ prompt: 'kept' }), { kind: 'finished' });
    await own.close();
  });

  it('an onEvent that throws is a fault, and later events still come', async () => {
    const faults: MediaFault[] = [];
    const own = await openMediaEngine({
      host: HOST,
      ports: PORTS,
      workers: 1,
      onFault: (fault) => faults.push(fault),
    });
    const heard: string[] = [];
    const echo = await own.openSession({
      onEvent: ({ kind }) => {
        heard.push(kind);
        throw new Error('consumer bug');
      },
    });
    // Its own offer as the answer: it hears itself.
    await echo.acceptAnswer(echo.createOffer());
    await echo.sendDigits('12', { toneMs: 40, gapMs: 100 });
    for (let tries = 0; heard.length < 3 && tries < 3_000; tries += 1) await delay(10);
    await own.close();
    assert.deepEqual(heard, ['mediaStarted', 'digit', 'digit']);
    assert.deepEqual(new Set(faults.map(({ kind }) => kind)), new Set(['consumerFailed']));
  });

  it('refuses sessions that make no sense', async () => {
    for (const options of [{ codecs: [] }, { speechDetection: { silenceMs: 0 } }, { mediaTimeoutMs: -1 }]) {
      await assert.rejects(engine.openSession(options), RangeError);
    }
  });

  it('refuses hosts and ranges that make no sense', async () => {
    for (const options of [
      { host: 'localhost', ports: PORTS },
      { host: HOST, ports: { first: 0, last: 10 } },
      { host: HOST, ports: { first: 20_001, last: 20_001 } },
      { host: HOST, ports: { first: 20_000, last: 20_003 }, workers: 3 },
      { host: HOST, ports: PORTS, workers: 0 },
    ]) {
      await assert.rejects(openMediaEngine(options), RangeError);
    }
  });

  it('counts what it did', async () => {
    const { hangUp, caller } = await call();
    await caller.session.play({ silenceMs: 200 });
    const rtp = await caller.session.stats();
    assert.ok(rtp.packetsSent >= 10);
    assert.equal(rtp.octetsSent, rtp.packetsSent * 160);
    assert.equal(rtp.lost, 0);
    assert.ok((rtp.lastReceivedAtMs ?? 0) >= (rtp.firstReceivedAtMs ?? Number.POSITIVE_INFINITY));
    const stats = await engine.stats();
    assert.ok(stats.ticks > 10 && stats.packetsSent >= rtp.packetsSent && stats.cpuMicros > 0);
    assert.ok(stats.tickLatenessMs.p50 <= stats.tickLatenessMs.p99);
    await hangUp();
  });
});
