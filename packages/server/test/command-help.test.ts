import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { amdCommand } from '../src/cli/amd.ts';
import { contactCommand } from '../src/cli/contact.ts';
import { diallingCommand } from '../src/cli/dialling.ts';
import { flowCommand } from '../src/cli/flow.ts';
import { keysCommand } from '../src/cli/keys.ts';
import { quotasCommand } from '../src/cli/quotas.ts';
import { processTerminal } from '../src/cli/terminal.ts';
import { trunkCommand } from '../src/cli/trunk.ts';

const terminal = processTerminal();
const print = (): void => undefined;
const groups = [
  flowCommand(terminal),
  amdCommand(terminal),
  keysCommand(print),
  quotasCommand(print),
  diallingCommand(print),
  trunkCommand(terminal),
  contactCommand(terminal),
];

describe('the help of ringback', () => {
  for (const command of groups.flatMap((group) => [group, ...group.commands])) {
    it(`${pathOf(command)} › teaches by examples that can be typed`, () => {
      const examples = examplesIn(helpOf(command));
      assert.notEqual(examples.length, 0);
      for (const example of examples) assertTypable(example);
    });
  }

  it('ringback › says its version', async () => {
    const program = fileURLToPath(new URL('../src/cli/ringback.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program, '--version']);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it('ringback › teaches by examples that can be typed, of every group', async () => {
    const program = fileURLToPath(new URL('../src/cli/ringback.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program, '--help']);
    const examples = examplesIn(stdout).filter((words) => words[1] !== 'check');
    assert.notEqual(examples.length, 0);
    for (const example of examples) assertTypable(example);
    for (const group of groups) assert.match(stdout, new RegExp(`^ {2}${group.name()} `, 'm'));
  });
});

describe('npm start', () => {
  const program = fileURLToPath(new URL('../src/main.ts', import.meta.url));
  const start = (...given: string[]) => promisify(execFile)(process.execPath, [program, ...given]);

  it('tells with --help how to start, and does not', async () => {
    const { stdout } = await start('--help');
    assert.match(stdout, /RINGBACK_CONFIG=ringback\.yaml npm start/);
  });

  it('refuses what was meant for ringback', async () => {
    await assert.rejects(start('check', 'ringback.yaml'), {
      code: 2,
      stderr:
        /^The service takes no arguments, but "check ringback\.yaml" was given\. Commands are npx ringback …;.*\n$/,
    });
  });
});

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function helpOf(command: Command): string {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  return help;
}

/** The words of each example: lines of two spaces that begin with the program's name. */
function examplesIn(help: string): string[][] {
  return [...help.matchAll(/^ {2}(ringback .*?)(?: {2,}.*)?$/gm)].map(([, line = '']) => line.split(' '));
}

/** Whether the example names a command and options that there are. */
function assertTypable([, name, ...words]: readonly string[]): void {
  const group = groups.find((one) => one.name() === name);
  assert.ok(group, `no command ${name}`);
  const command = group.commands.find((one) => one.name() === words[0]);
  assert.ok(command, `no command ${name} ${words[0]}`);
  for (const option of words.filter((word) => word.startsWith('--')))
    assert.ok(
      command.options.some(({ long }) => long === option),
      `${name} ${words[0]} has no ${option}`,
    );
}
