/** Renderers that are programs, with small programs of the test in their place: what they are given, and how they fail. */

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import { SpeechFailed } from '../speech-errors.ts';
import type { SpeechRequest } from '../speech-request.ts';
import { openEspeakNg, type ProgramSynthesizerOptions } from './espeak-ng.ts';
import { openFlite } from './flite.ts';
import { findOnPath, passedEnvironment } from './program.ts';

const NEVER = new AbortController().signal;
const isFailure = (reason: string) => (error: unknown) =>
  error instanceof SpeechFailed && error.reason === reason;

function say(text: string): SpeechRequest {
  return { content: { kind: 'text', text }, voiceId: 'Joanna', languageCode: 'en-US', engine: 'standard' };
}

/** Notes its arguments, input and environment, then answers with 0.1 s of audio, as `--stdout` or into the file after `-o`. */
const OBEDIENT = `
  const fs = require('node:fs');
  const args = process.argv.slice(2);
  if (args[0] === '--version') { console.log('fake 1.0'); process.exit(0); }
  const input = fs.readFileSync(0, 'utf8');
  fs.appendFileSync(__dirname + '/calls.jsonl', JSON.stringify({ args, input, env: process.env }) + '\\n');
  const wav = Buffer.alloc(44 + 1600);
  wav.write('RIFF', 0); wav.writeUInt32LE(0x7ffff024, 4); wav.write('WAVEfmt ', 8); wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20); wav.writeUInt16LE(1, 22); wav.writeUInt32LE(8000, 24); wav.writeUInt32LE(16000, 28);
  wav.writeUInt16LE(2, 32); wav.writeUInt16LE(16, 34); wav.write('data', 36); wav.writeUInt32LE(0x7ffff000, 40);
  const out = args.indexOf('-o');
  if (out === -1) process.stdout.write(wav); else fs.writeFileSync(args[out + 1], wav);
`;
/** Tells its version, and does \`what\` instead of speaking. */
const disobedient = (what: string) =>
  `if (process.argv[2] === '--version') { console.log('fake 1.0'); process.exit(0); }\n${what}`;

interface Call {
  readonly args: string[];
  readonly input: string;
  readonly env: Record<string, string>;
}

