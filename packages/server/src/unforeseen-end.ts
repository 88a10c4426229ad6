/** The end that nobody foresaw: an error that was caught nowhere. The process cannot be trusted any more and ends, but the log says why and what now. */
import type { Logger } from 'pino';

/** What of `process` is used here. */
export interface EndingProcess {
  on(event: 'uncaughtException', listener: (error: Error, origin: string) => void): unknown;
  exit(code: number): void;
}

/** Rejections that nobody handles come the same way: that is Node's default (`--unhandled-rejections=throw`). */
export function tellUnforeseenEnd(of: EndingProcess, logger: Pick<Logger, 'fatal'>): void {
  of.on('uncaughtException', (error, origin) => {
    try {
      logger.fatal(
        { err: error, origin },
        'a mistake of the program ended the service. Start it again: what was under way is ended or taken up then. Report this line, which says where it was made',
      );
    } finally {
      of.exit(1);
    }
  });
}
