// Every cell of the client tables, against RFC 3261 figures 5 and 6 with RFC 6026 §8.4. A cell not listed stays and does nothing.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type ClientInput,
  type InviteClientState,
  type RequestClientState,
  stepInviteClient,
  stepRequestClient,
} from './client-transaction-states.ts';

const INPUTS: readonly ClientInput[] = [
  'start',
  'provisional',
  'success',
  'failure',
  'timerA',
  'timerB',
  'timerD',
  'timerM',
  'timerE',
  'timerF',
  'timerK',
  'transportError',
  'wayBackLost',
];

const INVITE_CELLS: Record<InviteClientState, Partial<Record<ClientInput, string>>> = {
  idle: { start: 'calling: sendRequest startA startB' },
  calling: {
    timerA: 'calling: sendRequest doubleA',
    timerB: 'terminated: stopA informTimeout',
    provisional: 'proceeding: stopA stopB passUp',
    success: 'accepted: stopA stopB startM passUp',
    failure: 'completed: stopA stopB sendAck startD passUp',
    transportError: 'terminated: stopA stopB informTransportError',
  },
  proceeding: {
    provisional: 'proceeding: passUp',
    success: 'accepted: startM passUp',
    failure: 'completed: sendAck startD passUp',
    wayBackLost: 'proceeding: informWayBackLost',
  },
  completed: {
    failure: 'completed: sendAck',
    timerD: 'terminated: ',
    transportError: 'terminated: informTransportError',
  },
  accepted: {
    success: 'accepted: passUp',
    timerM: 'terminated: ',
  },
  terminated: {},
};

const REQUEST_CELLS: Record<RequestClientState, Partial<Record<ClientInput, string>>> = {
  idle: { start: 'trying: sendRequest startE startF' },
  trying: {
    timerE: 'trying: sendRequest doubleE',
    timerF: 'terminated: stopE informTimeout',
    provisional: 'proceeding: passUp',
    success: 'completed: stopE stopF startK passUp',
    failure: 'completed: stopE stopF startK passUp',
    transportError: 'terminated: stopE stopF informTransportError',
  },
  proceeding: {
    timerE: 'proceeding: sendRequest slowE',
    timerF: 'terminated: stopE informTimeout',
    provisional: 'proceeding: passUp',
    success: 'completed: stopE stopF startK passUp',
    failure: 'completed: stopE stopF startK passUp',
    transportError: 'terminated: stopE stopF informTransportError',
  },
  completed: { timerK: 'terminated: ' },
  terminated: {},
};

function written(step: { state: string; actions: readonly string[] }): string {
  return `${step.state}: ${step.actions.join(' ')}`;
}

describe('INVITE client transaction table', () => {
  for (const state of Object.keys(INVITE_CELLS) as InviteClientState[]) {
    for (const input of INPUTS) {
      const expected = INVITE_CELLS[state][input] ?? `${state}: `;
      test(`${state} › ${input} → ${expected}`, () => {
        assert.equal(written(stepInviteClient(state, input)), expected);
      });
    }
  }
});

describe('non-INVITE client transaction table', () => {
  for (const state of Object.keys(REQUEST_CELLS) as RequestClientState[]) {
    for (const input of INPUTS) {
      const expected = REQUEST_CELLS[state][input] ?? `${state}: `;
      test(`${state} › ${input} → ${expected}`, () => {
        assert.equal(written(stepRequestClient(state, input)), expected);
      });
    }
  }
});
