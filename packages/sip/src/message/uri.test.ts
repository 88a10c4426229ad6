// SIP URIs: reading, refusing, writing.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ParseFailure } from './parse-failure.ts';
import { formatSipUri, parseSipUri } from './uri.ts';

describe('SIP URI', () => {
  const readable: ReadonlyArray<
    readonly [text: string, user: string | undefined, host: string, port: number | undefined]
  > = [
    ['sip:example.com', undefined, 'example.com', undefined],
    ['sip:+12065550100@127.0.0.1:5060;user=phone', '+12065550100', '127.0.0.1', 5060],
    ['SIPS:alice:secret@example.com', 'alice', 'example.com', undefined],
    [
      'sip:sip%3Auser%40example.com@company.com;other-param=summit',
      'sip:user@example.com',
      'company.com',
      undefined,
    ],
    [
      "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@host",
      "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
      'host',
      undefined,
    ],
    ['sip:a@[2001:db8::1]:5062?subject=x', 'a', '2001:db8::1', 5062],
    ['sip:%FF@h', '\u00ff', 'h', undefined],
    ['sip:anonymous@anonymous.invalid;lr;x=', 'anonymous', 'anonymous.invalid', undefined],
  ];
  for (const [text, user, host, port] of readable) {
    test(`reads ${text}`, () => {
      const uri = parseSipUri(text);
      assert.deepEqual([uri.user, uri.host, uri.port], [user, host, port]);
    });
  }

  test('tells flags, values and absent parameters apart', () => {
    const uri = parseSipUri('sip:p;LR;transport=udp?x=;y=1');
    assert.equal(uri.parameter('lr'), '');
    assert.equal(uri.parameter('transport'), 'udp');
    assert.equal(uri.parameter('y'), undefined);
  });

  for (const text of [
    '',
    'sip',
    'sip:',
    'tel:+1206',
    'sip:@host',
    'sip:a@',
    'sip:a@b:99999',
    'sip:a@b:x',
    'sip:a b@c',
    'sip:a@b>',
    'sip:a@[::1',
    'sip:a@b\r\nEvil: 1',
    'sip:a@h\u00f6st',
    'http://x',
  ]) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseSipUri(text), ParseFailure);
    });
  }

  test('writes what it can read again', () => {
    for (const user of ['+12065550100', 'a b', 'x@y', 'ü;/?%', '\ud800']) {
      const text = formatSipUri({ user, host: '::1', port: 5060, parameters: ';user=phone' });
      assert.equal(parseSipUri(text).user, user.toWellFormed());
      assert.equal(parseSipUri(text).host, '::1');
    }
    assert.equal(formatSipUri({ user: '+1206', host: 'h' }), 'sip:+1206@h');
  });
});
