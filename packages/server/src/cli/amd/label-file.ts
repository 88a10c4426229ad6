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
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') {
      throw new LabelsUnusable(
        `${directory} is no directory; ringback amd explain takes a single recording.`,
      );
    }
    throw new LabelsUnusable(
      `${path} cannot be read (${code}). It needs the columns file and label; docs/amd.md shows one.`,
    );
  }
  const [header = '', ...lines] = text.split(/\r\n|\r|\n/);
  const separator = [',', ';', '\t'].find((each) => header.includes(each)) ?? ',';
  const columns = cellsOf(header, separator).map((name) => name.toLowerCase());
  if (!columns.includes('file') || !columns.includes('label')) {
    throw new LabelsUnusable(
      `${path}: the first line must name the columns, file and label among them; it has ${JSON.stringify(header.slice(0, 80))}.`,
    );
  }
  const lineOf = new Map<string, number>();
  return lines.flatMap((line, n) => {
    if (line.trim() === '') return [];
    const cells = cellsOf(line, separator);
    const cell = (name: string): string => cells[columns.indexOf(name.toLowerCase())] ?? '';
    const where = `${path}, line ${n + 2}`;
    const row = labelled(cell, where);
    const before = lineOf.get(row.file);
    if (before !== undefined) {
      throw new LabelsUnusable(`${where}: ${row.file} stands in line ${before} already; remove one of them.`);
    }
    lineOf.set(row.file, n + 2);
    return [row];
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
  const beep = beepOf(cell('beepStartMs'), cell('beepEndMs'), where);
  const part = cell('part');
  const kind = cell('kind');
  return { file, label, ...(part ? { part } : {}), ...(kind ? { kind } : {}), ...(beep ? { beep } : {}) };
}

/** Its end is enough; without one a beep would be taken for none. */
function beepOf(start: string, end: string, where: string): { startMs: number; endMs: number } | undefined {
  if (start === '' && end === '') return undefined;
  const [startMs, endMs] = [Number(start || end), Number(end || Number.NaN)];
  if (startMs >= 0 && endMs >= startMs && endMs < Number.POSITIVE_INFINITY) return { startMs, endMs };
  const found = `${JSON.stringify(start)} and ${JSON.stringify(end)}`;
  throw new LabelsUnusable(
    `${where}: beepStartMs and beepEndMs are ${found}; they are milliseconds since the answer, the end not before the start.`,
  );
}