describe('program renderers', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'ringback-program-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function program(script: string): Promise<ProgramSynthesizerOptions> {
    const file = path.join(folder, 'speaker');
    await writeFile(file, `#!${process.execPath}\n${script}`, { mode: 0o755 });
    return {
      file,
      environment: { PATH: '/bin', AWS_SECRET: 'hush' },
      clock: new VirtualClock(),
      timeoutMs: 5000,
    };
  }

  async function calls(): Promise<Call[]> {
    const lines = await readFile(path.join(folder, 'calls.jsonl'), 'utf8');
    return lines
      .trim()
      .split('\n')
      .map((line): Call => JSON.parse(line));
  }

  it('espeak-ng gets markup of ours over standard input and nothing of the caller as an argument', async () => {
    const espeak = await openEspeakNg(await program(OBEDIENT));
    assert.equal(espeak.version, 'fake 1.0');
    const hostile = '--path=/etc $(reboot) `id` <audio src="file:///etc/passwd"/> \ud800\u0000 &';
    const audio = await espeak.synthesize(say(hostile), NEVER);
    assert.deepEqual([audio.sampleRate, audio.pcm.length], [8000, 800]);
    const [call] = await calls();
    assert.deepEqual(call?.args, ['--stdin', '--stdout', '-m', '-b', '1', '-v', 'en-us+f3']);
    assert.equal(
      call?.input,
      '<speak>--path=/etc $(reboot) `id` &lt;audio src="file:///etc/passwd"/&gt; \ufffd &amp;</speak>',
    );
    assert.equal(call?.env.AWS_SECRET, undefined);
    assert.equal(call?.env.PATH, '/bin');
  });

  it('espeak-ng gets breaks, rates and languages as markup', async () => {
    const espeak = await openEspeakNg(await program(OBEDIENT));
    const ssml =
      '<speak>a<break time="2s"/><prosody rate="50%">b</prosody><lang xml:lang="de-DE">c</lang></speak>';
    await espeak.synthesize(say(ssml), NEVER);
    assert.equal(
      (await calls())[0]?.input,
      '<speak>a <break time="2000ms"/> <prosody rate="50%">b</prosody> <voice name="de">c</voice></speak>',
    );
  });

  it('flite gets passages one by one and the silences stand between them', async () => {
    // The real one exits with 1 after telling its version.
    const flite = await openFlite(await program(OBEDIENT.replace('process.exit(0)', 'process.exit(1)')));
    const audio = await flite.synthesize(
      say('<speak>-o a<break time="2s"/><prosody rate="50%">b</prosody></speak>'),
      NEVER,
    );
    assert.equal(audio.pcm.length, 800 + 16_000 + 800);
    const made = await calls();
    assert.deepEqual(
      made.map(({ input }) => input),
      ['-o a', 'b'],
    );
    assert.deepEqual(made[1]?.args.slice(0, 6), [
      '-voice',
      'slt',
      '--setf',
      'duration_stretch=2.00',
      '-f',
      '-',
    ]);
  });

  const FAILURES: ReadonlyArray<readonly [name: string, script: string, reason: string]> = [
    ['ends with an error', disobedient('console.error("no voice"); process.exit(3);'), 'crashed'],
    [
      'is killed',
      disobedient('process.kill(process.pid, "SIGSEGV"); setInterval(() => {}, 1000);'),
      'crashed',
    ],
    ['answers with something else', disobedient('console.log("hello");'), 'unusable-audio'],
    [
      'never stops writing',
      disobedient('for (;;) require("fs").writeSync(1, Buffer.alloc(65536));'),
      'unusable-audio',
    ],
  ];
  for (const [name, script, reason] of FAILURES) {
    it(`fails when espeak-ng ${name}`, async () => {
      const espeak = await openEspeakNg(await program(script));
      await assert.rejects(espeak.synthesize(say('Hello.'), NEVER), isFailure(reason));
    });
  }

  it('fails when flite writes no file', async () => {
    const flite = await openFlite(await program(disobedient('')));
    await assert.rejects(flite.synthesize(say('Hello.'), NEVER), isFailure('unusable-audio'));
  });

  it('kills a program that takes too long or is no longer wanted', async () => {
    const clock = new VirtualClock();
    const hanging = { ...(await program(disobedient('setInterval(() => {}, 1000);'))), clock };
    const espeak = await openEspeakNg(hanging);
    const late = espeak.synthesize(say('Hello.'), NEVER);
    late.catch(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(5000);
    await assert.rejects(late, isFailure('timed-out'));
    const caller = new AbortController();
    const unwanted = espeak.synthesize(say('Hello.'), caller.signal);
    caller.abort(new Error('hung up'));
    await assert.rejects(unwanted, /hung up/);
  });

  it('does not open a program that cannot run', async () => {
    await assert.rejects(openEspeakNg(await program('process.exit(1)')), isFailure('crashed'));
    await assert.rejects(openFlite(await program('process.exit(1)')), isFailure('crashed'));
    const missing = { ...(await program('')), file: path.join(folder, 'none') };
    await assert.rejects(openFlite(missing), isFailure('crashed'));
  });
});

describe('findOnPath', () => {
  it('takes the first executable file in an absolute directory', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'ringback-path-'));
    try {
      for (const name of ['a', 'b', 'c', 'd']) await mkdir(path.join(folder, name));
      await mkdir(path.join(folder, 'a', 'speaker'), { mode: 0o755 });
      await writeFile(path.join(folder, 'b', 'speaker'), '', { mode: 0o644 });
      await writeFile(path.join(folder, 'c', 'speaker'), '', { mode: 0o755 });
      await writeFile(path.join(folder, 'd', 'speaker'), '', { mode: 0o755 });
      const relative = path.relative(process.cwd(), path.join(folder, 'd'));
      const absolute = ['none', 'a', 'b', 'c', 'd'].map((name) => path.join(folder, name));
      const PATH = ['', '.', relative, ...absolute].join(path.delimiter);
      assert.equal(await findOnPath('speaker', { PATH }), path.join(folder, 'c', 'speaker'));
      assert.equal(await findOnPath('other', { PATH }), undefined);
      assert.equal(await findOnPath('speaker', {}), undefined);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('passes on only what a speech program may need', () => {
    assert.deepEqual(passedEnvironment({ PATH: '/bin', RINGBACK_DATABASE_URL: 'secret', LANG: undefined }), {
      PATH: '/bin',
    });
  });
});
