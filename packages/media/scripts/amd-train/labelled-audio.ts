/** The tuning parts of a built set, as training reads them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readWav } from '../../src/codec/wav.ts';

type Part = 'train' | 'dev';

export interface LabelledAudio {
  readonly label: string;
  readonly kind: string;
  readonly noise: string;
  readonly file: string;
  readonly speech: readonly (readonly [startMs: number, endMs: number])[];
  readonly pcm: Int16Array;
}

/** Whether anything of the part was built there. */
export function hasPart(directory: string, part: Part): boolean {
  return rowsOf(directory, part).length > 0;
}

/** Reads one item after another, each when it is asked for. */
export function* readPart(directory: string, part: Part): Generator<LabelledAudio> {
  for (const row of rowsOf(directory, part)) {
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

function rowsOf(directory: string, part: Part): Readonly<Record<string, string>>[] {
  const [header = '', ...lines] = readFileSync(join(directory, 'labels.csv'), 'utf8').trim().split('\n');
  const columns = header.split(',');
  return lines
    .map((line) => Object.fromEntries(line.split(',').map((value, n) => [columns[n], value])))
    .filter((row) => row.part === part);
}
