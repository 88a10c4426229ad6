// The session timer as a table: (state, input) → next state and what to do (RFC 4028 §10). Pure; `session-timer.ts` does it.
//
//   off ──agreed──▶ running ──refreshDue──▶ refreshing ──agreed──▶ running
//                      └────────expiryDue──────┴──────────▶ expired

export type SessionTimerState = 'off' | 'running' | 'refreshing' | 'expired';

/** `agreed`: a 2xx set an interval. `released`: a 2xx set none. `ended`: the dialog is over. */
export type SessionTimerInput =
  | 'agreed'
  | 'released'
  | 'refreshDue'
  | 'refreshFailed'
  | 'expiryDue'
  | 'ended';

export type SessionTimerAction = 'startTimers' | 'stopTimers' | 'retryRefresh' | 'sendRefresh' | 'hangUp';

export interface SessionTimerStep {
  readonly state: SessionTimerState;
  readonly actions: readonly SessionTimerAction[];
}

function to(state: SessionTimerState, ...actions: SessionTimerAction[]): SessionTimerStep {
  return { state, actions };
}

/** A cell that is not listed means: stay, do nothing. */
const table: Readonly<
  Record<SessionTimerState, Readonly<Partial<Record<SessionTimerInput, SessionTimerStep>>>>
> = {
  off: {
    agreed: to('running', 'startTimers'),
  },
  running: {
    agreed: to('running', 'stopTimers', 'startTimers'),
    released: to('off', 'stopTimers'),
    refreshDue: to('refreshing', 'sendRefresh'),
    expiryDue: to('expired', 'stopTimers', 'hangUp'),
    ended: to('off', 'stopTimers'),
  },
  refreshing: {
    agreed: to('running', 'stopTimers', 'startTimers'),
    released: to('off', 'stopTimers'),
    // Refused for now: once more later, for as long as the session has not expired.
    refreshFailed: to('running', 'retryRefresh'),
    expiryDue: to('expired', 'stopTimers', 'hangUp'),
    ended: to('off', 'stopTimers'),
  },
  expired: {},
};

const NO_ACTIONS: readonly SessionTimerAction[] = [];

export function stepSessionTimer(state: SessionTimerState, input: SessionTimerInput): SessionTimerStep {
  return table[state][input] ?? { state, actions: NO_ACTIONS };
}
