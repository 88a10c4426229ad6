// The voice itself: eSpeak NG in WebAssembly, loaded once, turning text or SSML into 16-bit samples.
import loadEspeak, { type EspeakWorker } from '@echogarden/espeak-ng-emscripten';

export interface Utterance {
  readonly text: string;
  readonly markup: 'plain' | 'ssml';
  /** An eSpeak voice name, optionally with a variant: `en-us`, `de+f3`. */
  readonly voice: string;
  /** Speed as a factor, 0.2 to 2. */
  readonly rate: number;
}

export interface Pcm {
  readonly sampleRate: number;
  readonly samples: Int16Array;
}

export type EngineErrorCode = 'VoiceUnknown' | 'TooLong';

export class EngineError extends Error {
  readonly code: EngineErrorCode;
  constructor(code: EngineErrorCode, message: string) {
    super(message);
    this.name = 'EngineError';
    this.code = code;
  }
}

export interface Engine {
  /** @throws {EngineError} the voice does not exist, or the speech would be longer than five minutes. */
  speak(utterance: Utterance): Pcm;
}

/** Longest speech, seconds: what Amazon Connect accepts as a prompt. Bounds memory as well. */
const LONGEST_SPEECH_SECONDS = 300;

/** eSpeak's speed at factor 1, words a minute, and the bounds it accepts. */
const NORMAL_WORDS_PER_MINUTE = 175;
const SLOWEST_WORDS_PER_MINUTE = 80;
const FASTEST_WORDS_PER_MINUTE = 450;

/** Loads the voice data (about 0.2 s and 110 MB of memory). */
export async function loadEngine(): Promise<Engine> {
  // Standard output carries the answers, so whatever the library prints goes to standard error.
  const print = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const library = await loadEspeak({ print, printErr: print });
  const worker = new library.eSpeakNGWorker();
  return { speak: (utterance) => speak(worker, utterance) };
}

function speak(worker: EspeakWorker, utterance: Utterance): Pcm {
  if (worker.set_voice(utterance.voice) !== 0) {
    throw new EngineError(
      'VoiceUnknown',
      `eSpeak NG has no voice "${utterance.voice}"; try en-us, en, de, fr or es`,
    );
  }
  worker.set_rate(
    Math.round(
      Math.min(
        FASTEST_WORDS_PER_MINUTE,
        Math.max(SLOWEST_WORDS_PER_MINUTE, NORMAL_WORDS_PER_MINUTE * utterance.rate),
      ),
    ),
  );
  const sampleRate = worker.get_samplerate();
  const mostSamples = sampleRate * LONGEST_SPEECH_SECONDS;
  const pieces: Int16Array[] = [];
  let length = 0;
  worker.synthesize(utterance.markup === 'ssml' ? utterance.text : escapeMarkup(utterance.text), (pcm) => {
    pieces.push(pcm);
    length += pcm.length;
    return length > mostSamples;
  });
  if (length > mostSamples) {
    throw new EngineError(
      'TooLong',
      `the speech is longer than ${LONGEST_SPEECH_SECONDS} seconds; shorten the text`,
    );
  }
  const samples = new Int16Array(length);
  let at = 0;
  for (const piece of pieces) {
    samples.set(piece, at);
    at += piece.length;
  }
  return { sampleRate, samples };
}

function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
