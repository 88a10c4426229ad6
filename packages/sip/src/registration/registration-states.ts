// A registration as a table: (state, input) → next state and what to do (RFC 3261 §10.2). Pure; `registration.ts` does it.
//
//   idle ──start──▶ locating ──located──▶ registering ──accepted──▶ registered ──refreshDue──▶ locating
//                      │                      ├─targetFailed─▶ registering, at the next target
//                      └─────unavailable──────┴─refused, unavailable─▶ backingOff ──retryDue──▶ locating
//   any ──stop──▶ unregistering ──answered──▶ over

export type RegistrationState =
  | 'idle'
  | 'locating'
  | 'registering'
  | 'registered'
  | 'backingOff'
  | 'unregistering'
  | 'over';

/**
 * `refused`: a final response that another try will hardly change. `unavailable`: silence, 5xx, no way there, and no other target.
 * `targetFailed`: silence, 503 or no way there, and another target is left (RFC 3263 §4.3). `tooBrief`: 423.
 */
export type RegistrationInput =
  | 'start'
  | 'located'
  | 'targetFailed'
  | 'accepted'
  | 'tooBrief'
  | 'refused'
  | 'unavailable'
  | 'refreshDue'
  | 'retryDue'
  | 'stop';

export type RegistrationAction =
  | 'locate'
  | 'sendToFirst'
  | 'sendToNext'
  | 'send'
  | 'sendRemoval'
  | 'raiseExpires'
  | 'scheduleRefresh'
  | 'scheduleRetry'
  | 'scheduleSlowRetry'
  | 'stopTimer'
  | 'tellRegistered'
  | 'tellFailed'
  | 'finish';

export interface RegistrationStep {
  readonly state: RegistrationState;
  readonly actions: readonly RegistrationAction[];
}

function to(state: RegistrationState, ...actions: RegistrationAction[]): RegistrationStep {
  return { state, actions };
}

/** A cell that is not listed means: stay, do nothing. */
const table: Readonly<
  Record<RegistrationState, Readonly<Partial<Record<RegistrationInput, RegistrationStep>>>>
> = {
  idle: {
    start: to('locating', 'locate'),
    stop: to('over', 'finish'),
  },
  locating: {
    located: to('registering', 'sendToFirst'),
    unavailable: to('backingOff', 'scheduleRetry', 'tellFailed'),
    // A binding may be left from before.
    stop: to('unregistering', 'sendRemoval'),
  },
  registering: {
    accepted: to('registered', 'scheduleRefresh', 'tellRegistered'),
    tooBrief: to('registering', 'raiseExpires', 'send'),
    targetFailed: to('registering', 'sendToNext'),
    refused: to('backingOff', 'scheduleSlowRetry', 'tellFailed'),
    unavailable: to('backingOff', 'scheduleRetry', 'tellFailed'),
    // What is on its way may yet register us.
    stop: to('unregistering', 'sendRemoval'),
  },
  registered: {
    refreshDue: to('locating', 'locate'),
    stop: to('unregistering', 'stopTimer', 'sendRemoval'),
  },
  backingOff: {
    retryDue: to('locating', 'locate'),
    stop: to('over', 'stopTimer', 'finish'),
  },
  unregistering: {
    accepted: to('over', 'finish'),
    tooBrief: to('over', 'finish'),
    refused: to('over', 'finish'),
    unavailable: to('over', 'finish'),
  },
  over: {},
};

const NO_ACTIONS: readonly RegistrationAction[] = [];

export function stepRegistration(state: RegistrationState, input: RegistrationInput): RegistrationStep {
  return table[state][input] ?? { state, actions: NO_ACTIONS };
}
