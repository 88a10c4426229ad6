// Who listens to a conversation: one at a time, shown only while heard.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Leg } from '../calls/leg.ts';
import type { AgentId, ContactId } from '../ids.ts';
import { WatchedConversation, WatchedConversations } from './watched-conversations.ts';

const id = 'contact' as ContactId;

function makeConversation() {
  const shown: (string | undefined)[] = [];
  const conversation: WatchedConversation = new WatchedConversation({} as Leg, 'agent' as AgentId, () =>
    shown.push(conversation.heard?.label),
  );
  return { conversation, shown };
}

describe('watched conversation', () => {
  it('has one supervisor at a time, and another when the first has left', () => {
    const { conversation } = makeConversation();
    const first = conversation.watch('ada');
    assert.ok(first);
    assert.equal(conversation.watch('grace'), undefined);
    first.leave();
    assert.equal(conversation.isWatched, false);
    const second = conversation.watch('grace');
    assert.ok(second);
    first.leave();
    assert.equal(conversation.isWatched, true, 'who has left ends nobody else');
  });

  it('shows who barges in, until he listens again or leaves', () => {
    const { conversation, shown } = makeConversation();
    const watch = conversation.watch('ada');
    watch?.listens();
    watch?.barged();
    watch?.listens();
    watch?.barged();
    watch?.leave();
    assert.deepEqual(shown, ['ada', undefined, 'ada', undefined]);
  });

  it('is found while it is open, and tells when it is over', async () => {
    const { conversation } = makeConversation();
    const conversations = new WatchedConversations();
    const close = conversations.open(id, conversation);
    assert.equal(conversations.find(id), conversation);
    close();
    await conversation.ended;
    assert.equal(conversations.find(id), undefined);
  });

  it('is not taken away by the end of the one before it', () => {
    const conversations = new WatchedConversations();
    const closeFirst = conversations.open(id, makeConversation().conversation);
    const { conversation } = makeConversation();
    conversations.open(id, conversation);
    closeFirst();
    assert.equal(conversations.find(id), conversation);
  });
});
