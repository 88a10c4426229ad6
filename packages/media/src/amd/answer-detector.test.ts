import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { decodeMulaw } from '../codec/g711.ts';
import { silence, tone, vowel } from '../codec/tone-audio.fixture.ts';
import { loadWebRtcVad, type WebRtcVadModule } from '../detect/webrtc-vad.ts';
import type { FrameOrigin } from '../rtp/frame-origin.ts';
import { type AmdSettings, defaultAmdSettings } from './amd-settings.ts';
import { AnswerDetector } from './answer-detector.ts';
import type { AnswerModels } from './answer-model.ts';
import type { AmdEvent, AnswerVerdict } from './answer-verdict.ts';

/** Synthetic speech, "Hello. This is a call about your appointment.", 8 kHz. */
const speech = decodeMulaw(readFileSync(new URL('../../test/fixtures/speech.ulaw', import.meta.url)));

const hello = speech.subarray(0, 8 * 420);

describe('answer detector', () => {
  let module: WebRtcVadModule;

  before(async () => {
    module = await loadWebRtcVad();
  });

  function hear(
    parts: readonly Int16Array[],
    settings: Partial<AmdSettings> = {},
    models?: AnswerModels,
  ): AmdEvent[] {
    const events: AmdEvent[] = [];
    const detector = new AnswerDetector(
      module,
      { ...defaultAmdSettings, ...settings },
      (event) => events.push(event),
      undefined,
      models,
    );
    const pcm = Int16Array.from(parts.flatMap((part) => [...part]));
    for (let at = 0; at + 160 <= pcm.length; at += 160) detector.hear(pcm.subarray(at, at + 160));
    detector.finish();
    detector.close();
    return events;
  }

  function verdictOf(
    parts: readonly Int16Array[],
    settings: Partial<AmdSettings> = {},
    models?: AnswerModels,
  ) {
    const [first] = hear(parts, settings, models);
    assert.equal(first?.kind, 'verdict');
    return first.verdict;
  }

  it('takes one word and a wait for a person, within a second of the word', () => {
    const {
      answeredBy,
      atMs,
      greetingStartMs = 0,
      reasons,
    } = verdictOf([silence(400), hello, silence(3_000)]);
    assert.equal(answeredBy.kind, 'human', reasons.join('; '));
    assert.ok(atMs < 1_820, `given at ${atMs} ms`);
    assert.ok(Math.abs(greetingStartMs - 400) < 100, `began at ${greetingStartMs} ms`);
  });

  it('takes who says one word for a person, though somebody else talks behind from before to the end', () => {
    const others = Int16Array.from([speech, speech, speech, speech].flatMap((part) => [...part])).subarray(
      8_000,
    );
    const line = others.map((sample, n) => Math.round(sample / 5) + (hello[n - 8 * 400] ?? 0));
    const { answeredBy, reasons } = verdictOf([line]);
    assert.equal(answeredBy.kind, 'human', reasons.join('; '));
  });

  describe('where the far end falters in the middle of a greeting', () => {
    /** A machine's: it goes on for more than four seconds. */
    const greeting = [silence(400), speech, speech, speech];

    /** What comes for each 20 ms when nothing does for so long, so many times, each so long after the one before. */
    function* faltering(
      lengthMs: number,
      {
        times,
        everyMs,
        origin = 'absent',
      }: { readonly times: number; readonly everyMs: number; readonly origin?: FrameOrigin },
    ): Generator<readonly [Int16Array, FrameOrigin]> {
      const pcm = Int16Array.from([...greeting, silence(6_000)].flatMap((part) => [...part]));
      for (let at = 0; at + 160 <= pcm.length; at += 160) {
        const count = at / 8 / everyMs;
        if (Number.isInteger(count) && count >= 1 && count <= times) {
          for (let ms = 0; ms < lengthMs; ms += 20) yield [silence(20), origin];
        }
        yield [pcm.subarray(at, at + 160), 'received'];
      }
    }

    function verdictOnFaltering(frames: Iterable<readonly [Int16Array, FrameOrigin]>) {
      const verdicts: AnswerVerdict[] = [];
      const detector = new AnswerDetector(module, defaultAmdSettings, (event) => {
        if (event.kind === 'verdict') verdicts.push(event.verdict);
      });
      for (const [frame, origin] of frames) detector.hear(frame, origin);
      detector.close();
      const [verdict] = verdicts;
      assert.ok(verdict);
      return verdict;
    }

    for (const origin of ['absent', 'lost'] as const) {
      it(`does not take what is ${origin} for a wait, and counts its time`, () => {
        const steady = verdictOf([...greeting, silence(6_000)]);
        const faltered = verdictOnFaltering(faltering(400, { times: 1, everyMs: 1_000, origin }));
        assert.equal(steady.answeredBy.kind, 'machine');
        assert.equal(faltered.answeredBy.kind, 'machine', faltered.reasons.join('; '));
        assert.equal(faltered.atMs, steady.atMs + 400);
        assert.equal(faltered.greetingStartMs, steady.greetingStartMs);
        assert.equal(faltered.greetingEndMs, (steady.greetingEndMs ?? 0) + 400);
      });
    }

    it('takes a line that sends nothing in pauses for silent after 400 ms', () => {
      function* sendsNothingInPauses(): Generator<readonly [Int16Array, FrameOrigin]> {
        const pcm = Int16Array.from([...silence(400), ...hello]);
        for (let at = 0; at + 160 <= pcm.length; at += 160) yield [pcm.subarray(at, at + 160), 'received'];
        for (let ms = 0; ms < 5_000; ms += 20) yield [silence(20), 'absent'];
      }
      const sends = verdictOf([silence(400), hello, silence(5_000)]);
      const { answeredBy, atMs } = verdictOnFaltering(sendsNothingInPauses());
      assert.equal(answeredBy.kind, 'human');
      assert.equal(atMs, sends.atMs + 400);
    });

    it('waits for no more than 1.2 s in all', () => {
      const { atMs } = verdictOnFaltering(faltering(300, { times: 1_000, everyMs: 40 }));
      assert.ok(atMs <= defaultAmdSettings.longestAnalysisMs + 1_200, `given at ${atMs} ms`);
    });

    it('begins with what comes first: before it nobody spoke', () => {
      const verdict = verdictOnFaltering(Array.from({ length: 400 }, () => [silence(20), 'absent'] as const));
      assert.equal(verdict.answeredBy.kind, 'silence');
      assert.equal(verdict.atMs, defaultAmdSettings.initialSilenceMs);
    });
  });

  describe('where what was said sounds like a machine', () => {
    /** A name, a pause and a greeting, as firms answer; ends 3.1 s after the answer. */
    const greeting = [silence(400), hello, silence(400), speech.subarray(8 * 600, 8 * 2_500)];

    /** Log-odds that are the same whatever is said. */
    function always(bias: number): AnswerModels {
      const model = { measures: [], bias, trees: [] };
      return { inTime: model, late: model };
    }

    it('takes who then waits longer than a machine for a person', () => {
      const { answeredBy, atMs } = verdictOf([...greeting, silence(4_000)], {}, always(-3.9));
      assert.equal(answeredBy.kind, 'human');
      assert.ok(atMs >= 3_120 + 2_100 && atMs <= 3_120 + 2_300, `given at ${atMs} ms`);
    });

    it('takes who waits for a machine where nearly all speaks for one', () => {
      assert.equal(verdictOf([...greeting, silence(4_000)], {}, always(-4.1)).answeredBy.kind, 'machine');
    });

    it('takes who beeps meanwhile for a machine', () => {
      const beep = tone({ frequenciesHz: [1_000] }, 400);
      const { answeredBy } = verdictOf([...greeting, silence(1_700), beep, silence(2_000)], {}, always(-3.9));
      assert.equal(answeredBy.kind, 'machine');
    });

    it('takes who may be a person for one after a shorter wait', () => {
      const { answeredBy, atMs } = verdictOf([...greeting, silence(4_000)], {}, always(0));
      assert.equal(answeredBy.kind, 'human');
      assert.ok(atMs >= 3_120 + 1_220 && atMs <= 3_120 + 1_420, `given at ${atMs} ms`);
    });
  });

  it('hears out who speaks at once', () => {
    const { answeredBy, atMs } = verdictOf([silence(60), hello, silence(3_000)], { earliestHumanMs: 1_500 });
    assert.equal(answeredBy.kind, 'human');
    assert.ok(atMs >= 1_500, `given at ${atMs} ms`);
  });

  it('takes long speech for a machine, and tells of its beep', () => {
    const beep = tone({ frequenciesHz: [1_000] }, 400);
    const events = hear([silence(400), speech, speech, silence(500), beep, silence(1_000)]);
    assert.deepEqual(
      events.map((event) => (event.kind === 'verdict' ? event.verdict.answeredBy.kind : event.kind)),
      ['machine', 'promptEnded'],
    );
    const [, ended] = events;
    assert.equal(ended?.kind === 'promptEnded' && ended.by, 'beep');
    const beepEndMs = 400 + (2 * speech.length) / 8 + 500 + 400;
    assert.ok(ended?.kind === 'promptEnded' && Math.abs(ended.atMs - beepEndMs) < 350);
  });

  it('ends the wait for a beep after silence', () => {
    const events = hear([silence(400), speech, speech, silence(4_000)]);
    assert.equal(events[1]?.kind === 'promptEnded' && events[1].by, 'silence');
  });

  it('gives up on who stays silent, when the settings say so', () => {
    const { answeredBy, atMs } = verdictOf([silence(5_000)], { initialSilenceMs: 3_000 });
    assert.equal(answeredBy.kind, 'silence');
    assert.equal(atMs, 3_000);
  });

  it('knows fax, busy and special information tones', () => {
    const fax = verdictOf([silence(300), tone({ frequenciesHz: [2_100] }, 2_600)]);
    assert.equal(fax.answeredBy.kind, 'fax');
    const busy = verdictOf([silence(300), tone({ frequenciesHz: [480, 620], onMs: 500, offMs: 500 }, 4_000)]);
    assert.equal(busy.answeredBy.kind, 'busy');
    const sit = verdictOf([
      silence(300),
      tone({ frequenciesHz: [985.2] }, 380),
      tone({ frequenciesHz: [1_370.6] }, 280),
      tone({ frequenciesHz: [1_776.7] }, 380),
      silence(500),
    ]);
    assert.deepEqual(sit.answeredBy, { kind: 'sit', cause: 'vacant code' });
  });

  it('knows the busy tone that comes after a murmur', () => {
    const murmur = hello.subarray(0, 8 * 260);
    const busy = tone({ frequenciesHz: [480, 620], onMs: 500, offMs: 500 }, 4_000);
    const { answeredBy, reasons } = verdictOf([silence(100), murmur, silence(100), busy]);
    assert.equal(answeredBy.kind, 'busy', reasons.join('; '));
  });

  it('knows the fax that calls after a murmur', () => {
    const murmur = hello.subarray(0, 8 * 260);
    const calling = tone({ frequenciesHz: [1_100] }, 500);
    const { answeredBy, reasons } = verdictOf([silence(100), murmur, silence(100), calling, silence(1_000)]);
    assert.equal(answeredBy.kind, 'fax', reasons.join('; '));
  });

  it('waits for the next beat of a busy tone when nobody spoke for long', () => {
    const busy = tone({ frequenciesHz: [480, 620], onMs: 500, offMs: 500 }, 4_000);
    const { answeredBy, reasons } = verdictOf([silence(2_500), busy]);
    assert.equal(answeredBy.kind, 'busy', reasons.join('; '));
  });

  it('takes a drawn-out vowel for a word, and not for a tone', () => {
    const huh = vowel(300, [1, 0.6, 0.1, 0.05, 0.03, 0.02], 450);
    const { answeredBy, atMs, reasons } = verdictOf([silence(400), huh, silence(4_000)]);
    assert.equal(answeredBy.kind, 'human', reasons.join('; '));
    assert.ok(atMs < 1_820, `given at ${atMs} ms`);
  });

  it('takes a key that is pressed for no beep', () => {
    const key = tone({ frequenciesHz: [770, 1_336] }, 200);
    assert.notEqual(verdictOf([silence(500), key, silence(5_000)]).answeredBy.kind, 'machine');
  });

  it('decides by what it heard when the call ends', () => {
    const { answeredBy } = verdictOf([silence(400), hello, silence(60)]);
    assert.equal(answeredBy.kind, 'human');
  });
});
