/** The `ringback` command as its own process, for tests of what operators type. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface CommandEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const program = fileURLToPath(new URL('../../src/cli/ringback.ts', import.meta.url));

/** Runs the command to its end. Settings of whoever runs the tests do not reach it. */
export function ringback(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<CommandEnd> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('RINGBACK_') && name !== 'NODE_TEST_CONTEXT',
  );
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, ...args],
      { env: { ...Object.fromEntries(inherited), ...env } },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      },
    );
  });
}
