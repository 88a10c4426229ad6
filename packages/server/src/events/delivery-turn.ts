/** Delivers to a sink whose receiver all nodes share: one node at a time, which another follows when it closes or dies. */

import { delay } from '../clock.ts';
import type { NodeId } from '../ids.ts';
import { lastingFault } from '../lasting-fault.ts';
import type { OutboxStore } from '../store/outbox-store.ts';
import {
  type DeliveryStore,
  type OutboxDelivery,
  type OutboxDeliveryDeps,
  openOutboxDelivery,
} from './outbox-delivery.ts';
import type { Delivery, Sink } from './sink.ts';

export interface DeliveryTurnDeps extends OutboxDeliveryDeps {
  readonly store: DeliveryStore & Pick<OutboxStore, 'takeTurn' | 'hasTurn' | 'endTurn'>;
  /** Must be registered with a lease already, since the turn ends with the lease. */
  readonly node: NodeId;
}

/** How often a node that waits looks whether its turn has come; so long does one that delivers take it for granted that it still is, ms. */
const lookEveryMs = 2000;

/**
 * As `openOutboxDelivery`, which it opens for the time of each turn: it begins anew from the stored position and the held facts.
 * While it is another node's turn there is nothing to wake, to catch up with or to hold here.
 */
export function openDeliveryTurn(deps: DeliveryTurnDeps): OutboxDelivery {
  const { store, node, sink, clock, logger } = deps;
  const stop = new AbortController();
  let delivery: OutboxDelivery | undefined;
  const lookFault = lastingFault(`the turn of the sink ${sink.name} cannot be looked at; trying again`, deps);

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      const askedAtMs = clock.now();
      if ((await isTaken()) && !stop.signal.aborted) await deliverUntilOver(askedAtMs);
      await delay(clock, lookEveryMs, stop.signal).catch(() => undefined);
    }
  }

  async function isTaken(): Promise<boolean> {
    try {
      const isMine = await store.takeTurn(sink.name, node);
      lookFault.over();
      return isMine;
    } catch (error) {
      lookFault.met(error);
      return false;
    }
  }

  /** Resolves when the turn is lost, or on stop, after the rows under way. */
  async function deliverUntilOver(askedAtMs: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    const end = (): void => over.resolve(current.close());
    const turn = makeTurn(deps, askedAtMs, end);
    const current = openOutboxDelivery({ ...deps, ...turn });
    delivery = current;
    logger.info({ sink: sink.name }, 'this node delivers to the sink');
    stop.signal.addEventListener('abort', end, { once: true });
    await over.promise;
    stop.signal.removeEventListener('abort', end);
    delivery = undefined;
    if (!stop.signal.aborted) logger.warn({ sink: sink.name }, 'another node delivers to the sink');
  }

  /** Another node need not wait for the lease's end; without the database it must. */
  async function giveBack(): Promise<void> {
    await store
      .endTurn(sink.name, node)
      .catch((error: unknown) =>
        logger.warn({ err: error, sink: sink.name }, 'the turn of a sink ends with the lease only'),
      );
  }

  const running = run();
  return {
    sink: sink.name,
    wake: () => delivery?.wake(),
    catchUp: (withinMs) => delivery?.catchUp(withinMs) ?? Promise.resolve(),
    get held() {
      return delivery?.held ?? 0;
    },
    async close() {
      stop.abort();
      await running;
      await giveBack();
      await sink.close();
    },
  };
}

/** Thrown to a delivery that is over, so that it takes nothing for stored. */
class TurnLost extends Error {
  override readonly name = 'TurnLost';
}

/** Store and sink for one turn. Whichever finds that the turn is another node's calls `lost`, which must stop the delivery before it returns. */
function makeTurn(
  { store, node, sink, clock }: DeliveryTurnDeps,
  confirmedAtMs: number,
  lost: () => void,
): { readonly store: DeliveryStore; readonly sink: Sink } {
  const belief = { confirmedAtMs };
  let asking: Promise<boolean> | undefined;

  /** Keeps the answer to `question`, which was asked of the database. */
  async function learn(question: () => Promise<boolean>): Promise<boolean> {
    const askedAtMs = clock.now();
    const isMine = await question();
    if (isMine) belief.confirmedAtMs = askedAtMs;
    else lost();
    return isMine;
  }

  async function onlyInTurn(write: () => Promise<boolean>): Promise<boolean> {
    if (await learn(write)) return true;
    throw new TurnLost(`It is another node's turn to deliver to the sink ${sink.name}.`);
  }

  /** After a pause, be it of the facts or of this process, it may be another's turn by now. */
  async function askThenDeliver(
    ...[rows, signal]: Parameters<Sink['deliver']>
  ): Promise<readonly Delivery[]> {
    asking ??= learn(() => store.hasTurn(sink.name, node)).finally(() => {
      asking = undefined;
    });
    try {
      if (!(await asking)) return [];
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return [{ kind: 'unreachable', reason: `whose turn it is cannot be learned: ${reason}` }];
    }
    return await sink.deliver(rows, signal);
  }

  return {
    store: {
      positionOf: (name) => store.positionOf(name),
      read: (after, limit) => store.read(after, limit),
      held: (name) => store.held(name),
      advance: (name, position) => onlyInTurn(() => store.advance(name, position, node)),
      // Held by a former owner, a fact that was delivered since would come again.
      hold: (name, rows) => onlyInTurn(() => store.hold(name, rows, node)),
      // What was delivered or set aside is so, whoever's turn it is.
      release: (name, row) => store.release(name, row),
      setAside: (name, row, reason, atMs) => store.setAside(name, row, reason, atMs),
    },
    sink: {
      name: sink.name,
      concurrency: sink.concurrency,
      receiver: sink.receiver,
      deliver: (rows, signal) =>
        clock.now() - belief.confirmedAtMs < lookEveryMs
          ? sink.deliver(rows, signal)
          : askThenDeliver(rows, signal),
      // There may be further turns.
      close: () => Promise.resolve(),
    },
  };
}
