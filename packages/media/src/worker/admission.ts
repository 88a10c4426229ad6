/**
 * When a worker takes no further session, so that those it carries keep sounding right. Pure: the engine asks it with the
 * latest load that the worker told.
 */

/** How busy a worker has been in the last seconds. */
export interface WorkerLoad {
  /** Share of one core that the thread took, 0 … 1. */
  cpuShare: number;
  /** Lateness that 95 of 100 ticks kept below, ms. */
  latenessP95Ms: number;
}

export const IDLE: WorkerLoad = { cpuShare: 0, latenessP95Ms: 0 };

/** Above this share of a core a burst of packets or of new calls would make ticks late. */
const MOST_CPU_SHARE = 0.75;

/** A frame. Jitter buffers of far ends absorb less than that; more is heard. */
const MOST_LATENESS_MS = 20;

/** Below this share of a core it is the machine that is starved, not the worker that is full: refusing calls would not help. */
const LEAST_CPU_SHARE_WHEN_LATE = 0.4;

/** A worker with fewer sessions is not what makes the machine late; refusing calls would not help. */
const FEW_SESSIONS = 50;

export function isOverloaded(load: WorkerLoad, sessions: number): boolean {
  if (sessions < FEW_SESSIONS) return false;
  if (load.cpuShare > MOST_CPU_SHARE) return true;
  return load.latenessP95Ms > MOST_LATENESS_MS && load.cpuShare > LEAST_CPU_SHARE_WHEN_LATE;
}
