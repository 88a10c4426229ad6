/** Wake-ups between parts: a doorbell, never the truth. Whoever is rung looks for himself; whoever is not looks now and then. */

import type { NodeId } from '../ids.ts';

/** What can be rung about. */
export type Topic = 'outbox' | 'routing' | 'orders';

export interface Bus {
  /** Tells everyone who listens that there may be something new; only those of `node` where one is named. */
  ring(topic: Topic, node?: NodeId): void;
  listen(topic: Topic, woken: () => void): void;
}

/** The bus of a single process. Rings of one turn of the event loop are told once. */
export function openInProcessBus(): Bus {
  const listeners = new Map<Topic, Set<() => void>>();
  const rung = new Set<Topic>();
  return {
    ring(topic) {
      if (rung.has(topic)) return;
      rung.add(topic);
      setImmediate(() => {
        rung.delete(topic);
        for (const woken of listeners.get(topic) ?? []) woken();
      });
    },
    listen(topic, woken) {
      const set = listeners.get(topic) ?? new Set();
      set.add(woken);
      listeners.set(topic, set);
    },
  };
}
