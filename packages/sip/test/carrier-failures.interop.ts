/** Interoperation: carriers of SIPp that are out of order: overloaded, not there, or cut off in the middle of a call. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freePort, type SippStep, sipp } from '@ringback/testkit';
import {
  afterFailure,
  type DnsAnswer,
  type DnsResolver,
  InviteCancelled,
  InviteRejected,
  InviteTransportError,
  locateServer,
  NO_STANDING,
  RequestFailed,
  retryAfterMs,
  type SipEndpoint,
  type SrvRecord,
  usableTargets,
} from '../src/index.ts';
import { callTo, type InteropAgent, refusal } from './support/interop-agent.ts';
import { openResettableFront, type ResettableFront } from './support/resettable-front.ts';
import { withCallee } from './support/with-sipp.ts';

const ordinaryCall = [
  sipp.receiveInvite(),
  sipp.answer(),
  sipp.receive('ACK'),
  sipp.receive('BYE'),
  sipp.agree,
];

/** A zone of one service. */
function zone(service: string, records: readonly SrvRecord[]): DnsResolver {
  const none = async (): Promise<DnsAnswer<never>> => ({ records: [], ttlSeconds: 60 });
  return {
    naptr: none,
    srv: async (name) => ({ records: name === service ? records : [], ttlSeconds: 60 }),
    addresses: async (name, family) => ({
      records: name.endsWith('.carrier.test') && family === 4 ? ['127.0.0.1'] : [],
      ttlSeconds: 60,
    }),
  };
}

const tcp = (port: number): SipEndpoint => ({ host: '127.0.0.1', port, transport: 'tcp' });

describe('carriers that fail', () => {
  it('SRV › the first server refuses the connection, the next by priority takes the call', async () => {
    const closedPort = await freePort();
    const port = await freePort();
    await withCallee(
      ordinaryCall,
      async ({ agent }) => {
        const resolver = zone('_sip._tcp.carrier.test', [
          { priority: 20, weight: 1, port, target: 'second.carrier.test' },
          { priority: 10, weight: 1, port: closedPort, target: 'first.carrier.test' },
        ]);
        const targets = await locateServer(
          { host: 'carrier.test', transport: 'tcp' },
          { resolver, random: Math.random },
        );
        assert.deepEqual(
          targets.map((target) => target.port),
          [closedPort, port],
        );
        const [first] = targets;
        assert.ok(first);
        const { transport } = await refusal(
          agent.invite(callTo(closedPort, { target: first })).answered,
          InviteTransportError,
        );
        assert.deepEqual([transport?.code, transport?.phase], ['refused', 'connecting']);
        const nowMs = Date.now();
        const standing = afterFailure(
          NO_STANDING,
          first,
          { kind: 'transport', code: transport?.code ?? 'other' },
          nowMs,
        );
        const [next] = usableTargets(standing, targets, nowMs);
        assert.deepEqual(next, targets[1]);
        await (await agent.invite(callTo(port, { target: next })).answered).bye();
      },
      { sipp: { port, transport: 'tcp' } },
    );
  });

  it('503 with Retry-After › it is left alone for so long, and the other takes the call', async () => {
    await withCallee(ordinaryCall, (_, calmPort) =>
      withCallee(
        [
          sipp.receiveInvite(),
          sipp.respond('503 Service Unavailable', { headers: ['Retry-After: 120 (maintenance)'] }),
          sipp.receive('ACK'),
        ],
        async ({ agent }, busyPort) => {
          const [busy, calm] = [callTo(busyPort), callTo(calmPort)];
          const rejected = await refusal(agent.invite(busy).answered, InviteRejected);
          assert.deepEqual([rejected.status, rejected.retryAfterSeconds], [503, 120]);
          const nowMs = Date.now();
          const standing = afterFailure(
            NO_STANDING,
            busy.target,
            {
              kind: 'response',
              status: rejected.status,
              retryAfterMs: retryAfterMs(rejected.response.headers),
            },
            nowMs,
          );
          const usableAfter = (delayMs: number) =>
            usableTargets(standing, [busy.target, calm.target], nowMs + delayMs);
          assert.deepEqual(usableAfter(119_000), [calm.target]);
          assert.deepEqual(usableAfter(121_000), [busy.target, calm.target]);
          await (await agent.invite(calm).answered).bye();
        },
      ),
    );
  });

  it('TCP reset in mid-call › the call stays, and its BYE opens a connection of its own', async () => {
    await behindFront(
      (frontPort) => [
        sipp.receiveInvite(),
        sipp.answer({ contact: `127.0.0.1:${frontPort}` }),
        sipp.receive('ACK'),
        sipp.receive('INFO'),
        sipp.agree,
        sipp.receive('BYE'),
        sipp.agree,
      ],
      async ({ agent }, front) => {
        const dialog = await agent.invite(callTo(front.port, { target: tcp(front.port) })).answered;
        // The ACK has left, but SIPp may not have read it.
        await dialog.sendInfo({ contentType: 'text/plain', content: 'are you there?' });
        front.reset();
        await dialog.bye();
        assert.equal((await dialog.ended).by, 'local');
        assert.equal(front.connections, 2);
      },
    );
  });

  it('TCP reset while it rings › the INVITE stays open; its CANCEL opens a connection of its own', async () => {
    await behindFront(
      () => [
        sipp.receiveInvite(),
        sipp.respond('180 Ringing'),
        sipp.receive('CANCEL'),
        sipp.agree,
        sipp.respond('487 Request Terminated', { via: 'kept' }),
        sipp.receive('ACK'),
      ],
      async ({ agent }, front) => {
        const ringing = Promise.withResolvers<void>();
        const call = agent.invite(
          callTo(front.port, { target: tcp(front.port), onProvisional: () => ringing.resolve() }),
        );
        await ringing.promise;
        front.reset();
        call.cancel();
        await refusal(call.answered, InviteCancelled);
        assert.equal(front.connections, 2);
      },
    );
  });

  it('the carrier ends in mid-call › requests fail at once, and hanging up ends the call', async () => {
    await withCallee(
      [sipp.receiveInvite(), sipp.answer(), sipp.receive('ACK')],
      async ({ agent }, port, callee) => {
        const dialog = await agent.invite(callTo(port, { target: tcp(port) })).answered;
        // SIPp has nothing more to say, and is gone.
        await callee.finished;
        const { because } = await refusal(
          dialog.sendInfo({ contentType: 'text/plain', content: 'are you there?' }),
          RequestFailed,
        );
        assert.equal(because, 'transportError');
        await dialog.bye();
        assert.equal((await dialog.ended).by, 'local');
      },
      { sipp: { transport: 'tcp' } },
    );
  });
});

/** SIPp over TCP, reached through a front that can cut connections. */
async function behindFront(
  scenario: (frontPort: number) => readonly SippStep[],
  story: (ours: InteropAgent, front: ResettableFront) => Promise<void>,
): Promise<void> {
  const port = await freePort();
  const front = await openResettableFront(port);
  try {
    await withCallee(scenario(front.port), (ours) => story(ours, front), {
      sipp: { port, transport: 'tcp' },
    });
  } finally {
    await front.close();
  }
}
