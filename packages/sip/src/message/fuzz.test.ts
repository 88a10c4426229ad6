// Hostile input: random bytes, and real messages cut, mutated and spliced. Whatever comes, a parser returns or throws ParseFailure,
// in time that grows with the input only.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { chooseChallenge, verifyDigest } from './digest-auth.ts';
import type { SipMessage } from './message.ts';
import { parseNameAddress } from './name-address.ts';
import { MAX_MESSAGE_BYTES, parseMessage } from './parse.ts';
import { ParseFailure } from './parse-failure.ts';
import { createResponse } from './response.ts';
import { formatMessage, serializeMessage } from './serialize.ts';
import { parseSipUri } from './uri.ts';
import { parseVia, stampVia } from './via.ts';

const CORPUS: readonly string[] = [
  'INVITE sip:+12065550100@192.0.2.1:5060;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK776a, SIP/2.0/TCP [2001:db8::1]:5061;branch=z9hG4bKb;received=1.2.3.4\r\nMax-Forwards: 70\r\nFrom: "A \\"quoted\\", Name" <sip:a%41@h;x=y?z=1>;tag=88;p="q;r"\r\nTo: Bob <sips:bob@[::1]>\r\nCall-ID: f81d4fae@host\r\nCSeq: 4711 INVITE\r\nContact: <sip:a@h>;q=0.7, "B" <sip:b@h>\r\nRecord-Route: <sip:p1;lr>,<sip:p2>\r\nSupported: 100rel,\r\n timer\r\nSubject: folded\r\n\t value\r\nContent-Type: application/sdp\r\nContent-Length: 19\r\n\r\nv=0\r\no=- 0 0 IN IP4\r\n',
  'SIP/2.0 407 Proxy Authentication Required\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1;received=9.9.9.9;rport=5\r\nf: sip:a@b;tag=1\r\nt: <sip:c@d>;tag=2\r\ni: 1\r\nCSeq: 1 INVITE\r\nProxy-Authenticate: Digest realm="a, \\"b", nonce="c", qop="auth,auth-int", algorithm=SHA-256, stale=FALSE, opaque=""\r\nl: 0\r\n\r\n',
  'BYE tel:+1206 SIP/2.0\nVia: SIP / 2.0 / UDP h:1 ; branch = z9hG4bK2\nFrom: <sip:a@b> ; tag = "x"\nTo: c <sip:c@d>\nCall-ID: 2\nCSeq: 2 BYE\nReason: Q.850;cause=16;text="ok, bye"\nAuthorization: Digest username="u", realm="r", nonce="n", uri="sip:x", response="00", qop=auth, nc=00000001, cnonce="c"\n\n',
];

/** Reads everything there is to read; returns how many fields were refused. */
function readEverything(message: SipMessage): number {
  let refused = 0;
  const attempt = (read: () => unknown) => {
    try {
      read();
    } catch (error) {
      assert.ok(error instanceof ParseFailure, String(error));
      refused++;
    }
  };
  const { headers } = message;
  attempt(() => headers.topVia);
  attempt(() => stampVia(headers.topViaValue, headers.topVia, { host: '192.0.2.9', port: 9 }));
  attempt(() => headers.from.parameter('p'));
  attempt(() => headers.to.tag);
  attempt(() => headers.cseq);
  attempt(() => headers.callId);
  attempt(() => headers.contact?.parameter('q'));
  for (const [name] of headers.entries()) attempt(() => headers.getAll(name));
  attempt(() => parseSipUri(message.kind === 'request' ? message.requestUri : 'sip:x').parameter('lr'));
  attempt(() => parseSipUri(headers.from.uri));
  attempt(() => chooseChallenge(headers.fields('Proxy-Authenticate')));
  attempt(() =>
    verifyDigest({
      authorization: headers.get('Authorization'),
      realm: 'r',
      method: 'BYE',
      requestUri: 'sip:x',
      isNonceValid: () => true,
      passwordOf: () => 'p',
    }),
  );
  if (message.kind === 'request')
    attempt(() => createResponse(message, 200, { toTag: 't', createsDialog: true }));
  return refused;
}

function survive(bytes: Uint8Array): void {
  let message: SipMessage;
  try {
    message = parseMessage(bytes);
  } catch (error) {
    assert.ok(error instanceof ParseFailure, `not a ParseFailure: ${String(error)}`);
    return;
  }
  readEverything(message);
  // What we accept, we can write, and read again as the same.
  const again = parseMessage(serializeMessage(message));
  assert.equal(formatMessage(again), formatMessage(message));
}

const corpusBytes = fc.constantFrom(...CORPUS).map((text) => Buffer.from(text));
const interesting = fc.constantFrom(
  0,
  9,
  10,
  13,
  32,
  34,
  44,
  47,
  58,
  59,
  60,
  61,
  62,
  64,
  91,
  92,
  93,
  127,
  128,
  255,
);

