/** A sink that POSTs each fact to a URL, a contact's facts one after the other. */
import { Agent, request } from 'undici';
import type { OutboxRow } from '../store/outbox-store.ts';
import type { Delivery, Sink } from './sink.ts';

export interface WebhookOptions {
  readonly name: string;
  readonly url: string;
  /** Value of the `authorization` header. */
  readonly authorization?: string;
}

/** Longest wait for the connection, for the answer's head and between two pieces of its body, ms. */
const patienceMs = 10_000;
const concurrency = 16;

/**
 * The body is the event (EventBridge envelope) or the contact record; `x-ringback-stream` tells which, and
 * `x-ringback-delivery` (contact id and sequence) lets the receiver drop what comes twice.
 */
export function openWebhookSink(options: WebhookOptions): Sink {
  const agent = new Agent({
    connections: concurrency,
    keepAliveTimeout: 10_000,
    // The agent's own times, not a signal for each POST: thousands of those would wait for their end.
    connect: { timeout: patienceMs },
    headersTimeout: patienceMs,
    bodyTimeout: patienceMs,
  });

  async function post(row: OutboxRow, signal: AbortSignal): Promise<Delivery> {
    try {
      const answer = await request(options.url, {
        method: 'POST',
        dispatcher: agent,
        headers: {
          'content-type': 'application/json',
          'x-ringback-stream': row.stream,
          'x-ringback-delivery': `${row.contactId}/${row.sequence}`,
          ...(options.authorization ? { authorization: options.authorization } : {}),
        },
        body: row.payload,
        signal,
      });
      await answer.body.dump();
      return judge(answer.statusCode);
    } catch (error) {
      return { kind: 'unreachable', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  return {
    name: options.name,
    concurrency,
    async deliver(rows, signal) {
      const deliveries: Delivery[] = [];
      for (const row of rows) {
        const delivery = await post(row, signal);
        deliveries.push(delivery);
        if (delivery.kind !== 'delivered') break;
      }
      return deliveries;
    },
    close: () => agent.close(),
  };
}

/** 429 and 5xx mean "not now" (RFC 9110 §15.6, RFC 6585 §4); other refusals will not change by themselves. */
function judge(status: number): Delivery {
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    return { kind: 'unreachable', reason: `answered ${status}` };
  }
  return { kind: 'refused', reason: `answered ${status}` };
}
