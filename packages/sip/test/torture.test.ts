// The torture messages of RFC 4475 and RFC 5118, thrown at a user agent: each must be answered, or ignored, as its file says; and
// what is well-formed must be read right.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import {
  type IncomingInvite,
  parseMessage,
  parseNameAddress,
  parseSipUri,
  serializeMessage,
} from '../src/index.ts';
import type { SipMessage } from '../src/message/message.ts';
import { createWorld } from '../src/sip-fixture.ts';
import { type Expectation, RFC_4475, RFC_5118 } from './torture/expectations.ts';

const AGENT = { host: '192.0.2.100', port: 5060 };
const SENDER = { host: '192.0.2.200', port: 5060 };
const folder = new URL('./torture/', import.meta.url);

function bytesOf(rfc: string, name: string): Buffer {
  return readFileSync(new URL(`${rfc}/${name}.dat`, folder));
}

function parsed(rfc: string, name: string): SipMessage {
  return parseMessage(bytesOf(rfc, name));
}

/** What a user agent that takes every call answers; provisional responses left out. */
async function answersTo(bytes: Buffer) {
  const world = createWorld();
  const invites: IncomingInvite[] = [];
  const agent = await world.open({
    ...AGENT,
    onInvite: (invite) => {
      invites.push(invite);
      void invite.answer({ body: { contentType: 'application/sdp', content: 'v=0' } });
    },
  });
  world.network.inject(SENDER, AGENT, bytes);
  await world.clock.drain();
  const answers = world.network.log
    .filter(({ from }) => from.host === AGENT.host)
    .map(({ data }) => parseMessage(data));
  const malformed = Object.entries(agent.counters.malformed).filter(([, count]) => count > 0);
  await agent.close();
  return { answers, invites, malformed, faults: world.faults };
}

for (const [rfc, expectations, count] of [
  ['rfc4475', RFC_4475, 49],
  ['rfc5118', RFC_5118, 12],
] as const) {
  describe(`torture › ${rfc}`, () => {
    test(`all ${count} messages are there, each with its verdict`, () => {
      const files = readdirSync(new URL(rfc, folder)).map((file) => file.replace('.dat', ''));
      assert.deepEqual(files.sort(), Object.keys(expectations).sort());
      assert.equal(files.length, count);
    });

    for (const [name, expected] of Object.entries<Expectation>(expectations)) {
      test(`§${expected.section} ${name}: ${expected.topic} → ${expected.answer}`, async () => {
        const bytes = bytesOf(rfc, name);
        const { answers, malformed, faults } = await answersTo(bytes);
        const statuses = answers.map((answer) => (answer.kind === 'response' ? answer.status : 0));
        assert.deepEqual(statuses, expected.answer === 'silence' ? [] : [expected.answer]);
        assert.deepEqual(malformed, expected.malformed === undefined ? [] : [[expected.malformed, 1]]);
        assert.deepEqual(
          faults.filter(({ kind }) => kind === 'callbackFailed'),
          [],
        );
      });
    }
  });
}

