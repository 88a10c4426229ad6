/** The speech service with a renderer made for the test: what is rendered, what comes from the cache, what fails how. */

import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openSpeech, type Speech, type SpeechOptions } from './speech.ts';
import {
  SpeechFailed,
  type SpeechFault,
  SpeechTooLong,
  SpeechUnavailable,
  SsmlMalformed,
} from './speech-errors.ts';
import type { SpeechRequest } from './speech-request.ts';
import type { SpeechAudio, SpeechSynthesizer } from './speech-synthesizer.ts';

const NEVER = new AbortController().signal;

interface Spoken {
  readonly request: SpeechRequest;
  readonly signal: AbortSignal;
  readonly answer: (audio?: SpeechAudio) => void;
  readonly fail: (error: unknown) => void;
}

/** A renderer that notes what it is asked and answers at once, or when the test says so. */
class FakeSynthesizer implements SpeechSynthesizer {
  readonly name: string = 'fake';
  readonly version: string;
  readonly asked: Spoken[] = [];
  readonly #mode: 'at-once' | 'by-hand';
  isClosed = false;

  constructor(mode: 'at-once' | 'by-hand' = 'at-once', version = '1') {
    this.#mode = mode;
    this.version = version;
  }

  synthesize(request: SpeechRequest, signal: AbortSignal): Promise<SpeechAudio> {
    return new Promise((resolve, reject) => {
      const spoken: Spoken = {
        request,
        signal,
        answer: (audio = tone(1000)) => resolve(audio),
        fail: reject,
      };
      this.asked.push(spoken);
      if (this.#mode === 'at-once') spoken.answer();
    });
  }

  /** The nth question, which may be a few turns of the event loop away. */
  async question(index: number): Promise<Spoken> {
    for (let turn = 0; turn < 10_000; turn++) {
      const spoken = this.asked[index];
      if (spoken) return spoken;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return assert.fail(`question ${index} was never asked`);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

function tone(durationMs: number, sampleRate = 16_000): SpeechAudio {
  const pcm = Int16Array.from({ length: (durationMs * sampleRate) / 1000 }, (_, index) =>
    Math.round(9000 * Math.sin((2 * Math.PI * 440 * index) / sampleRate)),
  );
  return { sampleRate, pcm };
}

function say(text: string, more: Partial<SpeechRequest> = {}): SpeechRequest {
  return {
    content: { kind: 'text', text },
    voiceId: 'Joanna',
    languageCode: 'en-US',
    engine: 'neural',
    ...more,
  };
}

describe('openSpeech', () => {
  let folder: string;
  let faults: SpeechFault[];
  let opened: Speech[];

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'ringback-speech-'));
    faults = [];
    opened = [];
  });
  afterEach(async () => {
    for (const speech of opened) await speech.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(options: Partial<SpeechOptions>): Promise<Speech> {
    const speech = await openSpeech({
      config: { kind: 'auto' },
      cacheDir: path.join(folder, 'cache'),
      onFault: (fault) => faults.push(fault),
      ...options,
    });
    opened.push(speech);
    return speech;
  }

  async function cacheFile(): Promise<string> {
    const [name = assert.fail('the cache is empty')] = await readdir(path.join(folder, 'cache'));
    return path.join(folder, 'cache', name);
  }

  it('tells once of markup that has no effect', async () => {
    const speech = await open({ synthesizer: new FakeSynthesizer() });
    const whisper: SpeechRequest = {
      ...say(''),
      content: { kind: 'ssml', ssml: '<speak><amazon:effect name="whispered">Hush.</amazon:effect></speak>' },
    };
    await speech.render(whisper, NEVER);
    await speech.render(whisper, NEVER);
    await speech.render(say('Hello.'), NEVER);
    assert.deepEqual(
      faults.map(({ kind, message }) => [kind, /<amazon:effect>/.test(message)]),
      [['markup-ignored', true]],
    );
  });

  it('renders once and then remembers', async () => {
    const synthesizer = new FakeSynthesizer();
    const speech = await open({ synthesizer });
    const first = await speech.render(say('Hello.'), NEVER);
    const again = await speech.render(say('Hello.'), NEVER);
    assert.equal(synthesizer.asked.length, 1);
    assert.match(first.key, /^[0-9a-f]{64}$/);
    assert.deepEqual(again, first);
    assert.ok(first.durationMs >= 1000 && first.durationMs <= 1100);
    assert.equal(first.mulaw.length, first.durationMs * 8);
    assert.equal(speech.describe().memoryBytes, first.mulaw.length);
    assert.deepEqual(faults, []);
  });

  it('keys by voice, language, engine, content and renderer version, and by nothing else', async () => {
    const speech = await open({ synthesizer: new FakeSynthesizer() });
    const newer = await open({ synthesizer: new FakeSynthesizer('at-once', '2') });
    const different = [
      await speech.render(say('Hello.'), NEVER),
      await speech.render(say('Hello!'), NEVER),
      await speech.render(say('Hello.', { voiceId: 'Matthew' }), NEVER),
      await speech.render(say('Hello.', { languageCode: 'en-GB' }), NEVER),
      await speech.render(say('Hello.', { engine: 'standard' }), NEVER),
      await newer.render(say('Hello.'), NEVER),
    ];
    assert.equal(new Set(different.map(({ key }) => key)).size, different.length);
    const equal = await speech.render(say(' <speak>Hello.</speak> '), NEVER);
    assert.equal(equal.key, different[0]?.key);
  });

  it('takes renderings from disk after a restart', async () => {
    const before = await (await open({ synthesizer: new FakeSynthesizer() })).render(say('Hello.'), NEVER);
    const synthesizer = new FakeSynthesizer();
    const after = await (await open({ synthesizer })).render(say('Hello.'), NEVER);
    assert.equal(synthesizer.asked.length, 0);
    assert.deepEqual(Buffer.from(after.mulaw), Buffer.from(before.mulaw));
  });

  const DAMAGES: ReadonlyArray<readonly [name: string, damage: (bytes: Buffer) => Buffer]> = [
    [
      'one flipped bit',
      (bytes) => Buffer.from(bytes.map((byte, index) => (index === 1000 ? byte ^ 1 : byte))),
    ],
    ['cut short', (bytes) => bytes.subarray(0, 500)],
    ['empty', () => Buffer.alloc(0)],
    ['header only', (bytes) => bytes.subarray(0, 40)],
    ['something else', () => Buffer.from('RIFF and so on, but not one of ours, and longer than the header')],
  ];
  for (const [name, damage] of DAMAGES) {
    it(`renders again when the file is damaged: ${name}`, async () => {
      const before = await (await open({ synthesizer: new FakeSynthesizer() })).render(say('Hello.'), NEVER);
      const file = await cacheFile();
      const good = await readFile(file);
      await writeFile(file, damage(good));
      const synthesizer = new FakeSynthesizer();
      const after = await (await open({ synthesizer })).render(say('Hello.'), NEVER);
      assert.equal(synthesizer.asked.length, 1);
      assert.deepEqual(after.mulaw, before.mulaw);
      assert.deepEqual(
        faults.map(({ kind }) => kind),
        ['cache-corrupt'],
      );
      assert.deepEqual(await readFile(file), good);
    });
  }

  it('goes on in memory when the disk fails, and says so once', async () => {
    const blocked = path.join(folder, 'blocked');
    await writeFile(blocked, 'a file where the directory should be');
    const synthesizer = new FakeSynthesizer();
    const speech = await open({ synthesizer, cacheDir: blocked });
    await speech.render(say('one'), NEVER);
    await speech.render(say('two'), NEVER);
    await speech.render(say('one'), NEVER);
    assert.equal(synthesizer.asked.length, 2);
    assert.equal(faults.filter(({ kind }) => kind === 'cache-unwritable').length, 1);
    assert.match(faults[0]?.message ?? '', /blocked/);
  });

  it('renders equal requests under way once', async () => {
    const synthesizer = new FakeSynthesizer('by-hand');
    const speech = await open({ synthesizer });
    const all = Array.from({ length: 20 }, () => speech.render(say('Hello.'), NEVER));
    (await synthesizer.question(0)).answer();
    const renderings = await Promise.all(all);
    assert.equal(synthesizer.asked.length, 1);
    assert.equal(new Set(renderings.map(({ mulaw }) => mulaw)).size, 1);
    assert.equal(speech.describe().renderingNow, 0);
  });

  it('lets one who aborts go, and stops only when the last has gone', async () => {
    const synthesizer = new FakeSynthesizer('by-hand');
    const speech = await open({ synthesizer });
    const [first, second] = [new AbortController(), new AbortController()];
    const waiting = [
      speech.render(say('Hello.'), first.signal),
      speech.render(say('Hello.'), second.signal),
    ] as const;
    const { signal } = await synthesizer.question(0);
    first.abort(new Error('first hung up'));
    await assert.rejects(waiting[0], /first hung up/);
    assert.equal(signal.aborted, false);
    second.abort(new Error('second hung up'));
    await assert.rejects(waiting[1], /second hung up/);
    assert.equal(signal.aborted, true);
    const third = speech.render(say('Hello.'), NEVER);
    (await synthesizer.question(1)).answer();
    assert.ok((await third).durationMs > 900);
  });

  it('fails all who wait, remembers no failure, and tries again', async () => {
    const synthesizer = new FakeSynthesizer('by-hand');
    const speech = await open({ synthesizer });
    const waiting = [speech.render(say('Hello.'), NEVER), speech.render(say('Hello.'), NEVER)];
    (await synthesizer.question(0)).fail(new SpeechFailed('refused', 'no'));
    for (const rendering of waiting) await assert.rejects(rendering, SpeechFailed);
    const again = speech.render(say('Hello.'), NEVER);
    (await synthesizer.question(1)).answer();
    assert.ok((await again).durationMs > 900);
  });

  it('keeps within its bound of memory, dropping what was unused longest', async () => {
    const synthesizer = new FakeSynthesizer();
    const one = await (await open({ synthesizer })).render(say('one'), NEVER);
    await rm(path.join(folder, 'cache'), { recursive: true });
    const counted = new FakeSynthesizer();
    const speech = await open({
      synthesizer: counted,
      mostMemoryBytes: one.mulaw.length * 2,
      cacheDir: '/dev/null/none',
    });
    for (const text of ['one', 'two', 'one', 'three', 'one', 'two']) await speech.render(say(text), NEVER);
    assert.deepEqual(
      counted.asked.map(({ request }) => request.content),
      ['one', 'two', 'three', 'two'].map((text) => ({ kind: 'text', text })),
    );
    assert.equal(speech.describe().memoryBytes, one.mulaw.length * 2);
  });

  it('keeps within its bound of disk', async () => {
    const speech = await open({ synthesizer: new FakeSynthesizer(), mostDiskBytes: 50_000 });
    for (let number = 0; number < 30; number++) await speech.render(say(`number ${number}`), NEVER);
    const files = await readdir(path.join(folder, 'cache'));
    assert.ok(files.length >= 3 && files.length <= 6, `${files.length} files`);
  });

  it('says nothing without asking the renderer, and keeps explicit breaks', async () => {
    const synthesizer = new FakeSynthesizer();
    const speech = await open({ synthesizer });
    assert.equal((await speech.render(say(' \u0000 '), NEVER)).durationMs, 20);
    assert.equal((await speech.render(say('<speak><break time="3s"/></speak>'), NEVER)).durationMs, 3000);
    assert.equal(synthesizer.asked.length, 0);
    const framed = await speech.render(say('<speak><break time="2s"/>a<break time="1s"/></speak>'), NEVER);
    assert.ok(framed.durationMs >= 4000 && framed.durationMs <= 4100);
  });

  it('refuses what is too long or malformed before anything is rendered', async () => {
    const synthesizer = new FakeSynthesizer();
    const speech = await open({ synthesizer });
    await assert.rejects(speech.render(say('a'.repeat(6000)), NEVER), SpeechTooLong);
    await assert.rejects(
      speech.render(say(`<speak>${'<break time="9s"/>'.repeat(300)}</speak>`), NEVER),
      SpeechTooLong,
    );
    await assert.rejects(speech.render(say('<speak>a'), NEVER), SsmlMalformed);
    assert.equal(synthesizer.asked.length, 0);
  });

  it('refuses a renderer that does not stop', async () => {
    const synthesizer = new FakeSynthesizer('by-hand');
    const speech = await open({ synthesizer });
    const rendering = speech.render(say('Hello.'), NEVER);
    (await synthesizer.question(0)).answer({ sampleRate: 1000, pcm: new Int16Array(301_000) });
    await assert.rejects(rendering, SpeechTooLong);
  });

  it('does nothing for one who has already aborted', async () => {
    const synthesizer = new FakeSynthesizer();
    const speech = await open({ synthesizer });
    await assert.rejects(speech.render(say('Hello.'), AbortSignal.abort(new Error('gone'))), /gone/);
    assert.equal(synthesizer.asked.length, 0);
  });

  it('closes its renderer, twice without harm, and refuses afterwards', async () => {
    const synthesizer = new FakeSynthesizer();
    const speech = await open({ synthesizer });
    await speech.close();
    await speech.close();
    assert.equal(synthesizer.isClosed, true);
    await assert.rejects(speech.render(say('Hello.'), NEVER), SpeechFailed);
  });

  describe('choosing a renderer', () => {
    const nothing = () => ({
      environment: { PATH: `:relative:${folder}` },
      clock: { now: () => 0, setTimeout: () => 0, clearTimeout: () => {} },
      ttsEspeakFile: undefined,
    });

    it('opens without any renderer under auto, reports it, and fails each text with what to do', async () => {
      const speech = await open({ config: { kind: 'auto' }, surroundings: nothing() });
      assert.equal(speech.describe().renderer, undefined);
      assert.match(speech.describe().unavailable ?? '', /Install espeak-ng or flite/);
      await assert.rejects(speech.render(say('Hello.'), NEVER), SpeechUnavailable);
      assert.deepEqual(
        faults.map(({ kind }) => kind),
        ['renderer-unavailable'],
      );
    });

    it('opens switched off without a fault', async () => {
      const speech = await open({ config: { kind: 'off' }, surroundings: nothing() });
      await assert.rejects(speech.render(say('Hello.'), NEVER), /switched off/);
      assert.deepEqual(faults, []);
    });

    for (const kind of ['espeak-ng', 'flite', 'http', 'tts-espeak'] as const) {
      it(`does not open when ${kind} is named and is not here`, async () => {
        await assert.rejects(open({ config: { kind }, surroundings: nothing() }), SpeechUnavailable);
      });
    }

    it('passes over a program that does not work', async () => {
      const program = path.join(folder, 'espeak-ng');
      await writeFile(program, '#!/nonexistent/interpreter\n');
      await chmod(program, 0o755);
      const speech = await open({ config: { kind: 'auto' }, surroundings: nothing() });
      assert.match(speech.describe().unavailable ?? '', /espeak-ng does not work/);
    });
  });
});
