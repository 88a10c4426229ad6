// User agents over streams in memory: whole calls, reuse of connections, keep-alives, limits, and connections that fail.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IncomingInvite } from './dialog/incoming-invite.ts';
import type { InviteDialog } from './dialog/invite-dialog.ts';
import { InviteTransportError } from './errors.ts';
import {
  CALLEE_HOST,
  CALLER_HOST,
  callTo,
  createWorld,
  foreignRequest,
  IDLE,
  sdp,
  sentBy,
} from './sip-fixture.ts';
import { InMemoryStreams, rawConnection } from './stream-fixture.ts';
import type { SipEndpoint } from './transport/sip-endpoint.ts';
import type { UserAgentOptions } from './user-agent.ts';

const TCP_TARGET = { host: CALLEE_HOST, port: 5060, transport: 'tcp' } as const;

function createStreamWorld() {
  const world = createWorld();
  const streams = new InMemoryStreams(world.clock);
  const open = (host: string, options: Partial<UserAgentOptions> = {}) =>
    world.open({ host, streams, alsoListen: [{ transport: 'tcp', host, port: 5060 }], ...options });
  return { ...world, streams, open };
}

async function callOverTcp(options: Partial<UserAgentOptions> = {}) {
  const world = createStreamWorld();
  const callee = await world.open(CALLEE_HOST, {
    onInvite: (invite) => void invite.answer({ body: sdp('answer') }),
    ...options,
  });
  const caller = await world.open(CALLER_HOST);
  const call = caller.invite(callTo({ target: TCP_TARGET }));
  await world.clock.drain();
  return { ...world, callee, caller, call, dialog: await call.answered };
}

