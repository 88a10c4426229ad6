/** Bodies whose senders are not yet proven by a signature: all together take so much memory at most, and where it is full the one that began first is given up. */
import { ReachedLimit, type ReachedLimitDeps } from './reached-limit.ts';

export interface UnprovenBodiesOptions extends ReachedLimitDeps {
  readonly mostBytes: number;
}

/** One request's body. */
export interface UnprovenBody {
  /** A piece came in; `giveUp` may be called from here, also this body's own. */
  grew(bytes: number): void;
  /** It is whole: it is judged now, and not given up any more. */
  whole(): void;
  /** It was judged, or its client went away. May be called again. */
  gone(): void;
}

/** What a piece takes besides its bytes: senders of single bytes would cost the most. */
const pieceOverheadBytes = 256;

export class UnprovenBodies {
  readonly #mostBytes: number;
  readonly #limit: ReachedLimit;
  /** Those on their way, by when they began, with what gives each up. */
  readonly #growing = new Map<object, () => void>();
  #bytes = 0;

  constructor({ mostBytes, ...deps }: UnprovenBodiesOptions) {
    this.#mostBytes = mostBytes;
    this.#limit = new ReachedLimit(
      `bodies of requests that nobody has proven to have signed fill ${mostBytes / 1024 / 1024} MB: for each new one the one that ` +
        'began first is refused with 503; if these are clients that should be here, raise http.unprovenMegabytes, else keep strangers from the port',
      deps,
    );
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many were given up. */
  get givenUp(): number {
    return this.#limit.times;
  }

  /** @param giveUp refuses the request, and forgets what has come in. */
  begin(giveUp: () => void): UnprovenBody {
    const key = {};
    let held = 0;
    let isGone = false;
    const gone = (): void => {
      if (isGone) return;
      isGone = true;
      this.#growing.delete(key);
      this.#bytes -= held;
    };
    this.#growing.set(key, () => {
      gone();
      giveUp();
    });
    return {
      grew: (bytes) => {
        if (isGone) return;
        held += bytes + pieceOverheadBytes;
        this.#bytes += bytes + pieceOverheadBytes;
        while (this.#bytes > this.#mostBytes && this.#giveUpFirst());
      },
      whole: () => void this.#growing.delete(key),
      gone,
    };
  }

  #giveUpFirst(): boolean {
    const [first] = this.#growing.values();
    if (!first) return false;
    this.#limit.again();
    first();
    return true;
  }
}
