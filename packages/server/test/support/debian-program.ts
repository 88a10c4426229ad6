/** Runs a Debian program as a person with a fresh account would: its own home, no AWS profile, no other installation on PATH. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';

export interface ProgramRun {
  readonly status: number | null;
  readonly output: string;
  readonly complaint: string;
}

/** A client that takes longer hangs, ms. */
const patienceMs = 90_000;

/** Resolves when the program has ended, however it ended. `input` is what it reads. */
export async function runDebianProgram(
  program: string,
  programArguments: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly input?: string },
): Promise<ProgramRun> {
  const child = spawn(program, programArguments, {
    env: {
      PATH: '/usr/bin:/bin',
      HOME: tmpdir(),
      AWS_CONFIG_FILE: '/nonexistent',
      AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...options.env,
    },
    timeout: patienceMs,
    killSignal: 'SIGKILL',
  });
  // A program that ends before it has read everything says why by its status.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const [output, complaint] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { status: child.exitCode, output, complaint };
}

/** The README's first code block in a language that contains `part`, as a reader would copy it. */
export function readmeExample(language: 'sh' | 'python', part: string): string {
  const readme = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8');
  for (const [, block = ''] of readme.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))) {
    if (block.includes(part)) return block;
  }
  throw new Error(`README.md has no ${language} example with "${part}"`);
}

/** The endpoint that the README's examples use. */
export const readmeEndpoint = 'http://127.0.0.1:8642';
