/** `npm run bench:routing`: routing by itself, on a PostgreSQL of its own, then agents who talk. docs/benchmarks.md explains the figures. */
import { countOf, developerCommand } from '@ringback/testkit';
import { measureAssignmentRate } from './assignment-rate.ts';
import { phasesAmong, report, runMain } from './bench-command.ts';
import { measureBrowserLegs } from './browser-legs.ts';
import { watchMachine } from './machine.ts';
import { measureMatchingRate } from './matching-rate.ts';
import { measureOfferLatency } from './offer-latency.ts';
import type { PhaseResult } from './results.ts';
import { measureTalkLatency } from './talk-latency.ts';

interface RoutingBenchOptions {
  readonly only: readonly string[];
  readonly agents: number;
  readonly waiting: number;
  readonly samples: number;
  readonly talks: number;
  readonly browsers: number;
  readonly json: boolean;
}

/** Each phase by its letter. */
const phases: Readonly<Record<string, (options: RoutingBenchOptions) => Promise<PhaseResult>>> = {
  Q: measureMatchingRate,
  R: measureAssignmentRate,
  S: measureOfferLatency,
  T: measureTalkLatency,
  U: measureBrowserLegs,
};

const command = developerCommand('npm run bench:routing --')
  .description(
    'Measures routing and agents: assignments a second, the time to an offer, to a talk, and what browsers cost.',
  )
  .option(
    '--only <phases>',
    'phases to run, for example R',
    phasesAmong(Object.keys(phases)),
    Object.keys(phases),
  )
  .option('--agents <number>', 'agents who are signed in', countOf, 1000)
  .option('--waiting <number>', 'contacts that wait', countOf, 10_000)
  .option('--samples <number>', 'offers measured in each part of phase S', countOf, 300)
  .option('--talks <number>', 'calls of phase T', countOf, 40)
  .option('--browsers <number>', 'browsers of phase U', countOf, 40)
  .option('--json', 'print the results as JSON', false)
  .addHelpText(
    'after',
    `
Phases:
  Q  matching: the turns of the matcher alone
  R  assignments per second, every step committed
  S  time to the offer on the agent's page
  T  time from the agent's accept to the talk
  U  agents' browsers, each bridged with a customer

Examples:
  npm run bench:routing                         all phases
  npm run bench:routing -- --only R --agents 200`,
  );

async function main(): Promise<void> {
  const options = command.parse().opts<RoutingBenchOptions>();
  const machineMeanwhile = watchMachine();
  const results: PhaseResult[] = [];
  for (const name of options.only) {
    const measure = phases[name];
    if (!measure) continue;
    if (!options.json) process.stderr.write(`phase ${name} …\n`);
    results.push(await measure(options));
  }
  report(results, machineMeanwhile(), options);
}

await runMain(main);
