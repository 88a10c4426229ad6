// Decides when a connection that says nothing is dead. Pure; the socket asks it now and then, however seldom its timer is let run.

/** So long without a word, and the other side is asked for one, ms. */
const quietMs = 10_000;

/** So long it has for the answer, ms. */
const answerMs = 4000;

/** `ask`: send something that is answered. `gone`: nothing came back. */
export type LifeVerdict = 'well' | 'ask' | 'gone';

export class SignsOfLife {
  #heardAtMs: number;
  #askedAtMs: number | undefined;

  constructor(nowMs: number) {
    this.#heardAtMs = nowMs;
  }

  heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
    this.#askedAtMs = undefined;
  }

  look(nowMs: number): LifeVerdict {
    if (this.#askedAtMs !== undefined) return nowMs - this.#askedAtMs >= answerMs ? 'gone' : 'well';
    if (nowMs - this.#heardAtMs < quietMs) return 'well';
    this.#askedAtMs = nowMs;
    return 'ask';
  }
}
