import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readWav } from './codec/wav.ts';
import { toneLevel } from './detect/goertzel.ts';
import { type MediaEngine, openMediaEngine } from './media-engine.ts';
import type { MediaEvent } from './media-event.ts';
import { SdpUnusable } from './sdp/sdp-unusable.ts';
import { TestBrowser } from './webrtc-session.fixture.ts';

/** Waits for what the far ends make happen; gives up long after it should have. */
async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_500; tries += 1) {
    if (await isSo()) return;
    await delay(20);
  }
  assert.fail(`never: ${what}`);
}

describe('WebRTC session', () => {
  let engine: MediaEngine;
  let folder: string;

  before(async () => {
    engine = await openMediaEngine({ host: '127.0.0.1', ports: { first: 21_000, last: 21_999 }, workers: 2 });
    folder = await mkdtemp(join(tmpdir(), 'ringback-webrtc-'));
  });

  after(async () => {
    await engine.close();
    await rm(folder, { recursive: true });
  });

  it('joins a browser that hides its addresses with a caller, and lets both go on after an ICE restart', async () => {
    const phone = await engine.openSession();
    const customer = await engine.openSession();
    await customer.acceptAnswer(await phone.answerOffer(customer.createOffer()));
    void phone.play({ tone: { frequenciesHz: [400] }, durationMs: 600_000 });

    const events: MediaEvent[] = [];
    const agent = await engine.openWebRtcSession({
      beside: customer,
      onEvent: (event) => events.push(event),
    });
    const browser = new TestBrowser(1_000);
    try {
      await agent.acceptAnswer(await browser.answer(agent.offer));
      await until('connected', () => events.some((e) => e.kind === 'connection' && e.state === 'connected'));
      browser.speak();
      await customer.bridge(agent);
      await until('the browser hears the phone', () => toneLevel(browser.lastHeard(), 8_000, 400) > 0.95);

      const heardBefore = browser.heard.length;
      events.length = 0;
      await agent.acceptAnswer(await browser.answer(await agent.restartIce()));
      await until('connected again', () =>
        events.some((e) => e.kind === 'connection' && e.state === 'connected'),
      );
      await until(
        'the browser hears the phone again',
        () => browser.heard.length > heardBefore + 60 && toneLevel(browser.lastHeard(), 8_000, 400) > 0.9,
      );

      // A starved machine has gaps in what the browser sends: what is asked for is half a second without any.
      await until('the recording has the customer left and the agent right', async () => {
        const recording = join(folder, 'bridged.wav');
        const recordedFrom = browser.heard.length;
        await customer.startRecording(recording);
        await until('a second of it', () => browser.heard.length > recordedFrom + 50);
        await customer.stopRecording();
        const [left, right] = readWav(await readFile(recording)).channels.map((pcm) => pcm.subarray(-4_000));
        assert.ok(left !== undefined && right !== undefined && right.length === 4_000);
        return toneLevel(left, 8_000, 400) > 0.9 && toneLevel(right, 8_000, 1_000) > 0.9;
      });
    } finally {
      await browser.close();
    }
    const stats = await agent.close();
    assert.ok(stats.packetsReceived > 50 && stats.packetsSent > 50);
  });

  it('refuses what is no answer and stays open', async () => {
    const agent = await engine.openWebRtcSession();
    await assert.rejects(agent.acceptAnswer('v=0 nonsense'), SdpUnusable);
    await assert.rejects(agent.acceptAnswer('x'.repeat(100_000)), SdpUnusable);
    await agent.addCandidate('candidate:1 1 udp 1 7c1b0f6e.local 9 typ host');
    await agent.addCandidate('nonsense');
    const browser = new TestBrowser(1_000);
    try {
      await agent.acceptAnswer(await browser.answer(agent.offer));
    } finally {
      await browser.close();
    }
    await agent.close();
  });

  it('offers no address but the one told', async () => {
    const behindNat = await openMediaEngine({
      host: '127.0.0.1',
      ports: { first: 22_000, last: 22_019 },
      webRtc: { announcedHost: '192.0.2.44', ports: { first: 22_020, last: 22_099 } },
    });
    const { offer } = await behindNat.openWebRtcSession();
    const candidates = offer.split('\r\n').filter((line) => line.startsWith('a=candidate:'));
    assert.equal(candidates.length, 1);
    assert.match(candidates[0] ?? '', /^a=candidate:\S+ 1 udp \d+ 192\.0\.2\.44 220[2-9]\d typ host/);
    await behindNat.close();
  });
});
