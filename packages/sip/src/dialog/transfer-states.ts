// A transfer as a table: REFER, and the subscription it makes by itself (RFC 3515 §2.4, RFC 6665 §4.1). Pure; `transfer.ts` does it.
//
//   asking ──accepted──▶ subscribed ──progress──▶ subscribed ──final | terminated | timerDue──▶ over

export type TransferState = 'asking' | 'subscribed' | 'over';

/**
 * `progress` and `final` are NOTIFYs with a status below and from 200; `terminated` ends the subscription without one. `dialogEnded`:
 * the far end hung up; its last NOTIFY may still come.
 */
export type TransferInput =
  | 'accepted'
  | 'refused'
  | 'lost'
  | 'progress'
  | 'final'
  | 'terminated'
  | 'timerDue'
  | 'dialogEnded';

export type TransferAction =
  | 'startTimer'
  | 'shortenTimer'
  | 'stopTimer'
  | 'tellProgress'
  | 'succeed'
  | 'failRefused'
  | 'failLost'
  | 'failTerminated'
  | 'failTimeout';

export interface TransferStep {
  readonly state: TransferState;
  readonly actions: readonly TransferAction[];
}

function to(state: TransferState, ...actions: TransferAction[]): TransferStep {
  return { state, actions };
}

/** A cell that is not listed means: stay, do nothing. A NOTIFY may overtake the 202 (RFC 3515 §2.4.4). */
const table: Readonly<Record<TransferState, Readonly<Partial<Record<TransferInput, TransferStep>>>>> = {
  asking: {
    accepted: to('subscribed', 'startTimer'),
    refused: to('over', 'failRefused'),
    lost: to('over', 'failLost'),
    progress: to('asking', 'tellProgress'),
    final: to('over', 'succeed'),
    terminated: to('over', 'failTerminated'),
    dialogEnded: to('over', 'failLost'),
  },
  subscribed: {
    progress: to('subscribed', 'tellProgress'),
    final: to('over', 'stopTimer', 'succeed'),
    terminated: to('over', 'stopTimer', 'failTerminated'),
    timerDue: to('over', 'failTimeout'),
    dialogEnded: to('subscribed', 'stopTimer', 'shortenTimer'),
    lost: to('over', 'stopTimer', 'failLost'),
  },
  over: {},
};

const NO_ACTIONS: readonly TransferAction[] = [];

export function stepTransfer(state: TransferState, input: TransferInput): TransferStep {
  return table[state][input] ?? { state, actions: NO_ACTIONS };
}
