/** Runs equal tasks once: whoever asks for a key that is under way waits for the same result. */

interface SharedTask<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

export class SharedTasks<T> {
  readonly #tasks = new Map<string, SharedTask<T>>();

  /** Keys under way. */
  get size(): number {
    return this.#tasks.size;
  }

  /**
   * Starts the task or joins it. One who aborts leaves the others undisturbed; the task's own signal aborts when the last has left.
   *
   * @throws what the task throws, to all; `signal.reason` to the one who aborted.
   */
  async join(key: string, signal: AbortSignal, start: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const task = this.#tasks.get(key) ?? this.#begin(key, start);
    task.waiting++;
    let aborted: (() => void) | undefined;
    const left = new Promise<never>((_, reject) => {
      aborted = () => reject(signal.reason);
      signal.addEventListener('abort', aborted, { once: true });
    });
    try {
      return await Promise.race([task.result, left]);
    } finally {
      if (aborted) signal.removeEventListener('abort', aborted);
      task.waiting--;
      if (task.waiting === 0) this.#abandon(key, task, signal.reason);
    }
  }

  #begin(key: string, start: (signal: AbortSignal) => Promise<T>): SharedTask<T> {
    const controller = new AbortController();
    const task: SharedTask<T> = { result: start(controller.signal), controller, waiting: 0 };
    this.#tasks.set(key, task);
    const forget = (): void => this.#forget(key, task);
    task.result.then(forget, forget);
    return task;
  }

  /** Forgotten at once, so that the next one who asks gets a task that is not being aborted. */
  #abandon(key: string, task: SharedTask<T>, reason: unknown): void {
    this.#forget(key, task);
    task.controller.abort(reason);
  }

  #forget(key: string, task: SharedTask<T>): void {
    if (this.#tasks.get(key) === task) this.#tasks.delete(key);
  }
}
