/** `ringback amd`: answering machine detection on recordings. Each subcommand has its own file. */
import { Command } from 'commander';
import { amdEvaluateCommand } from './amd/amd-evaluate.ts';
import { amdExplainCommand } from './amd/amd-explain.ts';
import type { Terminal } from './terminal.ts';

export function amdCommand(terminal: Terminal): Command {
  return new Command('amd')
    .description('try answering machine detection on recordings')
    .addCommand(amdEvaluateCommand(terminal))
    .addCommand(amdExplainCommand(terminal));
}
