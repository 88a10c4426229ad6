/**
 * What is said, by part: `texts/PART.txt`; no sentence stands in two parts. `|` ends a sentence; a pause of the speaker's
 * follows. Where a voice was recorded, its sentences are the files of the recordings.
 */
import { readFileSync } from 'node:fs';
import { foldsOf, type Part } from './voices.ts';

export type GreetingKind =
  | 'short'
  | 'named'
  | 'business-short'
  | 'business-long'
  | 'voicemail'
  | 'carrier-voicemail'
  | 'business-voicemail'
  | 'announcement'
  | 'screening'
  | 'attendant';

export interface Greeting {
  readonly id: string;
  readonly part: Part;
  /** Which of the train part's folds it belongs to; 0 elsewhere. */
  readonly fold: number;
  readonly language: string;
  readonly kind: GreetingKind;
  readonly sentences: readonly string[];
}

export const greetings: readonly Greeting[] = (['train', 'dev', 'test'] as const).flatMap(parse);

/** Texts go to the folds in which their language is spoken, in turn. */
function parse(part: Part): Greeting[] {
  const table = readFileSync(new URL(`texts/${part}.txt`, import.meta.url), 'utf8');
  const found: Greeting[] = [];
  let heading: Pick<Greeting, 'language' | 'kind'> | undefined;
  let own = 0;
  for (const line of table.split('\n')) {
    if (line.startsWith('# ')) {
      const [language = '', kind] = line.slice(2).split(' ');
      heading = { language, kind: kind as GreetingKind };
      own = found.filter((each) => each.language === language && each.kind === kind).length;
    } else if (line !== '' && heading) {
      const folds = foldsOf(part, heading.language);
      const fold = folds[own % folds.length] ?? 0;
      const id = `${part}-${heading.language}-${heading.kind}-${found.length}`;
      found.push({ ...heading, part, fold, id, sentences: line.split('|') });
      own += 1;
    }
  }
  return found;
}
