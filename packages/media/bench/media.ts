/**
 * `npm run bench:media`: how many calls the media engine carries cleanly, and what a call costs.
 *
 * Service and generator are processes of their own. A step is clean when ticks are late by less than 10 ms in 99 of 100
 * and no packet is missing on either side. Exit code 1: fewer than `--gate` calls were clean, or they cost over `--cpu`.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  amountOf,
  countOf,
  countsOf,
  developerCommand,
  namesAmong,
  watchStolenTime,
} from '@ringback/testkit';
import type {
  FromGenerator,
  FromService,
  Omitted,
  ServiceReading,
  ToGenerator,
  ToService,
} from './media-messages.ts';

interface MediaBenchOptions {
  readonly calls: readonly number[];
  readonly bridged: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly workers: number;
  readonly gate: number;
  readonly cpu: number;
  readonly profile?: string;
  readonly without?: Omitted[];
  readonly json: boolean;
}

const values = developerCommand('npm run bench:media --')
  .description('Measures how many calls the media engine carries cleanly, and what a call costs.')
  .option('--calls <list>', 'calls of each step, "" for none', orNone(countsOf), [100, 200, 400, 800])
  .option(
    '--bridged <list>',
    'pairs joined with each other, of each step, "" for none',
    orNone(countsOf),
    [250],
  )
  .option('--rounds <number>', 'rounds of each step; the best counts', countOf, 5)
  .option('--seconds <number>', 'measured time of a round, s', amountOf, 10)
  .option(
    '--workers <number>',
    'threads that share the work; by itself one fewer than cores',
    countOf,
    Math.max(1, availableParallelism() - 1),
  )
  .option('--gate <number>', 'calls that must be clean', countOf, 400)
  .option('--cpu <percent>', 'what 100 of those calls may cost, percent of a core', amountOf, 15)
  .option('--profile <directory>', "write CPU profiles of the service's threads; they slow it down")
  .option(
    '--without <parts>',
    'parts left out: recording,detection, or one of them',
    orNone(namesAmong<Omitted>(['recording', 'detection'])),
  )
  .option('--json', 'print the results as JSON', false)
  .addHelpText(
    'after',
    `
Exit code 1: fewer calls were clean than --gate, or they cost more than --cpu.

Examples:
  npm run bench:media -- --calls 400 --rounds 1 --seconds 20
  npm run bench:media -- --calls 800 --workers 2 --bridged ""      the work shared by two workers
  npm run bench:media -- --without recording,detection             what is left is the price of the rest
  npm run bench:media -- --calls 400 --rounds 1 --profile DIR      CPU profiles`,
  )
  .parse()
  .opts<MediaBenchOptions>();
const { seconds, workers, without = [] } = values;

/** Where an empty list is one that names nothing. */
function orNone<Item>(read: (text: string) => Item[]): (text: string) => Item[] {
  return (text) => (text === '' ? [] : read(text));
}

/** Late ticks of the first seconds belong to the compiler. */
const WARM_UP_MS = 4_000;

interface Step {
  mode: 'single' | 'bridged';
  calls: number;
  cpuPercent: number;
  cpuPercentPer100: number;
  workerPercent: number[];
  tickP99Ms: number;
  tickMaxMs: number;
  lostByUs: number;
  kibPerCall: number;
  isClean: boolean;
  generatorPercent: number;
  /** Of the CPU time of the step, what the host gave to other machines, from 0 to 1. */
  stolen: number | undefined;
}

/** One program and its messages: each question has one answer. */
class Program<To, From> {
  readonly #child: ChildProcess;
  constructor(file: string, args: string[] = []) {
    this.#child = fork(new URL(file, import.meta.url), { execArgv: [...process.execArgv, ...args] });
  }

  ask<K extends From & { kind: string }>(message: To): Promise<K> {
    return new Promise((resolve, reject) => {
      const died = (code: number | null): void => reject(new Error(`a program ended with code ${code}`));
      this.#child.once('exit', died);
      this.#child.once('message', (answer) => {
        this.#child.off('exit', died);
        resolve(answer as K);
      });
      this.#child.send(message as object);
    });
  }

  async stop(message: To): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.send(message as object);
    await ended;
  }
}

type Counted = Extract<FromGenerator, { kind: 'counted' }>;

