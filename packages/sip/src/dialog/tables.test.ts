// The tables of the dialog layer, cell by cell: calling, reliable provisional responses, changing a session, transfer. A cell that is
// not listed stays and does nothing.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stepCalling } from './calling-states.ts';
import { reliableOrder } from './rack.ts';
import { stepReceivedTransfer } from './received-transfer-states.ts';
import { stepReliable } from './reliable-provisional-states.ts';
import { glareWaitMs, stepReoffer } from './reoffer-states.ts';
import { stepTransfer } from './transfer-states.ts';

interface Step {
  readonly state: string;
  readonly actions: readonly string[];
}

function checkTable<State extends string, Input extends string>(
  name: string,
  step: (state: State, input: Input) => Step,
  inputs: readonly Input[],
  cells: Record<State, Partial<Record<Input, string>>>,
): void {
  describe(name, () => {
    for (const state of Object.keys(cells) as State[]) {
      for (const input of inputs) {
        const expected = cells[state][input] ?? `${state}:`;
        test(`${state} › ${input} → ${expected}`, () => {
          const { state: next, actions } = step(state, input);
          assert.equal(`${next}: ${actions.join(' ')}`.trim(), expected);
        });
      }
    }
  });
}

checkTable(
  'calling',
  stepCalling,
  [
    'provisional',
    'success',
    'failure',
    'retry',
    'timeout',
    'transportError',
    'wayBackLost',
    'cancel',
    'cancelDue',
    'close',
  ],
  {
    calling: {
      provisional: 'proceeding: passProvisional',
      success: 'answered: leave accept',
      failure: 'over: leave failRejected',
      retry: 'calling: resend',
      timeout: 'over: leave failTimeout expectLateAnswer',
      transportError: 'over: leave failTransport',
      cancel: 'cancelPending: failCancelled',
      close: 'over: leave failClosed',
    },
    proceeding: {
      provisional: 'proceeding: passProvisional',
      success: 'answered: leave accept',
      failure: 'over: leave failRejected',
      retry: 'calling: resend',
      transportError: 'over: leave failTransport',
      wayBackLost: 'cancelling: sendCancel startCancelTimer failTransport',
      cancel: 'cancelling: sendCancel startCancelTimer',
      close: 'over: sendCancel leave failClosed',
    },
    cancelPending: {
      provisional: 'cancelling: sendCancel startCancelTimer',
      success: 'over: leave hangUp',
      failure: 'over: leave',
      timeout: 'over: leave expectLateAnswer',
      transportError: 'over: leave',
      close: 'over: leave',
    },
    cancelling: {
      success: 'over: leave hangUp failCancelled',
      failure: 'over: leave failAsCancelled',
      transportError: 'over: leave failTransport',
      cancelDue: 'over: abandon leave failCancelled expectLateAnswer',
      close: 'over: leave failClosed',
    },
    answered: { success: 'answered: hangUp' },
    over: { success: 'over: hangUp' },
  },
);

checkTable(
  'reliable provisional responses',
  stepReliable,
  ['send', 'prack', 'repeatDue', 'giveUpDue', 'final'],
  {
    idle: { send: 'waiting: transmit startTimers', final: 'over:' },
    waiting: {
      send: 'waiting: enqueue',
      prack: 'idle: stopTimers sendNext',
      repeatDue: 'waiting: repeat',
      giveUpDue: 'over: stopTimers informUnacknowledged',
      final: 'over: stopTimers',
    },
    over: {},
  },
);

checkTable(
  'changing a session',
  stepReoffer,
  ['start', 'success', 'glare', 'busy', 'tooBrief', 'refused', 'lost', 'timerDue', 'exhausted'],
  {
    ready: {
      start: 'asking: send',
      glare: 'waiting: waitAfterGlare',
      lost: 'failed: failLost',
      exhausted: 'failed: failRefused',
    },
    asking: {
      success: 'done: succeed',
      glare: 'waiting: withdraw waitAfterGlare',
      busy: 'waiting: withdraw waitAsTold',
      tooBrief: 'ready: withdraw raiseInterval',
      refused: 'failed: withdraw failRefused',
      lost: 'failed: withdraw failLost',
      exhausted: 'failed: withdraw failRefused',
    },
    waiting: { timerDue: 'ready:', lost: 'failed: stopWaiting failLost' },
    done: {},
    failed: {},
  },
);

checkTable(
  'transfer',
  stepTransfer,
  ['accepted', 'refused', 'lost', 'progress', 'final', 'terminated', 'timerDue', 'dialogEnded'],
  {
    asking: {
      accepted: 'subscribed: startTimer',
      refused: 'over: failRefused',
      lost: 'over: failLost',
      progress: 'asking: tellProgress',
      final: 'over: succeed',
      terminated: 'over: failTerminated',
      dialogEnded: 'over: failLost',
    },
    subscribed: {
      progress: 'subscribed: tellProgress',
      final: 'over: stopTimer succeed',
      terminated: 'over: stopTimer failTerminated',
      timerDue: 'over: failTimeout',
      dialogEnded: 'subscribed: stopTimer shortenTimer',
      lost: 'over: stopTimer failLost',
    },
    over: {},
  },
);

describe('after glare', () => {
  test('who chose the Call-ID waits 2.1 to 4 s, the other up to 2 s, both in steps of 10 ms', () => {
    assert.equal(glareWaitMs(true, 0), 2_100);
    assert.equal(glareWaitMs(true, 0.999_999), 4_000);
    assert.equal(glareWaitMs(false, 0), 0);
    assert.equal(glareWaitMs(false, 0.999_999), 2_000);
    assert.equal(glareWaitMs(false, 0.123) % 10, 0);
  });
});

describe('order of reliable responses', () => {
  test('the first sets it, the next follows, a repeated and an early one are told apart', () => {
    assert.equal(reliableOrder(undefined, 776_656), 'inOrder');
    assert.equal(reliableOrder(776_656, 776_657), 'inOrder');
    assert.equal(reliableOrder(776_656, 776_656), 'repeated');
    assert.equal(reliableOrder(776_656, 776_655), 'repeated');
    assert.equal(reliableOrder(776_656, 776_658), 'early');
  });
});

checkTable(
  'received transfer',
  stepReceivedTransfer,
  ['accept', 'refuse', 'progress', 'final', 'lost', 'timerDue', 'dialogEnded'],
  {
    asked: {
      accept: 'reporting: sendAccepted startTimer notifyTrying',
      refuse: 'over: sendRefusal',
      dialogEnded: 'over: sendRefusal',
    },
    reporting: {
      progress: 'reporting: notifyProgress',
      final: 'over: stopTimer notifyFinal',
      timerDue: 'over: notifyTimeout',
      lost: 'over: stopTimer',
      dialogEnded: 'over: stopTimer',
    },
    over: {},
  },
);
