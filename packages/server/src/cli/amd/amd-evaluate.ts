/** `ringback amd evaluate`: runs detection over a directory of labelled recordings and says how often it is right, and when. */
import { type AmdSettings, defaultAmdSettings, loadWebRtcVad } from '@ringback/media';
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { evaluate, type JudgedItem, judgeItem, type UnusableItem } from './evaluation.ts';
import { RecordingUnusable } from './judge-file.ts';
import { type LabelledFile, LabelsUnusable, readLabels } from './label-file.ts';
import { latencyPlot } from './latency-plot.ts';
import { reportTables } from './report.ts';
import { settingArgument } from './setting-argument.ts';
import { beSureOfFolder, readText, writeText } from './text-files.ts';

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
fax, tone, unresolved); part, kind, beepStartMs and beepEndMs are used where they stand. Recordings that cannot be heard
are named and left out.

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
    const rows = rowsOf(directory, options.part);
    const settings: AmdSettings = { ...defaultAmdSettings, ...options.set };
    const vad = await loadWebRtcVad();
    // Before the work, which may take an hour.
    const document = options.document ? documentAt(options.document) : undefined;
    if (options.plot) beSureOfFolder(options.plot);
    const judged: JudgedItem[] = [];
    const unusable: UnusableItem[] = [];
    for (const row of rows) {
      try {
        judged.push(judgeItem(row, directory, vad, settings));
      } catch (error) {
        if (!(error instanceof RecordingUnusable)) throw error;
        unusable.push({ file: row.file, reason: error.reason });
        terminal.complain(error.message);
      }
    }
    if (judged.length === 0) throw new LabelsUnusable(`None of the recordings in ${directory} can be heard.`);
    const evaluation = evaluate(judged, unusable);
    const tables = reportTables(evaluation);
    terminal.print(options.json ? JSON.stringify(evaluation, null, 2) : tables);
    if (options.wrong) listWrong(judged, terminal);
    if (options.plot) writeText(options.plot, latencyPlot(judged));
    if (options.document && document) writeText(options.document, document(tables));
  } catch (error) {
    if (!(error instanceof LabelsUnusable)) throw error;
    terminal.complain(error.message);
    terminal.exitWith(2);
  }
}

function rowsOf(directory: string, part: string | undefined): readonly LabelledFile[] {
  const all = readLabels(directory);
  const rows = all.filter((row) => part === undefined || row.part === part);
  if (rows.length > 0) return rows;
  if (all.length === 0) throw new LabelsUnusable(`${directory}/labels.csv has no row below the first line.`);
  const parts = [...new Set(all.flatMap((row) => row.part ?? []))];
  const known = parts.length === 0 ? 'its rows have no part' : `its parts are ${parts.join(', ')}`;
  throw new LabelsUnusable(`${directory}/labels.csv has no row of part ${JSON.stringify(part)}: ${known}.`);
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

/** The document as it will be with other tables. */
function documentAt(path: string): (tables: string) => string {
  const document = readText(path);
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new LabelsUnusable(`${path} lacks the marks ${begin} and ${end}.`);
  return (tables) => `${document.slice(0, from + begin.length)}\n\n${tables}\n\n${document.slice(to)}`;
}
