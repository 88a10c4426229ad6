/** Speech by the `espeak-ng` program of the operating system: quick, many languages, one process a text. */

import type { Clock } from '../../../clock.ts';
import { Turnstile } from '../../../turnstile.ts';
import { withDeadline } from '../deadline.ts';
import { turnedAway } from '../speech-errors.ts';
import { readContent } from '../speech-request.ts';
import type { SpeechSynthesizer } from '../speech-synthesizer.ts';
import { espeakVoice } from '../voices.ts';
import { toEspeakSsml } from './espeak-ssml.ts';
import { type Environment, runProgram } from './program.ts';
import { audioFromWav } from './wav-audio.ts';

export interface ProgramSynthesizerOptions {
  /** Absolute path of the program. */
  readonly file: string;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** Programs that run at once, and texts that wait for them. */
export const PROGRAMS_AT_ONCE = 2;
export const MOST_WAITING = 500;
/** Five minutes at 48 kHz, 16 bit. */
export const MOST_WAV_BYTES = 30_000_000;

/** @throws {SpeechFailed} the program does not even tell its version. */
export async function openEspeakNg(options: ProgramSynthesizerOptions): Promise<SpeechSynthesizer> {
  const turnstile = new Turnstile(PROGRAMS_AT_ONCE, MOST_WAITING, turnedAway);
  const run = (args: readonly string[], input: string, signal: AbortSignal): Promise<Buffer> =>
    withDeadline({ ...options, signal, what: 'espeak-ng' }, (limited) =>
      runProgram({ ...options, args, input, mostOutputBytes: MOST_WAV_BYTES }, limited),
    );
  const version = (await run(['--version'], '', new AbortController().signal))
    .toString('utf8')
    .slice(0, 200)
    .trim();
  return {
    name: 'espeak-ng',
    version,
    async synthesize(request, signal) {
      const ssml = toEspeakSsml(readContent(request));
      const args = ['--stdin', '--stdout', '-m', '-b', '1', '-v', espeakVoice(request)];
      const wav = await turnstile.pass(signal, () => run(args, ssml, signal));
      return audioFromWav(wav, 'espeak-ng');
    },
    async close() {
      turnstile.close();
    },
  };
}
