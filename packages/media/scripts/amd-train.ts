/**
 * Fits what detection has learned to the train part of the open set: `npm run amd:train -- DIR`. First the network that hears
 * voices (src/detect/voice-weights.ts), then, with what it hears, the model of the cadence (src/amd/answer-weights.ts).
 * Prints for the dev part what each threshold would cost. Never reads the test part.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { developerCommand } from '@ringback/testkit';
import { type AmdSettings, defaultAmdSettings } from '../src/amd/amd-settings.ts';
import { AnswerListener } from '../src/amd/answer-listener.ts';
import { type AnswerModels, humanLogOdds, type MeasureName } from '../src/amd/answer-model.ts';
import type { CadenceMeasures } from '../src/amd/speech-cadence.ts';
import { decodeNetwork, encodeNetwork, type VoiceNetwork } from '../src/detect/voice-network.ts';
import { voiceNetwork } from '../src/detect/voice-weights.ts';
import { loadWebRtcVad } from '../src/detect/webrtc-vad.ts';
import { type FitRow, fitModel, type Slope } from './amd-train/fit-model.ts';
import { fitVoice } from './amd-train/fit-voice.ts';
import { hearVoices } from './amd-train/hear-voices.ts';
import { hasPart, type LabelledAudio, readPart } from './amd-train/labelled-audio.ts';

/** Which way a measure may push: a person says little and then waits, whatever the set says of it. */
const slopes: ReadonlyMap<MeasureName, Slope> = new Map([
  ['speech', 'machine'],
  ['lastUtterance', 'machine'],
  ['firstUtterance', 'machine'],
  ['silence', 'human'],
  ['utterances', 'machine'],
  ['longestPause', 'either'],
  ['syllables', 'machine'],
  ['noiseAdded', 'machine'],
  ['onset', 'machine'],
]);

/**
 * The same later than people should be told by. Who is left then has a long greeting of one breath, or is a machine that
 * says little: length no longer tells alone.
 */
const lateSlopes: ReadonlyMap<MeasureName, Slope> = new Map([
  ...slopes,
  ['speech', 'either'],
  ['lastUtterance', 'either'],
  ['firstUtterance', 'either'],
  ['syllables', 'either'],
]);

/** One item as the model sees it: measures every 20 ms since the first speech. */
interface Heard {
  readonly label: 'human' | 'machine';
  readonly kind: string;
  readonly file: string;
  readonly startedMs: number;
  readonly rows: readonly (readonly number[])[];
}

const units = 32;
const epochs = 7;

/** Nothing later decides, ms; silences are learned from within these lengths, s. */
const longestMs = 7_000;
const shortestSilence = 0.12;
const longestSilence = 2.6;
const longestLateSilence = 3.6;
/** Most is decided in shorter silences, s. */
const longSilence = 1;
/** Just before the last moment, weaker evidence is enough, ms. */
const hurryMs = 60;

const command = developerCommand('npm run amd:train --')
  .description(
    'Fits what detection has learned to the train part of the open set, and writes the weights into packages/media/src.',
  )
  .argument('<directory>', 'where npm run amd:set built the parts train and dev')
  .option('--keep-voice', 'keep the network that hears voices; fit only the model of the cadence', false)
  .addHelpText(
    'after',
    `
Examples:
  npm run amd:train -- /tmp/amd
  npm run amd:train -- /tmp/amd --keep-voice`,
  )
  .parse();
const [directory = ''] = command.args;
const { keepVoice } = command.opts<{ readonly keepVoice: boolean }>();
if (!existsSync(join(directory, 'labels.csv')))
  command.error(`error: ${directory} has no labels.csv; build the set there with npm run amd:set`);
if (!hasPart(directory, 'train'))
  command.error(
    `error: ${directory} has nothing of the part train; add it with npm run amd:set -- ${directory} --part train`,
  );

/** Fitted with voices behind apart, the trees took a short greeting and a pause for a person sooner. */
const fittingSettings = { ...defaultAmdSettings, behindDb: 100 };

const names = [...slopes.keys()];
const vad = await loadWebRtcVad();
const network = keepVoice ? voiceNetwork : trainVoice(directory);
const heard = hear(directory, 'train', fittingSettings);
const { decideByMs } = defaultAmdSettings;
const inTime = fitModel(
  names,
  slopes,
  heard.flatMap((item) => rowsOf(item, isInTime, longestSilence)),
);
const undecided = heard.filter((item) => !isToldInTime(item));
const late = fitModel(
  names,
  lateSlopes,
  undecided.flatMap((item) => rowsOf(item, isLate, longestLateSilence)),
);
write('../src/amd/answer-weights.ts', weightsFile({ inTime, late }));
if (hasPart(directory, 'dev'))
  process.stdout.write(`${thresholds(hear(directory, 'dev', defaultAmdSettings))}\n`);

