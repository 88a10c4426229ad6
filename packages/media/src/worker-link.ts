/**
 * The engine's end of one worker thread: orders out, questions with their answers, and the thread's death.
 * The only file that would change if a worker became a process.
 */
import { Worker } from 'node:worker_threads';
import { MediaEngineClosed } from './media-errors.ts';
import type {
  ExchangeKind,
  Exchanges,
  FromWorker,
  Order,
  Question,
  Refusal,
  ToWorker,
  WorkerSetup,
} from './worker/messages.ts';

/** A question's refusal, still plain data; the asker turns it into its typed error. */
export class QuestionRefused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(`the media worker refused: ${refusal.error === 'unexpected' ? refusal.detail : refusal.error}`);
    this.name = 'QuestionRefused';
    this.refusal = refusal;
  }
}

/** Messages that no question waits for. */
export type Notice = Exclude<FromWorker, { kind: 'answer' | 'refusal' }>;

interface Waiting {
  resolve(answer: Exchanges[ExchangeKind]['answer']): void;
  reject(error: Error): void;
}

// The published package holds JavaScript, the repository TypeScript; the worker's entry is of the same kind as this file.
const WORKER_ENTRY = import.meta.url.endsWith('.ts')
  ? new URL('./worker/main.ts', import.meta.url)
  : new URL('./worker/main.js', import.meta.url);

/**
 * A worker's garbage is packets, dead at once: a large nursery only spreads them over more memory (30 KiB for each of 400
 * calls) and costs no less CPU. `--max-semi-space-size` overrules this where the process does not take it back.
 */
const NURSERY_MB = 6;

export class WorkerLink {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #outbox: ToWorker[] = [];
  #nextRequest = 1;
  #isDead = false;
  #hasAnswered = false;
  #isShuttingDown = false;

  /**
   * @param onNotice called for each message nobody waits for.
   * @param onDeath called once if the thread ends by itself; everything waiting was rejected before.
   */
  constructor(
    name: string,
    setup: WorkerSetup,
    onNotice: (notice: Notice) => void,
    onDeath: (error: Error) => void,
  ) {
    const resourceLimits = { maxYoungGenerationSizeMb: NURSERY_MB };
    this.#worker = new Worker(WORKER_ENTRY, { name, workerData: setup, resourceLimits });
    let cause: Error | undefined;
    this.#worker.on('message', (messages: FromWorker[]) => {
      for (const message of messages) this.#take(message, onNotice);
    });
    this.#worker.on('error', (error: Error) => {
      cause = error;
    });
    this.#worker.on('exit', (code) => {
      this.#isDead = true;
      const error = new MediaEngineClosed(`the media worker ended: ${cause?.message ?? `exit code ${code}`}`);
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#waiting.clear();
      if (!this.#isShuttingDown) onDeath(error);
    });
  }

  /** It loaded its code and worked once; a thread that never did will not do so the next time either. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  get isAlive(): boolean {
    return !this.#isDead;
  }

  /** Sends an order; lost without a word when the thread is dead, whose death was told to all. */
  order(order: Order): void {
    this.#post(order);
  }

  /** @throws {QuestionRefused} · {MediaEngineClosed} when the thread ends first. */
  ask<K extends ExchangeKind>(question: K, ask: Exchanges[K]['ask']): Promise<Exchanges[K]['answer']> {
    if (this.#isDead) return Promise.reject(new MediaEngineClosed('the media worker has ended'));
    const request = this.#nextRequest;
    this.#nextRequest += 1;
    return new Promise((resolve, reject) => {
      // The worker answers a question of kind K with an answer of kind K; the map cannot know it.
      this.#waiting.set(request, { resolve: (answer) => resolve(answer as Exchanges[K]['answer']), reject });
      this.#post({ kind: 'question', request, question, ask } as Question);
    });
  }

  /** Lets the worker end its sessions, then ends the thread. */
  async shutDown(): Promise<void> {
    this.#isShuttingDown = true;
    try {
      await this.ask('shutDown', null);
    } catch (error) {
      // A thread that is already gone is shut down.
      if (!(error instanceof MediaEngineClosed)) throw error;
    }
    await this.#worker.terminate();
  }

  #post(message: ToWorker): void {
    if (this.#isDead) return;
    if (this.#outbox.length === 0) queueMicrotask(() => this.#flush());
    this.#outbox.push(message);
  }

  #flush(): void {
    const messages = this.#outbox;
    this.#outbox = [];
    this.#worker.postMessage(messages);
  }

  #take(message: FromWorker, onNotice: (notice: Notice) => void): void {
    if (message.kind !== 'answer' && message.kind !== 'refusal') {
      onNotice(message);
      return;
    }
    this.#hasAnswered = true;
    const waiting = this.#waiting.get(message.request);
    this.#waiting.delete(message.request);
    if (message.kind === 'answer') waiting?.resolve(message.answer);
    else waiting?.reject(new QuestionRefused(message.refusal));
  }
}
