/** `npm run bench`: one run of all phases, a table or JSON, and a failure where a check fails. docs/benchmarks.md explains the figures. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { countOf, developerCommand } from '@ringback/testkit';
import { openAcceptPeer } from './accept-rate.ts';
import { type LoadedPeer, measureInTurn } from './accept-rounds.ts';
import { phasesAmong, report, runMain } from './bench-command.ts';
import { measureCompleteContacts } from './complete-contacts.ts';
import { openBaselinePeer } from './fastify-baseline.ts';
import { watchMachine } from './machine.ts';
import { spreadOf } from './percentiles.ts';
import type { Figure, PhaseResult, RoundFigures } from './results.ts';
import { measureSippRatio } from './sipp-ratio.ts';

interface BenchOptions {
  readonly only: readonly string[];
  readonly seconds: number;
  readonly rounds: number;
  readonly connections: number;
  readonly inFlight: number;
  readonly held: number;
  readonly profile?: string;
  readonly json: boolean;
}

const phaseNames = ['A', 'B', 'C', 'D'] as const;

const command = developerCommand('npm run bench --')
  .description('Measures the service as a separate process, beside the programs it is compared with.')
  .option('--only <phases>', 'phases to run, for example A,D', phasesAmong(phaseNames), [...phaseNames])
  .option('--seconds <number>', 'measured time of a round of A and D, and of B', countOf, 8)
  .option(
    '--rounds <number>',
    'rounds of the phases A and D, which take turns; the fastest counts',
    countOf,
    3,
  )
  .option('--connections <number>', 'HTTP connections of the phases A and D', countOf, 64)
  .option('--in-flight <number>', 'contacts in flight in phase B', countOf, 128)
  .option('--held <number>', 'calls held at once in phase B, for their memory and CPU', countOf, 300)
  .option('--profile <directory>', 'write CPU profiles of the service; they slow it down')
  .option('--json', 'print the results as JSON', false)
  .addHelpText(
    'after',
    `
Phases:
  A  accepted StartOutboundVoiceContact per second
  B  complete contacts per second, and what a held call costs
  C  SIP calls per CPU second beside SIPp (apt-get install sip-tester)
  D  a bare Fastify route, to compare A with

Examples:
  npm run bench                                 all phases
  npm run bench -- --only A,D --seconds 20      some phases, longer`,
  );

async function main(): Promise<void> {
  const options = command.parse().opts<BenchOptions>();
  const root = await mkdtemp(path.join(tmpdir(), 'ringback-bench-'));
  // As root the service gives its database another user, who must get there too.
  await chmod(root, 0o755);
  const machineMeanwhile = watchMachine();
  try {
    const results = await runPhases(options, root);
    const compared = compare(results);
    const all = compared.figures.length > 0 ? [...results, compared] : results;
    report(all, machineMeanwhile(), options);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function runPhases(options: BenchOptions, root: string): Promise<PhaseResult[]> {
  const { seconds, rounds, connections } = options;
  const say = (phases: string): boolean => options.json || process.stderr.write(`${phases} …\n`);
  const openDirectory = async (phase: string): Promise<string> => {
    const directory = path.join(root, phase);
    await mkdir(directory);
    return directory;
  };
  const profileOf = (phase: string): string | undefined =>
    options.profile === undefined ? undefined : path.join(options.profile, phase);
  const has = (phase: (typeof phaseNames)[number]): boolean => options.only.includes(phase);

  const peers: (() => Promise<LoadedPeer>)[] = [];
  if (has('A')) {
    const directory = await openDirectory('A');
    peers.push(() => openAcceptPeer({ directory, connections, profileDirectory: profileOf('A') }));
  }
  if (has('D')) {
    const directory = await openDirectory('D');
    peers.push(() => openBaselinePeer({ directory, connections }));
  }
  const results: PhaseResult[] = [];
  if (peers.length > 0) {
    say(`phases ${['A', 'D'].filter((phase) => options.only.includes(phase)).join(' and ')}`);
    results.push(...(await measureInTurn(peers, { rounds, seconds })));
  }
  if (has('B')) {
    say('phase B');
    results.push(
      ...(await measureCompleteContacts({
        directory: await openDirectory('B'),
        seconds,
        inFlight: options.inFlight,
        held: options.held,
        profileDirectory: profileOf('B'),
      })),
    );
  }
  if (has('C')) {
    say('phase C');
    results.push(await measureSippRatio({ directory: await openDirectory('C') }));
  }
  return results;
}

/**
 * Each round of A over the round of D that followed it: the machine was in a like mood for both, so these survive its moods better than
 * either.
 */
function compare(results: readonly PhaseResult[]): PhaseResult {
  const roundsOf = (phase: string): readonly RoundFigures[] =>
    results.find((result) => result.phase === phase)?.rounds ?? [];
  const bare = roundsOf('D');
  const pairs = roundsOf('A').flatMap((accepted, n) => (bare[n] ? [{ accepted, bare: bare[n] }] : []));
  if (pairs.length === 0) return { phase: '=', title: 'compared', figures: [], checks: [] };
  const rates = pairs.map((pair) => pair.accepted.perSecond / pair.bare.perSecond);
  const costs = pairs.map((pair) => pair.bare.micros / pair.accepted.micros);
  const figures: Figure[] = [
    {
      name: 'A : D, requests per second',
      value: medianOf(rates),
      unit: '×',
      note: `goal ≥ 0.35; ${all(rates)}`,
    },
    {
      name: 'D : A, CPU per request',
      value: medianOf(costs),
      unit: '×',
      note: `main thread of A; ${all(costs)}`,
    },
  ];
  return { phase: '=', title: 'compared, median of the rounds', figures, checks: [] };
}

const all = (ratios: readonly number[]): string => ratios.map((ratio) => ratio.toFixed(2)).join(', ');

const medianOf = (values: readonly number[]): number => spreadOf(values).p50;

await runMain(main);
