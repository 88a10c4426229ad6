/** A sink that POSTs each fact to a URL, a contact's facts one after the other. */
import { Agent, type Dispatcher, request } from 'undici';
import type { OutboxRow } from '../store/outbox-store.ts';
import type { Delivery, Sink } from './sink.ts';

export interface WebhookOptions {
  readonly name: string;
  readonly url: string;
  /** Value of the `authorization` header. */
  readonly authorization?: string;
}

/** Longest wait for the connection, for the answer's head, between two pieces of its body, and for all of that, ms. */
const defaultPatienceMs = 10_000;
const concurrency = 16;

/**
 * The body is the event (EventBridge envelope) or the contact record; `x-ringback-stream` tells which, and
 * `x-ringback-delivery` (contact id and sequence) lets the receiver drop what comes twice.
 */
export function openWebhookSink(options: WebhookOptions, patienceMs = defaultPatienceMs): Sink {
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
      await skip(answer.body, patienceMs);
      return judge(answer.statusCode);
    } catch (error) {
      return judgeError(error);
    }
  }

  return {
    name: options.name,
    concurrency,
    receiver: 'shared',
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

/** What the receiver had to say stands in the head. A body without end, of which a little comes now and then, must not keep the facts behind it waiting. */
async function skip(body: Dispatcher.ResponseData['body'], withinMs: number): Promise<void> {
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    body.destroy();
  }, withinMs);
  try {
    await body.dump();
  } catch (error) {
    if (!isLate) throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Codes of errors that come once the request is on its way: the receiver may have failed at this very fact. */
const brokenOff: ReadonlySet<unknown> = new Set([
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ECONNRESET',
  'EPIPE',
]);

function judgeError(error: unknown): Delivery {
  const { code, message } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  return { kind: brokenOff.has(code) ? 'failed' : 'unreachable', reason: message ?? String(error) };
}

/** "Not now" to everybody (RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4). */
const notNow: ReadonlySet<number> = new Set([408, 425, 429]);
/** Often about who asks and where, such as a token that has expired, and not about the fact. */
const aboutTheAsker: ReadonlySet<number> = new Set([401, 403, 404, 405, 407]);

function judge(status: number): Delivery {
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  const reason = `answered ${status}`;
  if (notNow.has(status)) return { kind: 'unreachable', reason };
  if (status < 400 || status >= 500 || aboutTheAsker.has(status)) return { kind: 'failed', reason };
  return { kind: 'refused', reason };
}
