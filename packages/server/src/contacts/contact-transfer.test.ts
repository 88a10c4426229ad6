// What two contacts of one customer tell each other during a transfer, and that he belongs to one of them at each moment.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createContactFlowState } from '@ringback/flow';
import type { Leg } from '../calls/leg.ts';
import type { ContactId } from '../ids.ts';
import { ContactTransfer, ContactTransfers, type TransferNews } from './contact-transfer.ts';
import { ContactEnded, endings } from './endings.ts';

function transferOf() {
  const states: string[] = [];
  const news: TransferNews[] = [];
  const transfer = new ContactTransfer({
    customer: {} as Leg,
    inherited: { hooks: new Map(), flowState: createContactFlowState() },
    byAgent: { name: 'ada', audio: () => undefined },
    progressed: ({ state }) => states.push(state),
  });
  const stop = transfer.listen((one) => news.push(one));
  return { transfer, states, news, stop };
}

describe('a transfer', () => {
  it('gives the customer away once, to who is there', () => {
    const { transfer, news } = transferOf();
    assert.equal(transfer.handedOver.aborted, false);
    assert.equal(transfer.handOver(), true);
    assert.equal(transfer.handOver(), true);
    assert.deepEqual(news, ['handed over']);
    transfer.cancel();
    assert.equal(transfer.cancelled.aborted, false, 'who has the customer goes on');
  });

  it('keeps the customer where the contact that follows is over, or was given up', () => {
    const over = transferOf();
    over.transfer.tellProgress({ state: 'over' });
    assert.equal(over.transfer.handOver(), false);
    const cancelled = transferOf();
    cancelled.transfer.cancel();
    assert.equal(cancelled.transfer.handOver(), false);
    assert.deepEqual(cancelled.news, []);
    const { reason } = cancelled.transfer.cancelled;
    assert.ok(reason instanceof ContactEnded);
    assert.equal(reason.ending, endings.transferCancelled);
  });

  it('tells how it goes, and nothing after its end', () => {
    const { transfer, states } = transferOf();
    transfer.tellProgress({ state: 'connected', agentName: 'grace' });
    transfer.tellProgress({ state: 'over' });
    transfer.tellProgress({ state: 'connecting' });
    assert.deepEqual(states, ['connected', 'over']);
    assert.deepEqual(transfer.progress, { state: 'over' });
  });

  it('tells of holds, and of the customer only what is new', () => {
    const { transfer, news, stop } = transferOf();
    transfer.holdAgent('agent held');
    transfer.customerIs('hold');
    transfer.customerIs('connected');
    stop();
    transfer.holdAgent('agent retrieved');
    assert.deepEqual(news, ['agent held', 'customer changed']);
    assert.equal(transfer.customerState, 'connected');
  });
});

describe('transfers of a node', () => {
  const from = 'first' as ContactId;

  it('are taken up once, by the contact that follows', () => {
    const transfers = new ContactTransfers();
    const { transfer } = transferOf();
    transfers.offer(from, transfer);
    assert.equal(transfers.take(from), transfer);
    assert.equal(transfers.take(from), undefined);
  });

  it('can be taken back, and no other with them', () => {
    const transfers = new ContactTransfers();
    const takeBack = transfers.offer(from, transferOf().transfer);
    const { transfer: newer } = transferOf();
    transfers.offer(from, newer);
    takeBack();
    assert.equal(transfers.take(from), newer);
  });
});
