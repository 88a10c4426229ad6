// The message parser on ordinary, unusual and malformed messages; the topics follow RFC 4475, the messages are our own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MalformedRequest } from './malformed-request.ts';
import { bodyOf } from './message.ts';
import { MAX_HEADER_CHARACTERS, MAX_HEADER_FIELDS, MAX_MESSAGE_BYTES, parseMessage } from './parse.ts';
import { ParseFailure, type ParseFailureCode } from './parse-failure.ts';
import { formatMessage, serializeMessage } from './serialize.ts';

const INVITE = [
  'INVITE sip:bob@example.com SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKabc;rport',
  'Max-Forwards: 70',
  'From: "Alice" <sip:alice@example.com>;tag=a1',
  'To: <sip:bob@example.com>',
  'Call-ID: 1@192.0.2.1',
  'CSeq: 7 INVITE',
  'Contact: <sip:alice@192.0.2.1:5070>',
  'Content-Type: application/sdp',
  'Content-Length: 5',
  '',
  'v=0\r\n',
];

function message(lines: readonly string[], lineEnd = '\r\n'): Buffer {
  return Buffer.from(lines.join(lineEnd), 'utf8');
}

function change(from: string | RegExp, to: string): Buffer {
  const text = INVITE.join('\r\n');
  const changed = text.replace(from, to);
  assert.notEqual(changed, text, 'the change found nothing to change');
  return Buffer.from(changed, 'utf8');
}

function parseRequest(bytes: Uint8Array) {
  const parsed = parseMessage(bytes);
  assert.equal(parsed.kind, 'request');
  assert.ok(parsed.kind === 'request');
  return parsed;
}

describe('parse › ordinary messages', () => {
  test('reads request line, fields and body', () => {
    const request = parseRequest(message(INVITE));
    assert.equal(request.method, 'INVITE');
    assert.equal(request.requestUri, 'sip:bob@example.com');
    assert.equal(request.headers.callId, '1@192.0.2.1');
    assert.deepEqual(request.headers.cseq, { sequence: 7, method: 'INVITE' });
    assert.equal(request.headers.from.displayName, 'Alice');
    assert.equal(request.headers.from.uri, 'sip:alice@example.com');
    assert.equal(request.headers.from.tag, 'a1');
    assert.equal(request.headers.to.tag, undefined);
    assert.equal(request.headers.topVia.branch, 'z9hG4bKabc');
    assert.equal(request.headers.topVia.rport, '');
    assert.deepEqual(bodyOf(request), { contentType: 'application/sdp', content: 'v=0\r\n' });
  });

  test('reads a status line, with and without reason phrase', () => {
    for (const [line, status, reason] of [
      ['SIP/2.0 200 OK', 200, 'OK'],
      ['SIP/2.0 183 ', 183, ''],
      ['SIP/2.0 603', 603, ''],
      ['sip/2.0 404 Nicht gefunden: größer', 404, 'Nicht gefunden: größer'],
    ] as const) {
      const response = parseMessage(message([line, 'CSeq: 1 INVITE', '', '']));
      assert.ok(response.kind === 'response');
      assert.equal(response.status, status);
      assert.equal(response.reason, reason);
    }
  });

  test('keeps unknown fields, their order and their spelling through a round trip', () => {
    const lines = [...INVITE];
    lines.splice(3, 0, 'X-Foo:  bar ;  baz', 'nEw-HeAdEr: 1', 'X-Foo: second');
    const request = parseRequest(message(lines));
    assert.deepEqual(request.headers.getAll('x-FOO'), ['bar ;  baz', 'second']);
    assert.equal(formatMessage(request), lines.join('\r\n').replace('X-Foo:  bar', 'X-Foo: bar'));
  });

  test('parsing what was serialized gives the same message', () => {
    const once = parseMessage(message(INVITE));
    const again = parseMessage(serializeMessage(once));
    assert.deepEqual([...again.headers.entries()], [...once.headers.entries()]);
    assert.equal(again.body, once.body);
  });
});

