// What the end of a customer's leg makes of the contact.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Leg, LegEnd } from '../calls/leg.ts';
import type { Ending } from './endings.ts';
import { untilLegEnds } from './leg-endings.ts';

/** The ending where the leg ends while the flow still runs. */
function endingAfter(end: LegEnd): Promise<Ending> {
  const leg: Pick<Leg, 'ended'> = { ended: Promise.resolve(end) };
  return untilLegEnds(leg as Leg, new AbortController().signal, async (signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    return undefined;
  });
}

describe('the end of a leg', () => {
  it('what the carrier said is told as such', async () => {
    const reason = 'Q.850;cause=38';
    const { endCause, sip } = await endingAfter({ by: 'network', reason });
    assert.deepEqual([endCause, sip], ['NETWORK_RELEASED', { reason }]);
  });

  it('what we say of a fault of the dialog is no word of the carrier', async () => {
    const { endCause, sip, detail } = await endingAfter({
      by: 'dialog fault',
      fault: 'sessionExpired',
      reason: 'the session was not refreshed in time',
    });
    assert.deepEqual([endCause, sip], ['SESSION_EXPIRED', undefined]);
    assert.equal(detail, 'sessionExpired: the session was not refreshed in time');
  });
});