describe('calls over TCP', () => {
  test('one connection carries a whole call, with the transport in Via and Contact', async () => {
    const { streams, network, clock, dialog, caller, callee } = await callOverTcp();
    await clock.settle(dialog.bye());
    const [connection, ...more] = streams.connections;
    assert.deepEqual(more, []);
    assert.deepEqual(network.log, [], 'nothing left over UDP');
    const [invite, ack, bye] = connection?.written ?? [];
    assert.match(invite ?? '', /^INVITE .*\r\nVia: SIP\/2\.0\/TCP 10\.0\.0\.1:5060;/);
    assert.match(invite ?? '', /\r\nContact: <sip:\+12065550199@10\.0\.0\.1:5060;transport=tcp>\r\n/);
    assert.match(ack ?? '', /^ACK sip:\+12065550100@10\.0\.0\.2:5060;transport=tcp SIP/);
    assert.match(bye ?? '', /^BYE .*\r\nVia: SIP\/2\.0\/TCP 10\.0\.0\.1:5060;/);
    assert.equal(connection?.other?.written.length, 2, 'one 200 each for INVITE and BYE');
    assert.deepEqual(caller.counters.sent, { udp: 0, tcp: 3, tls: 0 });
    assert.deepEqual(callee.counters.received, { udp: 0, tcp: 3, tls: 0 });
    await caller.close();
    await callee.close();
    await clock.drain();
    assert.equal(clock.pendingTimers, 0);
  });

  test('a connection leaves from our own address also where we listen on UDP alone', async () => {
    const { open, streams, clock } = createStreamWorld();
    const caller = await open(CALLER_HOST, { alsoListen: [] });
    await open(CALLEE_HOST);
    void caller
      .invite(callTo({ target: { ...TCP_TARGET, transport: 'tls' } }))
      .answered.catch(() => undefined);
    await clock.drain();
    assert.equal(
      streams.connections[0]?.local.host,
      CALLER_HOST,
      'carriers let in the address that they know',
    );
  });

  test('a connection that resets in mid-call costs one connection, not the call', async () => {
    const { streams, clock, dialog, callee } = await callOverTcp();
    streams.connections[0]?.reset();
    await clock.drain();
    await clock.settle(dialog.bye());
    assert.equal(streams.connections.length, 2);
    assert.equal(callee.activity.dialogs, 0);
  });

  test('the called side, too, reaches the caller after a reset', async () => {
    let called: InviteDialog | undefined;
    const { streams, clock, dialog } = await callOverTcp({
      onInvite: async (invite) => {
        called = await invite.answer({ body: sdp('answer') });
      },
    });
    streams.connections[0]?.reset();
    void called?.bye();
    await clock.drain();
    assert.equal((await dialog.ended).by, 'remote');
  });

  test('a BYE on a connection that turns out to be dead is sent again, once, over a new one', async () => {
    const { streams, clock, dialog, callee } = await callOverTcp();
    const [connection] = streams.connections;
    // The peer cut it; the news of that is still on its way when the BYE leaves.
    connection?.other?.leave(undefined);
    const bye = dialog.bye();
    await clock.drain();
    assert.equal(callee.activity.dialogs, 1);
    connection?.reset();
    await clock.settle(bye);
    assert.equal(streams.connections.length, 2);
    assert.equal(callee.activity.dialogs, 0);
    const branches = streams.connections.map(
      ({ written }) => /^BYE [\s\S]*?;branch=(\w+)/.exec(written.at(-1) ?? '')?.[1],
    );
    assert.ok(branches[0]);
    assert.equal(branches[0], branches[1], 'it is the same request, should the first have arrived after all');
  });

  test('an INVITE that nobody takes fails at once, and says so', async () => {
    const world = createStreamWorld();
    const caller = await world.open(CALLER_HOST);
    const call = caller.invite(callTo({ target: TCP_TARGET }));
    await world.clock.drain();
    await assert.rejects(call.answered, (error) => {
      assert.ok(error instanceof InviteTransportError);
      assert.deepEqual([error.transport?.code, error.transport?.phase], ['refused', 'connecting']);
      return true;
    });
  });

  test('a host that swallows everything fails after the connect limit', async () => {
    const world = createStreamWorld();
    world.streams.silentHosts.add(CALLEE_HOST);
    const caller = await world.open(CALLER_HOST, { limits: { connectMs: 3_000 } });
    const call = caller.invite(callTo({ target: TCP_TARGET }));
    await world.clock.advance(3_000);
    await assert.rejects(call.answered, (error) => {
      assert.ok(error instanceof InviteTransportError);
      assert.deepEqual([error.transport?.code, error.transport?.phase], ['timeout', 'connecting']);
      return true;
    });
    assert.equal(world.clock.now(), 3_000);
  });

  test('a connection lost before the answer fails the INVITE, which may have arrived', async () => {
    const world = createStreamWorld();
    await world.open(CALLEE_HOST, { onInvite: (invite) => invite.ignore() });
    const caller = await world.open(CALLER_HOST);
    const call = caller.invite(callTo({ target: TCP_TARGET }));
    await world.clock.drain();
    world.streams.connections[0]?.reset();
    await assert.rejects(call.answered, (error) => {
      assert.ok(error instanceof InviteTransportError);
      assert.deepEqual([error.transport?.code, error.transport?.phase], ['reset', 'connected']);
      return true;
    });
  });
});

describe('calls over TLS', () => {
  test('where a server of another name takes over, who named it is told, so that its certificate can be judged', async () => {
    const world = createStreamWorld();
    const asked: SipEndpoint[] = [];
    const secure = { transport: 'tls', host: CALLEE_HOST, port: 5061 } as const;
    await world.open(CALLEE_HOST, {
      alsoListen: [{ ...secure, advertise: { host: 'sbc2.carrier.example' } }],
      onInvite: (invite) => void invite.answer({ body: sdp('answer') }),
    });
    const caller = await world.open(CALLER_HOST, {
      tlsFor: (endpoint) => {
        asked.push(endpoint);
        return {};
      },
    });
    const call = caller.invite(callTo({ target: { ...secure, tlsName: 'carrier.example' } }));
    await world.clock.drain();
    await call.answered;
    assert.deepEqual(asked, [
      { ...secure, tlsName: 'carrier.example' },
      { ...secure, host: 'sbc2.carrier.example', namedBy: 'carrier.example' },
    ]);
  });
});

