/** Interoperation: software phones of others answer our call, over RTP and SRTP, and are heard; what one hears comes back. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type MediaEngine, openMediaEngine, readWav, writeWav } from '@ringback/media';
import { openUserAgent, type SipEndpoint, type UserAgent } from '@ringback/sip';
import {
  type ForeignProgram,
  freePort,
  isPortOpen,
  startForeignProgram,
  untilDefined,
} from '@ringback/testkit';
import { sineMs, sineOf } from './support/sine.ts';

/** Of our side, Hz. */
const ourToneHz = 1_000;
/** Of a phone that plays a file, Hz. */
const phoneToneHz = 700;
/** Sound that is enough to say that somebody was heard, ms. */
const enoughMs = 500;
/** A call in which nothing is heard by then will stay silent, ms. */
const patienceMs = 30_000;

describe('software phones', () => {
  let engine: MediaEngine;
  let agent: UserAgent;
  let directory: string;

  before(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'ringback-phones-'));
    engine = await openMediaEngine({ host: '127.0.0.1', ports: { first: 34_000, last: 34_999 }, workers: 1 });
    agent = await openUserAgent({ host: '127.0.0.1', port: 0 });
  });

  after(async () => {
    await agent?.close();
    await engine?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  for (const encryption of ['none', 'sdes'] as const) {
    const kind = encryption === 'none' ? 'RTP' : 'SRTP';

    it(`baresip over ${kind} › plays back what it hears from us`, async () => {
      const port = await freePort();
      const baresip = await startBaresip(port, encryption);
      await call(baresip, port, encryption, async (heard) => {
        const echoMs = await untilDefined(patienceMs, 'our tone did not come back', async () =>
          atLeast(enoughMs, sineMs(await heard(), ourToneHz)),
        );
        assert.ok(echoMs >= enoughMs);
      });
    });

    it(`linphone over ${kind} › is heard, and gets our reports`, async () => {
      const port = await freePort();
      const linphone = await startLinphone(port);
      await call(linphone, port, encryption, async (heard) => {
        await untilDefined(patienceMs, "linphone's tone was not heard", async () =>
          atLeast(enoughMs, sineMs(await heard(), phoneToneHz)),
        );
        // It plays only, and reads no RTP; but its RTCP takes the same way, and over SRTP the same keys.
        await untilDefined(patienceMs, 'linphone got none of our reports', () =>
          linphone.output.includes('receiving RTCP RR') ? true : undefined,
        );
      });
    });
  }

  /** Calls a phone, plays a tone to it, and hangs up when `check` is content. */
  async function call(
    phone: ForeignProgram,
    port: number,
    encryption: 'none' | 'sdes',
    check: (heard: () => Promise<Int16Array>) => Promise<void>,
  ): Promise<void> {
    const session = await engine.openSession({ encryption, codecs: ['PCMU'] });
    const recording = path.join(directory, `${port}.wav`);
    try {
      const target: SipEndpoint = { host: '127.0.0.1', port, transport: 'udp' };
      const uri = `sip:callee@127.0.0.1:${port}`;
      const dialog = await agent.invite({
        target,
        requestUri: uri,
        from: { uri: 'sip:ringback@127.0.0.1' },
        to: { uri },
        callId: `${port}-${process.pid}@phones`,
        body: { contentType: 'application/sdp', content: session.createOffer() },
      }).answered;
      await session.acceptAnswer(dialog.remoteBody?.content ?? '');
      await session.startRecording(recording);
      void session.play({ tone: { frequenciesHz: [ourToneHz] }, durationMs: 60_000 });
      await check(async () => readWav(readFileSync(recording)).channels[0] ?? new Int16Array());
      await dialog.bye();
      assert.equal((await dialog.ended).by, 'local');
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${phone.output.slice(-6_000)}`, { cause: error });
    } finally {
      await session.close();
      await phone.close();
    }
  }
});

const atLeast = (least: number, value: number): number | undefined => (value >= least ? value : undefined);

/** Answers by itself and sends back what it hears. */
async function startBaresip(port: number, encryption: 'none' | 'sdes'): Promise<ForeignProgram> {
  const modules = ['stdio', 'g711', 'aubridge', 'uuid', 'srtp', 'account', 'menu'];
  const protection = encryption === 'none' ? '' : ';mediaenc=srtp-mand';
  return startForeignProgram({
    program: '/usr/bin/baresip',
    arguments: ['-f', '.', '-v'],
    files: {
      config: [
        `sip_listen 127.0.0.1:${port}`,
        'net_interface 127.0.0.1',
        'audio_source aubridge,loop',
        'audio_player aubridge,loop',
        'ausrc_srate 8000',
        'auplay_srate 8000',
        'module_path /usr/lib/baresip/modules',
        ...modules.map(
          (module) => `${module === 'account' || module === 'menu' ? 'module_app' : 'module'} ${module}.so`,
        ),
        '',
      ].join('\n'),
      accounts: `<sip:callee@127.0.0.1:${port}>;regint=0;answermode=auto;audio_codecs=PCMU/8000/1${protection}\n`,
    },
    isReady: () => isPortOpen('udp', port),
  });
}

/** Answers by itself and plays a tone. */
async function startLinphone(port: number): Promise<ForeignProgram> {
  const tone = writeWav({ sampleRate: 8_000, channels: [sineOf(phoneToneHz, 30)] });
  return startForeignProgram({
    program: '/usr/bin/lp-auto-answer',
    arguments: [
      ...['--listening-uri', `sip:127.0.0.1:${port}`, '--max-call-duration', '60'],
      ...['--media-file', 'tone.wav', '--verbose'],
    ],
    // Without that folder it refuses calls.
    files: { 'tone.wav': tone, '.local/share/linphone/.keep': '' },
    isReady: () => isPortOpen('udp', port),
  });
}
