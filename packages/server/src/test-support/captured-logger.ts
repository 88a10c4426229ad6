/** A logger whose lines a test can look at. */
import { type Logger, pino } from 'pino';

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [key: string]: unknown;
}

/** A pino logger and what was logged through it so far, children included. */
export function capturedLogger(): { readonly logger: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { logger, lines };
}

/** Pino's numbers, for comparisons. */
export const levels = { info: 30, warn: 40, error: 50 } as const;
