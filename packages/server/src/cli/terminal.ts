/** What a command knows of where it runs: its variables, where it prints and reads, and how it says its end. Tests give their own. */
import { createInterface, type Interface } from 'node:readline';
import { styleText } from 'node:util';

export type Style = 'red' | 'green' | 'yellow' | 'blue' | 'cyan' | 'magenta' | 'bold' | 'dim';

export interface Terminal {
  /** The environment's variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** One line, or several, to stdout. */
  print(text: string): void;
  /** To stderr. */
  complain(text: string): void;
  /** Colours where stdout takes them. */
  style(style: Style, text: string): string;
  /** Asks for a line; undefined at the end of the input. */
  ask(prompt: string): Promise<string | undefined>;
  /** The process ends with this status when its work is done; the highest one counts. */
  exitWith(status: number): void;
  /** Lets go of stdin. */
  close(): void;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  let reading: { readonly lines: Interface; readonly next: AsyncIterator<string> } | undefined;
  return {
    env: process.env,
    print: (text) => process.stdout.write(`${text}\n`),
    complain: (text) => process.stderr.write(`${text}\n`),
    // styleText looks at stdout itself: no colours into a pipe, nor where NO_COLOR is set.
    style: (style, text) => styleText(style, text, { stream: process.stdout }),
    async ask(prompt) {
      if (!reading) {
        const lines = createInterface({ input: process.stdin });
        reading = { lines, next: lines[Symbol.asyncIterator]() };
      }
      process.stdout.write(prompt);
      const { value, done } = await reading.next.next();
      // What is piped in is not echoed by anyone else.
      if (!process.stdin.isTTY) process.stdout.write(`${done ? '' : String(value)}\n`);
      return done ? undefined : value;
    },
    exitWith(status) {
      process.exitCode = Math.max(Number(process.exitCode ?? 0), status);
    },
    close: () => reading?.lines.close(),
  };
}
