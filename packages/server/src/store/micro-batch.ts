// Gathers rows that arrive at the same time into one write: the first starts a flush, what comes while it runs is the
// next batch. Knows no SQL; the aggregates beside it hand in the flush.

/** What became of one row of a flush that succeeded as a whole. */
export type RowOutcome<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'refused'; readonly error: Error };

/** What a micro-batch needs. */
export interface MicroBatchOptions<Row, Result> {
  /** Names the batch in errors, e.g. `start-contact`. */
  readonly name: string;
  /** Most rows of one flush. Default 256. */
  readonly maxRows?: number;
  /**
   * Fewest waiting rows for which another flush begins while one is under way; at most two run at once. Default: no number is
   * enough, so one runs at a time. Flushes that overlap must be free to commit in either order.
   */
  readonly rowsForSecondFlush?: number;
  /** Most rows that may wait for their flush. Default 10 000. */
  readonly maxQueued?: number;
  /**
   * Writes the rows in one transaction and returns one outcome per row, in order. If it throws, it must have written
   * nothing.
   */
  readonly flush: (rows: readonly Row[]) => Promise<ReadonlyArray<RowOutcome<Result>>>;
  /** True when an error that `flush` threw is the fault of some row's values. */
  readonly isDataError: (error: unknown) => boolean;
}

/** See `createMicroBatch`. */
export interface MicroBatch<Row, Result> {
  /**
   * Resolves when the row's flush has committed.
   *
   * @throws {BatchOverloaded} too many rows wait already; nothing was written.
   * @throws {BatchClosed} `close` was called; nothing was written.
   * @throws {BatchFailed} the flush failed for a reason that is not this row's; `cause` says which.
   * @throws the row's own error: what `refused` carried, or the data error when the row was flushed alone.
   */
  submit(row: Row): Promise<Result>;
  /** Rows that wait and are not yet part of a flush. */
  readonly queued: number;
  /** Takes no more rows and resolves when all that were taken are settled. May be called twice. */
  close(): Promise<void>;
}

/** More rows wait than the batch may hold; the database is too slow for what is asked of it. */
export class BatchOverloaded extends Error {
  override readonly name = 'BatchOverloaded';

  constructor(batch: string, maxQueued: number) {
    super(`Batch ${batch} is overloaded: ${maxQueued} rows wait for the database. Try again later.`);
  }
}

/** The batch was closed before the row came. */
export class BatchClosed extends Error {
  override readonly name = 'BatchClosed';

  constructor(batch: string) {
    super(`Batch ${batch} is closed: the service is shutting down.`);
  }
}

/** A whole flush failed, e.g. because the database was lost; every row of it gets this same error. */
export class BatchFailed extends Error {
  override readonly name = 'BatchFailed';

  constructor(batch: string, rowCount: number, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`Batch ${batch} failed for all of its ${rowCount} rows: ${reason}`, { cause });
  }
}

interface Waiting<Row, Result> {
  readonly row: Row;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes a micro-batch. There is no timer, so a single row waits for nobody.
 *
 * A flush that fails for a data reason is repeated row by row, in order, so that one caller's values never fail
 * another's.
 */
export function createMicroBatch<Row, Result>(
  options: MicroBatchOptions<Row, Result>,
): MicroBatch<Row, Result> {
  const { name, flush, isDataError } = options;
  const maxRows = options.maxRows ?? 256;
  const maxQueued = options.maxQueued ?? 10_000;
  const rowsForSecondFlush = options.rowsForSecondFlush ?? Number.POSITIVE_INFINITY;
  let queue: Array<Waiting<Row, Result>> = [];
  let running = 0;
  let isAboutToRun = false;
  let isClosed = false;
  let idle: PromiseWithResolvers<void> | undefined;

  function runSoon(): void {
    isAboutToRun = true;
    // One turn of the event loop lets every request that is already readable join the first batch.
    setImmediate(() => {
      isAboutToRun = false;
      runWhatMay();
    });
  }

  function runWhatMay(): void {
    while (queue.length > 0 && (running === 0 || (running === 1 && queue.length >= rowsForSecondFlush))) {
      const batch = queue.slice(0, maxRows);
      queue = queue.slice(maxRows);
      running += 1;
      void flushBatch(batch).then(() => {
        running -= 1;
        runWhatMay();
      });
    }
    if (running === 0) idle?.resolve();
  }

  /** Never rejects: its rows are told. */
  async function flushBatch(batch: ReadonlyArray<Waiting<Row, Result>>): Promise<void> {
    try {
      settle(batch, await flushRows(batch));
    } catch (error) {
      if (!isDataError(error)) rejectAll(batch, error);
      else if (batch.length === 1) batch[0]?.reject(error);
      else await flushOneByOne(batch);
    }
  }

  async function flushOneByOne(batch: ReadonlyArray<Waiting<Row, Result>>): Promise<void> {
    for (const [index, waiting] of batch.entries()) {
      try {
        settle([waiting], await flushRows([waiting]));
      } catch (error) {
        if (!isDataError(error)) {
          // Whoever is left would meet the same lost connection, each after its own time-out.
          rejectAll(batch.slice(index), error);
          return;
        }
        waiting.reject(error);
      }
    }
  }

  async function flushRows(
    batch: ReadonlyArray<Waiting<Row, Result>>,
  ): Promise<ReadonlyArray<RowOutcome<Result>>> {
    const outcomes = await flush(batch.map((waiting) => waiting.row));
    if (outcomes.length !== batch.length) {
      throw new Error(`its flush returned ${outcomes.length} outcomes for ${batch.length} rows`);
    }
    return outcomes;
  }

  function rejectAll(batch: ReadonlyArray<Waiting<Row, Result>>, cause: unknown): void {
    const error = new BatchFailed(name, batch.length, cause);
    for (const waiting of batch) waiting.reject(error);
  }

  return {
    submit(row) {
      if (isClosed) return Promise.reject(new BatchClosed(name));
      if (queue.length >= maxQueued) return Promise.reject(new BatchOverloaded(name, maxQueued));
      return new Promise<Result>((resolve, reject) => {
        queue.push({ row, resolve, reject });
        if (running > 0) runWhatMay();
        else if (!isAboutToRun) runSoon();
      });
    },
    get queued() {
      return queue.length;
    },
    async close() {
      isClosed = true;
      if (running === 0 && !isAboutToRun) return;
      idle ??= Promise.withResolvers<void>();
      await idle.promise;
    },
  };
}

function settle<Row, Result>(
  batch: ReadonlyArray<Waiting<Row, Result>>,
  outcomes: ReadonlyArray<RowOutcome<Result>>,
): void {
  for (const [index, outcome] of outcomes.entries()) {
    const waiting = batch[index];
    if (outcome.kind === 'done') waiting?.resolve(outcome.result);
    else waiting?.reject(outcome.error);
  }
}
