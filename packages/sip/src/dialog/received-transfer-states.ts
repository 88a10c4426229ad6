// A transfer that the far end asks for, as a table: its REFER, and the subscription that accepting it makes (RFC 3515 §2.4).
// Pure; `received-transfer.ts` does it.
//
//   asked ──accept──▶ reporting ──progress──▶ reporting ──final | dialogEnded | lost | timerDue──▶ over
//     └──refuse──▶ over

export type ReceivedTransferState = 'asked' | 'reporting' | 'over';

/** `progress` and `final`: news below and from 200. `lost`: the far end does not take our NOTIFY. `timerDue`: nothing final came. */
export type ReceivedTransferInput =
  | 'accept'
  | 'refuse'
  | 'progress'
  | 'final'
  | 'lost'
  | 'timerDue'
  | 'dialogEnded';

export type ReceivedTransferAction =
  | 'sendAccepted'
  | 'sendRefusal'
  | 'notifyTrying'
  | 'notifyProgress'
  | 'notifyFinal'
  | 'notifyTimeout'
  | 'startTimer'
  | 'stopTimer';

export interface ReceivedTransferStep {
  readonly state: ReceivedTransferState;
  readonly actions: readonly ReceivedTransferAction[];
}

function to(state: ReceivedTransferState, ...actions: ReceivedTransferAction[]): ReceivedTransferStep {
  return { state, actions };
}

type Cells = Readonly<Partial<Record<ReceivedTransferInput, ReceivedTransferStep>>>;

/** A cell that is not listed means: stay, do nothing. */
const table: Readonly<Record<ReceivedTransferState, Cells>> = {
  asked: {
    // The first NOTIFY follows the 202 at once, whether there is news or not (RFC 3515 §2.4.4).
    accept: to('reporting', 'sendAccepted', 'startTimer', 'notifyTrying'),
    refuse: to('over', 'sendRefusal'),
    dialogEnded: to('over', 'sendRefusal'),
  },
  reporting: {
    progress: to('reporting', 'notifyProgress'),
    final: to('over', 'stopTimer', 'notifyFinal'),
    timerDue: to('over', 'notifyTimeout'),
    lost: to('over', 'stopTimer'),
    dialogEnded: to('over', 'stopTimer'),
  },
  over: {},
};

const NO_ACTIONS: readonly ReceivedTransferAction[] = [];

export function stepReceivedTransfer(
  state: ReceivedTransferState,
  input: ReceivedTransferInput,
): ReceivedTransferStep {
  return table[state][input] ?? { state, actions: NO_ACTIONS };
}
