// The desk of an agent whose page went away for good.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { WebRtcSession } from '@ringback/media';
import { VirtualClock } from '@ringback/testkit';
import { capturedLogger } from '../test-support/captured-logger.ts';
import { AgentDesk, type AgentDeskDeps, pageAbsenceMs } from './agent-desk.ts';
import type { AgentPage } from './agent-socket.ts';

it('agent desk › is over after the absence of its page also where its softphone cannot be closed', async () => {
  const clock = new VirtualClock();
  const { logger, lines } = capturedLogger();
  const session = { offer: '', close: () => Promise.reject(new Error('the media worker refused')) };
  const closed: AgentDesk[] = [];
  const desk = new AgentDesk(
    'instance' as never,
    'agent' as never,
    {
      routing: { attach: async () => ({ view: undefined, detach: async () => undefined }) },
      directory: { of: async () => undefined },
      media: { openWebRtcSession: async () => session as unknown as WebRtcSession },
      closed: (over: AgentDesk) => closed.push(over),
      clock,
      logger,
    } as unknown as AgentDeskDeps,
  );
  const page = { show: () => undefined, offer: () => undefined, close: () => undefined } as AgentPage;
  await desk.attach(page, 'session');
  await desk.run({ do: 'softphone', connection: 'new' } as never);
  await desk.detach('session');
  // A rejection that nobody takes ends the process, and fails this test.
  await clock.advance(pageAbsenceMs);
  await desk.gone;
  await new Promise(setImmediate);
  assert.deepEqual(closed, [desk]);
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ['the softphone of an agent who is gone could not be closed'],
  );
});
