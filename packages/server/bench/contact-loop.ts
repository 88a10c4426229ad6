/** A closed loop of whole contacts: each slot asks for a contact, waits for its record, and asks for the next. */
import { setTimeout as sleep } from 'node:timers/promises';
import { acceptBody, acceptPath } from './accept-rate.ts';
import type { BenchService } from './bench-service.ts';
import type { ContactRecordFact, FactReceiver } from './fact-receiver.ts';
import { HttpConnection } from './http-connection.ts';

/** A contact from request to record. Times are those of `performance.now()`, ms. */
export interface FinishedContact {
  readonly contactId: string;
  /** Which number was dialled (destinationOf). */
  readonly n: number;
  readonly acceptedAt: number;
  readonly recordedAt: number;
  readonly record: ContactRecordFact;
}

/** A contact whose record does not come for so long has gone lost, ms. */
const longestContactMs = 60_000;

export class ContactLoop {
  readonly #service: BenchService;
  readonly #receiver: FactReceiver;
  readonly #flowId: string;
  readonly finished: FinishedContact[] = [];
  /** Requests that were not answered 200, and contacts without a record. */
  readonly failures: string[] = [];
  #accepted = 0;
  #next: number;
  #isStopping = false;

  /** @param firstNumber which number is dialled first; each contact dials another. */
  constructor(service: BenchService, receiver: FactReceiver, flowId: string, firstNumber: number) {
    this.#service = service;
    this.#receiver = receiver;
    this.#flowId = flowId;
    this.#next = firstNumber;
  }

  get accepted(): number {
    return this.#accepted;
  }

  /** Runs `slots` contacts side by side until `stop`, then resolves when the last one has its record. */
  async run(slots: number): Promise<void> {
    await Promise.all(
      Array.from({ length: slots }, async () => {
        const connection = await HttpConnection.open(this.#service.host, this.#service.port);
        try {
          do await this.#one(connection);
          while (!this.#isStopping);
        } finally {
          connection.close();
        }
      }),
    );
  }

  /** Slots begin no other contact. Each has begun one, also if this was called before `run`. */
  stop(): void {
    this.#isStopping = true;
  }

  async #one(connection: HttpConnection): Promise<void> {
    const n = this.#next;
    this.#next += 1;
    const body = acceptBody(this.#service.instanceId, this.#flowId, n);
    const answer = await connection.send(this.#service.signer.write('PUT', acceptPath, body));
    const acceptedAt = performance.now();
    if (answer.status !== 200) {
      this.failures.push(`${answer.status} ${answer.body}`);
      await sleep(100);
      return;
    }
    this.#accepted += 1;
    const { ContactId: contactId } = JSON.parse(answer.body) as { ContactId: string };
    const patience = new AbortController();
    const record = await Promise.race([
      this.#receiver.recordOf(contactId),
      sleep(longestContactMs, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    if (!record) this.failures.push(`${contactId} has no record after ${longestContactMs} ms`);
    else this.finished.push({ contactId, n, acceptedAt, recordedAt: performance.now(), record });
  }
}