async function measureStep(mode: Step['mode'], calls: number): Promise<Step> {
  const folder = await mkdtemp(join(tmpdir(), 'ringback-bench-'));
  const service = new Program<ToService, FromService>('./media-service.ts', [
    '--expose-gc',
    ...(values.profile ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] : []),
  ]);
  const generator = new Program<ToGenerator, FromGenerator>('./media-generator.ts');
  try {
    const legs = mode === 'bridged' ? 2 * calls : calls;
    const opened = await service.ask<Extract<FromService, { kind: 'opened' }>>({
      kind: 'open',
      legs,
      pairs: mode,
      folder,
      workers,
      without,
    });
    const far = await generator.ask<Extract<FromGenerator, { kind: 'opened' }>>({
      kind: 'open',
      calls: opened.calls,
    });
    await service.ask({ kind: 'connect', calls: far.calls });
    await delay(WARM_UP_MS);
    const read = async (): Promise<[ServiceReading, Counted]> => {
      const counted = await generator.ask<Counted>({ kind: 'count' });
      const { reading } = await service.ask<Extract<FromService, { kind: 'measured' }>>({ kind: 'measure' });
      return [reading, counted];
    };
    const stolen = watchStolenTime();
    const [before, countedBefore] = await read();
    await delay(seconds * 1_000);
    const [after, countedAfter] = await read();
    return { ...stepOf(mode, calls, before, after, countedBefore, countedAfter), stolen: stolen() };
  } finally {
    await Promise.all([service.stop({ kind: 'stop' }), generator.stop({ kind: 'stop' })]);
    await rm(folder, { recursive: true });
  }
}

function stepOf(
  mode: Step['mode'],
  calls: number,
  before: ServiceReading,
  after: ServiceReading,
  countedBefore: Counted,
  countedAfter: Counted,
): Omit<Step, 'stolen'> {
  const elapsedMicros = (after.atMs - before.atMs) * 1_000;
  const percent = (micros: number): number => (100 * micros) / elapsedMicros;
  const cpuPercent = percent(after.cpuMicros - before.cpuMicros);
  const streams = mode === 'bridged' ? 2 * calls : calls;
  // What we did not read, what never reached the generator, and what we never sent.
  const lostByUs =
    after.lost -
    before.lost +
    (countedAfter.lost - countedBefore.lost) +
    streams * (after.ticksSkipped - before.ticksSkipped);
  const tickP99Ms = after.latenessP99Ms;
  return {
    mode,
    calls,
    cpuPercent,
    cpuPercentPer100: (cpuPercent * 100) / calls,
    workerPercent: after.workerCpuMicros.map((micros, n) =>
      percent(micros - (before.workerCpuMicros[n] ?? 0)),
    ),
    tickP99Ms,
    tickMaxMs: after.latenessMaxMs,
    lostByUs,
    kibPerCall: (after.rssBytes - after.baselineRssBytes) / 1_024 / calls,
    isClean: tickP99Ms < 10 && lostByUs === 0,
    generatorPercent: percent(countedAfter.cpuMicros - countedBefore.cpuMicros),
  };
}

/** A clean round before one that is not, then the one with the steadier beat: neighbours on the machine only add. */
function isBetter(step: Step, than: Step | undefined): boolean {
  if (!than) return true;
  if (step.isClean !== than.isClean) return step.isClean;
  return step.tickP99Ms < than.tickP99Ms;
}

function rowOf(step: Step): Record<string, string | number> {
  return {
    '': step.mode === 'bridged' ? 'bridged' : 'prompt, recorded',
    calls: step.calls,
    'CPU %': step.cpuPercent.toFixed(1),
    'CPU % per 100': step.cpuPercentPer100.toFixed(1),
    'of it workers %': step.workerPercent.map((percent) => percent.toFixed(1)).join(' + '),
    'lost by us': step.lostByUs,
    'tick p99 ms': step.tickP99Ms.toFixed(2),
    'tick max ms': step.tickMaxMs.toFixed(1),
    'KiB per call': step.kibPerCall.toFixed(0),
    clean: step.isClean ? 'yes' : 'no',
    'generator %': step.generatorPercent.toFixed(0),
    'stolen %': step.stolen === undefined ? '?' : (step.stolen * 100).toFixed(1),
  };
}

const plan = [
  ...values.calls.map((calls) => ({ mode: 'single' as const, calls })),
  ...values.bridged.map((calls) => ({ mode: 'bridged' as const, calls })),
];
const best: Step[] = [];
const loadBefore = loadavg();
for (const { mode, calls } of plan) {
  let chosen: Step | undefined;
  for (let round = 1; round <= values.rounds; round += 1) {
    const step = await measureStep(mode, calls);
    if (!values.json) console.error(`${mode} ${calls}, round ${round}:`, JSON.stringify(rowOf(step)));
    if (isBetter(step, chosen)) chosen = step;
  }
  if (chosen) best.push(chosen);
}
const single = best.filter(({ mode }) => mode === 'single');
const highestClean = Math.max(0, ...single.filter(({ isClean }) => isClean).map(({ calls }) => calls));
const gate = single.find(({ calls }) => calls >= values.gate);
const holds = !gate || (gate.isClean && gate.cpuPercentPer100 <= values.cpu);
const load = { before: loadBefore, after: loadavg() };
if (values.json)
  console.log(JSON.stringify({ workers, seconds, load, highestClean, holds, steps: best }, null, 2));
else {
  console.table(best.map(rowOf));
  console.log(
    `highest clean count: ${highestClean}; load ${load.before[0]?.toFixed(1)} → ${load.after[0]?.toFixed(1)}`,
  );
}
process.exitCode = holds ? 0 : 1;
