// Who may listen to a conversation, and who is heard.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Leg } from '../calls/leg.ts';
import type { AgentId, ContactId } from '../ids.ts';
import { WatchedConversation, WatchedConversations } from './watched-conversations.ts';

const id = 'contact' as ContactId;

function watched() {
  const shown: (string | undefined)[] = [];
  const conversation = new WatchedConversation({} as Leg, 'agent' as AgentId, () =>
    shown.push(conversation.heard?.label),
  );
  const watch = (name: string) => {
    const own = conversation.watch(name);
    assert.ok(own, name);
    return own;
  };
  return { conversation, shown, watch };
}

describe('watched conversation', () => {
  it('has room for two supervisors', () => {
    const { conversation, watch } = watched();
    const ada = watch('ada');
    watch('bea');
    assert.equal(conversation.hasRoom, false);
    assert.equal(conversation.watch('cleo'), undefined);
    ada.leave();
    ada.leave();
    watch('cleo');
    assert.equal(conversation.watch('dora'), undefined, 'who leaves twice frees one place');
  });

  it('lets one of them take part at a time, until he listens again or leaves', () => {
    const { shown, watch } = watched();
    const ada = watch('ada');
    const bea = watch('bea');
    assert.equal(ada.barge(), 'heard');
    assert.equal(ada.barge(), 'heard', 'who asks again goes on, and is shown once');
    assert.equal(bea.barge(), 'somebody else takes part');
    bea.listens();
    ada.listens();
    assert.equal(bea.barge(), 'heard');
    bea.leave();
    assert.equal(bea.barge(), 'somebody else takes part');
    assert.equal(ada.barge(), 'heard');
    assert.deepEqual(shown, ['ada', undefined, 'bea', undefined, 'ada']);
  });

  it('is found while it is open, and tells when it is over', async () => {
    const { conversation } = watched();
    const conversations = new WatchedConversations();
    const close = conversations.open(id, conversation);
    assert.equal(conversations.find(id), conversation);
    close();
    await conversation.ended;
    assert.equal(conversations.find(id), undefined);
  });

  it('is not taken away by the end of the one before it', () => {
    const conversations = new WatchedConversations();
    const closeFirst = conversations.open(id, watched().conversation);
    const { conversation } = watched();
    conversations.open(id, conversation);
    closeFirst();
    assert.equal(conversations.find(id), conversation);
  });
});
