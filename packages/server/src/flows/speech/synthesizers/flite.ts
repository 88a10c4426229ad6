/** Speech by the `flite` program of the operating system: English only, plain text, one process a passage. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Turnstile } from '../../../turnstile.ts';
import { withDeadline } from '../deadline.ts';
import { SpeechFailed, turnedAway } from '../speech-errors.ts';
import { readContent } from '../speech-request.ts';
import type { SpeechAudio, SpeechSynthesizer } from '../speech-synthesizer.ts';
import type { SpeechText } from '../ssml-segments.ts';
import { soundOf } from '../voices.ts';
import { MOST_WAITING, PROGRAMS_AT_ONCE, type ProgramSynthesizerOptions } from './espeak-ng.ts';
import { runProgram } from './program.ts';
import { speakSegments } from './speak-segments.ts';
import { audioFromWav } from './wav-audio.ts';

/** flite writes its audio into a file; standard output carries only words. */
const MOST_OUTPUT_BYTES = 100_000;

/** @throws {SpeechFailed} the program does not even tell its version. */
export async function openFlite(options: ProgramSynthesizerOptions): Promise<SpeechSynthesizer> {
  const turnstile = new Turnstile(PROGRAMS_AT_ONCE, MOST_WAITING, turnedAway);
  const run = (args: readonly string[], input: string, signal: AbortSignal): Promise<Buffer> =>
    runProgram({ ...options, args, input, mostOutputBytes: MOST_OUTPUT_BYTES }, signal);
  const version = await readVersion(options);

  const speak = async (text: SpeechText, voice: string, signal: AbortSignal): Promise<SpeechAudio> => {
    const folder = await mkdtemp(path.join(tmpdir(), 'ringback-flite-'));
    try {
      const wavFile = path.join(folder, 'speech.wav');
      const stretch = (1 / text.rate).toFixed(2);
      await run(
        ['-voice', voice, '--setf', `duration_stretch=${stretch}`, '-f', '-', '-o', wavFile],
        text.text,
        signal,
      );
      return audioFromWav(await readFile(wavFile), 'flite');
    } catch (cause) {
      if (signal.aborted || cause instanceof SpeechFailed) throw cause;
      throw new SpeechFailed('unusable-audio', `flite wrote no audio file: ${String(cause)}`, { cause });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };

  return {
    name: 'flite',
    version,
    synthesize(request, signal) {
      const segments = readContent(request);
      const voice = soundOf(request) === 'female' ? 'slt' : 'rms';
      return turnstile.pass(signal, () =>
        withDeadline({ ...options, signal, what: 'flite' }, (limited) =>
          speakSegments(segments, (text) => speak(text, voice, limited)),
        ),
      );
    },
    async close() {
      turnstile.close();
    },
  };
}

async function readVersion(options: ProgramSynthesizerOptions): Promise<string> {
  const version = await withDeadline(
    { ...options, signal: new AbortController().signal, what: 'flite' },
    (limited) => {
      // flite 2.2 tells its version and then exits with 1.
      const run = {
        args: ['--version'],
        input: '',
        mostOutputBytes: MOST_OUTPUT_BYTES,
        successCodes: [0, 1],
      };
      return runProgram({ ...options, ...run }, limited);
    },
  );
  const words = version.toString('utf8').slice(0, 200).trim();
  if (words === '') throw new SpeechFailed('crashed', `${options.file} does not tell its version`);
  return words;
}
