/** Tells the log of a fault that is met again and again, such as a database that is away: its beginning, each minute of it, and its end. */
import type { Logger } from 'pino';
import type { Clock } from './clock.ts';

export interface LastingFault {
  /** A try failed. */
  met(error: unknown, level?: 'warn' | 'error'): void;
  /** A try succeeded. Cheap; may be called as often as one likes. */
  over(): void;
}

const tellEveryMs = 60_000;

/** @param message what fails, and what becomes of it. */
export function lastingFault(
  message: string,
  { logger, clock }: { readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>; readonly clock: Clock },
): LastingFault {
  let since: { readonly beganAtMs: number; toldAtMs: number } | undefined;
  return {
    met(error, level = 'error') {
      const now = clock.now();
      if (since && now - since.toldAtMs < tellEveryMs) return;
      since = { beganAtMs: since?.beganAtMs ?? now, toldAtMs: now };
      logger[level]({ err: error, sinceMs: now - since.beganAtMs }, message);
    },
    over() {
      if (!since) return;
      logger.info({ lastedMs: clock.now() - since.beganAtMs }, `over: ${message}`);
      since = undefined;
    },
  };
}
