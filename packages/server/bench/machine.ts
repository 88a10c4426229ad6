/** What the figures were measured on, and how much of it others took meanwhile: the first line of each benchmark. */
import { availableParallelism, cpus, loadavg } from 'node:os';
import { describeStolen, watchStolenTime } from '@ringback/testkit';

export interface Machine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly loadBefore: number;
  readonly loadAfter: number;
  /** Of the CPU time of the run, what the host gave to other machines, from 0 to 1. */
  readonly stolen: number | undefined;
}

/** Starts to look at the machine; call what it returns at the end. */
export function watchMachine(): () => Machine {
  const loadBefore = loadavg()[0] ?? 0;
  const stolen = watchStolenTime();
  return () => ({
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    loadBefore,
    loadAfter: loadavg()[0] ?? 0,
    stolen: stolen(),
  });
}

export function describeMachine({ node, cores, cpu, loadBefore, loadAfter, stolen }: Machine): string {
  const load = `load ${loadBefore.toFixed(1)} before and ${loadAfter.toFixed(1)} after`;
  return `Node ${node}, ${cores} × ${cpu}, ${load}, ${describeStolen(stolen)}`;
}