describe('a connection lost while it rings', () => {
  async function ringing(caller: Partial<UserAgentOptions>) {
    const world = createStreamWorld();
    let called: IncomingInvite | undefined;
    const callee = await world.open(CALLEE_HOST, {
      onInvite: (invite) => {
        called = invite;
        invite.provisional(180);
      },
    });
    const agent = await world.open(CALLER_HOST, caller);
    const call = agent.invite(callTo({ target: TCP_TARGET }));
    await world.clock.drain();
    assert.ok(called);
    world.streams.connections[0]?.reset();
    await world.clock.drain();
    return { ...world, callee, agent, call, called };
  }

  test('where we listen, the answer may come over a new one, and the call comes about', async () => {
    const { clock, call, called, streams, agent, callee } = await ringing({});
    void called.answer({ body: sdp('answer') });
    await clock.drain();
    const dialog = await call.answered;
    assert.equal(streams.connections.length, 3, 'theirs to our Via, ours for the ACK');
    await clock.settle(dialog.bye());
    assert.deepEqual([agent.activity.dialogs, callee.activity.dialogs], [0, 0]);
  });

  test('where nobody could answer us, it fails at once, and the phone is told to stop ringing', async () => {
    const { clock, call, called, agent, callee } = await ringing({ alsoListen: [] });
    await assert.rejects(clock.settle(call.answered), (error) => {
      assert.ok(error instanceof InviteTransportError);
      assert.deepEqual([error.transport?.code, error.transport?.phase], ['reset', 'connected']);
      return true;
    });
    assert.equal(called.cancelled.aborted, true);
    await clock.advance(400_000);
    assert.deepEqual(agent.activity, IDLE);
    assert.equal(callee.activity.dialogs, 0);
  });
});

describe('large requests', () => {
  const big = sdp('x'.repeat(1_300));

  test('leave over TCP where the target is UDP, and so does their CANCEL', async () => {
    const world = createStreamWorld();
    await world.open(CALLEE_HOST, { onInvite: (invite) => invite.provisional(180) });
    const caller = await world.open(CALLER_HOST);
    const call = caller.invite(callTo({ body: big }));
    await world.clock.drain();
    call.cancel();
    await world.clock.drain();
    assert.deepEqual(world.network.log, []);
    const sent = world.streams.connections[0]?.written.map((text) => text.slice(0, text.indexOf(' ')));
    assert.deepEqual(sent, ['INVITE', 'CANCEL', 'ACK']);
    assert.equal(caller.counters.movedToTcp, 1);
  });

  test('return to UDP when TCP is refused, and stay there', async () => {
    const world = createStreamWorld();
    await world.open(CALLEE_HOST, { alsoListen: [], onInvite: (invite) => invite.provisional(180) });
    const caller = await world.open(CALLER_HOST);
    for (const callId of ['one', 'two']) {
      caller.invite(callTo({ body: big, callId }));
      await world.clock.drain();
    }
    assert.deepEqual(sentBy(world.network, CALLER_HOST), ['INVITE', 'INVITE']);
    assert.match(world.network.log[0]?.text() ?? '', /\r\nVia: SIP\/2\.0\/UDP /);
    assert.equal(world.streams.attempts, 1);
    assert.equal(caller.counters.returnedToUdp, 1);
  });

  test('that returned are repeated as UDP needs it', async () => {
    const world = createStreamWorld();
    const caller = await world.open(CALLER_HOST);
    caller.invite(callTo({ body: big }));
    await world.clock.advance(1_600);
    assert.deepEqual(
      world.network.log.map(({ atMs }) => atMs),
      [0, 500, 1_500],
    );
  });

  test('stay on UDP for a user agent without TCP', async () => {
    const world = createStreamWorld();
    const caller = await world.open(CALLER_HOST, { alsoListen: [] });
    caller.invite(callTo({ body: big }));
    await world.clock.drain();
    assert.deepEqual(sentBy(world.network, CALLER_HOST), ['INVITE']);
    assert.equal(world.streams.attempts, 0);
  });
});

