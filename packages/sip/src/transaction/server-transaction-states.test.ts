// Every cell of the server tables, against RFC 3261 figures 7 and 8 with RFC 6026 §8.5. A cell not listed stays and does nothing.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type InviteServerState,
  type RequestServerState,
  type ServerInput,
  stepInviteServer,
  stepRequestServer,
} from './server-transaction-states.ts';

const INPUTS: readonly ServerInput[] = [
  'request',
  'ack',
  'provisional',
  'success',
  'failure',
  'repeatSuccess',
  'repeatProvisional',
  'timerG',
  'timerH',
  'timerI',
  'timerJ',
  'timerL',
  'transportError',
];

const INVITE_CELLS: Record<InviteServerState, Partial<Record<ServerInput, string>>> = {
  proceeding: {
    request: 'proceeding: repeatResponse',
    repeatProvisional: 'proceeding: repeatResponse',
    provisional: 'proceeding: sendResponse',
    success: 'accepted: sendResponse startL',
    failure: 'completed: sendResponse startG startH',
    transportError: 'terminated: informTransportError',
  },
  completed: {
    request: 'completed: repeatResponse',
    timerG: 'completed: repeatResponse doubleG',
    ack: 'confirmed: stopG stopH startI',
    timerH: 'terminated: stopG informNoAck',
    transportError: 'terminated: stopG stopH informTransportError',
  },
  confirmed: { timerI: 'terminated: ' },
  accepted: {
    repeatSuccess: 'accepted: repeatResponse',
    ack: 'accepted: passAck',
    timerL: 'terminated: ',
    transportError: 'accepted: informTransportError',
  },
  terminated: {},
};

const REQUEST_CELLS: Record<RequestServerState, Partial<Record<ServerInput, string>>> = {
  trying: {
    provisional: 'proceeding: sendResponse',
    success: 'completed: sendResponse startJ',
    failure: 'completed: sendResponse startJ',
  },
  proceeding: {
    request: 'proceeding: repeatResponse',
    provisional: 'proceeding: sendResponse',
    success: 'completed: sendResponse startJ',
    failure: 'completed: sendResponse startJ',
    transportError: 'terminated: informTransportError',
  },
  completed: {
    request: 'completed: repeatResponse',
    timerJ: 'terminated: ',
    transportError: 'terminated: informTransportError',
  },
  terminated: {},
};

function written(step: { state: string; actions: readonly string[] }): string {
  return `${step.state}: ${step.actions.join(' ')}`;
}

describe('INVITE server transaction table', () => {
  for (const state of Object.keys(INVITE_CELLS) as InviteServerState[]) {
    for (const input of INPUTS) {
      const expected = INVITE_CELLS[state][input] ?? `${state}: `;
      test(`${state} › ${input} → ${expected}`, () => {
        assert.equal(written(stepInviteServer(state, input)), expected);
      });
    }
  }
});

describe('non-INVITE server transaction table', () => {
  for (const state of Object.keys(REQUEST_CELLS) as RequestServerState[]) {
    for (const input of INPUTS) {
      const expected = REQUEST_CELLS[state][input] ?? `${state}: `;
      test(`${state} › ${input} → ${expected}`, () => {
        assert.equal(written(stepRequestServer(state, input)), expected);
      });
    }
  }
});
