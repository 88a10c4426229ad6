import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { NetworkTone } from '../detect/network-tones.ts';
import { type MediaEngine, openMediaEngine } from '../media-engine.ts';
import type { AnswerVerdict } from './answer-verdict.ts';

/** Synthetic speech, "Hello. This is a call about your appointment.", 8 kHz µ-law. */
const speech = readFileSync(new URL('../../test/fixtures/speech.ulaw', import.meta.url));

describe('answering machine detection on a session', () => {
  let engine: MediaEngine;

  before(async () => {
    engine = await openMediaEngine({ host: '127.0.0.1', ports: { first: 28_000, last: 28_999 } });
    engine.loadPrompt('hello', speech.subarray(0, 8 * 420));
  });

  after(() => engine.close());

  /** Two sessions that hear each other; `verdict` is the listening one's. */
  async function call() {
    const verdict = Promise.withResolvers<AnswerVerdict>();
    const listening = await engine.openSession({
      onEvent: (event) => {
        if (event.kind === 'amd' && event.event.kind === 'verdict') verdict.resolve(event.event.verdict);
      },
    });
    const speaking = await engine.openSession();
    await listening.acceptAnswer(await speaking.answerOffer(listening.createOffer()));
    return { listening, speaking, verdict: verdict.promise };
  }

  it('takes one word and a wait for a person', async () => {
    const { listening, speaking, verdict } = await call();
    listening.startAmd();
    await speaking.play([{ silenceMs: 400 }, { prompt: 'hello' }]);
    const { answeredBy, reasons } = await verdict;
    assert.equal(answeredBy.kind, 'human', reasons.join('; '));
  });

  it('says what a tone is, and takes settings', async () => {
    const { listening, speaking, verdict } = await call();
    listening.startAmd({ initialSilenceMs: 9_000 });
    await speaking.play({ tone: { frequenciesHz: [2_100] }, durationMs: 2_600 });
    assert.equal((await verdict).answeredBy.kind, 'fax');
  });

  it('hears the tones of early media, and tells of them before its close is done', async () => {
    const tones: NetworkTone[] = [];
    const listening = await engine.openSession({
      onEvent: (event) => {
        if (event.kind === 'networkTone') tones.push(event.tone);
      },
    });
    const speaking = await engine.openSession();
    await listening.acceptAnswer(await speaking.answerOffer(listening.createOffer()));
    listening.startTones();
    const sit = [985.2, 1_370.6, 1_776.7].map((hz) => ({ tone: { frequenciesHz: [hz] }, durationMs: 320 }));
    await speaking.play([{ silenceMs: 100 }, ...sit, { silenceMs: 400 }]);
    await listening.close();
    assert.deepEqual(tones, [{ kind: 'sit', cause: 'vacant code' }]);
    await speaking.close();
  });

  it('gives its verdict when it is told to stop', async () => {
    const { listening, verdict } = await call();
    listening.startAmd();
    listening.stopAmd();
    const { answeredBy, atMs } = await verdict;
    assert.equal(answeredBy.kind, 'silence');
    assert.ok(atMs < 4_000, `given after ${atMs} ms of audio, though it was told to stop at once`);
  });
});
