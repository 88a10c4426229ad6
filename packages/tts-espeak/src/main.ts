#!/usr/bin/env node
// The program: reads its arguments, then either speaks one text into a file or answers requests until standard input closes.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Engine, EngineError, loadEngine } from './engine.ts';
import { answerLine, LineSplitter } from './requests.ts';
import { wavFile } from './wav-file.ts';

const HELP = `ringback-tts-espeak: reads text aloud (eSpeak NG in WebAssembly). No network.

Usage
  ringback-tts-espeak --text TEXT --out FILE.wav [--ssml] [--voice NAME] [--rate FACTOR]
  ringback-tts-espeak                 answer JSON requests from standard input, one a line

Options
  --text TEXT     what to say
  --out FILE      WAV file to write (16-bit mono)
  --ssml          TEXT is SSML
  --voice NAME    eSpeak voice, optionally with a variant (default en-us)
  --rate FACTOR   speed, 0.2 to 2 (default 1)
  --help          this text

Examples
  ringback-tts-espeak --text "Your parcel arrives today." --out parcel.wav
  ringback-tts-espeak --text "Guten Tag." --voice de+f3 --rate 0.9 --out hallo.wav
  ringback-tts-espeak --ssml --text '<speak>One<break time="1s"/>two</speak>' --out count.wav
  echo '{"id":1,"text":"Hello.","ssml":false}' | ringback-tts-espeak

Requests:  {"id":1,"text":"Hello.","ssml":false,"voice":"en-us","rate":1}
Answers:   {"id":1,"sampleRate":22050,"pcmBase64":"…"}  or  {"id":1,"error":{"code":"…","message":"…"}}
Exit code: 0 done, 1 could not speak or write, 2 wrong usage.
`;

interface OneShot {
  readonly text: string;
  readonly out: string;
  readonly markup: 'plain' | 'ssml';
  readonly voice: string;
  readonly rate: number;
}

type Command =
  | { kind: 'help' }
  | { kind: 'serve' }
  | { kind: 'speak'; job: OneShot }
  | { kind: 'wrong'; message: string };

function readCommand(args: readonly string[]): Command {
  let values: ReturnType<typeof parseOptions>;
  try {
    values = parseOptions(args);
  } catch (error) {
    return { kind: 'wrong', message: error instanceof Error ? error.message : String(error) };
  }
  if (values.help) return { kind: 'help' };
  if (values.text === undefined && values.out === undefined) return { kind: 'serve' };
  if (values.text === undefined || values.out === undefined) {
    return { kind: 'wrong', message: '--text and --out belong together' };
  }
  const rate = Number(values.rate);
  if (!(rate >= 0.2 && rate <= 2)) return { kind: 'wrong', message: '--rate must be from 0.2 to 2' };
  const markup = values.ssml ? 'ssml' : 'plain';
  return { kind: 'speak', job: { text: values.text, out: values.out, markup, voice: values.voice, rate } };
}

function parseOptions(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      text: { type: 'string' },
      out: { type: 'string' },
      ssml: { type: 'boolean', default: false },
      voice: { type: 'string', default: 'en-us' },
      rate: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  }).values;
}

async function serve(): Promise<void> {
  const engine = await loadEngine();
  const splitter = new LineSplitter();
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin) await answerAll(splitter.push(String(chunk)), engine);
  await answerAll(splitter.end(), engine);
}

async function answerAll(lines: ReadonlyArray<string | null>, engine: Engine): Promise<void> {
  for (const line of lines) {
    if (line?.trim() === '') continue;
    const isFlushed = process.stdout.write(`${JSON.stringify(answerLine(line, engine))}\n`);
    if (!isFlushed) await once(process.stdout, 'drain');
  }
}

async function speakOnce(job: OneShot): Promise<void> {
  const engine = await loadEngine();
  await writeFile(job.out, wavFile(engine.speak(job)));
}

async function main(): Promise<number> {
  const command = readCommand(process.argv.slice(2));
  try {
    switch (command.kind) {
      case 'help':
        process.stdout.write(HELP);
        return 0;
      case 'wrong':
        process.stderr.write(`ringback-tts-espeak: ${command.message}\nTry --help.\n`);
        return 2;
      case 'speak':
        await speakOnce(command.job);
        return 0;
      case 'serve':
        await serve();
        return 0;
    }
  } catch (error) {
    const isExpected = error instanceof EngineError || (error instanceof Error && 'code' in error);
    process.stderr.write(
      `ringback-tts-espeak: ${isExpected ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
    );
    return 1;
  }
}

// The reader of our answers may go away first; then there is nothing left to do.
process.stdout.on('error', () => process.exit(1));
process.exitCode = await main();
