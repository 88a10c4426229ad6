/** Things that were opened, closed in the opposite order. Part of the wiring (service.ts). */

export class Opened {
  readonly #closers: (() => Promise<void> | void)[] = [];

  /** Remembers how to close what `open` gave. */
  keep<Thing>(thing: Thing, close: (thing: Thing) => Promise<void> | void): Thing {
    this.#closers.push(() => close(thing));
    return thing;
  }

  /** Closes all, whatever fails on the way, and throws the first failure. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
