/**
 * Requests written and signed before a measured time, so that the generator's signing is not part of it: on a machine that it shares
 * with the service it took as much CPU time as sending and reading. Each is used once. Used by http-load.ts.
 */
export class RequestStock {
  readonly #write: () => string;
  #ready: Buffer[] = [];
  #next = 0;
  #late = 0;

  /** @param write a whole request, another one each time, in ASCII. */
  constructor(write: () => string) {
    this.#write = write;
  }

  /** Makes `count` ready. Their signatures hold for five minutes. */
  prepare(count: number): void {
    this.#late = 0;
    const left = this.#ready.slice(this.#next);
    this.#next = 0;
    this.#ready = left;
    while (this.#ready.length < count) this.#ready.push(this.#writeOne());
  }

  take(): Buffer {
    const ready = this.#ready[this.#next];
    if (!ready) {
      this.#late += 1;
      return this.#writeOne();
    }
    this.#next += 1;
    return ready;
  }

  /** Requests that had to be written when they were taken, since the last `prepare`. */
  get late(): number {
    return this.#late;
  }

  #writeOne(): Buffer {
    return Buffer.from(this.#write(), 'latin1');
  }
}
