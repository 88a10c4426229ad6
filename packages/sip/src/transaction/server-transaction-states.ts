// The two server transactions as tables: (state, input) → next state and what to do. Pure; `server-transaction.ts` does it.
//
//   INVITE (RFC 3261 figure 7, as amended by RFC 6026 §8.5)        others (figure 8)
//
//   proceeding ──2xx──▶ accepted ──L──▶ terminated                 trying ──1xx──▶ proceeding
//       └──3xx-6xx──▶ completed ──ACK──▶ confirmed                    └──final──▶ completed ◀─┘
//                         └─H─▶ terminated ◀──I──┘                 completed ──J──▶ terminated

export type InviteServerState = 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated';
export type RequestServerState = 'trying' | 'proceeding' | 'completed' | 'terminated';

/**
 * `request` is a repeated request, `ack` an ACK inside this transaction; `provisional`, `success` and `failure` are responses
 * from the user; `repeatSuccess` and `repeatProvisional` are the user sending its 2xx, or its reliable 1xx, again.
 */
export type ServerInput =
  | 'request'
  | 'ack'
  | 'provisional'
  | 'success'
  | 'failure'
  | 'repeatSuccess'
  | 'repeatProvisional'
  | 'timerG'
  | 'timerH'
  | 'timerI'
  | 'timerJ'
  | 'timerL'
  | 'transportError';

export type ServerAction =
  | 'sendResponse'
  | 'repeatResponse'
  | 'startG'
  | 'doubleG'
  | 'stopG'
  | 'startH'
  | 'stopH'
  | 'startI'
  | 'startJ'
  | 'startL'
  | 'passAck'
  | 'informNoAck'
  | 'informTransportError';

export interface ServerStep<State> {
  readonly state: State;
  readonly actions: readonly ServerAction[];
}

/** A cell that is not listed means: stay, do nothing. */
type ServerTable<State extends string> = Readonly<
  Record<State, Readonly<Partial<Record<ServerInput, ServerStep<State>>>>>
>;

function to<State>(state: State, ...actions: ServerAction[]): ServerStep<State> {
  return { state, actions };
}

const inviteServer: ServerTable<InviteServerState> = {
  proceeding: {
    request: to('proceeding', 'repeatResponse'),
    repeatProvisional: to('proceeding', 'repeatResponse'),
    provisional: to('proceeding', 'sendResponse'),
    success: to('accepted', 'sendResponse', 'startL'),
    failure: to('completed', 'sendResponse', 'startG', 'startH'),
    transportError: to('terminated', 'informTransportError'),
  },
  completed: {
    request: to('completed', 'repeatResponse'),
    timerG: to('completed', 'repeatResponse', 'doubleG'),
    ack: to('confirmed', 'stopG', 'stopH', 'startI'),
    timerH: to('terminated', 'stopG', 'informNoAck'),
    transportError: to('terminated', 'stopG', 'stopH', 'informTransportError'),
  },
  confirmed: {
    timerI: to('terminated'),
  },
  // Repeated INVITEs are absorbed; the user repeats its 2xx on its own schedule until the ACK (RFC 6026 §7.1).
  accepted: {
    repeatSuccess: to('accepted', 'repeatResponse'),
    ack: to('accepted', 'passAck'),
    timerL: to('terminated'),
    transportError: to('accepted', 'informTransportError'),
  },
  terminated: {},
};

const requestServer: ServerTable<RequestServerState> = {
  trying: {
    provisional: to('proceeding', 'sendResponse'),
    success: to('completed', 'sendResponse', 'startJ'),
    failure: to('completed', 'sendResponse', 'startJ'),
  },
  proceeding: {
    request: to('proceeding', 'repeatResponse'),
    provisional: to('proceeding', 'sendResponse'),
    success: to('completed', 'sendResponse', 'startJ'),
    failure: to('completed', 'sendResponse', 'startJ'),
    transportError: to('terminated', 'informTransportError'),
  },
  completed: {
    request: to('completed', 'repeatResponse'),
    timerJ: to('terminated'),
    transportError: to('terminated', 'informTransportError'),
  },
  terminated: {},
};

const NO_ACTIONS: readonly ServerAction[] = [];

export function stepInviteServer(
  state: InviteServerState,
  input: ServerInput,
): ServerStep<InviteServerState> {
  return inviteServer[state][input] ?? { state, actions: NO_ACTIONS };
}

export function stepRequestServer(
  state: RequestServerState,
  input: ServerInput,
): ServerStep<RequestServerState> {
  return requestServer[state][input] ?? { state, actions: NO_ACTIONS };
}
