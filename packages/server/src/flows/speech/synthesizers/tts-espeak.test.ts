/** The voice that comes with npm: once as it is, and with programs of the test in its place for everything that goes wrong. */

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { decodeMulaw, rms } from '@ringback/media';
import { VirtualClock } from '@ringback/testkit';
import { systemClock } from '../../../clock.ts';
import { openSpeech } from '../speech.ts';
import { SpeechFailed, SpeechTooLong } from '../speech-errors.ts';
import type { SpeechRequest } from '../speech-request.ts';
import type { SpeechSynthesizer } from '../speech-synthesizer.ts';
import { findTtsEspeak, openTtsEspeak, type TtsEspeakOptions } from './tts-espeak.ts';

const NEVER = new AbortController().signal;
const isFailure = (reason: string) => (error: unknown) =>
  error instanceof SpeechFailed && error.reason === reason;

function say(text: string, voiceId = 'Joanna'): SpeechRequest {
  return { content: { kind: 'text', text }, voiceId, languageCode: '', engine: 'standard' };
}

/** Answers each line as \`answer(request)\` says; notes its start. */
const program = (answer: string) => `
  import { appendFileSync } from 'node:fs';
  appendFileSync(import.meta.dirname + '/starts', 'x');
  const ok = { id: 1, sampleRate: 8000, pcmBase64: Buffer.alloc(1600).toString('base64') };
  const send = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
  const answer = ${answer};
  let rest = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    rest += chunk;
    for (let end; (end = rest.indexOf('\\n')) !== -1; rest = rest.slice(end + 1)) answer(JSON.parse(rest.slice(0, end)));
  }
`;

