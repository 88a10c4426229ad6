// A supervisor's contact that is stopped at the worst moment; real calls are in test/agent-supervising.test.ts.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Leg } from '../calls/leg.ts';
import type { AgentId, ContactId } from '../ids.ts';
import { sampleContact, sampleRequest } from '../test-support/sample-contact.ts';
import { ContactEnded, endings } from './endings.ts';
import { liveMonitor } from './monitor-contact.ts';
import type { OpenContact } from './open-contact.ts';
import type { OutboundContactDeps } from './outbound-contact.ts';
import { WatchedConversation, WatchedConversations } from './watched-conversations.ts';

it('a supervisor who is stopped while his contact is being written ends with the reason, and lets go', async () => {
  const watched = 'watched' as ContactId;
  const agentId = 'supervisor' as AgentId;
  const conversations = new WatchedConversations();
  const conversation = new WatchedConversation({} as Leg, 'talking' as AgentId, () => undefined);
  conversations.open(watched, conversation);
  const never = new Promise<never>(() => undefined);
  const desk = {
    setUp: async () => ({
      agent: { agent: { username: 'ada' }, profile: {}, proficiencies: [], hierarchy: [] },
    }),
    endEcho: async () => undefined,
    onAudioReplaced: () => () => undefined,
    gone: never,
  };
  const writing = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  const contact = {
    current: sampleContact({
      request: {
        ...sampleRequest,
        initiationMethod: 'MONITOR',
        previousContactId: watched,
        monitor: { agentId, capabilities: ['SILENT_MONITOR'] },
      },
    }),
    connectedToAgent: () => {
      writing.resolve();
      return written.promise;
    },
    learned: () => undefined,
  };
  const deps = {
    clock: { now: () => 0, setTimeout: () => undefined, clearTimeout: () => undefined },
    agents: {
      conversations,
      desks: { find: () => desk, cards: { changed: () => undefined, show: () => () => undefined } },
      media: {},
      routing: {
        follow: () => () => undefined,
        begin: async () => ({ kind: 'done' }),
        connected: async () => undefined,
        contactEnded: async () => undefined,
      },
    },
  };
  const stop = new AbortController();
  const story = liveMonitor(
    contact as unknown as OpenContact,
    {},
    deps as unknown as OutboundContactDeps,
    stop.signal,
  );
  await writing.promise;
  const reason = new ContactEnded(endings.stoppedByApi);
  stop.abort(reason);
  // Time enough for a rejection that nobody awaits to be told to the process, which would end it.
  await new Promise((resolve) => setImmediate(resolve));
  written.resolve();
  await assert.rejects(story, (error) => error === reason);
  assert.ok(conversation.watch('one') && conversation.watch('another'), 'both places are free');
});
