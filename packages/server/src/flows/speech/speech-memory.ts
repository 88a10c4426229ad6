/** The quick half of the speech cache: the renderings used last, up to a number of bytes. */

export class SpeechMemory {
  readonly #mostBytes: number;
  /** In order of use, the longest unused first. */
  readonly #entries = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Uint8Array | undefined {
    const mulaw = this.#entries.get(key);
    if (mulaw) {
      this.#entries.delete(key);
      this.#entries.set(key, mulaw);
    }
    return mulaw;
  }

  set(key: string, mulaw: Uint8Array): void {
    this.#drop(key);
    if (mulaw.length > this.#mostBytes) return;
    this.#entries.set(key, mulaw);
    this.#bytes += mulaw.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#mostBytes) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#entries.get(key)?.length ?? 0;
    this.#entries.delete(key);
  }
}
