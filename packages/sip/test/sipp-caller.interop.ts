/** Interoperation: SIPp calls our user agent, by scenarios of our own and by the one it brings along. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freePort, type SippStep, sipp, startLossyRelay, startSipp, untilDefined } from '@ringback/testkit';
import type { DialogEnd, IncomingInvite, InviteDialog } from '../src/index.ts';
import { description, directionOf, withAgent } from './support/interop-agent.ts';
import { withCaller } from './support/with-sipp.ts';

const sippHangsUp = (cseq: number): SippStep[] => [
  sipp.ask('BYE', { cseq, as: 'caller' }),
  sipp.receiveStatus(200),
];
const acknowledge = sipp.ask('ACK', { cseq: 1, as: 'caller' });

/** Answers at once, and keeps the dialogs. */
function answering(): {
  readonly onInvite: (invite: IncomingInvite) => void;
  readonly dialogs: InviteDialog[];
} {
  const dialogs: InviteDialog[] = [];
  return {
    dialogs,
    onInvite: (invite) => {
      invite.provisional(180);
      void invite
        .answer({ body: description(), onRequest: ({ body }) => replyTo(body) })
        .then((dialog) => dialogs.push(dialog));
    },
  };
}

/** Goes along with whatever direction is offered. */
function replyTo(offer: string) {
  const isHold = directionOf({ contentType: '', content: offer }) === 'sendonly';
  return { status: 200, body: description(isHold ? 'recvonly' : 'sendrecv', 2) };
}

async function endOf(dialogs: readonly InviteDialog[]): Promise<DialogEnd> {
  const dialog = await untilDefined(10_000, 'the call was not answered', () => dialogs[0]);
  return dialog.ended;
}

