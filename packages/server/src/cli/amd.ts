/** `ringback amd`: answering machine detection on recordings. Each subcommand has its own file. */
import { Command } from 'commander';
import { amdEvaluateCommand } from './amd/amd-evaluate.ts';
import { amdExplainCommand } from './amd/amd-explain.ts';
import type { Terminal } from './terminal.ts';

const examples = `
Examples:
  ringback amd evaluate recordings
      how often it is right on a directory of recordings, and how soon

  ringback amd explain recordings/call-17.wav
      why it decided so on one of them, as a picture`;

export function amdCommand(terminal: Terminal): Command {
  return new Command('amd')
    .description('try answering machine detection on recordings')
    .addHelpText('after', examples)
    .addCommand(amdEvaluateCommand(terminal))
    .addCommand(amdExplainCommand(terminal));
}