describe('parse › unusual but legal', () => {
  test('compact forms and any case name the same fields', () => {
    const request = parseRequest(
      message([
        'OPTIONS sip:x SIP/2.0',
        'v: SIP/2.0/UDP h;branch=z9hG4bK1',
        'F: <sip:a@b>;tag=1',
        't: <sip:c@d>',
        'i: id',
        'cSEQ: 1 OPTIONS',
        'm: <sip:a@h>',
        'k: 100rel, timer',
        'L: 0',
        '',
        '',
      ]),
    );
    assert.equal(request.headers.topVia.host, 'h');
    assert.equal(request.headers.get('From'), '<sip:a@b>;tag=1');
    assert.equal(request.headers.callId, 'id');
    assert.equal(request.headers.contact?.uri, 'sip:a@h');
    assert.deepEqual(request.headers.getAll('Supported'), ['100rel', 'timer']);
  });

  test('a folded line of nothing adds nothing', () => {
    const request = parseRequest(change('CSeq: 7 INVITE', 'CSeq: 7 INVITE\r\n \r\n\t'));
    assert.equal(request.headers.get('CSeq'), '7 INVITE');
  });

  test('folded fields are one value', () => {
    const request = parseRequest(
      change(
        'From: "Alice" <sip:alice@example.com>;tag=a1',
        'From:\r\n "Alice"\r\n\t <sip:alice@example.com>\r\n  ;tag=a1',
      ),
    );
    assert.equal(request.headers.get('From'), '"Alice" <sip:alice@example.com> ;tag=a1');
    assert.equal(request.headers.from.tag, 'a1');
  });

  test('several fields and one combined field read the same, quotes and angle brackets respected', () => {
    const request = parseRequest(
      change(
        'Contact: <sip:alice@192.0.2.1:5070>',
        'Route: <sip:p1;lr>,  "Q, \\", R" <sip:p2,x;lr> , <sip:p3>;a="1,2"\r\nRoute: <sip:p4>\r\nDate: Sat, 13 Nov 2010 23:29:00 GMT',
      ),
    );
    assert.deepEqual(request.headers.getAll('route'), [
      '<sip:p1;lr>',
      '"Q, \\", R" <sip:p2,x;lr>',
      '<sip:p3>;a="1,2"',
      '<sip:p4>',
    ]);
    assert.deepEqual(request.headers.getAll('Date'), ['Sat, 13 Nov 2010 23:29:00 GMT']);
    assert.equal(request.headers.contact, undefined);
  });

  test('the topmost of combined Vias counts, and stamping it keeps the others', () => {
    const request = parseRequest(
      change(
        /Via: .*\r\n/,
        'Via: SIP/2.0/UDP one:1;branch=z9hG4bK1, SIP / 2.0 / TCP two;branch=z9hG4bK2\r\n',
      ),
    );
    assert.deepEqual(
      [request.headers.topVia.host, request.headers.topVia.port, request.headers.topVia.branch],
      ['one', 1, 'z9hG4bK1'],
    );
    request.headers.replaceTopVia('SIP/2.0/UDP one:1;branch=z9hG4bK1;received=9.9.9.9');
    assert.equal(
      request.headers.get('Via'),
      'SIP/2.0/UDP one:1;branch=z9hG4bK1;received=9.9.9.9, SIP / 2.0 / TCP two;branch=z9hG4bK2',
    );
  });

  test('empty lines before the start line, blanks before colons, bare LF line ends', () => {
    const text = INVITE.join('\n').replace('To:', 'To \t:');
    const request = parseRequest(Buffer.from(`\r\n\r\n\n${text}`));
    assert.equal(request.headers.to.uri, 'sip:bob@example.com');
    assert.equal(request.body, 'v=0\r\n');
  });

  test('every character a token or quoted string may hold', () => {
    const request = parseRequest(
      change(
        /INVITE[\s\S]*CSeq: 7 INVITE/,
        [
          "!interesting-Method0123456789_*+`.%indeed'~ sip:a@b SIP/2.0",
          "Via: SIP/2.0/UDP h;branch=z9hG4bK-.!%66*_+`'~",
          'From: "BEL:\\\u0007 DEL:\\\u007f quote:\\" back:\\\\" <sip:a@b>;tag=-.!%*+`\'~',
          'To: <sip:%42@b>',
          'Call-ID: intmeth.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{',
          "CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~",
        ].join('\r\n'),
      ),
    );
    assert.equal(request.headers.cseq.method, request.method);
    assert.equal(request.headers.from.displayName, 'BEL:\u0007 DEL:\u007f quote:" back:\\');
    assert.equal(request.headers.from.tag, "-.!%*+`'~");
    assert.equal(request.headers.topVia.branch, "z9hG4bK-.!%66*_+`'~");
  });

  test('UTF-8 in display names and bodies; Content-Length counts bytes', () => {
    const body = 'grüße ☎';
    const request = parseRequest(
      change(
        'Content-Length: 5\r\n\r\nv=0\r\n',
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}ignored`,
      ),
    );
    assert.equal(request.body, body);
    const named = parseRequest(change('"Alice"', '"Ällis"'));
    assert.equal(named.headers.from.displayName, 'Ällis');
    assert.match(formatMessage({ ...request, body }), /Content-Length: 11\r\n/);
  });

  test('without Content-Length the body reaches to the end; with it, the rest is dropped', () => {
    assert.equal(parseRequest(change('Content-Length: 5\r\n', '')).body, 'v=0\r\n');
    assert.equal(parseRequest(change('Content-Length: 5', 'Content-Length: 3')).body, 'v=0');
    assert.equal(parseRequest(change('Content-Length: 5', 'l: 0')).body, '');
  });

  test('From without brackets: parameters belong to the header', () => {
    const request = parseRequest(change(/From: .*\r\n/, 'From: sip:alice@example.com;tag=x1;y\r\n'));
    assert.equal(request.headers.from.uri, 'sip:alice@example.com');
    assert.equal(request.headers.from.tag, 'x1');
    assert.equal(request.headers.from.parameter('y'), '');
  });

  test('tag in capitals, with blanks and quotes around it', () => {
    const request = parseRequest(change(/From: .*\r\n/, 'From: <sip:a@b> ; x="; tag=no" ; TAG = yes\r\n'));
    assert.equal(request.headers.from.tag, 'yes');
    assert.equal(request.headers.from.parameter('x'), '; tag=no');
  });

  test('IPv6 addresses in Via', () => {
    const request = parseRequest(change('192.0.2.1:5070;branch', '[2001:db8::9:1]:5070;branch'));
    assert.equal(request.headers.topVia.host, '2001:db8::9:1');
    assert.equal(request.headers.topVia.port, 5070);
  });
});

describe('parse › malformed messages are refused with a reason', () => {
  const malformed: ReadonlyArray<readonly [name: string, bytes: Uint8Array, code: ParseFailureCode]> = [
    ['nothing', new Uint8Array(0), 'incomplete'],
    ['line ends only', Buffer.from('\r\n\r\n\r\n'), 'incomplete'],
    ['no empty line', Buffer.from('INVITE sip:a SIP/2.0\r\nTo: x\r\n'), 'incomplete'],
    ['random bytes', Buffer.from([0x80, 0xff, 0x00, 0x0d, 0x0a, 0x0d, 0x0a]), 'startLine'],
    ['a STUN request', Buffer.from('0001000021 12a442\r\n\r\n', 'latin1'), 'startLine'],
    ['two blanks in the request line', change('INVITE sip', 'INVITE  sip'), 'startLine'],
    ['a blank after the version', change('SIP/2.0\r\n', 'SIP/2.0 \r\n'), 'startLine'],
    ['a URI in angle brackets', change('sip:bob@example.com SIP', '<sip:bob@example.com> SIP'), 'startLine'],
    ['a blank inside the URI', change('sip:bob@example.com SIP', 'sip:bob @example.com SIP'), 'startLine'],
    ['a method that is no token', change('INVITE sip', 'INV{TE sip'), 'startLine'],
    ['no version', change(' SIP/2.0\r\nVia', '\r\nVia'), 'startLine'],
    ['an unknown version', change('SIP/2.0\r\n', 'SIP/7.0\r\n'), 'version'],
    ['a status above 699', Buffer.from('SIP/2.0 4294967301 ok\r\n\r\n'), 'startLine'],
    ['a status below 100', Buffer.from('SIP/2.0 099 ok\r\n\r\n'), 'startLine'],
    ['a response of another version', Buffer.from('SIP/7.0 200 ok\r\n\r\n'), 'startLine'],
    ['a header line without colon', change('Max-Forwards: 70', 'Max-Forwards 70'), 'header'],
    ['a blank in a header name', change('Max-Forwards:', 'Max Forwards:'), 'header'],
    ['an empty header name', change('Max-Forwards:', ':'), 'header'],
    ['a continuation line first', change('Via: SIP', ' Via: SIP'), 'header'],
    ['a lone CR inside a field', change('70', '70\rEvil: yes'), 'header'],
    ['two Call-IDs', change('Max-Forwards: 70', 'i: other'), 'headerRepeated'],
    ['two From fields', change('Max-Forwards: 70', 'From: <sip:x@y>;tag=2'), 'headerRepeated'],
    ['two Content-Lengths', change('Max-Forwards: 70', 'l: 0'), 'headerRepeated'],
    ['a negative Content-Length', change('Content-Length: 5', 'Content-Length: -1'), 'contentLength'],
    ['a Content-Length in words', change('Content-Length: 5', 'Content-Length: five'), 'contentLength'],
    [
      'a Content-Length beyond the datagram',
      change('Content-Length: 5', 'Content-Length: 9999'),
      'contentLength',
    ],
    [
      'a huge Content-Length',
      change('Content-Length: 5', `Content-Length: ${'9'.repeat(400)}`),
      'contentLength',
    ],
    ['a message over the limit', Buffer.alloc(MAX_MESSAGE_BYTES + 1, 0x41), 'tooLarge'],
    [
      'too many fields',
      change('Max-Forwards: 70', 'X: 1\r\n'.repeat(MAX_HEADER_FIELDS).trimEnd()),
      'headerLimit',
    ],
    [
      'a field too long',
      change('Max-Forwards: 70', `X: ${'y'.repeat(MAX_HEADER_CHARACTERS)}`),
      'headerLimit',
    ],
    [
      'a folded field too long',
      change('Max-Forwards: 70', `X: 1${`\r\n ${'y'.repeat(80)}`.repeat(120)}`),
      'headerLimit',
    ],
  ];
  for (const [name, bytes, code] of malformed) {
    test(name, () => {
      assert.throws(
        () => parseMessage(bytes),
        (error) => {
          assert.ok(error instanceof ParseFailure, String(error));
          assert.equal(error.code, code);
          return true;
        },
      );
    });
  }

  test('a readable request comes along, so that it can be answered', () => {
    for (const [bytes, status] of [
      [change('Content-Length: 5', 'Content-Length: 99'), 400],
      [change('SIP/2.0\r\n', 'SIP/3.0\r\n'), 505],
    ] as const) {
      assert.throws(
        () => parseMessage(bytes),
        (error) => {
          assert.ok(error instanceof MalformedRequest);
          assert.equal(error.status, status);
          assert.equal(error.request.headers.callId, '1@192.0.2.1');
          return true;
        },
      );
    }
  });

  const malformedFields: ReadonlyArray<
    readonly [
      name: string,
      from: string | RegExp,
      to: string,
      field: 'from' | 'to' | 'cseq' | 'topVia' | 'callId' | 'contact',
    ]
  > = [
    ['a display name that does not end', '"Alice" <', '"Alice <', 'from'],
    ['a display name without an address', '"Alice" <sip:alice@example.com>;tag=a1', '"Alice"', 'from'],
    ['an angle bracket that does not close', 'alice@example.com>', 'alice@example.com', 'from'],
    ['an empty address', 'To: <sip:bob@example.com>', 'To: <>', 'to'],
    ['no To', /To: .*\r\n/, '', 'to'],
    ['an empty Call-ID', 'Call-ID: 1@192.0.2.1', 'Call-ID:', 'callId'],
    ['CSeq beyond 2**31', 'CSeq: 7', 'CSeq: 4294967296', 'cseq'],
    ['CSeq without method', 'CSeq: 7 INVITE', 'CSeq: 7', 'cseq'],
    ['CSeq in hexadecimal', 'CSeq: 7', 'CSeq: 0x7', 'cseq'],
    ['a Via of another protocol', 'SIP/2.0/UDP', 'HTTP/1.1/UDP', 'topVia'],
    ['a Via without host', '192.0.2.1:5070;branch', ';branch', 'topVia'],
    ['a Via port out of range', ':5070;branch', ':99999;branch', 'topVia'],
    ['a Via with a broken IPv6 address', '192.0.2.1:5070;branch', '[::1;branch', 'topVia'],
    [
      'a Contact that does not close',
      'Contact: <sip:alice@192.0.2.1:5070>',
      'Contact: <sip:alice',
      'contact',
    ],
  ];
  for (const [name, from, to, field] of malformedFields) {
    test(`${name} is found when the field is read`, () => {
      const request = parseMessage(change(from, to));
      assert.throws(() => request.headers[field], ParseFailure);
    });
  }
});
