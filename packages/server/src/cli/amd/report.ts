/** An evaluation in words and tables: a short one for the terminal, and the tables of docs/amd.md. */
import { energyDefaults } from './energy-baseline.ts';
import type { Evaluation, Judged, Latency } from './evaluation.ts';
import { answerLabels } from './label-file.ts';
import type { Share } from './statistics.ts';

/** Tables in Markdown. */
export function reportTables(evaluation: Evaluation): string {
  const { ours, baseline, beeps, kinds, unusable } = evaluation;
  const leftOut =
    unusable.length === 0 ? '' : ` ${unusable.length} more could not be heard and are left out.`;
  const beepErrors = {
    count: beeps.found.count,
    p50Ms: beeps.errorP50Ms,
    p95Ms: beeps.errorP95Ms,
    p99Ms: beeps.errorP99Ms,
  };
  return [
    `${evaluation.items} recordings.${leftOut}`,
    '',
    '| | Ringback | Energy and word timing |',
    '|---|---|---|',
    row('Right, all', ours.accuracy, baseline.accuracy),
    row('Right, people and machines', ours.accuracyOfPeopleAndMachines, baseline.accuracyOfPeopleAndMachines),
    row('People taken for machines', ours.humanTakenForMachine, baseline.humanTakenForMachine),
    row('Machines taken for people', ours.machineTakenForHuman, baseline.machineTakenForHuman),
    `| Verdict on people, p50 / p95 / p99 | ${latency(ours.humanLatency)} | ${latency(baseline.humanLatency)} |`,
    `| Verdict on machines, p50 / p95 / p99 | ${latency(ours.machineLatency)} | ${latency(baseline.machineLatency)} |`,
    `| Beeps told of within 300 ms of their end | ${share(beeps.found)} | – |`,
    `| Recordings with a beep told of where none was | ${share(beeps.false)} | – |`,
    `| Beep told of after its end, p50 / p95 / p99 | ${latency(beepErrors)} | – |`,
    '',
    'Shares with their Wilson intervals at 95 %. Times are since the answer, of right verdicts. The right column uses the defaults',
    `commonly published: initial silence ${energyDefaults.initialSilenceMs} ms, greeting ${energyDefaults.greetingMs} ms, silence after it ` +
      `${energyDefaults.afterGreetingSilenceMs} ms, ${energyDefaults.mostWords} words, ${energyDefaults.totalMs} ms in all; ` +
      'it knows people and machines only.',
    '',
    'What was said (columns) of what it was (rows):',
    '',
    ...matrix('Ringback', ours),
    '',
    ...matrix('Energy and word timing', baseline),
    '',
    'By kind of answer:',
    '',
    '| Kind | Is | Right | Verdict p50 / p95 / p99 |',
    '|---|---|---|---|',
    ...kinds.map(
      (each) =>
        `| ${each.kind.replaceAll('|', '\\|')} | ${each.label} | ${share(each.right)} | ${latency(each.latency)} |`,
    ),
  ].join('\n');
}

function row(name: string, ours: Share, baseline: Share): string {
  return `| ${name} | ${share(ours)} | ${share(baseline)} |`;
}

function share({ count, of, share: value, low, high }: Share): string {
  if (of === 0) return '–';
  return `${percent(value)} (${percent(low)} … ${percent(high)}; ${count} of ${of})`;
}

const percent = (value: number): string => `${(100 * value).toFixed(2)} %`;

function latency({ count, p50Ms, p95Ms, p99Ms }: Latency): string {
  return count === 0 ? '–' : `${p50Ms} / ${p95Ms} / ${p99Ms} ms`;
}

function matrix(name: string, { matrix: counts }: Judged): string[] {
  return [
    `| ${name} | ${answerLabels.join(' | ')} |`,
    `|---|${answerLabels.map(() => '---|').join('')}`,
    ...answerLabels.map(
      (truth) => `| ${truth} | ${answerLabels.map((label) => counts[truth][label]).join(' | ')} |`,
    ),
  ];
}
