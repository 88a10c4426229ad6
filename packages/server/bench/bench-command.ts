/** What the service's benchmarks share: the option that names phases, the report, and the end. */
import { namesAmong } from '@ringback/testkit';
import { describeMachine, type watchMachine } from './machine.ts';
import { describeResults, type PhaseResult } from './results.ts';

/** Reads `--only` with these phases to choose from. */
export function phasesAmong(known: readonly string[]): (text: string) => string[] {
  const read = namesAmong(known);
  return (text) => read(text.toUpperCase());
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
