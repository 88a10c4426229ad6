/** `ringback flow lint`: all problems of flow documents, as CreateContactFlow would report them. */
import { type FlowProblem, type FlowType, flowTypeOfMetadata, parseFlow, validateFlow } from '@ringback/flow';
import { Command } from 'commander';
import { FlowFileUnusable, readText } from './flow-files.ts';
import { flowTypeArgument } from './flow-types.ts';
import type { Terminal } from './terminal.ts';

interface LintOptions {
  readonly type: FlowType;
  readonly json: boolean;
  readonly strict: boolean;
}

interface LintedFile {
  readonly file: string;
  readonly errors: number;
  readonly warnings: number;
  readonly problems: readonly FlowProblem[];
}

const help = `
Examples:
  ringback flow lint welcome.json menu.json
  ringback flow lint --json flows/*.json | jq '.files[] | select(.errors > 0).file'
  ringback flow lint --strict welcome.json      warnings count, too

Exit status: 0 when no flow has errors, 1 when one has, 2 when a file cannot be read.`;

export function flowLintCommand(terminal: Terminal): Command {
  return new Command('lint')
    .description('list all problems of flows, as CreateContactFlow would')
    .argument('<files...>', 'exported flows, or contents of CreateContactFlow')
    .option(
      '--type <type>',
      'ContactFlowType, where a file does not say its own',
      flowTypeArgument,
      'CONTACT_FLOW',
    )
    .option('--strict', 'fail on warnings, too', false)
    .option('--json', 'print the problems as JSON', false)
    .addHelpText('after', help)
    .action((files: string[], options: LintOptions) => lintFiles(files, options, terminal));
}

function lintFiles(files: readonly string[], options: LintOptions, terminal: Terminal): void {
  const linted: LintedFile[] = [];
  for (const file of files) {
    try {
      linted.push(lintFile(file, readText(file), options.type));
    } catch (error) {
      if (!(error instanceof FlowFileUnusable)) throw error;
      terminal.complain(error.message);
      terminal.exitWith(2);
    }
  }
  const errors = linted.reduce((sum, file) => sum + file.errors, 0);
  const warnings = linted.reduce((sum, file) => sum + file.warnings, 0);
  if (options.json) terminal.print(JSON.stringify({ errors, warnings, files: linted }, null, 2));
  else {
    for (const file of linted) printProblems(file, terminal);
    terminal.print(
      `${counted(linted.length, 'flow')}: ${counted(errors, 'error')}, ${counted(warnings, 'warning')}`,
    );
  }
  if (errors > 0 || (options.strict && warnings > 0)) terminal.exitWith(1);
}

function lintFile(file: string, content: string, type: FlowType): LintedFile {
  const parsed = parseFlow(content);
  const problems = parsed.ok
    ? validateFlow(parsed.flow, {
        // Settings only stand in modules, and modules do not say what they are in any other way.
        type: parsed.flow.settings ? 'MODULE' : (flowTypeOfMetadata(parsed.flow.metadataType) ?? type),
      })
    : parsed.problems;
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  return { file, errors, warnings: problems.length - errors, problems };
}

function printProblems({ file, problems }: LintedFile, terminal: Terminal): void {
  if (problems.length === 0) {
    terminal.print(`${file}: ${terminal.style('green', 'no problems')}`);
    return;
  }
  for (const { severity, message, path, actionIdentifier, remedy } of problems) {
    const label = terminal.style(severity === 'error' ? 'red' : 'yellow', severity);
    const where = [actionIdentifier, path].filter((part) => part).join(' ');
    terminal.print(
      `${file}: ${label} ${message}${where ? terminal.style('dim', ` [${where}]`) : ''}\n    ${remedy}`,
    );
  }
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
