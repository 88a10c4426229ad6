/** The outbox in memory and a sink that answers by script, for tests of delivery on virtual time. */
import type { Delivery, Sink } from '../events/sink.ts';
import type { NodeId } from '../ids.ts';
import type { OutboxPosition, OutboxRow, OutboxStore } from '../store/outbox-store.ts';

export const unreachable: Delivery = { kind: 'unreachable', reason: 'connection refused' };

type FactName = Pick<OutboxRow, 'contactId' | 'sequence'>;
const nameOf = ({ contactId, sequence }: FactName): string => `${contactId}/${sequence}`;

/** Rows in memory; a row's payload is its contact and sequence, for example `a1`. */
export class MemoryOutbox implements OutboxStore {
  readonly rows: OutboxRow[] = [];
  readonly aside: { sink: string; row: string; reason: string }[] = [];
  readonly heldRows: OutboxRow[] = [];
  position = 0;
  /** How often each call still fails. */
  failures: Partial<Record<Exclude<keyof OutboxStore, 'maintain'>, number>> = {};
  /** Whose turn it is to deliver. */
  owner: NodeId | undefined;
  /** Nodes whose lease has run out. */
  readonly dead = new Set<NodeId>();
  holdReads: Promise<void> = Promise.resolve();
  /** Reads that were planned before the newest rows came and so do not see them. */
  missed = 0;

  add(...contacts: string[]): void {
    for (const contactId of contacts) this.addAtOnePlace(contactId);
  }

  /** As facts that share a row of the outbox. */
  addAtOnePlace(...contacts: string[]): void {
    const at = { transactionId: '1', position: this.rows.length + contacts.length };
    for (const contactId of contacts) {
      const sequence = this.rows.filter((row) => row.contactId === contactId).length + 1;
      this.rows.push({
        at,
        contactId,
        sequence,
        stream: 'contact-events',
        payload: `${contactId}${sequence}`,
      });
    }
  }

  async positionOf(): Promise<OutboxPosition> {
    this.#mayFail('positionOf');
    return { transactionId: '1', position: this.position };
  }

  async read(after: OutboxPosition, limit: number): Promise<OutboxRow[]> {
    this.#mayFail('read');
    await this.holdReads;
    if (this.missed > 0) {
      this.missed -= 1;
      return [];
    }
    return this.rows.filter(({ at }) => at.position > after.position).slice(0, limit);
  }

  async advance(_sink: string, position: OutboxPosition, owner?: NodeId): Promise<boolean> {
    this.#mayFail('advance');
    if (owner && owner !== this.owner) return false;
    this.position = position.position;
    return true;
  }

  async setAside(sink: string, row: OutboxRow, reason: string): Promise<void> {
    this.#mayFail('setAside');
    this.aside.push({ sink, row: row.payload, reason });
  }

  async hold(_sink: string, rows: readonly OutboxRow[], owner?: NodeId): Promise<boolean> {
    this.#mayFail('hold');
    if (owner && owner !== this.owner) return false;
    const known = new Set(this.heldRows.map(nameOf));
    this.heldRows.push(...rows.filter((row) => !known.has(nameOf(row))));
    return true;
  }

  async held(): Promise<OutboxRow[]> {
    this.#mayFail('held');
    return this.heldRows.toSorted((a, b) => a.at.position - b.at.position);
  }

  async release(_sink: string, row: FactName): Promise<void> {
    this.#mayFail('release');
    this.heldRows.splice(
      this.heldRows.findIndex((each) => nameOf(each) === nameOf(row)),
      1,
    );
  }

  async takeTurn(_sink: string, node: NodeId): Promise<boolean> {
    this.#mayFail('takeTurn');
    if (!this.owner || this.dead.has(this.owner)) this.owner = node;
    return this.owner === node;
  }

  async hasTurn(_sink: string, node: NodeId): Promise<boolean> {
    this.#mayFail('hasTurn');
    return this.owner === node;
  }

  async endTurn(_sink: string, node: NodeId): Promise<void> {
    this.#mayFail('endTurn');
    if (this.owner === node) this.owner = undefined;
  }

  async maintain(): Promise<undefined> {}

  #mayFail(call: keyof MemoryOutbox['failures']): void {
    const left = this.failures[call] ?? 0;
    this.failures[call] = left - 1;
    if (left > 0) throw new Error('the database is away');
  }
}

export class ScriptedSink implements Sink {
  readonly name = 'sink';
  readonly receiver = 'shared';
  readonly concurrency: number;
  readonly calls: string[][] = [];
  readonly taken: string[] = [];
  /** What a row meets, try by try; after that what `*` meets; after that it is taken. */
  readonly answers = new Map<string, Delivery[]>();
  isDown = false;
  isClosed = false;
  hold: Promise<void> = Promise.resolve();
  underWay = 0;

  constructor(concurrency: number) {
    this.concurrency = concurrency;
  }

  async deliver(rows: readonly OutboxRow[]): Promise<readonly Delivery[]> {
    this.calls.push(rows.map((row) => row.payload));
    this.underWay += 1;
    await this.hold;
    this.underWay -= 1;
    const deliveries: Delivery[] = [];
    for (const row of rows) {
      const answer = this.isDown
        ? unreachable
        : (this.answers.get(row.payload)?.shift() ?? this.answers.get('*')?.shift());
      deliveries.push(answer ?? { kind: 'delivered' });
      if (answer) break;
      this.taken.push(row.payload);
    }
    return deliveries;
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}