describe('SIPp, calling', () => {
  it("makes a hundred calls by SIPp's own scenario › every one is answered and ends", async () => {
    const { onInvite, dialogs } = answering();
    await withAgent({ onInvite }, async ({ agent }) => {
      const caller = await startSipp({
        scenario: 'uac',
        port: await freePort(),
        arguments: ['-m', '100', '-r', '50', '-d', '100', `127.0.0.1:${agent.endpoint.port}`],
      });
      try {
        await caller.finished;
      } finally {
        await caller.close();
      }
      assert.equal(dialogs.length, 100);
      assert.deepEqual(
        new Set(await Promise.all(dialogs.map(async ({ ended }) => (await ended).by))),
        new Set(['remote']),
      );
    });
  });

  it('acknowledges our reliable 183 by PRACK › then our 200 carries no session', async () => {
    await withCaller(
      [
        sipp.invite({ headers: ['Supported: 100rel'] }),
        sipp.receiveRinging(183, { headers: { Require: '100rel' }, body: 'o=ringback' }),
        sipp.ask('PRACK', { cseq: 2, as: 'caller', headers: ['RAck: [$rseq] 1 INVITE'] }),
        sipp.receiveStatus(200, { headers: { CSeq: 'PRACK' } }),
        sipp.receiveAnswer({ headers: { 'Content-Length': '^ ?0' } }),
        acknowledge,
        ...sippHangsUp(3),
      ],
      {
        onInvite: (invite) => {
          invite.provisional(183, undefined, { reliability: 'reliable', body: description() });
          void invite.answer();
        },
      },
    );
  });

  it('makes no offer › ours goes with the 200, its ACK brings the answer', async () => {
    const answers: string[] = [];
    await withCaller(
      [
        sipp.invite({ body: [] }),
        sipp.receiveAnswer({ body: 'o=ringback' }),
        sipp.ask('ACK', { cseq: 1, as: 'caller', body: sipp.sdp() }),
        sipp.pause(100),
        ...sippHangsUp(2),
      ],
      {
        onInvite: (invite) =>
          void invite.answer({ body: description(), onAnswer: ({ content }) => answers.push(content) }),
      },
      () => assert.match(answers.join(), /o=sipp/),
    );
  });

  it('holds, resumes and moves the session by UPDATE', async () => {
    const { onInvite } = answering();
    const reinvite = (cseq: number, direction: string, expected: string): SippStep[] => [
      sipp.ask('INVITE', { cseq, as: 'caller', body: sipp.sdp({ direction, version: cseq }) }),
      sipp.receiveStatus(200, { body: `a=${expected}` }),
      sipp.ask('ACK', { cseq, as: 'caller' }),
    ];
    await withCaller(
      [
        sipp.invite(),
        sipp.receiveAnswer(),
        acknowledge,
        ...reinvite(2, 'sendonly', 'recvonly'),
        ...reinvite(3, 'sendrecv', 'sendrecv'),
        sipp.ask('UPDATE', { cseq: 4, as: 'caller', body: sipp.sdp({ direction: 'sendonly', version: 4 }) }),
        sipp.receiveStatus(200, { body: 'a=recvonly' }),
        ...sippHangsUp(5),
      ],
      { onInvite },
    );
  });

  it('gives up while it rings › 200 for the CANCEL, 487 for the INVITE', async () => {
    const gaveUp = Promise.withResolvers<void>();
    await withCaller(
      [
        sipp.invite(),
        sipp.receiveStatus(180),
        sipp.cancel(3),
        sipp.receiveStatus(200, { headers: { CSeq: 'CANCEL' } }),
        sipp.receiveStatus(487, { headers: { CSeq: 'INVITE' } }),
        sipp.acknowledgeRefusal(6),
      ],
      {
        onInvite: (invite) => {
          invite.cancelled.addEventListener('abort', () => gaveUp.resolve());
          invite.provisional(180);
        },
      },
      () => gaveUp.promise,
    );
  });

  it('gives up when we have answered already › the CANCEL changes nothing', async () => {
    const { onInvite, dialogs } = answering();
    await withCaller(
      [
        sipp.invite(),
        sipp.receiveAnswer(),
        sipp.cancel(4),
        sipp.receiveStatus(200, { headers: { CSeq: 'CANCEL' } }),
        acknowledge,
        ...sippHangsUp(2),
      ],
      { onInvite },
      async () => assert.equal((await endOf(dialogs)).by, 'remote'),
    );
  });

  it('asks for session timers › we agree; it refreshes', async () => {
    const { onInvite } = answering();
    const timer = ['Supported: timer', 'Session-Expires: 90;refresher=uac'];
    const agreed = { headers: { 'Session-Expires': '90;refresher=uac' } };
    await withCaller(
      [
        sipp.invite({ headers: timer }),
        sipp.receiveAnswer(agreed),
        acknowledge,
        sipp.ask('UPDATE', { cseq: 2, as: 'caller', headers: timer }),
        sipp.receiveStatus(200, agreed),
        ...sippHangsUp(3),
      ],
      { onInvite },
    );
  });

  it('asks for an interval below 90 s › 422 with Min-SE', async () => {
    const { onInvite } = answering();
    await withCaller(
      [
        sipp.invite({ headers: ['Supported: timer', 'Session-Expires: 30'] }),
        sipp.receiveStatus(422, { headers: { 'Min-SE': '90' } }),
        sipp.acknowledgeRefusal(3),
      ],
      { onInvite },
    );
  });

  it('does not hear our 200 at first › we repeat it until its ACK', async () => {
    const { onInvite, dialogs } = answering();
    await withAgent({ onInvite }, async ({ agent, count }) => {
      const callerPort = await freePort();
      const relay = await startLossyRelay({
        callerPort,
        calleePort: agent.endpoint.port,
        loses: (message, copy) => message === '200 INVITE' && copy <= 2,
      });
      const caller = await startSipp({
        port: callerPort,
        scenario: [sipp.invite(), sipp.receiveAnswer(), acknowledge, ...sippHangsUp(2)],
        arguments: [`127.0.0.1:${relay.port}`],
      });
      try {
        await caller.finished;
        assert.equal((await endOf(dialogs)).by, 'remote');
        assert.ok(count('> 200 INVITE') >= 3);
      } finally {
        await caller.close();
        await relay.close();
      }
    });
  });

  it('hangs up while our BYE is on its way › both are answered', async () => {
    const { onInvite, dialogs } = answering();
    await withCaller(
      [
        sipp.invite(),
        sipp.receiveAnswer(),
        acknowledge,
        sipp.receiveForLater('BYE'),
        sipp.ask('BYE', { cseq: 2, as: 'caller' }),
        sipp.receiveStatus(200),
        sipp.replyLater('200 OK', 'caller'),
      ],
      {
        onInvite: (invite) => {
          onInvite(invite);
          // After the ACK, as the called side must (RFC 3261 §15).
          void untilDefined(10_000, 'the call was not answered', () => dialogs[0]).then((dialog) =>
            dialog.bye(),
          );
        },
      },
      async () => assert.equal((await endOf(dialogs)).by, 'local'),
    );
  });
});
