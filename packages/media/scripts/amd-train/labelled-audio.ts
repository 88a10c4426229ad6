/** The tuning parts of a built set, as training reads them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readWav } from '../../src/codec/wav.ts';

export interface LabelledAudio {
  readonly label: string;
  readonly kind: string;
  readonly noise: string;
  readonly file: string;
  readonly speech: readonly (readonly [startMs: number, endMs: number])[];
  readonly pcm: Int16Array;
}

/** Reads one item after another, each when it is asked for. */
export function* readPart(directory: string, part: 'train' | 'dev'): Generator<LabelledAudio> {
  const [header = '', ...lines] = readFileSync(join(directory, 'labels.csv'), 'utf8').trim().split('\n');
  const columns = header.split(',');
  for (const line of lines) {
    const row = Object.fromEntries(line.split(',').map((value, n) => [columns[n], value]));
    if (row.part !== part) continue;
    const { file = '', label = '', kind = '', noise = '', speechMs = '' } = row;
    const [pcm] = readWav(readFileSync(join(directory, file))).channels;
    if (!pcm) continue;
    const speech = speechMs
      .split(' ')
      .filter((text: string) => text !== '')
      .map((text: string) => text.split('-').map(Number) as [number, number]);
    yield { file, label, kind, noise, speech, pcm };
  }
}
