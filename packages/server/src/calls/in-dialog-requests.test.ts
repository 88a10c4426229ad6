// What the far end may ask during a call: other media, and keys in INFO where its trunk sends them so.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SdpUnusable } from '@ringback/media';
import { SipHeaders, type SipRequest } from '@ringback/sip';
import { VirtualClock } from '@ringback/testkit';
import { FakeMediaEngine } from '../test-support/fake-telephony.ts';
import { trunkAt } from '../test-support/fake-trunks.ts';
import { inDialogRequests } from './in-dialog-requests.ts';
import type { DtmfMode } from './trunk.ts';

async function makeWorld(dtmf: DtmfMode = 'rfc4733') {
  const digits: string[] = [];
  const media = await new FakeMediaEngine(new VirtualClock(), []).openSession({
    onEvent: (event) => void (event.kind === 'digit' && digits.push(event.digit)),
  });
  const trunk = trunkAt('a', { host: '10.0.0.1', port: 5060, transport: 'udp' }, { dtmf });
  const { onRequest, onAnswer } = inDialogRequests(media, trunk);
  return {
    media,
    digits,
    acknowledge: (answer: string) => onAnswer?.({ contentType: sdp, content: answer }),
    ask: (method: string, contentType: string, body: string) =>
      onRequest?.(request(method, contentType, body)),
  };
}

function request(method: string, contentType: string, body: string): SipRequest {
  const headers = SipHeaders.of(body === '' ? [] : [['Content-Type', contentType]]);
  return { kind: 'request', method, requestUri: 'sip:ringback@10.0.0.2', headers, body };
}

const sdp = 'application/sdp';

describe('in-dialog requests', () => {
  it('an offer is answered by the media; the same again is left to the user agent', async () => {
    const { ask } = await makeWorld();
    const answered = { status: 200, body: { contentType: sdp, content: 'answer to hold' } };
    assert.deepEqual(await ask('INVITE', 'Application/SDP ; x=y', 'hold'), answered);
    assert.equal(await ask('UPDATE', sdp, 'hold'), undefined);
    assert.deepEqual(await ask('UPDATE', sdp, 'resume'), {
      status: 200,
      body: { contentType: sdp, content: 'answer to resume' },
    });
  });

  it('an INVITE without an offer gets one of ours, as a new call would, and the answer in its ACK counts', async () => {
    const { ask, acknowledge, media } = await makeWorld();
    await ask('INVITE', sdp, 'hold');
    const offered = { status: 200, body: { contentType: sdp, content: 'offer' } };
    assert.deepEqual(
      await ask('INVITE', '', ''),
      offered,
      'what we answered to the hold would hold us for good',
    );
    acknowledge('resume');
    assert.deepEqual(media.answers, ['resume']);
    assert.deepEqual(await ask('INVITE', sdp, 'hold'), {
      status: 200,
      body: { contentType: sdp, content: 'answer to hold' },
    });
  });

  it('an answer in an ACK that cannot be met leaves the call as it was', async () => {
    const { ask, acknowledge, media } = await makeWorld();
    await ask('INVITE', '', '');
    media.refusesAnswer = new SdpUnusable('noCommonCodec', 'only G.729');
    acknowledge('only G.729');
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(media.answers, []);
  });

  it('the streams of the latest offer all stand in what we say next', async () => {
    const { ask } = await makeWorld();
    await ask('INVITE', sdp, 'm=audio\r\nm=video\r\n');
    assert.equal(await ask('INVITE', '', ''), undefined);
  });

  it('an offer that cannot be met leaves the call as it was', async () => {
    const { ask, media } = await makeWorld();
    media.refusesAnswer = new SdpUnusable('noCommonCodec', 'only G.729');
    assert.deepEqual(await ask('INVITE', sdp, 'offer'), { status: 488 });
  });

  it('other bodies and methods are left to the user agent', async () => {
    const { ask } = await makeWorld();
    assert.equal(await ask('UPDATE', '', ''), undefined);
    assert.equal(await ask('INVITE', 'text/plain', 'hello'), undefined);
    assert.equal(await ask('MESSAGE', 'text/plain', 'hello'), undefined);
  });

  it('keys in INFO count where the trunk sends them so, and nowhere else', async () => {
    const info = await makeWorld('info');
    const relay = 'application/dtmf-relay';
    assert.deepEqual(await info.ask('INFO', relay, 'Signal=5\r\nDuration=160\r\n'), { status: 200 });
    assert.deepEqual(await info.ask('INFO', 'application/dtmf', '#'), { status: 200 });
    assert.equal(await info.ask('INFO', relay, 'garbage'), undefined);
    assert.deepEqual(info.digits, ['5', '#']);

    const events = await makeWorld('rfc4733');
    assert.equal(await events.ask('INFO', relay, 'Signal=5\r\n'), undefined);
    assert.deepEqual(events.digits, []);
  });
});
