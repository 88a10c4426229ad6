// What strangers get from a user agent: silence, or no more than they sent; and what it counts instead of logging.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CALLEE_HOST,
  CALLER_HOST,
  callTo,
  createWorld,
  foreignRequest,
  ScriptedPeer,
  sdp,
} from './sip-fixture.ts';
import { shortenAnswer } from './transport/shorten-answer.ts';
import type { UserAgentOptions } from './user-agent.ts';

/** A user agent on an open port, and somebody on the Internet. */
async function openPort(options: Partial<UserAgentOptions> = {}) {
  const world = createWorld();
  const agent = await world.open({ host: CALLER_HOST, acceptsFrom: undefined, ...options });
  const stranger = await ScriptedPeer.open(world);
  const answerBytes = () =>
    world.network.log.filter(({ from }) => from.host === CALLER_HOST).map(({ data }) => data.length);
  return { ...world, agent, stranger, answerBytes };
}

const SMALL_OPTIONS = [
  'OPTIONS sip:x SIP/2.0',
  `v: SIP/2.0/UDP ${CALLEE_HOST};branch=z9hG4bK1`,
  'f: <sip:a>;tag=1',
  't: <sip:b>',
  'i: 1',
  'CSeq: 1 OPTIONS',
];

function small(padding: number): string {
  return `${[...SMALL_OPTIONS, `X: ${'x'.repeat(padding)}`].join('\r\n')}\r\n\r\n`;
}

describe('answers to sources that have not proved their address', () => {
  test('are never larger than the request', async () => {
    const { stranger, answerBytes, agent } = await openPort({ userAgentName: 'a-rather-long-name/1.0' });
    let answered = 0;
    for (let padding = 0; padding < 300; padding += 3) {
      const request = small(padding)
        .replace('z9hG4bK1', `z9hG4bK${padding}`)
        .replace('i: 1', `i: ${padding}`);
      await stranger.send(request);
      const [bytes, ...more] = answerBytes().slice(answered);
      assert.deepEqual(more, []);
      if (bytes === undefined) continue;
      assert.ok(bytes <= request.length, `${bytes} bytes for ${request.length}`);
      answered++;
    }
    const { answersShortened, answersWithheld } = agent.counters;
    assert.ok(answersShortened > 0 && answersWithheld > 0, JSON.stringify(agent.counters));
    assert.equal(answered + answersWithheld, 100);
    assert.ok(answered > answersShortened, 'a request that is large enough gets the whole answer');
  });

  test('a malformed request gets no flood either', async () => {
    const { stranger, answerBytes, agent } = await openPort();
    const request = small(0).replace('CSeq: 1 OPTIONS', 'CSeq: x OPTIONS');
    await stranger.send(request);
    assert.ok((answerBytes()[0] ?? 0) <= request.length);
    assert.equal(agent.counters.malformed.header, 1);
  });

  test('an acknowledged call proves the address', async () => {
    const { stranger, answerBytes } = await openPort({
      onInvite: (invite) => void invite.answer({ body: sdp('v=0') }),
    });
    const pad = sdp('x'.repeat(600)).content;
    await stranger.send(foreignRequest('INVITE', { branch: 'z9hG4bK1', body: pad }));
    const toTag = stranger.responses().at(-1)?.headers.to.tag ?? '';
    const bye = foreignRequest('BYE', { branch: 'z9hG4bK3', toTag, sequence: 2 }).replace(
      /Max-Forwards.*\r\n/,
      '',
    );
    await stranger.send(foreignRequest('ACK', { branch: 'z9hG4bK2', toTag }));
    await stranger.send(bye);
    assert.equal(stranger.responses().at(-1)?.status, 200);
    assert.ok((answerBytes().at(-1) ?? 0) > 0);
  });

  test('are whole for configured peers', async () => {
    const { stranger, agent } = await openPort({ acceptsFrom: () => true });
    await stranger.send(small(0));
    assert.notEqual(stranger.responses()[0]?.headers.get('Allow'), undefined);
    assert.equal(agent.counters.answersShortened, 0);
  });

  test('a response that creates a dialog is kept back rather than mutilated', () => {
    const ok =
      'SIP/2.0 200 OK\r\nVia: v\r\nCSeq: 1 INVITE\r\nContact: <sip:a>\r\nContent-Length: 3\r\n\r\nv=0';
    assert.equal(shortenAnswer(ok, 60), undefined);
    const busy = ok.replace('200 OK', '486 Busy Here');
    assert.equal(
      shortenAnswer(busy, 80),
      'SIP/2.0 486 Busy Here\r\nVia: v\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n',
    );
    assert.equal(shortenAnswer(busy, 60), undefined);
  });
});

