/** What `browser-legs.ts` and its far ends say to each other; plain data. */

export type ToFarEnds =
  /** Two offers to be answered: of a browser's leg and of a customer's. */
  { kind: 'join'; browser: string; phone: string } | { kind: 'speak' } | { kind: 'count' } | { kind: 'stop' };

export type FromFarEnds =
  | { kind: 'joined'; browser: string; phone: string }
  | { kind: 'speaking' }
  /** Packets of browsers and phones together; lost by the gaps in their sequence numbers. */
  | { kind: 'counted'; received: number; lost: number };
