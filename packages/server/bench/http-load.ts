/** A closed loop over some connections: each sends its next request when its last one was answered. */
import { HttpConnection } from './http-connection.ts';
import { type Spread, spreadOf } from './percentiles.ts';
import { RequestStock } from './request-stock.ts';

export interface HttpLoadOptions {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /** A whole request, another one each time. */
  writeRequest(): string;
  /** Called at the edges of the measured time. */
  measuring(edge: 'begins' | 'ends'): void;
}

export interface LoadResult {
  /** Answers with status 200 within the measured time, per second. */
  readonly perSecond: number;
  readonly latencyMs: Spread;
  /** Answers of the measured time. */
  readonly answers: number;
  /** CPU of this process per answer, microseconds: sending, reading. */
  readonly clientMicros: number;
  /** Share of the requests that were signed while measuring, because the stock was used up. */
  readonly signedLate: number;
}

/** Not measured: the connections fall into step with what serves them. */
const rampMs = 500;

/** Requests made ready for each that the fastest measured second so far took, and at least so many: a later one may be faster. */
const stockFactor = 1.5;
const leastStockPerSecond = 12_000;

export class HttpLoad {
  /** Bodies of all answers with status 200, those of the warm-up included. */
  readonly bodies: string[] = [];
  /** Answers with another status, those of the warm-up included: status and body. */
  readonly refusals: string[] = [];
  readonly #options: HttpLoadOptions;
  readonly #stock: RequestStock;
  readonly #connections: readonly HttpConnection[];
  #fastest = 0;

  private constructor(options: HttpLoadOptions, connections: readonly HttpConnection[]) {
    this.#options = options;
    this.#connections = connections;
    this.#stock = new RequestStock(options.writeRequest);
  }

  static async open(options: HttpLoadOptions): Promise<HttpLoad> {
    const open = Array.from({ length: options.connections }, () =>
      HttpConnection.open(options.host, options.port),
    );
    return new HttpLoad(options, await Promise.all(open));
  }

  /** Loads without measuring, so that the engine has compiled what matters. */
  async warmUp(seconds: number): Promise<void> {
    const { perSecond } = await this.#run(seconds);
    this.#fastest = perSecond;
  }

  /** Makes requests ready, then measures. */
  async round(seconds: number): Promise<LoadResult> {
    const stockPerSecond = Math.max(leastStockPerSecond, this.#fastest * stockFactor);
    this.#stock.prepare(Math.ceil(stockPerSecond * (seconds + rampMs / 1000)));
    const result = await this.#run(seconds);
    this.#fastest = Math.max(this.#fastest, result.perSecond);
    return result;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  async #run(seconds: number): Promise<LoadResult> {
    const beginsAt = performance.now() + rampMs;
    const endsAt = beginsAt + seconds * 1000;
    const latencies: number[] = [];
    let accepted = 0;
    const loop = async (connection: HttpConnection): Promise<void> => {
      for (let sentAt = performance.now(); sentAt < endsAt; sentAt = performance.now()) {
        const { status, body } = await connection.send(this.#stock.take());
        const answeredAt = performance.now();
        if (status === 200) this.bodies.push(body);
        else this.refusals.push(`${status} ${body}`);
        if (answeredAt < beginsAt || answeredAt >= endsAt) continue;
        latencies.push(answeredAt - sentAt);
        if (status === 200) accepted += 1;
      }
    };
    let cpu = process.cpuUsage();
    const begins = setTimeout(() => {
      this.#options.measuring('begins');
      cpu = process.cpuUsage();
    }, rampMs);
    const ends = setTimeout(
      () => {
        cpu = process.cpuUsage(cpu);
        this.#options.measuring('ends');
      },
      rampMs + seconds * 1000,
    );
    try {
      await Promise.all(this.#connections.map(loop));
      // The last answer may come a moment before the timer.
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      clearTimeout(begins);
      clearTimeout(ends);
    }
    return {
      perSecond: accepted / seconds,
      latencyMs: spreadOf(latencies),
      answers: latencies.length,
      clientMicros: (cpu.user + cpu.system) / Math.max(1, latencies.length),
      signedLate: this.#stock.late / Math.max(1, latencies.length),
    };
  }
}
