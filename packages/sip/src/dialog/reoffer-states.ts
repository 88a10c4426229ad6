// Changing a session from this side as a table: one re-INVITE or UPDATE at a time, again after glare (RFC 3261 §14.1,
// RFC 3311 §5.1). Pure; `reoffer.ts` does it.
//
//   ready ──start──▶ asking ──success──▶ done          waiting: 491 or Retry-After was answered
//     ▲                │ └──refused──▶ failed
//     └───timerDue── waiting ◀──glare, busy, tooBrief

export type ReofferState = 'ready' | 'asking' | 'waiting' | 'done' | 'failed';

/**
 * `glare`: 491. `busy`: a 5xx with Retry-After. `tooBrief`: 422. `refused`: any other final response. `lost`: no response, or
 * the dialog ended.
 */
export type ReofferInput =
  | 'start'
  | 'success'
  | 'glare'
  | 'busy'
  | 'tooBrief'
  | 'refused'
  | 'lost'
  | 'timerDue'
  | 'exhausted';

export type ReofferAction =
  | 'send'
  | 'withdraw'
  | 'waitAfterGlare'
  | 'waitAsTold'
  | 'raiseInterval'
  | 'stopWaiting'
  | 'succeed'
  | 'failRefused'
  | 'failLost';

export interface ReofferStep {
  readonly state: ReofferState;
  readonly actions: readonly ReofferAction[];
}

function to(state: ReofferState, ...actions: ReofferAction[]): ReofferStep {
  return { state, actions };
}

/** A cell that is not listed means: stay, do nothing. */
const table: Readonly<Record<ReofferState, Readonly<Partial<Record<ReofferInput, ReofferStep>>>>> = {
  ready: {
    start: to('asking', 'send'),
    // An offer of the peer is open already: as bad as crossing it.
    glare: to('waiting', 'waitAfterGlare'),
    lost: to('failed', 'failLost'),
    exhausted: to('failed', 'failRefused'),
  },
  asking: {
    success: to('done', 'succeed'),
    glare: to('waiting', 'withdraw', 'waitAfterGlare'),
    busy: to('waiting', 'withdraw', 'waitAsTold'),
    tooBrief: to('ready', 'withdraw', 'raiseInterval'),
    refused: to('failed', 'withdraw', 'failRefused'),
    exhausted: to('failed', 'withdraw', 'failRefused'),
    lost: to('failed', 'withdraw', 'failLost'),
  },
  waiting: {
    timerDue: to('ready'),
    lost: to('failed', 'stopWaiting', 'failLost'),
  },
  done: {},
  failed: {},
};

const NO_ACTIONS: readonly ReofferAction[] = [];

export function stepReoffer(state: ReofferState, input: ReofferInput): ReofferStep {
  return table[state][input] ?? { state, actions: NO_ACTIONS };
}

/**
 * How long to wait after 491, ms in steps of ten (RFC 3261 §14.1): who chose the Call-ID longer than the other, so that the two do
 * not meet again.
 *
 * @param random 0 … 1, 1 excluded
 */
export function glareWaitMs(isCallIdOwner: boolean, random: number): number {
  const [first, steps] = isCallIdOwner ? [2_100, 191] : [0, 201];
  return first + Math.floor(random * steps) * 10;
}
