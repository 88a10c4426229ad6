/**
 * Fits the weights of the answer model to the train part of the open set: `npm run amd:train -- DIR`. Writes
 * src/amd/answer-weights.ts, and prints for the dev part what each threshold would cost. Never reads the test part.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultAmdSettings } from '../src/amd/amd-settings.ts';
import { AnswerListener } from '../src/amd/answer-listener.ts';
import { type AnswerModel, humanLogOdds, type MeasureName } from '../src/amd/answer-model.ts';
import { readWav } from '../src/codec/wav.ts';
import { loadWebRtcVad } from '../src/detect/webrtc-vad.ts';
import { type FitRow, fitModel, type Slope } from './amd-train/fit-model.ts';

/** Which way a measure may push: a person says little and then waits, whatever the set says of it. */
const slopes: ReadonlyMap<MeasureName, Slope> = new Map([
  ['speech', 'machine'],
  ['lastUtterance', 'machine'],
  ['firstUtterance', 'machine'],
  ['silence', 'human'],
  ['silenceAfterSyllable', 'human'],
  ['silenceAfterWord', 'human'],
  ['silenceAfterPhrase', 'human'],
  ['silenceAfterSentence', 'human'],
  ['syllables', 'machine'],
  ['utterances', 'machine'],
  ['longestPause', 'human'],
]);

/** One item as the model sees it: measures every 20 ms since the first speech. */
interface Heard {
  readonly label: 'human' | 'machine';
  readonly kind: string;
  readonly startedMs: number;
  readonly rows: readonly (readonly number[])[];
}

/** Nothing later decides, ms; silences are learned from within these lengths, s. */
const longestMs = 7_000;
const shortestSilence = 0.14;
const longestSilence = 1.4;

const [directory] = process.argv.slice(2);
if (!directory) {
  process.stderr.write('Usage: npm run amd:train -- DIR\n');
  process.exit(2);
}

const names = [...slopes.keys()];
const vad = await loadWebRtcVad();
const train = hear('train');
const dev = hear('dev');
const model = fitModel(names, slopes, train.flatMap(rowsOf));
const file = new URL('../src/amd/answer-weights.ts', import.meta.url);
writeFileSync(file, weightsFile(model));
process.stdout.write(`${train.length} train items; weights in ${file.pathname}\n\n${thresholds(dev)}\n`);

function hear(part: 'train' | 'dev'): Heard[] {
  const [header = '', ...lines] = readFileSync(join(directory as string, 'labels.csv'), 'utf8')
    .trim()
    .split('\n');
  const columns = header.split(',');
  const heard: Heard[] = [];
  for (const line of lines) {
    const row = Object.fromEntries(line.split(',').map((value, n) => [columns[n], value]));
    const { label } = row;
    if (row.part !== part || (label !== 'human' && label !== 'machine')) continue;
    const item = hearFile(join(directory as string, row.file ?? ''));
    if (item) heard.push({ label, kind: row.kind ?? '', ...item });
  }
  return heard;
}

function hearFile(path: string): Pick<Heard, 'startedMs' | 'rows'> | undefined {
  const [pcm] = readWav(readFileSync(path)).channels;
  if (!pcm) return undefined;
  const { lowestLevelDb, aboveNoiseDb } = defaultAmdSettings;
  const listener = new AnswerListener(vad, { lowestLevelDb, aboveNoiseDb }, () => undefined);
  const rows: number[][] = [];
  for (let at = 0; at + 160 <= pcm.length && listener.nowMs < longestMs; at += 160) {
    listener.hear(pcm.subarray(at, at + 160));
    if (listener.cadence.startedMs !== undefined)
      rows.push(names.map((name) => listener.cadence.measures[name]));
  }
  listener.close();
  return { startedMs: listener.nowMs - 20 * rows.length, rows };
}

/** The silences of an item, each moment counting the same: then the fit says how many of a hundred such silences are people's. */
function rowsOf(item: Heard): FitRow[] {
  const silenceAt = names.indexOf('silence');
  return item.rows
    .filter((row, n) => n % 2 === 0 && isAskedOf(row[silenceAt] ?? 0))
    .map((values) => ({ values, isHuman: item.label === 'human', weight: 1 }));
}

function isAskedOf(silence: number): boolean {
  return silence >= shortestSilence && silence <= longestSilence;
}

/** What the dev part says of each threshold for people: how fast, and who is mistaken for whom. */
function thresholds(items: readonly Heard[]): string {
  const lines = ['threshold  human p50/p95 ms after first speech  human missed  machines taken for people'];
  for (let threshold = 1; threshold <= 4; threshold += 0.25) {
    const times = items.map((item) => ({ item, ms: firstHumanMs(item, threshold) }));
    const people = times.filter(({ item }) => item.label === 'human');
    const machines = times.filter(({ item }) => item.label === 'machine');
    const found = people.flatMap(({ ms }) => (ms === undefined ? [] : [ms])).sort((a, b) => a - b);
    const at = (share: number): number => found[Math.floor(share * (found.length - 1))] ?? Number.NaN;
    const mistaken = machines.filter(({ ms }) => ms !== undefined).length;
    lines.push(
      `${threshold.toFixed(1).padStart(9)}  ${at(0.5)} / ${at(0.95)}  ${people.length - found.length} of ${people.length}  ${mistaken} of ${machines.length}`,
    );
  }
  return lines.join('\n');
}

function firstHumanMs(item: Heard, threshold: number): number | undefined {
  const silenceAt = names.indexOf('silence');
  for (const [n, row] of item.rows.entries()) {
    if ((row[silenceAt] ?? 0) < 0.2) continue;
    const measures = Object.fromEntries(names.map((name, at) => [name, row[at]])) as never;
    if (humanLogOdds(model, measures) >= threshold) return n * 20;
  }
  return undefined;
}

function weightsFile(fitted: AnswerModel): string {
  return [
    '/** Weights of the answer model, fitted by `npm run amd:train` to the train part of the open set. Do not edit by hand. */',
    "import type { AnswerModel } from './answer-model.ts';",
    '',
    `export const answerWeights: AnswerModel = ${JSON.stringify(fitted, null, 2)};`,
    '',
  ].join('\n');
}