describe('keep-alives', () => {
  test('a ping on a connection gets its pong', async () => {
    const world = createStreamWorld();
    const agent = await world.open(CALLER_HOST);
    const raw = rawConnection(world.streams, { host: CALLER_HOST, port: 5060 }, CALLEE_HOST);
    await world.clock.drain();
    raw.socket.write('\r\n\r\n');
    await world.clock.drain();
    assert.equal(raw.received(), '\r\n');
    assert.equal(agent.counters.keepAlivesAnswered, 1);
  });

  test('an outgoing connection pings; a peer that once answered must go on answering', async () => {
    const { streams, clock, callee } = await callOverTcp();
    const near = streams.connections[0];
    const pings = () => near?.written.filter((text) => text === '\r\n\r\n').length;
    await clock.advance(120_000);
    assert.equal(pings(), 1);
    assert.equal(callee.counters.keepAlivesAnswered, 1);
    if (near?.other) near.other.write = () => {};
    await clock.advance(78_000);
    assert.equal(pings(), 2);
    assert.equal(near?.isGone, false);
    await clock.advance(10_000);
    assert.equal(near?.isGone, true);
  });

  test('a connection whose peer answers pings is not idle', async () => {
    const { streams, clock } = await callOverTcp({ limits: { idleMs: 3_600_000 } });
    await clock.advance(1_800_000);
    assert.equal(
      streams.connections[0]?.isGone,
      false,
      'over it the far end hangs up, where it has no other way',
    );
  });

  test('a peer that never answered a ping is left in peace', async () => {
    const { streams, clock } = await callOverTcp();
    const near = streams.connections[0];
    if (near?.other) near.other.write = () => {};
    await clock.advance(600_000);
    assert.equal(near?.isGone, false);
  });
});

