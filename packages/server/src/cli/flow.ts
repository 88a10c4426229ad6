/** `ringback flow`: flows without a telephone. Each subcommand has its own file. */
import { Command } from 'commander';
import { flowExportCommand } from './flow-export.ts';
import { flowImportCommand } from './flow-import.ts';
import { flowLintCommand } from './flow-lint.ts';
import { flowRunCommand } from './flow-run.ts';
import type { Terminal } from './terminal.ts';

const examples = `
Examples:
  ringback flow lint flows/*.json
  ringback flow run welcome.json
  ringback flow import welcome.json
  ringback flow export --out flows`;

export function flowCommand(terminal: Terminal): Command {
  return new Command('flow')
    .description('check, run and move flow documents')
    .addHelpText('after', examples)
    .addCommand(flowLintCommand(terminal))
    .addCommand(flowRunCommand(terminal))
    .addCommand(flowImportCommand(terminal))
    .addCommand(flowExportCommand(terminal));
}
