// What agents' events call a contact that an agent has in hand.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contactStateOf } from './agent-events.ts';

describe('state of a contact in agent events', () => {
  it('of a callback says that it comes in; of other calls, that they connect', () => {
    const offered = { state: 'offered', channel: 'VOICE' } as const;
    assert.equal(contactStateOf({ ...offered, initiationMethod: 'CALLBACK' }), 'INCOMING');
    assert.equal(contactStateOf({ ...offered, initiationMethod: 'API' }), 'CONNECTING');
    const accepted = { state: 'connecting', channel: 'VOICE', initiationMethod: 'CALLBACK' } as const;
    assert.equal(contactStateOf(accepted), 'CONNECTING');
  });

  it('of a refused call is that of a missed one: voice knows no REJECTED', () => {
    const rejected = { state: 'rejected', initiationMethod: 'API' } as const;
    assert.equal(contactStateOf({ ...rejected, channel: 'VOICE' }), 'MISSED');
    assert.equal(contactStateOf({ ...rejected, channel: 'TASK' }), 'REJECTED');
  });
});
