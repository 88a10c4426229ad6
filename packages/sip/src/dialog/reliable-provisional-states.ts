// Reliable provisional responses of the called side as a table: one is on its way at a time, repeated until its PRACK
// (RFC 3262 §3). Pure; `reliable-provisionals.ts` does it.
//
//   idle ──send──▶ waiting ──prack──▶ idle        any ──final──▶ over

export type ReliableState = 'idle' | 'waiting' | 'over';

/** `final`: the INVITE gets its final response, or its caller is gone. */
export type ReliableInput = 'send' | 'prack' | 'repeatDue' | 'giveUpDue' | 'final';

export type ReliableAction =
  | 'transmit'
  | 'enqueue'
  | 'repeat'
  | 'startTimers'
  | 'stopTimers'
  | 'sendNext'
  | 'informUnacknowledged';

export interface ReliableStep {
  readonly state: ReliableState;
  readonly actions: readonly ReliableAction[];
}

function to(state: ReliableState, ...actions: ReliableAction[]): ReliableStep {
  return { state, actions };
}

/** A cell that is not listed means: stay, do nothing. */
const table: Readonly<Record<ReliableState, Readonly<Partial<Record<ReliableInput, ReliableStep>>>>> = {
  idle: {
    send: to('waiting', 'transmit', 'startTimers'),
    final: to('over'),
  },
  waiting: {
    send: to('waiting', 'enqueue'),
    repeatDue: to('waiting', 'repeat'),
    prack: to('idle', 'stopTimers', 'sendNext'),
    giveUpDue: to('over', 'stopTimers', 'informUnacknowledged'),
    final: to('over', 'stopTimers'),
  },
  over: {},
};

const NO_ACTIONS: readonly ReliableAction[] = [];

export function stepReliable(state: ReliableState, input: ReliableInput): ReliableStep {
  return table[state][input] ?? { state, actions: NO_ACTIONS };
}
