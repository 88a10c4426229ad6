/** Interoperation: SIPp is called by our user agent and does what carriers do, in order and out of order. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freePort, sipp, startLossyRelay, startSipp, untilDefined, VirtualClock } from '@ringback/testkit';
import {
  InviteCancelled,
  InviteRejected,
  type OutgoingInvite,
  type ReceivedTransfer,
  type SipBody,
} from '../src/index.ts';
import {
  callTo,
  description,
  directionOf,
  lateOfferTo,
  provisionals,
  refusal,
  withAgent,
} from './support/interop-agent.ts';
import { withCallee } from './support/with-sipp.ts';

/** As long as SIPp needs to see that nothing more comes, ms. */
const quietMs = 300;

const ordinaryEnd = [sipp.receive('BYE'), sipp.agree];

describe('SIPp, called', () => {
  it('challenges with 401 › our digest is proven, and goes with every later request', async () => {
    const credentials = { username: 'ringback', password: 'open-sesame' };
    await withCallee(
      [
        sipp.receiveInvite(),
        sipp.challenge(credentials.username, credentials.password),
        sipp.answer(),
        sipp.receive('ACK', { headers: { Authorization: 'nc=00000001' } }),
        sipp.receive('BYE', { headers: { Authorization: 'nc=00000002' } }),
        sipp.agree,
      ],
      async ({ agent }, port) => {
        const dialog = await agent.invite(callTo(port, { credentials })).answered;
        await dialog.bye();
      },
    );
  });

  it('challenges with 407, SHA-256 before MD5 › the stronger is answered', async () => {
    const challenge = (algorithm: string): string =>
      `Proxy-Authenticate: Digest realm="sipp", nonce="f00d", qop="auth", algorithm=${algorithm}`;
    await withCallee(
      [
        sipp.receiveInvite(),
        sipp.respond('407 Proxy Authentication Required', {
          headers: [challenge('SHA-256'), challenge('MD5')],
        }),
        sipp.receive('ACK'),
        sipp.receiveInvite({
          headers: {
            'Proxy-Authorization':
              'response="[0-9a-f]{64}".*algorithm=SHA-256|algorithm=SHA-256.*response="[0-9a-f]{64}"',
          },
        }),
        sipp.answer(),
        sipp.receive('ACK'),
        ...ordinaryEnd,
      ],
      async ({ agent }, port) => {
        const credentials = { username: 'ringback', password: 'open-sesame' };
        await (await agent.invite(callTo(port, { credentials })).answered).bye();
      },
    );
  });

  it('rings reliably › every 1xx gets its PRACK (RFC 3262)', async () => {
    const reliable = (status: string, sequence: number, more: sipp.ResponseWords = {}) =>
      sipp.respond(status, {
        ...more,
        headers: ['Require: 100rel', `RSeq: ${sequence}`],
      });
    await withCallee(
      [
        sipp.receiveInvite({ headers: { Supported: '100rel' } }),
        reliable('183 Session Progress', 71, { body: sipp.sdp() }),
        sipp.receive('PRACK', { headers: { RAck: '^ ?71 1 INVITE' } }),
        sipp.agree,
        reliable('180 Ringing', 72, { via: 'kept' }),
        sipp.receive('PRACK', { headers: { RAck: '^ ?72 1 INVITE' } }),
        sipp.agree,
        sipp.answer({ via: 'kept', body: [] }),
        sipp.receive('ACK'),
        ...ordinaryEnd,
      ],
      async ({ agent }, port) => {
        const { seen, take } = provisionals();
        const early: boolean[] = [];
        const call = agent.invite(
          callTo(port, { onProvisional: take, onEarlyMedia: ({ isReliable }) => early.push(isReliable) }),
        );
        const dialog = await call.answered;
        assert.deepEqual([seen, early], [[183, 180], [true]]);
        assert.match(dialog.remoteBody?.content ?? '', /o=sipp/);
        await dialog.bye();
      },
    );
  });

  it('plays an announcement by 183 and is busy after it › early media, then 486', async () => {
    await withCallee(
      [
        sipp.receiveInvite(),
        sipp.respond('183 Session Progress', { body: sipp.sdp() }),
        sipp.pause(quietMs),
        sipp.respond('486 Busy Here', { headers: ['Reason: Q.850;cause=17;text="User busy"'] }),
        sipp.receive('ACK'),
      ],
      async ({ agent }, port) => {
        const media: string[] = [];
        const call = agent.invite(callTo(port, { onEarlyMedia: ({ body }) => media.push(body.contentType) }));
        const rejected = await refusal(call.answered, InviteRejected);
        assert.equal(rejected.status, 486);
        assert.deepEqual(
          rejected.causes.map(({ protocol, cause }) => [protocol, cause]),
          [['Q.850', 17]],
        );
        assert.deepEqual(media, ['application/sdp']);
      },
    );
  });

  it('is put on hold and taken back by re-INVITE', async () => {
    await withCallee(
      [
        sipp.receiveInvite(),
        sipp.answer(),
        sipp.receive('ACK'),
        sipp.receive('INVITE', { body: 'a=sendonly', headers: { CSeq: '2 INVITE' } }),
        sipp.reply('200 OK', { body: sipp.sdp({ direction: 'recvonly', version: 2 }), retransmits: true }),
        sipp.receive('ACK'),
        sipp.receive('INVITE', { body: 'a=sendrecv', headers: { CSeq: '3 INVITE' } }),
        sipp.reply('200 OK', { body: sipp.sdp({ direction: 'sendrecv', version: 3 }), retransmits: true }),
        sipp.receive('ACK'),
        ...ordinaryEnd,
      ],
      async ({ agent }, port) => {
        const dialog = await agent.invite(callTo(port)).answered;
        assert.equal(directionOf(await dialog.reinvite(description('sendonly', 2))), 'recvonly');
        assert.equal(directionOf(await dialog.reinvite(description('sendrecv', 3))), 'sendrecv');
        await dialog.bye();
      },
    );
  });

  it('puts us on hold and takes us back by re-INVITE › the application answers', async () => {
    const change = (cseq: number, direction: string, answer: string) => [
      sipp.ask('INVITE', { cseq, body: sipp.sdp({ direction, version: cseq }) }),
      sipp.receiveStatus(200, { body: `a=${answer}` }),
      sipp.ask('ACK', { cseq }),
    ];
    await withCallee(
      [
        sipp.receiveInvite(),
        sipp.answer(),
        sipp.receive('ACK'),
        ...change(10, 'sendonly', 'recvonly'),
        ...change(11, 'sendrecv', 'sendrecv'),
        sipp.ask('BYE', { cseq: 12 }),
        sipp.receiveStatus(200),
      ],
      async ({ agent }, port) => {
        const offered: string[] = [];
        const call = agent.invite(
          callTo(port, {
            onRequest: (request) => {
              const direction = directionOf({ contentType: '', content: request.body });
              offered.push(direction);
              return {
                status: 200,
                body: description(direction === 'sendonly' ? 'recvonly' : 'sendrecv', 2),
              };
            },
          }),
        );
        const { by } = await (await call.answered).ended;
        assert.equal(by, 'remote');
        assert.deepEqual(offered, ['sendonly', 'sendrecv']);
      },
    );
  });

  it('redirects by 302 › the contact it names is called', async () => {
    await withCallee([sipp.receiveInvite(), sipp.answer(), sipp.receive('ACK'), ...ordinaryEnd], (_, port) =>
      withCallee(
        [
          sipp.receiveInvite(),
          sipp.respond('302 Moved Temporarily', {
            headers: [`Contact: <sip:nobody@127.0.0.1:9>;q=0.2, <sip:moved@127.0.0.1:${port}>;q=0.9`],
          }),
          sipp.receive('ACK'),
        ],
        async ({ agent }, redirector) => {
          const { contacts } = await refusal(agent.invite(callTo(redirector)).answered, InviteRejected);
          const [first] = contacts;
          assert.equal(first?.uri, `sip:moved@127.0.0.1:${port}`);
          const { target } = callTo(port);
          await (await agent.invite(callTo(port, { target, requestUri: first.uri })).answered).bye();
        },
      ),
    );
  });

  it('answers while the CANCEL is on its way › the 200 is acknowledged and hung up', async () => {
    await withCallee(
      [
        sipp.receiveInvite(),
        sipp.respond('180 Ringing'),
        sipp.receiveForLater('CANCEL'),
        sipp.answer(),
        sipp.receive('ACK'),
        sipp.replyLater('200 OK'),
        ...ordinaryEnd,
      ],
      async ({ agent }, port) => {
        const call: OutgoingInvite = agent.invite(callTo(port, { onProvisional: () => call.cancel() }));
        await refusal(call.answered, InviteCancelled);
      },
    );
  });

  it('is called by three phones of a fork › the first 200 wins, the second is hung up (RFC 3261 §13.2.2.4)', async () => {
    await withCallee(
      [
        sipp.receiveInvite(),
        sipp.respond('180 Ringing', { tag: 'one' }),
        sipp.respond('180 Ringing', { tag: 'two' }),
        sipp.respond('183 Session Progress', { tag: 'three', body: sipp.sdp() }),
        sipp.answer({ tag: 'two' }),
        sipp.receive('ACK', { headers: { To: 'tag=two' } }),
        sipp.answer({ tag: 'three', via: 'kept' }),
        sipp.receive('ACK', { headers: { To: 'tag=three' } }),
        sipp.receive('BYE', { headers: { To: 'tag=three' } }),
        sipp.agree,
        sipp.receive('BYE', { headers: { To: 'tag=two' } }),
        sipp.agree,
      ],
      async ({ agent, count }, port) => {
        const tags: Array<string | undefined> = [];
        const call = agent.invite(
          callTo(port, { onProvisional: (_, dialog) => tags.push(dialog?.remoteTag) }),
        );
        const dialog = await call.answered;
        assert.deepEqual([tags, dialog.remoteTag], [['one', 'two', 'three'], 'two']);
        await untilDefined(10_000, 'the second phone was not hung up', () => count('< 200 BYE') || undefined);
        await dialog.bye();
      },
    );
  });

  it('makes the offer in its 200 › our ACK carries the answer', async () => {
    await withCallee(
      [
        sipp.receiveInvite(),
        sipp.respond('180 Ringing'),
        sipp.answer(),
        sipp.receive('ACK', { body: 'o=ringback' }),
        ...ordinaryEnd,
      ],
      async ({ agent }, port) => {
        const offers: string[] = [];
        const onOffer = ({ content }: SipBody): SipBody => {
          offers.push(content);
          return description();
        };
        const dialog = await agent.invite(lateOfferTo(port, { onOffer })).answered;
        assert.match(offers.join(), /o=sipp/);
        await dialog.bye();
      },
    );
  });

  it('hangs up while our BYE is on its way › both are answered', async () => {
    await withCallee(
      [
        sipp.receiveInvite(),
        sipp.answer(),
        sipp.receive('ACK'),
        sipp.receiveForLater('BYE'),
        sipp.ask('BYE', { cseq: 1 }),
        sipp.receiveStatus(200),
        sipp.replyLater('200 OK'),
      ],
      async ({ agent, messages }, port) => {
        const dialog = await agent.invite(callTo(port)).answered;
        await dialog.bye();
        const { by } = await dialog.ended;
        assert.equal(by, 'local');
        await untilDefined(
          10_000,
          'its BYE was not answered',
          () => messages().includes('> 200 BYE') || undefined,
        );
      },
    );
  });
});

