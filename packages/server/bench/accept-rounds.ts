/**
 * Phases A and D: the service and the bare route are loaded in turn, round by round, so that both meet the machine in the same moods. Of
 * each the fastest round counts.
 */
import type { LoadResult } from './http-load.ts';
import type { PhaseResult } from './results.ts';

/** What is loaded: it stays open over its rounds. */
export interface LoadedPeer {
  warmUp(seconds: number): Promise<void>;
  round(seconds: number): Promise<LoadResult>;
  /** Resolves when what the last round left behind is done, so that it is not part of the other peer's round. */
  untilIdle(): Promise<void>;
  report(): Promise<PhaseResult>;
  close(): Promise<void>;
}

export interface RoundOptions {
  readonly rounds: number;
  readonly seconds: number;
}

/** After fewer requests V8 has not yet compiled what matters, and the figures say how fast it does that. */
const warmUpSeconds = 6;

/** Measures the peers in turn, and closes them. */
export async function measureInTurn(
  open: readonly (() => Promise<LoadedPeer>)[],
  { rounds, seconds }: RoundOptions,
): Promise<PhaseResult[]> {
  const peers: LoadedPeer[] = [];
  try {
    for (const openPeer of open) {
      const peer = await openPeer();
      peers.push(peer);
      await peer.warmUp(warmUpSeconds);
      await peer.untilIdle();
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const peer of peers) {
        await peer.round(seconds);
        await peer.untilIdle();
      }
    }
    const results: PhaseResult[] = [];
    for (const peer of peers) results.push(await peer.report());
    return results;
  } finally {
    for (const peer of peers) await peer.close();
  }
}

/** The fastest round of a peer, and what there is to say about the others. */
export function fastestOf<Round extends { readonly load: LoadResult }>(
  rounds: readonly Round[],
): { readonly fastest: Round; readonly rates: string } {
  const [fastest] = rounds.toSorted((a, b) => b.load.perSecond - a.load.perSecond);
  if (!fastest) throw new Error('no round was measured');
  const rates = rounds.map(({ load }) => Math.round(load.perSecond).toLocaleString('en-US')).join(', ');
  return { fastest, rates };
}
