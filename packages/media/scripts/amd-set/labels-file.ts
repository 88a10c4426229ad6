/** `labels.csv` of the open set: a row for each item, of whatever parts the directory has. Written by amd-set.ts. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Part } from './voices.ts';

const columns = [
  ...[
    'file',
    'label',
    'part',
    'fold',
    'kind',
    'greetingStartMs',
    'greetingEndMs',
    'beepStartMs',
    'beepEndMs',
  ],
  ...['engine', 'voice', 'greeting', 'noise', 'snrDb', 'codec', 'gsm', 'loss', 'speechMs'],
] as const;

/** Cells of one item; none has a comma. */
export type LabelRow = Readonly<Record<(typeof columns)[number], string | number>> & { readonly part: Part };

/** Puts the rows in place of all that the file has of their parts. Rows of other parts stay, unless the file has other columns. */
export function writeLabels(file: string, rows: readonly LabelRow[]): void {
  const header = columns.join(',');
  const [formerHeader, ...former] = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  const parts = new Set<string>(rows.map(({ part }) => part));
  const isOther = (line: string): boolean => !parts.has(line.split(',')[columns.indexOf('part')] ?? '');
  const kept = formerHeader === header ? former.filter(isOther) : [];
  const written = rows.map((row) => columns.map((column) => row[column]).join(','));
  writeFileSync(file, `${[header, ...kept, ...written].join('\n')}\n`);
}
