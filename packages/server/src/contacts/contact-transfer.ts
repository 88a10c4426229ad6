/**
 * A transfer by an agent on its way: what the contact that is left and the contact that follows it tell each other, both of one
 * customer. Until the agent leaves, the first has the customer's leg; from then on the second.
 */
import type { ContactFlowState } from '@ringback/flow';
import type { AudioSession } from '@ringback/media';
import type { Leg } from '../calls/leg.ts';
import type { ContactId } from '../ids.ts';
import { ContactEnded, endings } from './endings.ts';
import type { FlowHooks } from './flow-hooks.ts';

/** What the contact that follows hears of the other: the customer is its own now, its agent is on hold, or who is there has changed. */
export type TransferNews = 'handed over' | 'agent held' | 'agent retrieved' | 'customer changed';

/** Where the contact that follows stands. */
export type TransferProgress =
  | { readonly state: 'connecting' }
  | { readonly state: 'connected'; readonly agentName: string }
  | { readonly state: 'over' };

/** What flows settled for the contact that is left, and what holds for the one that follows, too. */
export interface InheritedSettings {
  readonly hooks: FlowHooks;
  readonly flowState: Pick<ContactFlowState, 'logging' | 'voice' | 'languageCode'>;
}

export interface TransferParts {
  readonly customer: Leg;
  readonly inherited: InheritedSettings;
  /** The agent who transfers: the name for the other's page, and what is spoken to until somebody has accepted. */
  readonly byAgent: { readonly name: string; readonly audio: () => AudioSession | undefined };
  /** Told of each progress. */
  readonly progressed: (progress: TransferProgress) => void;
}

export class ContactTransfer {
  readonly customer: Leg;
  readonly inherited: InheritedSettings;
  readonly byAgent: TransferParts['byAgent'];
  readonly #progressed: TransferParts['progressed'];
  readonly #listeners = new Set<(news: TransferNews) => void>();
  readonly #handedOver = new AbortController();
  readonly #cancelled = new AbortController();
  #progress: TransferProgress = { state: 'connecting' };
  #customerState: 'connected' | 'hold' = 'hold';

  constructor(parts: TransferParts) {
    this.customer = parts.customer;
    this.inherited = parts.inherited;
    this.byAgent = parts.byAgent;
    this.#progressed = parts.progressed;
  }

  get progress(): TransferProgress {
    return this.#progress;
  }

  /** Whether the customer is on hold for the agent who transfers. */
  get customerState(): 'connected' | 'hold' {
    return this.#customerState;
  }

  /** Aborted when the customer's leg belongs to the contact that follows. */
  get handedOver(): AbortSignal {
    return this.#handedOver.signal;
  }

  /** Aborted, with the ending as its reason, when the contact that follows is not wanted any more. */
  get cancelled(): AbortSignal {
    return this.#cancelled.signal;
  }

  /** Told what happens from now on; returns how to stop. */
  listen(listener: (news: TransferNews) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // For the contact that is left:

  /** Gives the customer away; false when nobody is there to take him. The leg is the other's when this returns. */
  handOver(): boolean {
    if (this.#progress.state === 'over' || this.#cancelled.signal.aborted) return false;
    if (this.#handedOver.signal.aborted) return true;
    this.#handedOver.abort();
    this.#tell('handed over');
    return true;
  }

  /** Ends the contact that follows, unless it has the customer. */
  cancel(): void {
    if (this.#handedOver.signal.aborted) return;
    this.#cancelled.abort(new ContactEnded(endings.transferCancelled));
  }

  /** Puts the other agent on hold, or takes him back. */
  holdAgent(state: 'agent held' | 'agent retrieved'): void {
    this.#tell(state);
  }

  customerIs(state: 'connected' | 'hold'): void {
    if (this.#customerState === state) return;
    this.#customerState = state;
    this.#tell('customer changed');
  }

  // For the contact that follows:

  tellProgress(progress: TransferProgress): void {
    if (this.#progress.state === 'over') return;
    this.#progress = progress;
    this.#progressed(progress);
  }

  #tell(news: TransferNews): void {
    for (const listener of [...this.#listeners]) listener(news);
  }
}

/** The transfers of this node that no contact has taken up yet, by the contact that is left. */
export class ContactTransfers {
  readonly #offered = new Map<ContactId, ContactTransfer>();

  /** Before the contact that follows is accepted; returns how to take it back. */
  offer(from: ContactId, transfer: ContactTransfer): () => void {
    this.#offered.set(from, transfer);
    return () => {
      if (this.#offered.get(from) === transfer) this.#offered.delete(from);
    };
  }

  /** Undefined after a restart: the customer is gone with the process that had him. */
  take(from: ContactId): ContactTransfer | undefined {
    const transfer = this.#offered.get(from);
    this.#offered.delete(from);
    return transfer;
  }
}
