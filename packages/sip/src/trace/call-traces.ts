// The messages of each call, kept within bounds: of a call its beginning and its latest, of all calls the latest.
import type { SipTraceEntry } from '../transport/wire-trace.ts';
import { callIdOf, keepMessage, type TracedMessage } from './traced-message.ts';

export interface CallTracesOptions {
  /** Calls kept; beyond, the oldest goes. Default 1,000. */
  readonly calls?: number;
  /** Messages kept of a call. Default 100. */
  readonly messagesPerCall?: number;
  /** Bytes of all messages together. Default 32 MiB. */
  readonly bytes?: number;
}

/** What is kept of one call. */
export interface CallTrace {
  readonly callId: string;
  readonly messages: readonly TracedMessage[];
  /** Messages left out between the beginning and the latest. */
  readonly leftOut: number;
}

/** The first messages tell how a call came about; they stay when a long call fills its place. */
const BEGINNING_MESSAGES = 10;

interface Kept {
  readonly messages: TracedMessage[];
  leftOut: number;
  bytes: number;
}

/** Give its `record` to `onTrace`. */
export class CallTraces {
  readonly #maxCalls: number;
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #calls = new Map<string, Kept>();
  #bytes = 0;

  constructor(options: CallTracesOptions = {}) {
    this.#maxCalls = options.calls ?? 1_000;
    this.#maxMessages = Math.max(options.messagesPerCall ?? 100, BEGINNING_MESSAGES + 1);
    this.#maxBytes = options.bytes ?? 32 * 1024 * 1024;
  }

  /** Calls of which something is kept, oldest first. */
  get callIds(): string[] {
    return [...this.#calls.keys()];
  }

  /** Bytes of the messages kept. */
  get bytes(): number {
    return this.#bytes;
  }

  readonly record = (entry: SipTraceEntry): void => {
    const callId = callIdOf(entry);
    if (callId === undefined) return;
    let kept = this.#calls.get(callId);
    if (kept === undefined) {
      kept = { messages: [], leftOut: 0, bytes: 0 };
      this.#calls.set(callId, kept);
    }
    const message = keepMessage(entry);
    kept.messages.push(message);
    this.#grow(kept, message.bytes.length);
    if (kept.messages.length > this.#maxMessages) {
      const [dropped] = kept.messages.splice(BEGINNING_MESSAGES, 1);
      kept.leftOut++;
      this.#grow(kept, -(dropped?.bytes.length ?? 0));
    }
    this.#makeRoom(callId);
  };

  /** Undefined when nothing is kept of that call. */
  get(callId: string): CallTrace | undefined {
    const kept = this.#calls.get(callId);
    return kept === undefined ? undefined : { callId, messages: [...kept.messages], leftOut: kept.leftOut };
  }

  forget(callId: string): void {
    const kept = this.#calls.get(callId);
    if (kept === undefined) return;
    this.#bytes -= kept.bytes;
    this.#calls.delete(callId);
  }

  #grow(kept: Kept, bytes: number): void {
    kept.bytes += bytes;
    this.#bytes += bytes;
  }

  #makeRoom(current: string): void {
    while (this.#calls.size > this.#maxCalls || this.#bytes > this.#maxBytes) {
      const { value: oldest } = this.#calls.keys().next();
      if (oldest === undefined || (oldest === current && this.#calls.size === 1)) return;
      this.forget(oldest);
    }
  }
}