describe('scanners', () => {
  test('get silence and are counted, without a fault each', async () => {
    const { stranger, agent, answerBytes, faults } = await openPort({ acceptsFrom: () => false });
    for (let index = 0; index < 50; index++) {
      await stranger.send(foreignRequest('OPTIONS', { branch: `z9hG4bK${index}` }));
      await stranger.send('GET / HTTP/1.1\r\n\r\n');
    }
    assert.deepEqual(answerBytes(), []);
    assert.deepEqual(faults, []);
    assert.equal(agent.counters.refusedPeers, 100);
    assert.equal(agent.counters.received.udp, 0);
  });

  test('are held to a rate on an open port', async () => {
    const { stranger, agent, clock, answerBytes } = await openPort({
      limits: { messagesPerSecond: { others: 10 } },
    });
    const send = async (count: number, mark: string) => {
      for (let index = 0; index < count; index++) {
        await stranger.send(foreignRequest('OPTIONS', { branch: `z9hG4bK${mark}${index}` }));
      }
    };
    await send(100, 'a');
    assert.equal(answerBytes().length, 20);
    assert.equal(agent.counters.aboveRate, 80);
    await clock.advance(1_000);
    await send(100, 'b');
    assert.equal(answerBytes().length, 30);
  });

  test('malformed messages are counted by kind, and told of once in ten seconds', async () => {
    const { stranger, agent, faults } = await openPort();
    for (let index = 0; index < 20; index++) await stranger.send('GET / HTTP/1.1\r\n\r\n');
    await stranger.send('INVITE sip:a SIP/2.0\r\nno end');
    assert.equal(agent.counters.malformed.startLine, 20);
    assert.equal(agent.counters.malformed.incomplete, 1);
    assert.equal(faults.length, 1);
  });
});

describe('limits of messages and transactions', () => {
  test('size and number of header fields are set by the user agent', async () => {
    const { stranger, agent } = await openPort({
      acceptsFrom: () => true,
      limits: { messageBytes: 600, headerFields: 20 },
    });
    await stranger.send(foreignRequest('OPTIONS', { branch: 'z9hG4bK1', body: 'x'.repeat(600) }));
    const headers = Array.from({ length: 20 }, () => ['X', '1'] as const);
    await stranger.send(foreignRequest('OPTIONS', { branch: 'z9hG4bK2', headers }));
    assert.equal(agent.counters.malformed.tooLarge, 1);
    assert.equal(agent.counters.malformed.headerLimit, 1);
    await stranger.send(foreignRequest('OPTIONS', { branch: 'z9hG4bK3' }));
    assert.equal(stranger.statuses().at(-1), 200);
  });

  test('beyond the pending requests new ones get 503 without state, until some are answered', async () => {
    const world = createWorld();
    const rejections: (() => void)[] = [];
    const agent = await world.open({
      host: CALLER_HOST,
      limits: { pendingRequests: 3 },
      onInvite: (invite) => {
        invite.provisional(180);
        rejections.push(() => invite.reject(486));
      },
    });
    const peer = await ScriptedPeer.open(world);
    const call = (index: number) =>
      peer.send(foreignRequest('INVITE', { branch: `z9hG4bK${index}`, callId: `c${index}` }));
    for (let index = 0; index < 5; index++) await call(index);
    assert.deepEqual(peer.statuses(), [180, 180, 180, 503, 503]);
    assert.equal(peer.responses().at(-1)?.headers.get('Retry-After'), '10');
    assert.equal(agent.activity.serverTransactions, 3);
    assert.equal(agent.counters.aboveCapacity, 2);
    rejections[0]?.();
    await call(6);
    assert.equal(peer.statuses().at(-1), 180);
    await agent.close();
  });

  test('our own calls are none of that', async () => {
    const world = createWorld();
    const agent = await world.open({ host: CALLER_HOST, limits: { pendingRequests: 1 } });
    await world.open({ host: CALLEE_HOST, onInvite: (invite) => void invite.answer({ body: sdp('v=0') }) });
    for (const callId of ['a', 'b', 'c']) {
      const dialog = await world.clock.settle(agent.invite(callTo({ callId })).answered);
      await world.clock.settle(dialog.bye());
    }
    assert.equal(agent.counters.aboveCapacity, 0);
  });
});
