// A map for what comes and goes by the thousand a second: dialogs, calls being set up.

interface Entry<Value> {
  value: Value | undefined;
}

/**
 * Like a `Map`, but nothing that was deleted stays in memory. When V8 rehashes a Map, the table it leaves behind still refers to what was
 * in it, and to the next table; once one such table has become old, scavenges take all that ever followed for alive. Here the tables hold
 * entries that are emptied.
 */
export class Directory<Value> {
  readonly #entries = new Map<string, Entry<Value>>();

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  set(key: string, value: Value): void {
    this.delete(key);
    this.#entries.set(key, { value });
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.value = undefined;
    this.#entries.delete(key);
  }

  /** A copy, in the order of insertion. */
  values(): Value[] {
    const values: Value[] = [];
    for (const { value } of this.#entries.values()) if (value !== undefined) values.push(value);
    return values;
  }
}
