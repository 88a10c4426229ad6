#!/usr/bin/env node
/** The `ringback` command: `check` a configuration file, `flow` to lint and run flow documents, `amd` to try detection on recordings, `keys` for access keys, `quotas`, `dialling`, `trunk` and `contact` for telephony. The service itself is `npm start`. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { ConfigUnusable, loadConfig } from '../config.ts';
import { ConfigFileUnusable, type ConfigMistake, readConfigFile } from '../config-file.ts';
import { configWarnings } from '../config-warnings.ts';
import { version } from '../version.ts';
import { amdCommand } from './amd.ts';
import { contactCommand } from './contact.ts';
import { diallingCommand } from './dialling.ts';
import { flowCommand } from './flow.ts';
import { keysCommand } from './keys.ts';
import { quotasCommand } from './quotas.ts';
import { processTerminal } from './terminal.ts';
import { trunkCommand } from './trunk.ts';

const examples = `
Examples:
  ringback check ringback.yaml
      every mistake of the configuration file, by line and key

  ringback flow run welcome.json
      walks a flow without a telephone; you are the caller

  ringback flow import welcome.json
      brings it into the service that runs at http://127.0.0.1:8642

  ringback trunk test main
      tries a trunk before anybody is called

  ringback contact sip 01a2fa37-98e5-7c85-bf1a-7f8a38c2b102
      what was said to the trunk for a contact

  ringback dialling stop --reason "fraud?"
      nobody is dialled from now on

"ringback help COMMAND" shows more of each. The service itself is started by npm start.`;

const program = new Command('ringback')
  .description('Tools around the Ringback service.')
  .version(version, '--version', 'say which version this is')
  .addHelpText('after', examples)
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
      // What the service would refuse at its start, in this environment.
      const config = loadConfig({ ...process.env, RINGBACK_CONFIG: file });
      print(json ? '[]' : `${file} is fine.`);
      for (const warning of configWarnings(config, Date.now())) process.stderr.write(`But: ${warning}\n`);
    } catch (error) {
      const mistakes = mistakesOf(error);
      if (!mistakes) throw error;
      print(json ? JSON.stringify(mistakes, null, 2) : (error as Error).message);
      process.exitCode = 1;
    }
  });

program.addCommand(flowCommand(processTerminal()));
program.addCommand(amdCommand(processTerminal()));
program.addCommand(keysCommand(print));
program.addCommand(quotasCommand(print));
program.addCommand(diallingCommand(print));
program.addCommand(trunkCommand(processTerminal()));
program.addCommand(contactCommand(processTerminal()));

/** A combination that is unsafe has no line of its own. Undefined for any other error. */
function mistakesOf(error: unknown): readonly ConfigMistake[] | undefined {
  if (error instanceof ConfigFileUnusable) return error.mistakes;
  if (!(error instanceof ConfigUnusable)) return undefined;
  return [{ line: 1, column: 1, key: '', message: error.message }];
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
