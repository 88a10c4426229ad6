/** The bus of several processes on one database: rings within the process as the in-process bus does, and other nodes through PostgreSQL's NOTIFY. */
import type { Pool, PoolClient } from 'pg';
import type { Logger } from 'pino';
import { type Clock, delay } from '../clock.ts';
import type { NodeId } from '../ids.ts';
import { lastingFault } from '../lasting-fault.ts';
import { type Bus, openInProcessBus, type Topic } from './bus.ts';

export interface PostgresBusOptions {
  readonly pool: Pool;
  readonly node: NodeId;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface PostgresBus extends Bus {
  /** Stops listening. May be called twice. */
  close(): Promise<void>;
}

const channel = 'ringback_bus';
const topics: readonly Topic[] = ['outbox', 'routing', 'orders'];
/** While the connection is away, others' rings are missed; whoever listens looks now and then anyway. */
const reconnectAfterMs = 1_000;

/** Opens the bus; it listens with a connection of its own, which it takes again whenever it breaks. */
export function openPostgresBus(options: PostgresBusOptions): PostgresBus {
  const { pool, node, clock, logger } = options;
  const local = openInProcessBus();
  const stop = new AbortController();
  const outgoing = new Set<string>();
  const lost = lastingFault('the bus has no database connection; trying again', options);

  async function send(): Promise<void> {
    const payloads = [...outgoing];
    outgoing.clear();
    await pool.query('SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload', [channel, payloads]);
  }

  async function listen(client: PoolClient): Promise<void> {
    const broken = Promise.withResolvers<void>();
    const leave = (): void => broken.resolve();
    client.on('error', leave);
    client.on('end', leave);
    client.on('notification', ({ payload }) => {
      const [topic, to] = (payload ?? '').split(' ');
      const known = topics.find((name) => name === topic);
      if (known && to === node) local.ring(known);
    });
    stop.signal.addEventListener('abort', leave, { once: true });
    try {
      await client.query(`LISTEN ${channel}`);
      lost.over();
      // A signal tells nothing to those who ask for it too late.
      if (stop.signal.aborted) return;
      // What was rung before somebody listened.
      for (const topic of topics) local.ring(topic);
      await broken.promise;
    } finally {
      stop.signal.removeEventListener('abort', leave);
    }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      let client: PoolClient | undefined;
      try {
        client = await pool.connect();
        await listen(client);
      } catch (error) {
        if (!stop.signal.aborted) lost.met(error, 'warn');
      } finally {
        // It still listens; nobody else may get it.
        client?.release(true);
      }
      if (!stop.signal.aborted) await delay(clock, reconnectAfterMs, stop.signal).catch(() => undefined);
    }
  }

  const running = run();
  return {
    ring(topic, to) {
      if (to === undefined || to === node) {
        local.ring(topic);
        return;
      }
      if (outgoing.size === 0) {
        setImmediate(() => {
          send().catch((error: unknown) =>
            logger.warn({ err: error }, 'other nodes could not be rung; they look for themselves'),
          );
        });
      }
      outgoing.add(`${topic} ${to}`);
    },
    listen: (topic, woken) => local.listen(topic, woken),
    async close() {
      stop.abort();
      await running;
    },
  };
}
