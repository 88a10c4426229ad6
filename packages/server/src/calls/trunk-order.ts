/** The trunks for one destination, in the order in which they are tried: route by country, health, priority, weight. Pure. Used by trunks.ts. */
import type { Trunk } from './trunk.ts';

/** Trunks that are as good as each other; within it, the order that chance by weight gave. */
export type TrunkGroup = readonly Trunk[];

export interface OrderOptions {
  /** ISO 3166-1 alpha-2 country of the destination. */
  readonly country: string;
  isSideLined(trunk: Trunk): boolean;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Trunks whose routes name the country go before those without routes; trunks for other countries are left out. Side-lined trunks
 * come last: an attempt that may fail is better than none.
 */
export function orderTrunks(trunks: readonly Trunk[], options: OrderOptions): readonly TrunkGroup[] {
  const groups = new Map<string, { readonly rank: readonly number[]; readonly members: Trunk[] }>();
  for (const trunk of trunks) {
    if (trunk.countries && !trunk.countries.has(options.country)) continue;
    const rank = [options.isSideLined(trunk) ? 1 : 0, trunk.countries ? 0 : 1, trunk.priority];
    const key = rank.join();
    const group = groups.get(key);
    if (group) group.members.push(trunk);
    else groups.set(key, { rank, members: [trunk] });
  }
  return [...groups.values()]
    .sort((a, b) => compareRanks(a.rank, b.rank))
    .map(({ members }) => byWeight(members, options.random));
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Draws one after another, each with the chance that its weight gives it among those left (as RFC 2782 does for SRV). */
function byWeight(members: readonly Trunk[], random: () => number): Trunk[] {
  if (members.length === 1) return [...members];
  const left = [...members];
  const drawn: Trunk[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    let point = random() * total;
    // Without any weight the first of the configuration is drawn.
    const index = left.findIndex(({ weight }) => {
      point -= weight;
      return point < 0;
    });
    drawn.push(...left.splice(Math.max(index, 0), 1));
  }
  return drawn;
}
