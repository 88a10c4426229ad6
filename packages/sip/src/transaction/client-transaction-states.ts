// The two client transactions as tables: (state, input) → next state and what to do. Pure; `client-transaction.ts` does it.
//
//   INVITE (RFC 3261 figure 5, as amended by RFC 6026 §8.4)        others (figure 6)
//
//   calling ──1xx──▶ proceeding                                    trying ──1xx──▶ proceeding
//      │  └─2xx──▶ accepted ◀──2xx──┘ │                               └───final──▶ completed ◀─┘
//      └──3xx-6xx─▶ completed ◀───────┘                            completed ──K──▶ terminated
//   accepted ──M──▶ terminated ◀──D── completed

export type InviteClientState = 'idle' | 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated';
export type RequestClientState = 'idle' | 'trying' | 'proceeding' | 'completed' | 'terminated';

/**
 * `provisional` 100–199, `success` 200–299, `failure` 300–699. Timer letters are those of RFC 3261 and RFC 6026. `wayBackLost`: the
 * connection of the request is gone, and its peer has no address at which to open another for the response.
 */
export type ClientInput =
  | 'start'
  | 'provisional'
  | 'success'
  | 'failure'
  | 'timerA'
  | 'timerB'
  | 'timerD'
  | 'timerM'
  | 'timerE'
  | 'timerF'
  | 'timerK'
  | 'transportError'
  | 'wayBackLost';

export type ClientAction =
  | 'sendRequest'
  | 'startA'
  | 'doubleA'
  | 'stopA'
  | 'startB'
  | 'stopB'
  | 'startD'
  | 'startM'
  | 'startE'
  | 'doubleE'
  | 'slowE'
  | 'stopE'
  | 'startF'
  | 'stopF'
  | 'startK'
  | 'passUp'
  | 'sendAck'
  | 'informTimeout'
  | 'informTransportError'
  | 'informWayBackLost';

export interface ClientStep<State> {
  readonly state: State;
  readonly actions: readonly ClientAction[];
}

/** A cell that is not listed means: stay, do nothing. */
type ClientTable<State extends string> = Readonly<
  Record<State, Readonly<Partial<Record<ClientInput, ClientStep<State>>>>>
>;

function to<State>(state: State, ...actions: ClientAction[]): ClientStep<State> {
  return { state, actions };
}

const inviteClient: ClientTable<InviteClientState> = {
  idle: {
    start: to('calling', 'sendRequest', 'startA', 'startB'),
  },
  calling: {
    timerA: to('calling', 'sendRequest', 'doubleA'),
    timerB: to('terminated', 'stopA', 'informTimeout'),
    provisional: to('proceeding', 'stopA', 'stopB', 'passUp'),
    success: to('accepted', 'stopA', 'stopB', 'startM', 'passUp'),
    failure: to('completed', 'stopA', 'stopB', 'sendAck', 'startD', 'passUp'),
    transportError: to('terminated', 'stopA', 'stopB', 'informTransportError'),
  },
  // Nothing is sent here, so nothing can fail to be sent (§17.1.4): a lost connection alone changes nothing.
  proceeding: {
    provisional: to('proceeding', 'passUp'),
    success: to('accepted', 'startM', 'passUp'),
    failure: to('completed', 'sendAck', 'startD', 'passUp'),
    wayBackLost: to('proceeding', 'informWayBackLost'),
  },
  completed: {
    failure: to('completed', 'sendAck'),
    timerD: to('terminated'),
    transportError: to('terminated', 'informTransportError'),
  },
  // Repeated and forked 2xx go up: only the user can acknowledge them (RFC 6026 §7.2).
  accepted: {
    success: to('accepted', 'passUp'),
    timerM: to('terminated'),
  },
  terminated: {},
};

const requestClient: ClientTable<RequestClientState> = {
  idle: {
    start: to('trying', 'sendRequest', 'startE', 'startF'),
  },
  trying: {
    timerE: to('trying', 'sendRequest', 'doubleE'),
    timerF: to('terminated', 'stopE', 'informTimeout'),
    provisional: to('proceeding', 'passUp'),
    success: to('completed', 'stopE', 'stopF', 'startK', 'passUp'),
    failure: to('completed', 'stopE', 'stopF', 'startK', 'passUp'),
    transportError: to('terminated', 'stopE', 'stopF', 'informTransportError'),
  },
  // Known to have arrived, the request is still repeated, every T2 (§17.1.2.2).
  proceeding: {
    timerE: to('proceeding', 'sendRequest', 'slowE'),
    timerF: to('terminated', 'stopE', 'informTimeout'),
    provisional: to('proceeding', 'passUp'),
    success: to('completed', 'stopE', 'stopF', 'startK', 'passUp'),
    failure: to('completed', 'stopE', 'stopF', 'startK', 'passUp'),
    transportError: to('terminated', 'stopE', 'stopF', 'informTransportError'),
  },
  completed: {
    timerK: to('terminated'),
  },
  terminated: {},
};

const NO_ACTIONS: readonly ClientAction[] = [];

export function stepInviteClient(
  state: InviteClientState,
  input: ClientInput,
): ClientStep<InviteClientState> {
  return inviteClient[state][input] ?? { state, actions: NO_ACTIONS };
}

export function stepRequestClient(
  state: RequestClientState,
  input: ClientInput,
): ClientStep<RequestClientState> {
  return requestClient[state][input] ?? { state, actions: NO_ACTIONS };
}
