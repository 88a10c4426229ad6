/** Runs the service in the foreground: reads the configuration, starts, drains on SIGTERM and SIGHUP. Loaded by main.ts. */
import { pino } from 'pino';
import { HttpPortUnavailable } from './api/http-server.ts';
import { ConfigUnusable, loadConfig } from './config.ts';
import { ConfigFileUnusable } from './config-file.ts';
import { LogOutput } from './log-output.ts';
import { type Service, startService } from './service.ts';
import { onStopSignals } from './stop-signals.ts';
import { tellUnforeseenEnd } from './unforeseen-end.ts';
import { version } from './version.ts';

/** Calls get this long to end by themselves after SIGTERM, ms; a second signal ends them at once, a third one the process as it is. */
const drainPatienceMs = 30_000;
const standardOutput = 1;

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const logger = pino({ level: config.logLevel }, LogOutput.of(standardOutput));
  tellUnforeseenEnd(process, logger);
  let starting: Promise<Service> | undefined;
  let stopping: 'calls go on' | 'calls end' | undefined;

  const stop = async (why: string, wantedPatienceMs: number, exitCode: number): Promise<void> => {
    if (stopping === 'calls end') {
      logger.warn({ why }, 'told again to stop; ending as it is');
      process.exit(exitCode || 1);
    }
    const patienceMs = stopping ? 0 : wantedPatienceMs;
    if (stopping) logger.warn({ why }, 'told again to stop; ending calls');
    else logger.info({ why }, 'stopping');
    stopping = patienceMs > 0 ? 'calls go on' : 'calls end';
    try {
      // A start under way is finished first: what is half open could not be closed in order.
      const service = await starting;
      await service?.close({ patienceMs });
      process.exitCode ||= exitCode;
    } catch (error) {
      logger.error({ err: error }, 'stopping failed');
      process.exitCode = 1;
    }
  };
  // npm tells a script its name; whatever the script starts, such as tests their services, inherits it.
  const isRunByNpm = process.env.npm_lifecycle_event === 'start';
  onStopSignals(process, { isRunByNpm, now: () => performance.now() }, (signal) => {
    void stop(signal, signal === 'SIGINT' ? 0 : drainPatienceMs, 0);
  });

  starting = startService({
    config,
    logger,
    onProgress: (message) => logger.info(message),
    onFatal: (reason) => void stop(reason, 0, 1),
  });
  const { url, sip, carrier } = await starting;
  if (!stopping) logger.info({ version, url, sip, carrier: carrier ? 'simulated' : 'trunk' }, 'ready');
}

/** Errors that a person can mend are told in their own words; anything else is a bug and shows its stack. */
function describeFailure(error: unknown): string {
  if (
    error instanceof ConfigUnusable ||
    error instanceof ConfigFileUnusable ||
    error instanceof HttpPortUnavailable
  ) {
    return error.message;
  }
  if (error instanceof Error && error.name !== 'Error' && error.name !== 'TypeError') return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

main().catch((error: unknown) => {
  process.stderr.write(`Ringback cannot start. ${describeFailure(error)}\n`);
  process.exit(1);
});
