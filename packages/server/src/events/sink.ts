/** What a sink is: a place outside that takes facts, a contact's in order. Implemented by file-sink.ts and webhook-sink.ts. */
import type { OutboxRow } from '../store/outbox-store.ts';

/** What became of one row. */
export type Delivery =
  | { readonly kind: 'delivered' }
  /** Nobody is there, or it asks for patience: try again for as long as it takes. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /**
   * Somebody is there and did not take it, perhaps for this row's sake, perhaps for its own. When that goes on while other
   * rows are taken, it is the row, which is set aside; else it is tried for as long as it takes.
   */
  | { readonly kind: 'failed'; readonly reason: string }
  /** This row was refused; after some tries it is set aside. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface Sink {
  readonly name: string;
  /** Delivers rows in the order given; stops at the first that fails and says which were delivered. */
  deliver(rows: readonly OutboxRow[], signal: AbortSignal): Promise<readonly Delivery[]>;
  /** Whether rows of different contacts may travel side by side. */
  readonly concurrency: number;
  /** `shared` by the nodes of a database, of which one delivers at a time; or each node's `own`, and each delivers everything. */
  readonly receiver: 'shared' | 'own';
  close(): Promise<void>;
}
