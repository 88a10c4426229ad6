// Runs a short program to its end, as another user if need be, and keeps what it printed. Used for initdb and for asking
// the system whether a user can reach a path.

import { spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import { reasonOf } from './errors.ts';
import { identityOf, type OperatingSystemUser } from './operating-system-user.ts';

/** How a program ended. `code` is undefined when it could not be started or was killed. */
export interface ProgramEnd {
  readonly code: number | undefined;
  /** Its standard output and error, together; the last 16 kB. */
  readonly printed: string;
}

const PRINTED_LIMIT = 16_384;

/**
 * The environment of every PostgreSQL program: none of the operator's PG… variables, which would redirect it, and a
 * fixed locale and zone.
 */
export const programEnvironment: NodeJS.ProcessEnv = {
  PATH: process.env.PATH ?? '/usr/bin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
};

/** Runs `program` and resolves when it ended; never rejects. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly user: OperatingSystemUser; readonly cwd: string },
): Promise<ProgramEnd> {
  const { cwd, user } = options;
  return new Promise<ProgramEnd>((resolve) => {
    let printed = '';
    const child = spawn(program, args, {
      cwd,
      env: programEnvironment,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...identityOf(user),
    });
    for (const stream of [child.stdout, child.stderr]) {
      const decoder = new StringDecoder('utf8');
      stream.on('data', (bytes: Buffer) => {
        printed = (printed + decoder.write(bytes)).slice(-PRINTED_LIMIT);
      });
    }
    child.once('error', (error) => resolve({ code: undefined, printed: error.message }));
    child.once('close', (code, signal) =>
      resolve({
        code: code ?? undefined,
        printed: signal === null ? printed : `${printed}\nended by ${signal}`,
      }),
    );
    // Some refusals are thrown by spawn, e.g. EPERM, and others are told by its `error` event.
  }).catch((error: unknown) => ({ code: undefined, printed: reasonOf(error) }));
}