describe('fuzz › message parser', () => {
  test('the corpus itself is readable', () => {
    for (const text of CORPUS) assert.equal(readEverything(parseMessage(Buffer.from(text))) <= 2, true);
  });

  test('random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), survive), { numRuns: 500, seed: 1 });
  });

  test('every truncation of every message', () => {
    for (const text of CORPUS) {
      const bytes = Buffer.from(text);
      for (let length = 0; length < bytes.length; length++) survive(bytes.subarray(0, length));
    }
  });

  test('changed bytes', () => {
    const change = fc.tuple(fc.nat({ max: 2_000 }), fc.oneof(interesting, fc.nat({ max: 255 })));
    fc.assert(
      fc.property(corpusBytes, fc.array(change, { minLength: 1, maxLength: 8 }), (bytes, changes) => {
        const mutated = Buffer.from(bytes);
        for (const [at, value] of changes) mutated[at % mutated.length] = value;
        survive(mutated);
      }),
      { numRuns: 3_000, seed: 2 },
    );
  });

  test('pieces removed, repeated and spliced together', () => {
    const cut = fc.tuple(fc.nat({ max: 900 }), fc.nat({ max: 900 }));
    fc.assert(
      fc.property(corpusBytes, corpusBytes, cut, cut, (one, other, [a, b], [c, d]) => {
        survive(Buffer.concat([one.subarray(0, a), other.subarray(b, b + c), one.subarray(d)]));
      }),
      { numRuns: 2_000, seed: 3 },
    );
  });
});

describe('fuzz › header parsers on their own', () => {
  const text = fc.string({ unit: fc.constantFrom(...' \t"\\<>;,=:@[]/?%ab1é.'), maxLength: 40 });

  for (const [name, parse] of [
    ['URI', (value: string) => parseSipUri(`sip:${value}`).parameter('a')],
    ['name-addr', (value: string) => parseNameAddress(value).parameter('a')],
    [
      'Via',
      (value: string) =>
        stampVia(`SIP/2.0/UDP ${value}`, parseVia(`SIP/2.0/UDP ${value}`), { host: 'h', port: 1 }),
    ],
    ['challenge', (value: string) => chooseChallenge([`Digest ${value}`])],
  ] as const) {
    test(name, () => {
      fc.assert(
        fc.property(text, (value) => {
          try {
            parse(value);
          } catch (error) {
            assert.ok(error instanceof ParseFailure, String(error));
          }
        }),
        { numRuns: 2_000, seed: 4 },
      );
    });
  }
});

describe('fuzz › the largest hostile messages cost little', () => {
  const fill = (start: string, unit: string, end = '') =>
    Buffer.from(
      start + unit.repeat(Math.floor((MAX_MESSAGE_BYTES - start.length - end.length) / unit.length)) + end,
    );
  const hostile: ReadonlyArray<readonly [string, Buffer]> = [
    ['colons', fill('INVITE sip:a SIP/2.0\r\n', ':', '\r\n\r\n')],
    ['line ends', fill('INVITE sip:a SIP/2.0\r\nA: b', '\n ', '\r\n\r\n')],
    ['short fields with bare LF', fill('INVITE sip:a SIP/2.0\n', 'A:\n', '\n\n')],
    ['quotes', fill('INVITE sip:a SIP/2.0\r\nContact: ', '",', '\r\n\r\n')],
    ['angle brackets', fill('INVITE sip:a SIP/2.0\r\nContact: ', '<', '\r\n\r\n')],
    ['semicolons', fill('INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h', ';', '\r\n\r\n')],
    ['backslashes', fill('INVITE sip:a SIP/2.0\r\nFrom: "', '\\', '\r\n\r\n')],
    ['commas', fill('INVITE sip:a SIP/2.0\r\nRoute: ', ',', '\r\n\r\n')],
    ['blanks', fill('INVITE sip:a SIP/2.0\r\nTo: ', ' ', '\r\n\r\n')],
  ];
  for (const [name, bytes] of hostile) {
    test(name, () => {
      const startedMs = performance.now();
      for (let round = 0; round < 20; round++) survive(bytes);
      // Linear work takes a few ms here; quadratic work on 64 kB would take minutes.
      assert.ok(performance.now() - startedMs < 5_000);
    });
  }

  // Below the field limit the parsers see the text; above it they never do.
  for (const unit of ['"', '<', ';', '\\', ',', ' ;', '="', '%', '@', ':']) {
    test(`a field of 8 kB of ${JSON.stringify(unit)}`, () => {
      const value = unit.repeat(8_000 / unit.length);
      const message = `INVITE sip:${value.replaceAll(' ', '')} SIP/2.0\r\nVia: SIP/2.0/UDP h${value}\r\nFrom: ${value}\r\nTo: <sip:a@b>${value}\r\nContact: ${value}\r\nRoute: ${value}\r\nProxy-Authenticate: Digest ${value}\r\n\r\n`;
      const startedMs = performance.now();
      survive(Buffer.from(message));
      assert.ok(performance.now() - startedMs < 5_000);
    });
  }
});
