/** A subcommand within the test's own process: starting one for each case would cost more than all of them. */
import type { Command } from 'commander';
import type { Terminal } from '../../src/cli/terminal.ts';
import type { CommandEnd } from './ringback-command.ts';

/** Runs the command to its end; an error of its own is what a person would read. */
export async function commandInProcess(
  build: (terminal: Terminal) => Command,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandEnd> {
  const out: string[] = [];
  const complaints: string[] = [];
  let code = 0;
  const terminal: Terminal = {
    env,
    print: (text) => void out.push(text),
    complain: (text) => void complaints.push(text),
    style: (_style, text) => text,
    ask: async () => undefined,
    exitWith: (status) => {
      code = Math.max(code, status);
    },
    close: () => undefined,
  };
  try {
    await build(terminal).parseAsync([...args], { from: 'user' });
  } catch (error) {
    complaints.push(error instanceof Error ? error.message : String(error));
    code = 1;
  }
  return { code, stdout: out.join('\n'), stderr: complaints.join('\n') };
}
