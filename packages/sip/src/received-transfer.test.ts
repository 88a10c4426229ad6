// REFER received inside a call (RFC 3515): refused, or handed to the application, whose news go back by NOTIFY.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { InviteDialog } from './dialog/invite-dialog.ts';
import type { ReceivedTransfer } from './dialog/received-transfer.ts';
import { CALLEE_HOST, CALLER_HOST, callTo, createWorld, ScriptedPeer, sdp, sentBy } from './sip-fixture.ts';

const referTo = 'sip:+12065550155@carrier.example?Replaces=one%3Bto-tag%3Dtwo';

/** A call whose calling side takes transfers, or not; the called side asks for them. */
async function callBetweenOurs(onTransfer?: (transfer: ReceivedTransfer) => void) {
  const world = createWorld();
  const called = Promise.withResolvers<InviteDialog>();
  const callee = await world.open({
    host: CALLEE_HOST,
    onInvite: (invite) => void invite.answer({ body: sdp('answer') }).then(called.resolve),
  });
  const caller = await world.open({ host: CALLER_HOST });
  const call = caller.invite(callTo({ onTransfer }));
  await world.clock.drain();
  return { ...world, caller, callee, dialog: await call.answered, far: await called.promise };
}

/** The same with a far end that says what it is told to. */
async function callToPeer(onTransfer?: (transfer: ReceivedTransfer) => void) {
  const world = createWorld();
  const peer = await ScriptedPeer.open(world);
  const caller = await world.open({ host: CALLER_HOST });
  const call = caller.invite(callTo({ onTransfer }));
  await world.clock.drain();
  const invite = peer.request('INVITE');
  await peer.reply(invite, 200, { body: sdp('answer') });
  const dialog = await call.answered;
  const refer = (sequence: number, fields: readonly string[]): Promise<void> =>
    peer.send(
      [
        `REFER sip:agent@${CALLER_HOST} SIP/2.0`,
        `Via: SIP/2.0/UDP ${CALLEE_HOST}:5060;branch=z9hG4bKrefer${sequence}`,
        'Max-Forwards: 70',
        `From: ${invite.headers.get('To')};tag=peer`,
        `To: ${invite.headers.get('From')}`,
        `Call-ID: ${dialog.callId}`,
        `CSeq: ${sequence} REFER`,
        ...fields,
        'Content-Length: 0\r\n\r\n',
      ].join('\r\n'),
    );
  return { ...world, peer, caller, dialog, invite, refer };
}

describe('received transfer', () => {
  test('accepted › the far end hears 100, then what the application reports, then the result', async () => {
    const taken: ReceivedTransfer[] = [];
    const { clock, far, dialog, caller, network } = await callBetweenOurs((transfer) => {
      taken.push(transfer);
      transfer.accept();
    });
    const news: number[] = [];
    const outcome = far.refer({
      referTo,
      referredBy: 'sip:agent@carrier.example',
      onProgress: (status) => news.push(status),
    });
    await clock.drain();
    const [transfer] = taken;
    assert.deepEqual([transfer?.referTo, transfer?.referredBy], [referTo, 'sip:agent@carrier.example']);
    transfer?.report(180);
    transfer?.report(200, 'Answered');
    assert.deepEqual(await clock.settle(outcome), { kind: 'completed', status: 200, reason: 'Answered' });
    assert.deepEqual(news, [100, 180]);
    transfer?.report(486);
    await clock.drain();
    assert.equal(sentBy(network, CALLER_HOST).filter((each) => each === 'NOTIFY').length, 3);
    await clock.settle(dialog.bye());
    await clock.advance(60_000);
    assert.equal(caller.activity.dialogs, 0);
    assert.equal(clock.pendingTimers, 0);
  });

  test('refused › 603, or as the application says', async () => {
    const { clock, far } = await callBetweenOurs((transfer) => transfer.refuse());
    const outcome = await clock.settle(far.refer({ referTo }));
    assert.equal(outcome.kind === 'refused' && outcome.response.status, 603);
  });

  test('not wanted at all › 405, and REFER is not among what is allowed; wanted, it is', async () => {
    const { peer, invite, refer } = await callToPeer();
    assert.doesNotMatch(invite.headers.get('Allow') ?? '', /REFER/);
    await refer(7, [`Refer-To: <${referTo}>`]);
    assert.equal(peer.statuses().at(-1), 405);
    const other = await callToPeer(() => {});
    assert.match(other.invite.headers.get('Allow') ?? '', /REFER/);
  });

  test('without exactly one Refer-To › 400', async () => {
    const { peer, refer } = await callToPeer((transfer) => transfer.accept());
    await refer(7, []);
    await refer(8, [`Refer-To: <${referTo}>`, 'Refer-To: <sip:two@carrier.example>']);
    assert.deepEqual(peer.statuses().slice(-2), [400, 400]);
    assert.deepEqual(peer.requests('NOTIFY'), []);
  });

  test('a callback that throws › 500 and a fault', async () => {
    const { clock, far, faults } = await callBetweenOurs(() => {
      throw new Error('no');
    });
    const outcome = await clock.settle(far.refer({ referTo }));
    assert.equal(outcome.kind === 'refused' && outcome.response.status, 500);
    assert.deepEqual(
      faults.map((fault) => fault.kind === 'callbackFailed' && fault.callback),
      ['onTransfer'],
    );
  });

  test('a far end that does not take our NOTIFY › the transfer is over, the call is not', async () => {
    const taken: ReceivedTransfer[] = [];
    const { peer, clock, dialog, refer } = await callToPeer((transfer) => {
      taken.push(transfer);
      transfer.accept();
    });
    await refer(7, [`Refer-To: <${referTo}>`]);
    await clock.drain();
    const notify = peer.request('NOTIFY');
    assert.equal(notify.headers.get('Event'), 'refer;id=7');
    assert.match(notify.headers.get('Subscription-State') ?? '', /^active;expires=\d+$/);
    assert.equal(notify.body, 'SIP/2.0 100 Trying\r\n');
    await peer.reply(notify, 481);
    taken[0]?.report(200);
    await clock.drain();
    assert.equal(peer.requests('NOTIFY').length, 1);
    const ended = await Promise.race([dialog.ended, Promise.resolve('talking')]);
    assert.equal(ended, 'talking');
  });

  test('one NOTIFY at a time; without a result for three minutes the last says 408', async () => {
    const taken: ReceivedTransfer[] = [];
    const { peer, clock, refer } = await callToPeer((transfer) => {
      taken.push(transfer);
      transfer.accept();
    });
    await refer(7, [`Refer-To: <${referTo}>`]);
    taken[0]?.report(180);
    await clock.drain();
    assert.equal(peer.requests('NOTIFY').length, 1, 'the second waits for the answer to the first');
    await peer.reply(peer.request('NOTIFY'), 200);
    await peer.reply(peer.request('NOTIFY'), 200);
    await clock.advance(180_000);
    assert.deepEqual(
      peer
        .requests('NOTIFY')
        .map(({ body, headers }) => [body.slice(8, 11), headers.get('Subscription-State')])
        .slice(0, 3),
      [
        ['100', 'active;expires=180'],
        ['180', 'active;expires=180'],
        ['408', 'terminated;reason=timeout'],
      ],
    );
  });
});
