/** Keeps this node's lease, takes over contacts of nodes that died, and looks for orders that no ring told of. Runs beside the contacts for as long as the service does. */
import type { Logger } from 'pino';
import { type Clock, delay } from './clock.ts';
import type { ActiveContacts } from './contacts/active-contacts.ts';
import type { ContactOrders } from './contacts/contact-orders.ts';
import type { NodeId } from './ids.ts';
import { lastingFault } from './lasting-fault.ts';
import { type LeaseWatch, openLeaseWatch } from './lease-watch.ts';
import type { NodeStore } from './store/node-store.ts';

/** A node that has not renewed for this long is dead, ms. */
export const leaseMs = 10_000;
const renewEveryMs = 2_500;

/** One renewal may fail, or be slow; a lease that was just renewed outlasts three. */
export function openNodeLeaseWatch(clock: Clock): LeaseWatch {
  return openLeaseWatch(clock, { leaseMs, longestPauseMs: 2 * renewEveryMs });
}

export interface Ownership {
  /** Stops renewing. The lease is given back by whoever registered the node, when nothing acts in its name any more. */
  close(): Promise<void>;
}

export interface OwnershipDeps {
  readonly node: NodeId;
  readonly nodes: Pick<NodeStore, 'renew' | 'removeDead'>;
  readonly active: ActiveContacts;
  readonly orders: Pick<ContactOrders, 'look'>;
  /** Told of each renewal. */
  readonly watch: LeaseWatch;
  readonly clock: Clock;
  readonly logger: Logger;
  /** This node was judged dead; it must not act any more. */
  readonly onLost: () => void;
}

/** The node must be registered already. Recovery begins at once: what a crash left is not to wait for a timer. */
export function keepOwnership(deps: OwnershipDeps): Ownership {
  const { node, nodes, active, orders, watch, clock, logger } = deps;
  const stop = new AbortController();
  const fault = lastingFault('the lease could not be renewed; trying again', deps);

  async function turn(): Promise<void> {
    try {
      if (!(await nodes.renew(node, leaseMs))) {
        logger.error({ node }, 'another node judged this one dead and removed it');
        stop.abort();
        deps.onLost();
        return;
      }
      watch.renewed();
      const recovered = await active.recover(watch.mayJudge ? 'all' : 'own');
      if (recovered > 0) logger.warn({ recovered }, 'open contacts that nobody ran were taken over');
      await orders.look();
      if (watch.mayJudge) await nodes.removeDead();
      fault.over();
    } catch (error) {
      fault.met(error);
    }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      await turn();
      await delay(clock, renewEveryMs, stop.signal).catch(() => undefined);
    }
  }

  const running = run();
  return {
    async close() {
      stop.abort();
      await running;
    },
  };
}
