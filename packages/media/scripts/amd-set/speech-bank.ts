/** Renders sentences with Debian's speech programs into a folder of 8 kHz clips, each once. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readWav } from '../../src/codec/wav.ts';
import { hellos, type Voice } from './voices.ts';

const run = promisify(execFile);

/** Programs and voices that the set needs, as Debian packages. */
export const debianPackages =
  'flite espeak-ng festival sox libsox-fmt-base festvox-kdlpc16k festvox-us-slt-hts festvox-ca-ona-hts festvox-italp16k ' +
  'festvox-itapc16k festvox-czech-dita festvox-czech-krb festvox-czech-machac festvox-czech-ph festvox-suopuhe-lj ' +
  'festvox-suopuhe-mv festvox-hi-nsk festvox-te-nsk festvox-ru ktuberling-data klettres-data ' +
  'asterisk-core-sounds-en-wav asterisk-core-sounds-es-wav asterisk-core-sounds-it-wav asterisk-core-sounds-fr-wav ' +
  'asterisk-core-sounds-ru-wav asterisk-prompt-it-menardi-wav asterisk-prompt-es-co asterisk-prompt-fr-armelle';

export interface Sentence {
  readonly voice: Voice;
  readonly text: string;
}

/** By which a program's pace is told; what was recorded keeps its own. */
export function helloOf(voice: Voice): Sentence | undefined {
  const text = hellos.get(voice.language);
  return text === undefined ? undefined : { voice, text };
}

/** A sentence that a program did not speak. */
export class SpeechFailed extends Error {
  override readonly name = 'SpeechFailed';
  constructor(sentence: Sentence, detail: string) {
    super(
      `${sentence.voice.engine} did not speak ${JSON.stringify(sentence.text)} as ${sentence.voice.name}: ${detail}. ` +
        `The set needs: apt-get install ${debianPackages}`,
    );
  }
}

/** Voices of festival that read Latin-1; in UTF-8 they say each letter with an accent as two. */
const latin1Voices: ReadonlySet<string> = new Set(['upc_ca_ona_hts']);

/** Programs that run at once. */
const lanes = 3;

export class SpeechBank {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Renders what is missing, one sentence after another. */
  async render(sentences: readonly Sentence[], progress: (done: number, all: number) => void): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const missing = [...new Map(sentences.map((each) => [this.#path(each), each])).values()].filter(
      (each) => !existsSync(this.#path(each)),
    );
    let done = 0;
    const others = missing.filter(({ voice }) => voice.engine !== 'festival').values();
    const speakInTurn = async (lane: number): Promise<void> => {
      for (const sentence of others) {
        await this.#keep(sentence, await speak(sentence, join(this.#folder, `raw-lane-${lane}.wav`)));
        done += 1;
        progress(done, missing.length);
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, lane) => speakInTurn(lane)));
    for (const [name, group] of byName(missing.filter(({ voice }) => voice.engine === 'festival'))) {
      await this.#renderFestival(name, group);
      done += group.length;
      progress(done, missing.length);
    }
  }

  /** The sentence, −1 … 1, without silence around it. */
  async read(sentence: Sentence): Promise<Float32Array> {
    const [pcm] = readWav(await readFile(this.#path(sentence))).channels;
    if (!pcm || pcm.length < 400) throw new SpeechFailed(sentence, 'less than 50 ms of sound');
    return Float32Array.from(pcm, (sample) => sample / 32_768);
  }

  /** Festival takes a second to load a voice, so each speaks all its sentences in one go. */
  async #renderFestival(name: string, sentences: readonly Sentence[]): Promise<void> {
    const raws = sentences.map((_, n) => join(this.#folder, `raw-${n}.wav`));
    const script = join(this.#folder, 'speak.scm');
    const lines = sentences.map(({ text }, n) => `(say ${JSON.stringify(text)} ${JSON.stringify(raws[n])})`);
    const define = `(define (say text file) (utt.save.wave (utt.synth (eval (list 'Utterance 'Text text))) file 'riff))`;
    await writeFile(
      script,
      [define, `(voice_${name})`, ...lines, ''].join('\n'),
      latin1Voices.has(name) ? 'latin1' : 'utf8',
    );
    await run('festival', ['-b', script]);
    for (const [n, sentence] of sentences.entries()) {
      const raw = raws[n] as string;
      await this.#keep(sentence, raw);
      await rm(raw);
    }
    await rm(script);
  }

  /** Trims, changes the speaker, and brings the clip to the telephone's rate and one level. */
  async #keep(sentence: Sentence, raw: string): Promise<void> {
    const { pitchCents, tempo } = sentence.voice;
    const trim = ['silence', '1', '0.01', '0.4%', 'reverse', 'silence', '1', '0.01', '0.4%', 'reverse'];
    const change = [
      ...(pitchCents ? ['pitch', `${pitchCents}`] : []),
      ...(tempo === 1 ? [] : ['tempo', '-s', `${tempo}`]),
    ];
    const path = this.#path(sentence);
    await run('sox', [
      '-R',
      '-V1',
      raw,
      '-r',
      '8000',
      '-c',
      '1',
      '-b',
      '16',
      path,
      ...trim,
      ...change,
      'gain',
      '-n',
      '-3',
    ]);
  }

  #path({ voice, text }: Sentence): string {
    const name = createHash('sha256').update(`${voice.id}\n${text}`).digest('hex').slice(0, 24);
    return join(this.#folder, `${name}.wav`);
  }
}

/** @returns the file that holds the sentence: `file`, or the recording. */
async function speak(sentence: Sentence, file: string): Promise<string> {
  const { voice, text } = sentence;
  if (voice.engine === 'recorded') {
    const recording = join(voice.name, text);
    if (!existsSync(recording)) throw new SpeechFailed(sentence, 'the recording is not there');
    return recording;
  }
  const commands: Readonly<Record<'espeak-ng' | 'flite', readonly string[]>> = {
    'espeak-ng': ['-v', voice.name, '-s', '165', '-w', file, text],
    flite: ['-voice', voice.name, '-t', text, '-o', file],
  };
  try {
    await run(voice.engine, commands[voice.engine as 'espeak-ng' | 'flite']);
  } catch (error) {
    throw new SpeechFailed(sentence, error instanceof Error ? error.message : String(error));
  }
  return file;
}

function byName(sentences: readonly Sentence[]): ReadonlyMap<string, readonly Sentence[]> {
  return Map.groupBy(sentences, ({ voice }) => voice.name);
}