describe('SIPp, asking for a transfer by REFER (RFC 3515)', () => {
  const refer = sipp.ask('REFER', { cseq: 5, headers: ['Refer-To: <sip:third@127.0.0.1:9>'] });

  it('is taken on › hears by NOTIFY how the other call goes', async () => {
    const notified = (subscription: string, status: string) => [
      sipp.receive('NOTIFY', {
        headers: { Event: 'refer;id=5', 'Subscription-State': subscription },
        body: `SIP/2.0 ${status}`,
      }),
      sipp.agree,
    ];
    await withCallee(
      [
        sipp.receiveInvite({ headers: { Allow: 'REFER' } }),
        sipp.answer(),
        sipp.receive('ACK'),
        refer,
        sipp.receiveStatus(202),
        ...notified('active', '100'),
        ...notified('active', '180'),
        ...notified('terminated', '200'),
        sipp.ask('BYE', { cseq: 6 }),
        sipp.receiveStatus(200),
      ],
      async ({ agent }, port) => {
        const wanted: string[] = [];
        const onTransfer = (transfer: ReceivedTransfer): void => {
          wanted.push(transfer.referTo);
          transfer.accept();
          transfer.report(180);
          transfer.report(200);
        };
        const dialog = await agent.invite(callTo(port, { onTransfer })).answered;
        assert.equal((await dialog.ended).by, 'remote');
        assert.deepEqual(wanted, ['sip:third@127.0.0.1:9']);
      },
    );
  });

  it('is not wanted › 405, and the call goes on', async () => {
    await withCallee(
      [
        sipp.receiveInvite(),
        sipp.answer(),
        sipp.receive('ACK'),
        refer,
        sipp.receiveStatus(405),
        sipp.ask('BYE', { cseq: 6 }),
        sipp.receiveStatus(200),
      ],
      async ({ agent }, port) => {
        const dialog = await agent.invite(callTo(port)).answered;
        assert.equal((await dialog.ended).by, 'remote');
      },
    );
  });
});

