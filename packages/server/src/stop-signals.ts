/** The signals that tell the service to stop, each once: npm hands on what it gets, also where the whole process group got it. */

export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** npm hands a signal on within this time, ms, on a machine that stalls, too. */
const handingOnMs = 2_000;

/** What of `process` is used here. */
export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown;
}

export interface StopSignalOptions {
  /** Whether npm runs this process, as a script of a package. */
  readonly isRunByNpm: boolean;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

/**
 * Calls `take` for each signal that was sent. Ctrl-C and service managers signal the whole process group; npm is in it and
 * signals us once more, which must not be taken for somebody who asks again.
 */
export function onStopSignals(
  source: SignalSource,
  { isRunByNpm, now }: StopSignalOptions,
  take: (signal: StopSignal) => void,
): void {
  const takenAtMs = new Map<StopSignal, number>();
  // SIGHUP is what a terminal sends that closes; by default it would end the process as it stands, calls and all.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    source.on(signal, () => {
      const lastMs = takenAtMs.get(signal);
      if (isRunByNpm && lastMs !== undefined && now() - lastMs < handingOnMs) return;
      takenAtMs.set(signal, now());
      take(signal);
    });
  }
}
