// The calling side of an INVITE as a table, from the first datagram to the answer or the end of all hope: CANCEL and its races, later
// answers, closing (RFC 3261 §9.1, §13.2.2). Pure; `outgoing-invite.ts` does it.
//
//   calling ──1xx──▶ proceeding ──2xx──▶ answered          over: rejected, timed out, cancelled …
//      │ cancel          │ cancel
//      ▼                 ▼
//   cancelPending ─1xx─▶ cancelling ──final──▶ over

export type CallingState = 'calling' | 'proceeding' | 'cancelPending' | 'cancelling' | 'answered' | 'over';

/**
 * `retry`: a failure that is answered by sending the INVITE once more (401, 407, 422). `cancelDue`: 64·T1 after the CANCEL.
 * `wayBackLost`: it rings, and no answer could reach us.
 */
export type CallingInput =
  | 'provisional'
  | 'success'
  | 'failure'
  | 'retry'
  | 'timeout'
  | 'transportError'
  | 'wayBackLost'
  | 'cancel'
  | 'cancelDue'
  | 'close';

export type CallingAction =
  | 'passProvisional'
  | 'sendCancel'
  | 'startCancelTimer'
  | 'resend'
  | 'leave'
  | 'abandon'
  | 'expectLateAnswer'
  | 'accept'
  | 'hangUp'
  | 'failRejected'
  | 'failAsCancelled'
  | 'failCancelled'
  | 'failTimeout'
  | 'failTransport'
  | 'failClosed';

export interface CallingStep {
  readonly state: CallingState;
  readonly actions: readonly CallingAction[];
}

function to(state: CallingState, ...actions: CallingAction[]): CallingStep {
  return { state, actions };
}

/** A cell that is not listed means: stay, do nothing. */
const table: Readonly<Record<CallingState, Readonly<Partial<Record<CallingInput, CallingStep>>>>> = {
  calling: {
    provisional: to('proceeding', 'passProvisional'),
    success: to('answered', 'leave', 'accept'),
    failure: to('over', 'leave', 'failRejected'),
    retry: to('calling', 'resend'),
    timeout: to('over', 'leave', 'failTimeout', 'expectLateAnswer'),
    transportError: to('over', 'leave', 'failTransport'),
    // Not before a provisional response (§9.1); whoever cancelled need not wait for it.
    cancel: to('cancelPending', 'failCancelled'),
    close: to('over', 'leave', 'failClosed'),
  },
  proceeding: {
    provisional: to('proceeding', 'passProvisional'),
    success: to('answered', 'leave', 'accept'),
    failure: to('over', 'leave', 'failRejected'),
    retry: to('calling', 'resend'),
    transportError: to('over', 'leave', 'failTransport'),
    // Whoever picked up would hear nobody.
    wayBackLost: to('cancelling', 'sendCancel', 'startCancelTimer', 'failTransport'),
    cancel: to('cancelling', 'sendCancel', 'startCancelTimer'),
    close: to('over', 'sendCancel', 'leave', 'failClosed'),
  },
  cancelPending: {
    provisional: to('cancelling', 'sendCancel', 'startCancelTimer'),
    success: to('over', 'leave', 'hangUp'),
    failure: to('over', 'leave'),
    timeout: to('over', 'leave', 'expectLateAnswer'),
    transportError: to('over', 'leave'),
    close: to('over', 'leave'),
  },
  cancelling: {
    success: to('over', 'leave', 'hangUp', 'failCancelled'),
    failure: to('over', 'leave', 'failAsCancelled'),
    transportError: to('over', 'leave', 'failTransport'),
    cancelDue: to('over', 'abandon', 'leave', 'failCancelled', 'expectLateAnswer'),
    close: to('over', 'leave', 'failClosed'),
  },
  // A second phone behind a fork picked up, or one that had been given up: it must be let go.
  answered: {
    success: to('answered', 'hangUp'),
  },
  over: {
    success: to('over', 'hangUp'),
  },
};

const NO_ACTIONS: readonly CallingAction[] = [];

export function stepCalling(state: CallingState, input: CallingInput): CallingStep {
  return table[state][input] ?? { state, actions: NO_ACTIONS };
}
