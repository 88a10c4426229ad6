// In which order DNS records are tried: SRV by priority and weighted chance (RFC 2782), NAPTR by order and preference.
import type { NaptrRecord, SrvRecord } from './dns-resolver.ts';

/** @param random uniform in [0, 1) */
export function orderSrv(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const priorities = [...new Set(records.map(({ priority }) => priority))].sort((one, other) => one - other);
  return priorities.flatMap((wanted) =>
    drawByWeight(
      records.filter(({ priority }) => priority === wanted),
      random,
    ),
  );
}

/** Each draw takes a record with a chance in proportion to its weight; those of weight 0 come first into the draw (RFC 2782). */
function drawByWeight(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const left = [...records].sort((one, other) => one.weight - other.weight);
  const drawn: SrvRecord[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    let rest = Math.floor(random() * (total + 1));
    const found = left.findIndex(({ weight }) => {
      rest -= weight;
      return rest <= 0;
    });
    const [record] = left.splice(Math.max(found, 0), 1);
    if (record !== undefined) drawn.push(record);
  }
  return drawn;
}

export function orderNaptr(records: readonly NaptrRecord[]): NaptrRecord[] {
  return [...records].sort((one, other) => one.order - other.order || one.preference - other.preference);
}
