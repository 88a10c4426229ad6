/** Whether a trunk is fit for calls, learned from probes and calls: a step table without time of its own. trunks.ts feeds it. */

/** `on trial`: its time aside is over, and the next calls decide. */
export type TrunkStanding = 'in service' | 'side-lined' | 'on trial';

export interface TrunkHealth {
  readonly standing: TrunkStanding;
  /** Why it is side-lined: nobody answers probes, or too many calls fail there. */
  readonly because: 'unreachable' | 'failing' | undefined;
  readonly sinceMs: number;
  /** When a failing trunk is tried again, ms since the epoch; an unreachable one returns when a probe is answered. */
  readonly trialAtMs: number | undefined;
  /** Probes in a row that nobody answered. */
  readonly probesFailed: number;
  /** The latest calls, oldest first. */
  readonly outcomes: readonly { readonly atMs: number; readonly result: CallResult }[];
  /** How often it was side-lined for failing without a good call since; each doubles the time aside. */
  readonly relapses: number;
}

/** `failed`: the carrier could not carry it, whoever was called. */
type CallResult = 'carried' | 'failed';

/** `why`: what failed and where, for the log. */
export type HealthInput =
  | {
      readonly kind: 'probe';
      readonly result: 'answered' | 'failed';
      readonly atMs: number;
      readonly why?: string;
    }
  | { readonly kind: 'call'; readonly result: CallResult; readonly atMs: number; readonly why?: string }
  | { readonly kind: 'time'; readonly atMs: number };

/** Probes in a row that must fail; one lost exchange of UDP is no outage. */
const probesUntilUnreachable = 2;
/** Calls older than this say nothing of now, ms. */
const windowMs = 60_000;
const mostOutcomes = 50;
/** Failed calls in the window, and their share of all, that side-line a trunk. */
const failuresUntilFailing = 5;
const shareUntilFailing = 0.5;
const firstTimeAsideMs = 30_000;
const longestTimeAsideMs = 600_000;

export function newHealth(nowMs: number): TrunkHealth {
  return {
    standing: 'in service',
    because: undefined,
    sinceMs: nowMs,
    trialAtMs: undefined,
    probesFailed: 0,
    outcomes: [],
    relapses: 0,
  };
}

export function stepHealth(health: TrunkHealth, input: HealthInput): TrunkHealth {
  const now = trialIfDue(health, input.atMs);
  switch (input.kind) {
    case 'time':
      return now;
    case 'probe':
      return input.result === 'answered' ? probeAnswered(now, input.atMs) : probeFailed(now, input.atMs);
    case 'call':
      return input.result === 'carried' ? callCarried(now, input.atMs) : callFailed(now, input.atMs);
  }
}

function trialIfDue(health: TrunkHealth, atMs: number): TrunkHealth {
  if (health.because !== 'failing' || health.trialAtMs === undefined || atMs < health.trialAtMs)
    return health;
  return { ...health, standing: 'on trial', sinceMs: atMs, trialAtMs: undefined, outcomes: [] };
}

function probeAnswered(health: TrunkHealth, atMs: number): TrunkHealth {
  if (health.because !== 'unreachable') return { ...health, probesFailed: 0 };
  return { ...newHealth(atMs), relapses: health.relapses };
}

function probeFailed(health: TrunkHealth, atMs: number): TrunkHealth {
  const probesFailed = health.probesFailed + 1;
  if (probesFailed < probesUntilUnreachable || health.because === 'unreachable') {
    return { ...health, probesFailed };
  }
  return {
    ...health,
    standing: 'side-lined',
    because: 'unreachable',
    sinceMs: atMs,
    trialAtMs: undefined,
    probesFailed,
  };
}

/** One good call is proof enough, also of a trunk that was only tried because no other was left. */
function callCarried(health: TrunkHealth, atMs: number): TrunkHealth {
  if (health.standing !== 'in service') return newHealth(atMs);
  return { ...health, relapses: 0, outcomes: withOutcome(health, 'carried', atMs) };
}

function callFailed(health: TrunkHealth, atMs: number): TrunkHealth {
  const outcomes = withOutcome(health, 'failed', atMs);
  if (health.standing === 'side-lined') return { ...health, outcomes };
  const failures = outcomes.filter(({ result }) => result === 'failed').length;
  const isFailing =
    health.standing === 'on trial' ||
    (failures >= failuresUntilFailing && failures / outcomes.length >= shareUntilFailing);
  if (!isFailing) return { ...health, outcomes };
  const asideMs = Math.min(firstTimeAsideMs * 2 ** health.relapses, longestTimeAsideMs);
  return {
    ...health,
    standing: 'side-lined',
    because: 'failing',
    sinceMs: atMs,
    trialAtMs: atMs + asideMs,
    outcomes,
    relapses: health.relapses + 1,
  };
}

function withOutcome({ outcomes }: TrunkHealth, result: CallResult, atMs: number): TrunkHealth['outcomes'] {
  return [...outcomes.slice(1 - mostOutcomes), { atMs, result }].filter(
    (outcome) => outcome.atMs > atMs - windowMs,
  );
}

/** Share of failed calls in the last minute, 0 … 1; 0 where there were none. */
export function failureShare({ outcomes }: TrunkHealth, nowMs: number): number {
  const recent = outcomes.filter(({ atMs }) => atMs > nowMs - windowMs);
  if (recent.length === 0) return 0;
  return recent.filter(({ result }) => result === 'failed').length / recent.length;
}

/** For people: `in service`, or since when it is not, and why. */
export function describeHealth({ standing, because, sinceMs }: TrunkHealth): string {
  if (standing === 'in service') return standing;
  return `${standing} since ${new Date(sinceMs).toISOString()}: ${because}`;
}
