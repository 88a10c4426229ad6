import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type MediaEvent,
  MediaSessionClosed,
  type WebRtcSession,
  type WebRtcSessionOptions,
} from '@ringback/media';
import { pino } from 'pino';
import { openSoftphone } from './softphone.ts';

/** Sessions of an engine without media; events are the test's to tell. */
class StubEngine {
  readonly sessions: StubSession[] = [];

  async openWebRtcSession({ onEvent }: WebRtcSessionOptions = {}): Promise<WebRtcSession> {
    const session = new StubSession(`offer ${this.sessions.length + 1}`, (event) => onEvent?.(event));
    this.sessions.push(session);
    return session as unknown as WebRtcSession;
  }

  get open(): readonly string[] {
    return this.sessions.filter(({ isClosed }) => !isClosed).map(({ offer }) => offer);
  }
}

class StubSession {
  readonly offer: string;
  readonly tell: (event: MediaEvent) => void;
  isClosed = false;
  #restarts = 0;

  constructor(offer: string, tell: (event: MediaEvent) => void) {
    this.offer = offer;
    this.tell = tell;
  }

  async acceptAnswer(): Promise<void> {
    // The worker answers a moment later.
    await turn();
    if (this.isClosed) throw new MediaSessionClosed(1);
  }

  async restartIce(): Promise<string> {
    if (this.isClosed) throw new MediaSessionClosed(1);
    this.#restarts += 1;
    return `${this.offer}, restart ${this.#restarts}`;
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

function softphoneOf(engine: StubEngine) {
  return openSoftphone(
    engine,
    { changed: () => undefined, replaced: () => undefined },
    pino({ level: 'silent' }),
  );
}

const connected: MediaEvent = { kind: 'connection', state: 'connected' };
const failed: MediaEvent = { kind: 'connection', state: 'failed' };

describe('softphone', () => {
  it('is not connected any more once the media worker that carries it has died', async () => {
    const engine = new StubEngine();
    const softphone = softphoneOf(engine);
    const offer = await softphone.offer('new');
    await softphone.answer(offer?.offerId ?? 0, 'answer');
    engine.sessions[0]?.tell(connected);
    assert.equal(softphone.state, 'connected');
    engine.sessions[0]?.tell({ kind: 'fault', message: 'the media worker ended' });
    assert.equal(softphone.state, 'disconnected');
  });

  it('mends a connection that has stood by another offer of it', async () => {
    const engine = new StubEngine();
    const softphone = softphoneOf(engine);
    await softphone.offer('new');
    assert.equal(await softphone.answer(1, 'answer'), true);
    engine.sessions[0]?.tell(connected);
    engine.sessions[0]?.tell(failed);
    assert.equal(softphone.state, 'disconnected');
    assert.deepEqual(await softphone.offer('same'), {
      offerId: 2,
      sdp: 'offer 1, restart 1',
      connection: 'same',
    });
  });

  it('offers another connection where the handshake of the one before failed', async () => {
    const engine = new StubEngine();
    const softphone = softphoneOf(engine);
    await softphone.offer('new');
    await softphone.answer(1, 'answer');
    engine.sessions[0]?.tell(failed);
    assert.deepEqual(await softphone.offer('same'), { offerId: 2, sdp: 'offer 2', connection: 'new' });
    assert.deepEqual(engine.open, ['offer 2']);
  });

  it('offers another connection where the session of the one before has died', async () => {
    const engine = new StubEngine();
    const softphone = softphoneOf(engine);
    await softphone.offer('new');
    await softphone.answer(1, 'answer');
    engine.sessions[0]?.tell(connected);
    await engine.sessions[0]?.close();
    assert.deepEqual(await softphone.offer('same'), { offerId: 2, sdp: 'offer 2', connection: 'new' });
  });

  it('keeps one session however often it is asked at once', async () => {
    const engine = new StubEngine();
    const softphone = softphoneOf(engine);
    const offers = await Promise.all([
      softphone.offer('new'),
      softphone.offer('new'),
      softphone.offer('same'),
    ]);
    assert.deepEqual(
      offers.map((offer) => offer?.offerId),
      [1, 2, 3],
    );
    assert.deepEqual(engine.open, ['offer 3']);
  });

  it('refuses an answer that another offer has overtaken, and does not take it for the answer to that one', async () => {
    const engine = new StubEngine();
    const softphone = softphoneOf(engine);
    await softphone.offer('new');
    const answering = softphone.answer(1, 'answer');
    await softphone.offer('new');
    assert.equal(await answering, false);
    assert.equal(await softphone.answer(1, 'answer'), false);
    assert.equal(softphone.audio, undefined);
    assert.equal(await softphone.answer(2, 'answer'), true);
    assert.ok(softphone.audio);
  });

  it('leaves no session behind when it is closed while an offer is made', async () => {
    const engine = new StubEngine();
    const softphone = softphoneOf(engine);
    const offering = softphone.offer('new');
    await Promise.resolve();
    await softphone.close();
    assert.equal(await offering, undefined);
    assert.equal(await softphone.offer('new'), undefined);
    assert.deepEqual(engine.open, []);
  });
});
