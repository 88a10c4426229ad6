/** Speech by our own `ringback-tts-espeak`, kept running as a child process. What a machine with only npm packages speaks through. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../../clock.ts';
import { Turnstile } from '../../../turnstile.ts';
import { withDeadline } from '../deadline.ts';
import { SpeechFailed, SpeechTooLong, turnedAway } from '../speech-errors.ts';
import { readContent } from '../speech-request.ts';
import type { SpeechAudio, SpeechSynthesizer } from '../speech-synthesizer.ts';
import { espeakVoice } from '../voices.ts';
import { MOST_WAITING } from './espeak-ng.ts';
import { toEspeakSsml } from './espeak-ssml.ts';
import { LineProcess } from './line-process.ts';
import { type Environment, passedEnvironment } from './program.ts';

export interface TtsEspeakOptions {
  /** The program's main file, which this Node runs. */
  readonly mainFile: string;
  readonly environment: Environment;
  readonly clock: Clock;
  /** For one text, the start of the program included. */
  readonly timeoutMs: number;
}

/** Five minutes of 16-bit samples at 22.05 kHz in Base64, and room. */
const MOST_ANSWER_BYTES = 24_000_000;
/** A text that ends the program twice is to blame itself. */
const MOST_ATTEMPTS = 2;

/** The program's main file, or undefined when the optional package is not installed. */
export function findTtsEspeak(): string | undefined {
  try {
    return fileURLToPath(import.meta.resolve('@ringback/tts-espeak'));
  } catch {
    // An optional dependency that is absent is a normal state, which the caller reports.
    return undefined;
  }
}

/** The program starts with the first text, and anew after it ended unasked or took too long. Texts are spoken one by one. */
export async function openTtsEspeak(options: TtsEspeakOptions): Promise<SpeechSynthesizer> {
  const turnstile = new Turnstile(1, MOST_WAITING, turnedAway);
  const closed = new AbortController();
  let program: LineProcess | undefined;

  const runningProgram = (): LineProcess => {
    if (program?.isAlive) return program;
    program = new LineProcess({
      file: process.execPath,
      args: [options.mainFile],
      environment: passedEnvironment(options.environment),
      mostAnswerBytes: MOST_ANSWER_BYTES,
    });
    return program;
  };

  const ask = async (line: string, signal: AbortSignal): Promise<string> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await runningProgram().ask(line, signal);
      } catch (error) {
        const isCrash = error instanceof SpeechFailed && error.reason === 'crashed';
        if (!isCrash || attempt === MOST_ATTEMPTS) throw error;
      }
    }
  };

  return {
    name: 'tts-espeak',
    version: await packageVersion(options.mainFile),
    async synthesize(request, signal) {
      const text = toEspeakSsml(readContent(request));
      const line = JSON.stringify({ id: 1, text, ssml: true, voice: espeakVoice(request) });
      const answer = await turnstile.pass(signal, () =>
        withDeadline({ ...options, signal: closed.signal, what: 'ringback-tts-espeak' }, (limited) =>
          // Who lost interest in a text that is being spoken need not cost the next one a new program.
          ask(line, limited),
        ),
      );
      signal.throwIfAborted();
      return readAnswer(answer);
    },
    async close() {
      turnstile.close();
      closed.abort(new SpeechFailed('closed', 'the speech service was closed'));
      await program?.end(options.clock);
    },
  };
}

/** A new version of the package may sound different. */
async function packageVersion(mainFile: string): Promise<string> {
  const file = path.join(path.dirname(mainFile), '..', 'package.json');
  const content: unknown = JSON.parse(await readFile(file, 'utf8'));
  return typeof content === 'object' && content !== null && 'version' in content
    ? String(content.version)
    : '0';
}

function readAnswer(line: string): SpeechAudio {
  const answer = parse(line);
  if (typeof answer.pcmBase64 === 'string' && typeof answer.sampleRate === 'number') {
    const bytes = Buffer.from(answer.pcmBase64, 'base64');
    // A copy of its own, because samples must begin at an even address.
    const pcm = new Int16Array(Uint8Array.from(bytes).buffer, 0, bytes.length >> 1);
    return { sampleRate: answer.sampleRate, pcm };
  }
  const { code, message } = {
    code: '',
    message: line.slice(0, 200),
    ...(answer.error as object | undefined),
  };
  if (code === 'TooLong') throw new SpeechTooLong(message);
  throw new SpeechFailed('refused', `ringback-tts-espeak: ${message}`);
}

function parse(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // Not JSON: the caller turns the line into an error.
    return {};
  }
}