describe('torture › what is read', () => {
  function headersOf(name: string, rfc = 'rfc4475') {
    return parsed(rfc, name).headers;
  }

  test('every well-formed message survives being written and read again', () => {
    for (const [rfc, expectations] of [
      ['rfc4475', RFC_4475],
      ['rfc5118', RFC_5118],
    ] as const) {
      for (const [name, { malformed }] of Object.entries<Expectation>(expectations)) {
        if (malformed !== undefined) continue;
        const once = serializeMessage(parsed(rfc, name));
        assert.deepEqual(serializeMessage(parseMessage(once)), once, name);
      }
    }
  });

  test('wsinv: folded lines, blanks around separators, combined and compact fields', () => {
    const { to, from, cseq, topVia, contact } = headersOf('wsinv');
    assert.equal(to.tag, '1918181833n');
    assert.equal(from.displayName, 'J Rosenberg \\"');
    assert.equal(from.tag, '98asjd8');
    assert.deepEqual(cseq, { sequence: 9, method: 'INVITE' });
    assert.deepEqual([topVia.transport, topVia.host, topVia.branch], ['UDP', '192.0.2.2', '390skdjuw']);
    const vias = headersOf('wsinv').getAll('Via');
    assert.equal(vias.length, 3);
    assert.match(vias[2] ?? '', /192\.168\.255\.111 +; branch= z9hG4bK30239$/);
    assert.equal(contact?.displayName, 'Quoted string ""');
    assert.equal(contact?.parameter('newparam'), 'newvalue');
    assert.equal(contact?.parameter('secondparam'), '');
    assert.equal(contact?.parameter('q'), '0.33');
    assert.equal(headersOf('wsinv').get('Subject'), '');
    assert.equal(headersOf('wsinv').get('NewFangledHeader'), 'newfangled value continued newfangled value');
    assert.equal(parsed('rfc4475', 'wsinv').body.length, 150);
  });

  test('intmeth: the method, quoted control characters, UTF-8', () => {
    const message = parsed('rfc4475', 'intmeth');
    assert.ok(message.kind === 'request');
    assert.equal(message.method, "!interesting-Method0123456789_*+`.%indeed'~");
    const { to, from, callId } = message.headers;
    assert.equal(to.displayName, 'BEL:\x07 NUL:\x00 DEL:\x7f');
    assert.equal(from.displayName, "token1~` token2'+_ token3*%!.-");
    assert.equal(from.parameter("fromparam''~+*_!.-%"), 'работающий');
    assert.equal(from.tag, "_token~1'+`*%!-.");
    assert.equal(callId, 'intmeth.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{');
    assert.equal(parseSipUri(message.requestUri).user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
  });

  test('esc01: escapes are undone once, in the user only', () => {
    const message = parsed('rfc4475', 'esc01');
    assert.ok(message.kind === 'request');
    const { user, host } = parseSipUri(message.requestUri);
    assert.deepEqual([user, host], ['sips:user@example.com', 'example.net']);
    assert.equal(parseSipUri(message.headers.to.uri).user, 'user');
    assert.equal(parseSipUri(message.headers.from.uri).user, 'I have spaces');
  });

  test('escnull: two contacts with different numbers of nulls', () => {
    const users = headersOf('escnull')
      .getAll('Contact')
      .map((contact) => parseSipUri(parseNameAddress(contact).uri).user);
    assert.deepEqual(users, ['\0', '\0\0']);
  });

  test('esc02: C%6Fntact is no Contact', () => {
    assert.equal(headersOf('esc02').getAll('Contact').length, 2);
  });

  test('dblreq: what follows the message is dropped', () => {
    const message = parsed('rfc4475', 'dblreq');
    assert.equal(message.body, '');
  });

  test('semiuri: the semicolon belongs to the user', () => {
    const message = parsed('rfc4475', 'semiuri');
    assert.ok(message.kind === 'request');
    const uri = parseSipUri(message.requestUri);
    assert.deepEqual([uri.user, uri.host], ['user;par=u@example.net', 'example.com']);
    assert.equal(uri.parameter('par'), undefined);
  });

  test('cparam01 and cparam02: whose parameter it is depends on the angle brackets', () => {
    const bare = headersOf('cparam01').contact;
    const bracketed = headersOf('cparam02').contact;
    assert.equal(bare?.parameter('unknownparam'), '');
    assert.equal(bare?.uri, 'sip:+19725552222@gw1.example.net');
    assert.equal(bracketed?.parameter('unknownparam'), undefined);
    assert.equal(parseSipUri(bracketed?.uri ?? '').parameter('unknownparam'), '');
  });

  test('unreason and noreason', () => {
    for (const [name, status, reason] of [
      ['unreason', 200, '= 2**3 * 5**2 но сто девяносто девять - простое'],
      ['noreason', 100, ''],
    ] as const) {
      const message = parsed('rfc4475', name);
      assert.ok(message.kind === 'response');
      assert.deepEqual([message.status, message.reason], [status, reason]);
    }
  });

  test('badbranch: two different requests with the bare cookie are two', async () => {
    const world = createWorld();
    const agent = await world.open(AGENT);
    const first = bytesOf('rfc4475', 'badbranch').toString();
    for (const text of [first, first.replace('badbranch.', 'other.').replace('CSeq: 8', 'CSeq: 9')]) {
      world.network.inject(SENDER, AGENT, Buffer.from(text));
    }
    await world.clock.drain();
    const answers = world.network.log
      .filter(({ from }) => from.host === AGENT.host)
      .map(({ text }) => text());
    assert.deepEqual(
      answers.map((text) => /\r\nCSeq: (.*)\r\n/.exec(text)?.[1]),
      ['8 OPTIONS', '9 OPTIONS'],
    );
    await agent.close();
  });

  test('IPv6: hosts and ports, also where one looks like the other', () => {
    const uriOf = (name: string) => {
      const message = parsed('rfc5118', name);
      assert.ok(message.kind === 'request');
      const { host, port } = parseSipUri(message.requestUri);
      return [host, port];
    };
    assert.deepEqual(uriOf('ipv6-good'), ['2001:db8::10', undefined]);
    assert.deepEqual(uriOf('port-ambiguous'), ['2001:db8::10:5070', undefined]);
    assert.deepEqual(uriOf('port-unambiguous'), ['2001:db8::10', 5070]);
    assert.deepEqual(uriOf('ipv6-correct-abnf-2-colons'), ['2001:db8::192.0.2.1', undefined]);
    const { topVia, contact } = headersOf('ipv4-mapped-ipv6', 'rfc5118');
    assert.deepEqual([topVia.host, topVia.port], ['::ffff:192.0.2.10', 19_823]);
    assert.equal(parseSipUri(contact?.uri ?? '').host, '::ffff:192.0.2.2');
  });
});
