#!/usr/bin/env node
/** The `ringback` command: `check` a configuration file, `flow lint` flow documents, `keys` for access keys. The service itself is `npm start`. */
import { readFileSync } from 'node:fs';
import { styleText } from 'node:util';
import { type FlowProblem, type FlowType, flowTypeOfMetadata, parseFlow, validateFlow } from '@ringback/flow';
import { Command } from 'commander';
import { ConfigFileUnusable, readConfigFile } from '../config-file.ts';
import { keysCommand } from './keys.ts';

const program = new Command('ringback')
  .description('Tools around the Ringback service.')
  .showHelpAfterError('(ringback --help shows examples)');

program
  .command('check')
  .description('check a configuration file, and name line and key of every mistake')
  .argument('<file>', 'the YAML file that RINGBACK_CONFIG will name')
  .option('--json', 'print the mistakes as JSON', false)
  .addHelpText('after', '\nExample:\n  ringback check ringback.yaml')
  .action((file: string, { json }: { json: boolean }) => {
    try {
      readConfigFile(file, readText(file));
      print(json ? '[]' : `${file} is fine.`);
    } catch (error) {
      if (!(error instanceof ConfigFileUnusable)) throw error;
      print(json ? JSON.stringify(error.mistakes, null, 2) : error.message);
      process.exitCode = 1;
    }
  });

program
  .command('flow')
  .description('work with flow documents')
  .command('lint')
  .description('list all problems of flows, as CreateContactFlow would')
  .argument('<files...>', 'exported flows, or contents of CreateContactFlow')
  .option('--type <type>', 'ContactFlowType, where a file does not say its own', 'CONTACT_FLOW')
  .option('--json', 'print the problems as JSON', false)
  .addHelpText('after', '\nExample:\n  ringback flow lint welcome.json menu.json')
  .action((files: string[], { json, type }: { json: boolean; type: string }) => {
    const found = files.map((file) => ({ file, problems: lint(readText(file), type as FlowType) }));
    if (json) print(JSON.stringify(found, null, 2));
    else for (const { file, problems } of found) printProblems(file, problems);
    if (found.some(({ problems }) => problems.some((problem) => problem.severity === 'error')))
      process.exitCode = 1;
  });

program.addCommand(keysCommand(print));

function lint(content: string, type: FlowType): readonly FlowProblem[] {
  const parsed = parseFlow(content);
  if (!parsed.ok) return parsed.problems;
  return validateFlow(parsed.flow, { type: flowTypeOfMetadata(parsed.flow.metadataType) ?? type });
}

function printProblems(file: string, problems: readonly FlowProblem[]): void {
  if (problems.length === 0) {
    print(`${file}: no problems`);
    return;
  }
  for (const { severity, message, path, actionIdentifier, remedy } of problems) {
    const label = styleText(severity === 'error' ? 'red' : 'yellow', severity, { stream: process.stdout });
    const where = [actionIdentifier, path].filter((part) => part).join(' ');
    print(`${file}: ${label} ${message}${where ? ` [${where}]` : ''}\n    ${remedy}`);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    process.stderr.write(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).\n`);
    process.exit(2);
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  await program.parseAsync();
} catch (error) {
  // Errors of ours say what is wrong and what to do; anything else is a bug and shows its stack.
  const isOurs = error instanceof Error && !/^(Type|Range|Reference|Syntax)?Error$/.test(error.name);
  process.stderr.write(`${isOurs ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