describe('tts-espeak', () => {
  let folder: string;
  let opened: SpeechSynthesizer[];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'ringback-tts-espeak-'));
    opened = [];
  });
  afterEach(async () => {
    for (const speech of opened) await speech.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(answer: string, more: Partial<TtsEspeakOptions> = {}): Promise<SpeechSynthesizer> {
    await mkdir(path.join(folder, 'src'), { recursive: true });
    await writeFile(path.join(folder, 'package.json'), '{"version":"9.8.7","type":"module"}');
    const mainFile = path.join(folder, 'src', 'main.ts');
    await writeFile(mainFile, program(answer));
    const speech = await openTtsEspeak({
      mainFile,
      environment: {},
      clock: systemClock,
      timeoutMs: 60_000,
      ...more,
    });
    opened.push(speech);
    return speech;
  }

  async function starts(): Promise<number> {
    return (await readFile(path.join(folder, 'src', 'starts'), 'utf8')).length;
  }

  it('speaks on a machine that has npm packages only', async () => {
    const speech = await openSpeech({
      config: { kind: 'auto' },
      cacheDir: path.join(folder, 'cache'),
      surroundings: { environment: {}, clock: systemClock, ttsEspeakFile: findTtsEspeak() },
      onFault: (fault) => assert.fail(fault.message),
    });
    try {
      assert.equal(speech.describe().renderer, 'tts-espeak');
      const [plain, german, broken, hostile] = await Promise.all([
        speech.render(say('Good morning. Your appointment is tomorrow at nine.'), NEVER),
        speech.render(say('Guten Morgen. Ihr Termin ist morgen um neun Uhr.', 'Vicki'), NEVER),
        speech.render(say('<speak>One<break time="2s"/>two &amp; three</speak>'), NEVER),
        speech.render(say('-x --help \u0000\ud800 <&> $(id) ]]>'), NEVER),
      ]);
      for (const { mulaw, durationMs } of [plain, german]) {
        assert.ok(durationMs > 1500 && durationMs < 8000, `${durationMs} ms`);
        assertSpeechLike(decodeMulaw(mulaw));
      }
      assert.notEqual(german.key, plain.key);
      assert.ok(broken.durationMs > 2500 && broken.durationMs < 6000, `${broken.durationMs} ms`);
      assert.ok(longestQuietMs(decodeMulaw(broken.mulaw)) >= 1900);
      assert.ok(hostile.durationMs > 500);
    } finally {
      await speech.close();
    }
  });

  it('keeps one program for many texts, one at a time', async () => {
    const speech = await open(
      '({ text, voice }) => { if (/b/.test(text) === (voice === "en-us")) send(ok); }',
    );
    assert.equal(speech.version, '9.8.7');
    const spoken = await Promise.all([
      speech.synthesize(say('a'), NEVER),
      speech.synthesize(say('b', 'Matthew'), NEVER),
      speech.synthesize(say('c'), NEVER),
    ]);
    assert.deepEqual(
      spoken.map(({ sampleRate, pcm }) => [sampleRate, pcm.length]),
      [
        [8000, 800],
        [8000, 800],
        [8000, 800],
      ],
    );
    assert.equal(await starts(), 1);
  });

  it('tries a text once more when the program ends, and no more often', async () => {
    const once = await open(`() => {
      import('node:fs').then(({ readFileSync }) => {
        if (readFileSync(import.meta.dirname + '/starts').length === 1) process.exit(9);
        send(ok);
      });
    }`);
    assert.equal((await once.synthesize(say('a'), NEVER)).pcm.length, 800);
    assert.equal(await starts(), 2);
    const always = await open('() => { console.error("out of memory"); process.exit(9); }');
    await assert.rejects(always.synthesize(say('a'), NEVER), (error: unknown) => {
      return isFailure('crashed')(error) && /ended with 9: out of memory/.test(String(error));
    });
    assert.equal(await starts(), 4);
    await assert.rejects(always.synthesize(say('b'), NEVER), isFailure('crashed'));
    assert.equal(await starts(), 6);
  });

  it('replaces a program that takes too long', async () => {
    const clock = new VirtualClock();
    const speech = await open('({ text }) => { if (!/hang/.test(text)) send(ok); }', {
      clock,
      timeoutMs: 5000,
    });
    await speech.synthesize(say('a'), NEVER);
    const late = assert.rejects(speech.synthesize(say('hang'), NEVER), isFailure('timed-out'));
    const next = speech.synthesize(say('b'), NEVER);
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(5000);
    await late;
    assert.equal((await next).pcm.length, 800);
    assert.equal(await starts(), 2);
  });

  it('keeps the program when a caller loses interest, and never mixes up answers', async () => {
    const speech = await open(
      '({ text }) => send({ ...ok, pcmBase64: Buffer.alloc(/first/.test(text) ? 200 : 400).toString("base64") })',
    );
    const caller = new AbortController();
    const first = assert.rejects(speech.synthesize(say('first'), caller.signal), /hung up/);
    const second = speech.synthesize(say('second'), NEVER);
    await new Promise((resolve) => setImmediate(resolve));
    caller.abort(new Error('hung up'));
    await first;
    assert.equal((await second).pcm.length, 200);
    assert.equal(await starts(), 1);
  });

  const ANSWERS: ReadonlyArray<
    readonly [name: string, answer: string, expected: (error: unknown) => boolean]
  > = [
    [
      'TooLong',
      '() => send({ id: 1, error: { code: "TooLong", message: "long" } })',
      (error) => error instanceof SpeechTooLong,
    ],
    [
      'another error',
      '() => send({ id: 1, error: { code: "Failed", message: "no" } })',
      isFailure('refused'),
    ],
    ['an error without words', '() => send({ id: 1, error: null })', isFailure('refused')],
    ['no JSON', '() => process.stdout.write("hello\\n")', isFailure('refused')],
    ['more than five minutes hold', '() => process.stdout.write("x".repeat(25e6))', isFailure('crashed')],
  ];
  for (const [name, answer, expected] of ANSWERS) {
    it(`fails when the answer is ${name}`, async () => {
      await assert.rejects((await open(answer)).synthesize(say('a'), NEVER), expected);
    });
  }

  it('ends its program when closed, also one that will not, and fails what waits', async () => {
    const clock = new VirtualClock();
    const stubborn = await open('() => setInterval(() => {}, 1000)', { clock });
    const running = assert.rejects(stubborn.synthesize(say('a'), NEVER), isFailure('closed'));
    const waiting = assert.rejects(stubborn.synthesize(say('b'), NEVER), isFailure('closed'));
    await new Promise((resolve) => setImmediate(resolve));
    await stubborn.close();
    await Promise.all([running, waiting]);
    await stubborn.close();
    await assert.rejects(stubborn.synthesize(say('c'), NEVER), isFailure('closed'));
  });
});

/** Loud enough, neither a steady tone nor noise: its level rises and falls as syllables do. */
function assertSpeechLike(pcm: Int16Array): void {
  const levels: number[] = [];
  for (let at = 0; at + 400 <= pcm.length; at += 400) levels.push(rms(pcm.subarray(at, at + 400)));
  levels.sort((a, b) => a - b);
  const quiet = levels[Math.floor(levels.length * 0.1)] ?? 0;
  const loud = levels[Math.floor(levels.length * 0.9)] ?? 0;
  assert.ok(loud > quiet * 4, `levels from ${quiet} to ${loud}`);
  // About −19 dB of full scale is 3700.
  assert.ok(loud > 1500 && loud < 16_000, `loud passages at ${loud}`);
}

function longestQuietMs(pcm: Int16Array): number {
  let longest = 0;
  let current = 0;
  for (const sample of pcm) {
    current = Math.abs(sample) < 100 ? current + 1 : 0;
    longest = Math.max(longest, current);
  }
  return longest / 8;
}
