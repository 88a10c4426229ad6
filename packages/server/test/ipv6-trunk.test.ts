/** A call over a trunk that is reached over IPv6, against a running service: SIP and RTP over ::1, audio and keys both ways. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type MediaEngine, type MediaEvent, openMediaEngine } from '@ringback/media';
import { bodyOf, openUserAgent, type UserAgent } from '@ringback/sip';
import { untilDefined } from '@ringback/testkit';
import { hangUp, waitLong } from './support/flow-actions.ts';
import { startTestService, type TestService } from './support/test-service.ts';

const number = '+12065550100';
const heardWithinMs = 30_000;

describe('a trunk over IPv6', () => {
  let phone: UserAgent;
  let media: MediaEngine;
  let ringback: TestService;
  let flowId: string;
  let offer = '';
  const heard: MediaEvent['kind'][] = [];

  before(async () => {
    media = await openMediaEngine({
      host: '127.0.0.1',
      hostV6: '::1',
      ports: { first: 37_000, last: 37_999 },
      workers: 1,
    });
    phone = await openUserAgent({
      host: '::1',
      port: 0,
      onInvite: async (invite) => {
        offer = bodyOf(invite.request)?.content ?? '';
        const session = await media.openSession({ family: 6, onEvent: ({ kind }) => heard.push(kind) });
        const content = await session.answerOffer(offer);
        const dialog = await invite.answer({ body: { contentType: 'application/sdp', content } });
        await session.sendDigits('42');
        await untilDefined(heardWithinMs, 'the phone heard nothing', () =>
          heard.includes('mediaStarted') ? true : undefined,
        );
        await dialog.bye();
        await session.close();
      },
    });
    ringback = await startTestService(`
accessKeys: [{ accessKeyId: AKIDSIX, secretAccessKey: not-a-secret-at-all }]
countries: [US]
phoneNumbers: ["+12065550199"]
speech: { kind: "off" }
sip: { ipv6: "::1" }
trunks:
  - { name: six, address: "[::1]:${phone.endpoint.port}" }
`);
    flowId = await ringback.createFlow([waitLong, hangUp]);
  });

  after(async () => {
    await ringback?.close();
    await phone?.close();
    await media?.close();
  });

  it('is offered an address of IPv6, and has media both ways', async () => {
    const contactId = await ringback.call(number, flowId);
    assert.equal((await ringback.ended(contactId)).DisconnectReason, 'CUSTOMER_DISCONNECT');
    assert.match(offer, /^c=IN IP6 ::1\r$/m);
    const keys = ringback.timeline.flatMap((entry) => (entry.kind === 'digit' ? [entry.digit] : []));
    assert.equal(keys.join(''), '42');
    const invite = ringback.timeline
      .flatMap((entry) => (entry.kind === 'sip' ? [entry.trace.text()] : []))
      .find((text) => text.startsWith('INVITE '));
    assert.match(invite ?? '', /^Via: SIP\/2\.0\/UDP \[::1\]:\d+/m);
    assert.match(invite ?? '', /^Contact: <sip:[^>]*\[::1\]:\d+/m);
  });
});
