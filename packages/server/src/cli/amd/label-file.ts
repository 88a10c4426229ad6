/** The labels of a directory of recordings: `labels.csv`, one row a file. Read by `ringback amd evaluate`. */
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** What answered, as far as a caller treats it differently. */
export const answerLabels = ['human', 'machine', 'fax', 'tone', 'unresolved'] as const;
export type AnswerLabel = (typeof answerLabels)[number];

/** Other words for the labels, Connect's among them. */
const synonyms: Readonly<Record<string, AnswerLabel>> = {
  person: 'human',
  live: 'human',
  human_answered: 'human',
  voicemail: 'machine',
  voicemail_beep: 'machine',
  voicemail_no_beep: 'machine',
  answering_machine: 'machine',
  fax_machine_detected: 'fax',
  sit: 'tone',
  busy: 'tone',
  reorder: 'tone',
  sit_tone_busy: 'tone',
  sit_tone_detected: 'tone',
  sit_tone_invalid_number: 'tone',
  silence: 'unresolved',
  noise: 'unresolved',
  ringback: 'unresolved',
  amd_unresolved: 'unresolved',
  amd_unanswered: 'unresolved',
};

export interface LabelledFile {
  readonly file: string;
  readonly label: AnswerLabel;
  /** `train`, `dev` or `test` in the open set. */
  readonly part?: string;
  /** A finer word, for tables. */
  readonly kind?: string;
  readonly beep?: { readonly startMs: number; readonly endMs: number };
}

export class LabelsUnusable extends Error {
  override readonly name = 'LabelsUnusable';
}

/** @throws {LabelsUnusable} says line and reason. */
export function readLabels(directory: string): LabelledFile[] {
  const path = join(directory, 'labels.csv');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new LabelsUnusable(
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code}). It needs the columns file and label; docs/amd.md shows one.`,
    );
  }
  const [header = '', ...lines] = text.split(/\r\n|\r|\n/);
  const separator = [',', ';', '\t'].find((each) => header.includes(each)) ?? ',';
  const columns = cellsOf(header, separator);
  if (!columns.includes('file') || !columns.includes('label')) {
    throw new LabelsUnusable(`${path}: the first line must name the columns, file and label among them.`);
  }
  return lines.flatMap((line, n) => {
    if (line.trim() === '') return [];
    const cells = cellsOf(line, separator);
    const cell = (name: string): string => cells[columns.indexOf(name)] ?? '';
    return [labelled(cell, `${path}, line ${n + 2}`)];
  });
}

/** As spreadsheets write them (RFC 4180): a cell in quotes may hold the separator, and a quote as two. */
function cellsOf(line: string, separator: string): string[] {
  const cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] as string;
    if (character === '"' && isQuoted && line[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (character === '"' && (isQuoted || cell.trim() === '')) isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) {
      cells.push(cell.trim());
      cell = '';
    } else cell += character;
  }
  return [...cells, cell.trim()];
}

function labelled(cell: (name: string) => string, where: string): LabelledFile {
  const file = cell('file');
  if (file === '' || isAbsolute(file) || file.split(/[/\\]/).includes('..')) {
    throw new LabelsUnusable(`${where}: ${JSON.stringify(file)} is no file of the directory.`);
  }
  const word = cell('label').toLowerCase();
  const label = answerLabels.find((each) => each === word) ?? synonyms[word];
  if (!label) {
    const known = [...answerLabels, ...Object.keys(synonyms)].join(', ');
    throw new LabelsUnusable(`${where}: the label ${JSON.stringify(word)} is unknown. Known are ${known}.`);
  }
  const endMs = cell('beepEndMs');
  const startMs = cell('beepStartMs');
  const beep = endMs === '' ? undefined : { startMs: Number(startMs || endMs), endMs: Number(endMs) };
  if (beep && !(Number.isFinite(beep.startMs) && Number.isFinite(beep.endMs))) {
    throw new LabelsUnusable(`${where}: beepStartMs and beepEndMs are milliseconds.`);
  }
  const part = cell('part');
  const kind = cell('kind');
  return { file, label, ...(part ? { part } : {}), ...(kind ? { kind } : {}), ...(beep ? { beep } : {}) };
}