describe('limits of connections', () => {
  const AGENT = { host: CALLER_HOST, port: 5060 };

  test('silence is half open, and ends', async () => {
    const world = createStreamWorld();
    const agent = await world.open(CALLER_HOST);
    const raw = rawConnection(world.streams, AGENT, CALLEE_HOST);
    await world.clock.advance(9_900);
    assert.equal(raw.closed(), false);
    await world.clock.advance(200);
    assert.equal(raw.closed(), true);
    assert.equal(agent.counters.connectionsClosedHalfOpen, 1);
    assert.equal(agent.counters.openConnections, 0);
  });

  test('a message must end in time, however it drips', async () => {
    const world = createStreamWorld();
    const agent = await world.open(CALLER_HOST);
    const raw = rawConnection(world.streams, AGENT, CALLEE_HOST);
    await world.clock.drain();
    raw.socket.write(foreignRequest('OPTIONS', { branch: 'z9hG4bK1' }));
    await world.clock.advance(20_000);
    assert.match(raw.received(), /^SIP\/2\.0 200 /);
    for (const character of 'OPTIONS sip:a') {
      raw.socket.write(character);
      await world.clock.advance(1_000);
    }
    assert.equal(raw.closed(), true);
    assert.equal(agent.counters.connectionsClosedHalfOpen, 1);
  });

  test('half-open connections, all connections and those of one source are bounded', async () => {
    for (const [limits, opened, hosts] of [
      [{ halfOpenConnections: 3 }, 3, ['10.1.0.1', '10.1.0.2', '10.1.0.3', '10.1.0.4', '10.1.0.5']],
      [{ connections: 2 }, 2, ['10.1.0.1', '10.1.0.2', '10.1.0.3']],
      [{ connectionsPerSource: 1 }, 2, ['10.1.0.1', '10.1.0.1', '10.1.0.2']],
      [{ connectionsPerSource: 1 }, 1, ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9']],
    ] as const) {
      const world = createStreamWorld();
      const agent = await world.open(CALLER_HOST, { limits });
      for (const host of hosts) rawConnection(world.streams, AGENT, host);
      await world.clock.drain();
      assert.equal(agent.counters.openConnections, opened, JSON.stringify(limits));
      assert.equal(agent.counters.connectionsAboveLimit, hosts.length - opened);
    }
  });

  test('places become free again', async () => {
    const world = createStreamWorld();
    const agent = await world.open(CALLER_HOST, {
      limits: { halfOpenConnections: 1, connectionsPerSource: 1 },
    });
    for (let round = 0; round < 3; round++) {
      const raw = rawConnection(world.streams, AGENT, CALLEE_HOST);
      await world.clock.drain();
      raw.socket.destroy();
      await world.clock.drain();
    }
    assert.equal(agent.counters.connectionsAccepted, 3);
    assert.equal(agent.counters.connectionsAboveLimit, 0);
  });

  test('idle connections are closed', async () => {
    const { clock, callee, streams } = await callOverTcp({ limits: { idleMs: 60_000 } });
    await clock.advance(59_000);
    assert.equal(streams.connections[0]?.isGone, false);
    await clock.advance(1_100);
    assert.equal(streams.connections[0]?.isGone, true);
    assert.equal(callee.counters.connectionsClosedIdle, 1);
  });

  test('a peer that reads nothing is cut off', async () => {
    const { streams, clock, dialog, caller } = await callOverTcp();
    const near = streams.connections[0];
    if (near !== undefined) near.queuedBytes = 5_000_000;
    void dialog.bye();
    await clock.drain();
    assert.equal(near?.isGone, true);
    assert.equal(caller.counters.connectionsClosedBroken, 1);
  });

  test('peers that are not accepted get silence', async () => {
    const world = createStreamWorld();
    const agent = await world.open(CALLER_HOST, { acceptsFrom: ({ host }) => host === CALLEE_HOST });
    const raw = rawConnection(world.streams, AGENT, '6.6.6.6');
    await world.clock.drain();
    assert.equal(raw.closed(), true);
    assert.equal(raw.received(), '');
    assert.equal(agent.counters.refusedPeers, 1);
  });
});

describe('malformed messages on streams', () => {
  test('end their connection for what is to be sent, too, however long the far end keeps its side open', async () => {
    const { streams, clock, caller } = await callOverTcp();
    const [near] = streams.connections;
    assert.ok(near?.other);
    near.end = () => undefined;
    near.other.write('HELLO THERE\r\n\r\n');
    await clock.drain();
    const next = caller.invite(callTo({ target: TCP_TARGET, callId: 'two' }));
    await clock.drain();
    await next.answered;
    assert.equal(streams.connections.length, 2);
    assert.equal(near.isGone, false);
  });

  test('are the reason that is told when they cost an INVITE its connection', async () => {
    const world = createStreamWorld();
    await world.open(CALLEE_HOST, { onInvite: (invite) => invite.ignore() });
    const caller = await world.open(CALLER_HOST);
    const call = caller.invite(callTo({ target: TCP_TARGET }));
    await world.clock.drain();
    world.streams.connections[0]?.other?.write('HELLO THERE\r\n\r\n');
    await assert.rejects(world.clock.settle(call.answered), (error) => {
      assert.ok(error instanceof InviteTransportError);
      assert.deepEqual([error.transport?.code, error.transport?.phase], ['unreadable', 'connected']);
      assert.match(
        error.message,
        /^the INVITE got no answer: tcp .* sends what cannot be read: .*Content-Length/,
      );
      return true;
    });
  });

  test('a request without Content-Length is answered 400 and ends its connection', async () => {
    const world = createStreamWorld();
    const agent = await world.open(CALLER_HOST);
    const raw = rawConnection(world.streams, { host: CALLER_HOST, port: 5060 }, CALLEE_HOST);
    await world.clock.drain();
    raw.socket.write(foreignRequest('OPTIONS', { branch: 'z9hG4bK1' }).replace(/Content-Length: 0\r\n/, ''));
    await world.clock.drain();
    assert.match(raw.received(), /^SIP\/2\.0 400 /);
    assert.equal(raw.closed(), true);
    assert.equal(agent.counters.malformed.contentLength, 1);
    assert.equal(agent.counters.malformedAnswered, 1);
  });

  test('one that is malformed elsewhere is answered, and the connection goes on', async () => {
    const world = createStreamWorld();
    await world.open(CALLER_HOST);
    const raw = rawConnection(world.streams, { host: CALLER_HOST, port: 5060 }, CALLEE_HOST);
    await world.clock.drain();
    raw.socket.write(foreignRequest('OPTIONS', { branch: 'z9hG4bK1' }).replace('CSeq: 1', 'CSeq: x'));
    raw.socket.write(foreignRequest('OPTIONS', { branch: 'z9hG4bK2' }));
    await world.clock.drain();
    assert.match(raw.received(), /^SIP\/2\.0 400 [\s\S]*SIP\/2\.0 200 /);
    assert.equal(raw.closed(), false);
  });
});

describe('several listening points', () => {
  test('a message leaves from the point of its transport and address family', async () => {
    const world = createStreamWorld();
    const agent = await world.open(CALLER_HOST, {
      alsoListen: [
        { transport: 'udp', host: '2001:db8::1', port: 5070 },
        { transport: 'tcp', host: '2001:db8::1', port: 5071, advertise: { host: '2001:db8::99' } },
      ],
    });
    assert.deepEqual(
      agent.endpoints.map(({ host, port, transport }) => `${transport} ${host} ${port}`),
      [`udp ${CALLER_HOST} 5060`, 'udp 2001:db8::1 5070', 'tcp 2001:db8::1 5071'],
    );
    agent.invite(callTo({ target: { host: '2001:db8::2', port: 5060, transport: 'udp' } }));
    await world.clock.drain();
    const [datagram] = world.network.log;
    assert.equal(datagram?.from.host, '2001:db8::1');
    assert.match(datagram?.text() ?? '', /\r\nVia: SIP\/2\.0\/UDP \[2001:db8::1\]:5070;/);
    assert.match(datagram?.text() ?? '', /\r\nContact: <sip:\+12065550199@\[2001:db8::1\]:5070>\r\n/);
    const peer = await world.open('2001:db8::2', {
      alsoListen: [{ transport: 'tcp', host: '2001:db8::2', port: 5060 }],
    });
    agent.invite(callTo({ callId: 'two', target: { host: '2001:db8::2', port: 5060, transport: 'tcp' } }));
    await world.clock.drain();
    const [invite] = world.streams.connections[0]?.written ?? [];
    assert.match(invite ?? '', /\r\nVia: SIP\/2\.0\/TCP \[2001:db8::99\]:5071;/);
    assert.match(invite ?? '', /\r\nContact: <sip:\+12065550199@\[2001:db8::99\]:5071;transport=tcp>\r\n/);
    assert.equal(peer.counters.received.tcp, 2, 'INVITE, and the ACK for its 405');
  });

  test('a family that nobody listens on is a typed failure', async () => {
    const world = createStreamWorld();
    const agent = await world.open(CALLER_HOST);
    const call = agent.invite(callTo({ target: { host: '2001:db8::2', port: 5060, transport: 'udp' } }));
    await assert.rejects(call.answered, (error) => {
      assert.ok(error instanceof InviteTransportError);
      assert.equal(error.transport?.code, 'noListenPoint');
      return true;
    });
  });
});