describe('SIPp behind a network that loses', () => {
  /** One call of which the first copy of a message gets lost. */
  async function callLosing(
    lost: string,
    check: (count: (message: string) => number) => void,
  ): Promise<void> {
    const calleePort = await freePort();
    await withAgent({}, async ({ agent, count }) => {
      const relay = await startLossyRelay({
        callerPort: agent.endpoint.port,
        calleePort,
        loses: (message, copy) => message === lost && copy === 1,
      });
      const callee = await startSipp({
        port: calleePort,
        scenario: [
          sipp.receiveInvite(),
          sipp.respond('180 Ringing'),
          // Through the relay, so that ACK and BYE can be lost too.
          sipp.answer({ contact: `127.0.0.1:${relay.port}` }),
          sipp.receive('ACK'),
          ...ordinaryEnd,
          sipp.linger,
        ],
      });
      try {
        const dialog = await agent.invite(callTo(relay.port)).answered;
        // A BYE may not overtake the ACK that is still to come.
        if (lost === 'ACK') {
          await untilDefined(10_000, 'the ACK was not repeated', () => count('> ACK') > 1 || undefined);
        }
        await dialog.bye();
        await callee.finished;
        assert.deepEqual(relay.lost, [lost]);
        check(count);
      } finally {
        await callee.close();
        await relay.close();
      }
    });
  }

  it('the ACK › its 200 comes again and is acknowledged again', () =>
    callLosing('ACK', (count) => {
      assert.ok(count('< 200 INVITE') >= 2);
      assert.equal(count('> ACK'), count('< 200 INVITE'));
    }));

  it('its 200 › it repeats it; the INVITE, which rang, is not repeated', () =>
    callLosing('200 INVITE', (count) => assert.equal(count('> INVITE'), 1)));

  it('our BYE › we repeat it', () => callLosing('BYE', (count) => assert.ok(count('> BYE') >= 2)));

  it('its 200 to our BYE › we repeat the BYE', () =>
    callLosing('200 BYE', (count) => assert.ok(count('> BYE') >= 2)));
});

