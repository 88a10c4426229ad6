// The program as its callers see it: a child process spoken to over standard input and output.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./main.ts', import.meta.url));

interface Run {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

function run(args: readonly string[], input = ''): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: 'pipe' });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      errors += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output, errors }));
    child.stdin.end(input);
  });
}

function request(id: number, text: string, more: Record<string, unknown> = {}): string {
  return JSON.stringify({ id, text, ssml: false, ...more });
}

interface AnswerLine {
  readonly id: number | null;
  readonly sampleRate?: number;
  readonly pcmBase64?: string;
  readonly error?: { readonly code: string };
}

async function ask(lines: readonly string[]): Promise<AnswerLine[]> {
  const { code, output } = await run([], lines.join('\n'));
  assert.equal(code, 0);
  return output
    .trim()
    .split('\n')
    .map((line): AnswerLine => JSON.parse(line));
}

function samplesOf(answer: AnswerLine | undefined): Int16Array {
  const bytes = Buffer.from(answer?.pcmBase64 ?? '', 'base64');
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

function seconds(answer: AnswerLine | undefined): number {
  return samplesOf(answer).length / (answer?.sampleRate ?? Number.NaN);
}

describe('ringback-tts-espeak', () => {
  it('answers requests in order and exits when its input closes', async () => {
    const answers = await ask([
      request(1, 'Good morning, this is a test.'),
      'not json',
      request(2, 'Good morning.', { voice: 'no-such-voice' }),
      '{"id":3}',
      request(4, 'Good morning.', { rate: 99 }),
      request(5, 'Guten Morgen.', { voice: 'de+f3' }),
    ]);
    assert.deepEqual(
      answers.map(({ id, error }) => [id, error?.code]),
      [
        [1, undefined],
        [null, 'BadRequest'],
        [2, 'VoiceUnknown'],
        [3, 'BadRequest'],
        [4, 'BadRequest'],
        [5, undefined],
      ],
    );
    assert.ok(seconds(answers[0]) > 1 && seconds(answers[0]) < 5);
    const samples = samplesOf(answers[0]);
    const meanSquare = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    assert.ok(Math.sqrt(meanSquare) > 500, 'the samples carry speech');
  });

  it('reads plain text literally and SSML as markup', async () => {
    const text = 'one <break time="3s"/> two';
    const [plain, ssml, slow, normal] = await ask([
      request(1, text),
      request(2, text, { ssml: true }),
      request(3, 'one two three four', { rate: 0.5 }),
      request(4, 'one two three four'),
    ]);
    const quietest = (answer: AnswerLine | undefined): number => {
      const samples = samplesOf(answer);
      const second = answer?.sampleRate ?? 1;
      let least = Number.POSITIVE_INFINITY;
      for (let at = 0; at + second < samples.length; at += second / 10) {
        const peak = samples
          .subarray(at, at + second)
          .reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
        least = Math.min(least, peak);
      }
      return least;
    };
    assert.ok(quietest(ssml) < 50, 'the break is a second of silence or more');
    assert.ok(quietest(plain) > 1000, 'the markup is read aloud');
    assert.ok(seconds(slow) > seconds(normal) * 1.5);
  });

  it('survives hostile text and overlong lines', async () => {
    const answers = await ask([
      request(1, '\u0000\u0001\ud800 -rf <<<< &#x0; ]]>'),
      request(2, '<speak', { ssml: true }),
      'x'.repeat(1_000_001),
      request(3, 'x'.repeat(100_001)),
      request(4, 'word '.repeat(4_000), { rate: 0.2 }),
      request(5, 'still here'),
    ]);
    assert.deepEqual(
      answers.map(({ id, error }) => [id, error?.code]),
      [
        [1, undefined],
        [2, undefined],
        [null, 'BadRequest'],
        [3, 'BadRequest'],
        [4, 'TooLong'],
        [5, undefined],
      ],
    );
    assert.ok(seconds(answers[5]) > 0.4);
  });

  it('writes one text into a WAV file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ringback-tts-'));
    try {
      const out = join(folder, 'hello.wav');
      assert.equal((await run(['--text', 'Hello.', '--out', out])).code, 0);
      const file = await readFile(out);
      assert.equal(file.toString('latin1', 0, 4), 'RIFF');
      assert.equal(file.readUInt32LE(4), file.length - 8);
      assert.equal(file.readUInt32LE(24), 22_050);
      assert.ok(file.length > 10_000);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('explains itself and refuses wrong usage', async () => {
    const help = await run(['--help']);
    assert.equal(help.code, 0);
    assert.match(help.output, /Examples\n {2}ringback-tts-espeak --text/);
    for (const args of [['--nonsense'], ['--text', 'x'], ['--text', 'x', '--out', 'y', '--rate', 'fast']]) {
      const wrong = await run(args);
      assert.equal(wrong.code, 2, args.join(' '));
      assert.match(wrong.errors, /--help/);
    }
    const unwritable = await run(['--text', 'x', '--out', '/nonexistent/x.wav']);
    assert.equal(unwritable.code, 1);
    assert.match(unwritable.errors, /nonexistent/);
  });
});
