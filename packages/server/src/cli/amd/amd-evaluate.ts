/** `ringback amd evaluate`: runs detection over a directory of labelled recordings and says how often it is right, and when. */
import { readFileSync, writeFileSync } from 'node:fs';
import { type AmdSettings, defaultAmdSettings, loadWebRtcVad } from '@ringback/media';
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { evaluate, type JudgedItem, judgeItem } from './evaluation.ts';
import { LabelsUnusable, readLabels } from './label-file.ts';
import { latencyPlot } from './latency-plot.ts';
import { reportTables } from './report.ts';
import { settingArgument } from './setting-argument.ts';

interface EvaluateOptions {
  readonly part?: string;
  readonly set: Partial<AmdSettings>;
  readonly plot?: string;
  readonly document?: string;
  readonly wrong: boolean;
  readonly json: boolean;
}

const help = `
The directory holds WAV files that begin at the answer, and labels.csv with the columns file and label (human, machine,
fax, tone, unresolved); part, kind, beepStartMs and beepEndMs are used where they stand.

Examples:
  ringback amd evaluate recordings
  ringback amd evaluate set --part test --plot docs/amd.svg --document docs/amd.md
  ringback amd evaluate recordings --set humanLogOdds=3.5 --wrong

Exit status: 0 when it ran, 2 when the directory cannot be used.`;

export function amdEvaluateCommand(terminal: Terminal): Command {
  return new Command('evaluate')
    .description('judge labelled recordings, and print matrix, intervals and latencies')
    .argument('<directory>', 'WAV files and labels.csv')
    .option('--part <part>', 'only rows of this part')
    .option(
      '--set <name=value>',
      'a setting of answeringMachineDetection; may be repeated',
      settingArgument,
      {},
    )
    .option('--plot <file>', 'write the latencies as an SVG picture')
    .option('--document <file>', 'replace the tables between the marks of a Markdown file')
    .option('--wrong', 'list what was judged wrongly, with the reasons', false)
    .option('--json', 'print the figures as JSON', false)
    .addHelpText('after', help)
    .action((directory: string, options: EvaluateOptions) => run(directory, options, terminal));
}

async function run(directory: string, options: EvaluateOptions, terminal: Terminal): Promise<void> {
  try {
    const rows = readLabels(directory).filter(
      ({ part }) => options.part === undefined || part === options.part,
    );
    if (rows.length === 0) throw new LabelsUnusable(`${directory} has no such recordings.`);
    const settings: AmdSettings = { ...defaultAmdSettings, ...options.set };
    const vad = await loadWebRtcVad();
    const judged: JudgedItem[] = [];
    for (const row of rows) judged.push(judgeItem(row, directory, vad, settings));
    const evaluation = evaluate(judged);
    const tables = reportTables(evaluation);
    terminal.print(options.json ? JSON.stringify(evaluation, null, 2) : tables);
    if (options.wrong) listWrong(judged, terminal);
    if (options.plot) writeFileSync(options.plot, latencyPlot(judged));
    if (options.document)
      writeFileSync(options.document, withTables(readFileSync(options.document, 'utf8'), tables));
  } catch (error) {
    if (!(error instanceof LabelsUnusable)) throw error;
    terminal.complain(error.message);
    terminal.exitWith(2);
  }
}

function listWrong(judged: readonly JudgedItem[], terminal: Terminal): void {
  for (const { item, ours } of judged.filter((each) => each.item.label !== each.ours.label)) {
    terminal.print(
      `${item.file}: ${item.label}, taken for ${ours.label} at ${ours.atMs} ms: ${ours.reasons.join('; ')}`,
    );
  }
}

const begin = '<!-- figures: written by ringback amd evaluate -->';
const end = '<!-- end of figures -->';

function withTables(document: string, tables: string): string {
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new LabelsUnusable(`The document lacks the marks ${begin} and ${end}.`);
  return `${document.slice(0, from + begin.length)}\n\n${tables}\n\n${document.slice(to)}`;
}
