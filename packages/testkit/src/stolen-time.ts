// The share of a virtual machine's CPU time that its host gave to others ("steal", proc(5)): what tells a benchmark on a bad machine from
// one of bad code.
import { readFileSync } from 'node:fs';

/** Ticks of all processors together since boot. */
interface CpuTicks {
  readonly stolen: number;
  readonly all: number;
}

/**
 * Starts to watch, and returns what tells the share since then, from 0 to 1; undefined where the kernel does not say (not Linux).
 *
 * @param read the text of /proc/stat
 */
export function watchStolenTime(read: () => string = readProcStat): () => number | undefined {
  const before = cpuTicksOf(read());
  return () => {
    const after = cpuTicksOf(read());
    if (!before || !after) return undefined;
    // Ticks of a processor that goes to sleep may be counted back by one; a share is none the less.
    return Math.max(0, after.stolen - before.stolen) / Math.max(1, after.all - before.all);
  };
}

/** For people: `3.1 % stolen`. */
export function describeStolen(share: number | undefined): string {
  return share === undefined ? 'stolen unknown' : `${(share * 100).toFixed(1)} % stolen`;
}

/** user, nice, system, idle, iowait, irq, softirq and steal; guests are counted in user and nice already. */
const FIELDS = 8;

function cpuTicksOf(text: string): CpuTicks | undefined {
  const [name, ...fields] = text.slice(0, text.indexOf('\n')).split(/ +/);
  if (name !== 'cpu' || fields.length < FIELDS) return undefined;
  const ticks = fields.slice(0, FIELDS).map(Number);
  return { stolen: ticks[FIELDS - 1] ?? 0, all: ticks.reduce((sum, each) => sum + each, 0) };
}

function readProcStat(): string {
  try {
    return readFileSync('/proc/stat', 'utf8');
  } catch {
    // Another system; its benchmarks run without this figure.
    return '';
  }
}
