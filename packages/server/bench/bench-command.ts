/** What the benchmarks' command lines share: options that name phases and counts, the report, and the end. */
import { InvalidArgumentError } from 'commander';
import { describeMachine, type watchMachine } from './machine.ts';
import { describeResults, type PhaseResult } from './results.ts';

/** Reads `--only` with these phases to choose from. */
export function phasesAmong(known: readonly string[]): (text: string) => string[] {
  return (text) => {
    const names = text.toUpperCase().split(',');
    const unknown = names.find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw new InvalidArgumentError(`There is no phase ${unknown}; use ${known.join(',')}.`);
    return names;
  };
}

/** Reads a whole number from 1. */
export function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('Give a whole number from 1.');
  return count;
}

/** Prints what was measured; a check that failed fails the process. */
export function report(
  results: readonly PhaseResult[],
  machine: ReturnType<ReturnType<typeof watchMachine>>,
  { json }: { readonly json: boolean },
): void {
  const ok = results.every(({ checks }) => checks.every((check) => check.ok));
  if (json) say(JSON.stringify({ ok, machine, results }, null, 2));
  else {
    say(`\n${describeMachine(machine)}`);
    say(describeResults(results));
    say(ok ? '\nAll checks passed.' : '\nA check failed: the figures of its phase mean nothing.');
  }
  if (!ok) process.exitCode = 1;
}

/** Ends the process with 1 where it failed; nothing that it left open keeps it alive. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