function trainVoice(from: string): VoiceNetwork {
  const examples = hearVoices(readPart(from, 'train'), vad);
  const fitted = encodeNetwork(
    fitVoice(examples, units, epochs, (text) => process.stderr.write(`${text}\n`)),
  );
  write('../src/detect/voice-weights.ts', networkFile(fitted));
  return decodeNetwork(units, fitted);
}

function hear(from: string, part: 'train' | 'dev', settings: AmdSettings): Heard[] {
  const heard: Heard[] = [];
  for (const item of readPart(from, part)) {
    const { label, kind, file } = item;
    if (label === 'human' || label === 'machine')
      heard.push({ label, kind, file, ...hearItem(item, settings) });
  }
  return heard;
}

function hearItem({ pcm }: LabelledAudio, settings: AmdSettings): Pick<Heard, 'startedMs' | 'rows'> {
  const listener = new AnswerListener(vad, settings, () => undefined, network);
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
function rowsOf(item: Heard, isMeant: (atMs: number) => boolean, longest: number): FitRow[] {
  return item.rows
    .filter((row, n) => n % 2 === 0 && isMeant(timeOf(item, n)) && isAskedOf(silenceOf(row), longest))
    .map((values) => ({
      values,
      isHuman: item.label === 'human',
      weight: silenceOf(values) < longSilence ? 1 : 0.4,
    }));
}

function isAskedOf(silence: number, longest: number): boolean {
  return silence >= shortestSilence && silence <= longest;
}

/** Whether a detector, not just ours of today, would take it for a person in time. */
function isToldInTime(item: Heard): boolean {
  return item.rows.some((row, n) => {
    const atMs = timeOf(item, n);
    if (!isInTime(atMs)) return false;
    const isHurried = atMs > decideByMs - hurryMs;
    if (silenceOf(row) < (isHurried ? 0.14 : 0.34)) return false;
    return humanLogOdds(inTime, measuresOf(row)) >= (isHurried ? 0 : 2.8);
  });
}

function isInTime(atMs: number): boolean {
  return atMs <= decideByMs;
}

function isLate(atMs: number): boolean {
  return atMs > decideByMs;
}

function timeOf(item: Heard, n: number): number {
  return item.startedMs + 20 * (n + 1);
}

function silenceOf(row: readonly number[]): number {
  return row[names.indexOf('silence')] ?? 0;
}

function measuresOf(row: readonly number[]): CadenceMeasures {
  return Object.fromEntries(names.map((name, at) => [name, row[at]])) as unknown as CadenceMeasures;
}

/** What the dev part says of each threshold for people: how fast, and who is mistaken for whom. */
function thresholds(items: readonly Heard[]): string {
  const lines = ['threshold  human p50/p95 ms after first speech  human missed  machines taken for people'];
  for (let threshold = 1; threshold <= 5; threshold += 0.5) {
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
  for (const [n, row] of item.rows.entries()) {
    if (silenceOf(row) < 0.14) continue;
    const model = isInTime(timeOf(item, n)) ? inTime : late;
    if (humanLogOdds(model, measuresOf(row)) >= threshold) return n * 20;
  }
  return undefined;
}

function weightsFile(fitted: AnswerModels): string {
  return [
    '/** Trees of the answer models, fitted by `npm run amd:train` to the train part of the open set. Do not edit by hand. */',
    "import type { AnswerModels } from './answer-model.ts';",
    '',
    'export const answerWeights: AnswerModels = JSON.parse(',
    `  '${JSON.stringify(fitted)}',`,
    ');',
    '',
  ].join('\n');
}

function networkFile(text: string): string {
  return [
    '/** Weights of the voice network, fitted by `npm run amd:train` to the train part of the open set. Do not edit by hand. */',
    "import { decodeNetwork } from './voice-network.ts';",
    '',
    'export const voiceNetwork = decodeNetwork(',
    `  ${units},`,
    `  '${text}',`,
    ');',
    '',
  ].join('\n');
}

function write(path: string, text: string): void {
  const file = new URL(path, import.meta.url);
  writeFileSync(file, text);
  process.stderr.write(`${file.pathname}\n`);
}
