/**
 * Rows as this process last saw or wrote them, so that a row which nobody changed since need not be read again. Used by the
 * routing store, whose rows change several times a contact, mostly from the same process.
 */

/** The transaction that wrote a row, PostgreSQL's `xmin`: another one writes another. */
export type RowVersion = string;

/** See `KnownRows`. */
interface Known<Value> {
  readonly version: RowVersion;
  readonly value: Value;
}

/**
 * What is learnt must be committed: a transaction that rolls back, or sees its own writes, teaches nothing. Values are
 * never changed, only replaced.
 */
export class KnownRows<Value> {
  readonly #rows = new Map<string, Known<Value>>();
  readonly #most: number;

  /** @param most rows kept; the one learnt first goes first. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The row, if it is still the one that is known. */
  at(key: string, version: RowVersion): Value | undefined {
    const known = this.#rows.get(key);
    return known?.version === version ? known.value : undefined;
  }

  learn(key: string, version: RowVersion, value: Value): void {
    this.#rows.set(key, { version, value });
    if (this.#rows.size <= this.#most) return;
    for (const oldest of this.#rows.keys()) {
      this.#rows.delete(oldest);
      return;
    }
  }

  forget(key: string): void {
    this.#rows.delete(key);
  }

  clear(): void {
    this.#rows.clear();
  }
}