describe('SIPp and session timers (RFC 4028)', () => {
  const expires = (refresher: string, ...more: string[]) => ({
    headers: ['Require: timer', `Session-Expires: 90;refresher=${refresher}`, ...more],
  });
  const timed = { sessionTimer: { intervalSeconds: 90, minSeconds: 90 } };

  for (const [method, allow] of [
    ['INVITE', 'INVITE, ACK, BYE'],
    ['UPDATE', 'INVITE, ACK, BYE, UPDATE'],
  ] as const) {
    it(`leaves the refresh to us › ${method} after half the interval, twice`, async () => {
      const clock = new VirtualClock();
      const refresh = [
        sipp.receive(method, { headers: { 'Session-Expires': '90;refresher=uac' } }),
        sipp.reply('200 OK', {
          ...expires('uac'),
          ...(method === 'INVITE' && { body: sipp.sdp(), retransmits: true }),
        }),
        ...(method === 'INVITE' ? [sipp.receive('ACK')] : []),
      ];
      await withCallee(
        [
          sipp.receiveInvite({ headers: { 'Session-Expires': '90' } }),
          sipp.answer(expires('uac', `Allow: ${allow}`)),
          sipp.receive('ACK'),
          ...refresh,
          ...refresh,
          ...ordinaryEnd,
        ],
        async ({ agent, count }, port) => {
          const dialog = await agent.invite(callTo(port, timed)).answered;
          const before = count(`< 200 ${method}`);
          for (const round of [1, 2]) {
            // Not a moment more, or the refresh would be repeated before SIPp can have answered it.
            await clock.advance(45_000);
            await untilDefined(10_000, 'the refresh was not answered', () =>
              count(`< 200 ${method}`) === before + round ? true : undefined,
            );
          }
          await dialog.bye();
        },
        { clock },
      );
    });

    it(`refreshes by ${method} › the session lives on; when it stops doing so, we hang up`, async () => {
      const clock = new VirtualClock();
      await withCallee(
        [
          sipp.receiveInvite(),
          sipp.answer(expires('uas')),
          sipp.receive('ACK'),
          // It refreshes when the test's clock says so, and learns that by an INFO.
          sipp.receive('INFO'),
          sipp.agree,
          sipp.ask(method, { cseq: 7, ...expires('uac'), ...(method === 'INVITE' && { body: sipp.sdp() }) }),
          sipp.receiveStatus(200, { headers: { 'Session-Expires': '90;refresher=uac' } }),
          ...(method === 'INVITE' ? [sipp.ask('ACK', { cseq: 7 })] : []),
          sipp.receive('BYE', { headers: { Reason: 'cause=408' } }),
          sipp.agree,
        ],
        async ({ agent, messages }, port) => {
          const dialog = await agent.invite(callTo(port, timed)).answered;
          let isOver = false;
          void dialog.ended.then(() => {
            isOver = true;
          });
          await clock.advance(40_000);
          await dialog.sendInfo({ contentType: 'text/plain', content: 'refresh' });
          const last = method === 'INVITE' ? '< ACK' : '> 200 UPDATE';
          await untilDefined(10_000, 'no refresh came', () => messages().includes(last) || undefined);
          await clock.advance(45_000);
          assert.equal(isOver, false, '85 s after the answer, 45 s after the refresh');
          await clock.advance(50_000);
          const { by, fault } = await dialog.ended;
          assert.deepEqual([by, fault], ['fault', 'sessionExpired']);
        },
        { clock },
      );
    });
  }

  it('finds our interval too brief (422) › it is asked again with its own', async () => {
    await withCallee(
      [
        sipp.receiveInvite({ headers: { 'Session-Expires': '90' } }),
        sipp.respond('422 Session Interval Too Small', { headers: ['Min-SE: 3600'] }),
        sipp.receive('ACK'),
        sipp.receiveInvite({ headers: { 'Session-Expires': '3600', 'Min-SE': '3600', CSeq: '2 INVITE' } }),
        sipp.answer(),
        sipp.receive('ACK'),
        ...ordinaryEnd,
      ],
      async ({ agent }, port) => (await agent.invite(callTo(port, timed)).answered).bye(),
    );
  });
});
