// The stream framer: messages cut at every possible place, keep-alives between them, and what cannot be framed.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StreamFramer } from './stream-framing.ts';

function message(body: string, extra = ''): string {
  return `OPTIONS sip:a@b SIP/2.0\r\n${extra}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function framer(maxMessageBytes = 65_535) {
  const log: string[] = [];
  const stream = new StreamFramer(maxMessageBytes, {
    onMessage: (bytes) => log.push(bytes.toString('utf8')),
    onPing: () => log.push('ping'),
    onPong: () => log.push('pong'),
    onFailure: (failure, head) =>
      log.push(`failure ${failure.code}${head === undefined ? '' : ` ${head.length}`}`),
  });
  return { stream, log, push: (text: string) => stream.push(Buffer.from(text)) };
}

describe('stream framing', () => {
  const first = message('v=0\r\n\r\nwith a line end inside é');
  const second = message('');

  test('two messages are found however the stream is cut', () => {
    const bytes = Buffer.from(first + second);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { stream, log } = framer();
      stream.push(bytes.subarray(0, cut));
      stream.push(bytes.subarray(cut));
      assert.deepEqual(log, [first, second], `cut at ${cut}`);
      assert.equal(stream.isInsideMessage, false);
    }
  });

  test('single bytes are as good as whole chunks', () => {
    const { stream, log } = framer();
    for (const byte of Buffer.from(first + second + first)) stream.push(Uint8Array.of(byte));
    assert.deepEqual(log, [first, second, first]);
  });

  test('a begun message is seen as such until it ends', () => {
    const { stream, push } = framer();
    push(first.slice(0, 10));
    assert.equal(stream.isInsideMessage, true);
    push(first.slice(10));
    assert.equal(stream.isInsideMessage, false);
  });

  test('double line ends are pings, single ones pongs, also when they come in pieces', () => {
    for (const pieces of [
      ['\r\n\r\n', second, '\r\n'],
      ['\r', '\n\r', `\n${second}`, '\r\n'],
      [`\r\n\r\n${second}\r\n`],
    ]) {
      const { push, log } = framer();
      for (const piece of pieces) push(piece);
      assert.deepEqual(log, ['ping', second, 'pong'], JSON.stringify(pieces));
    }
  });

  test('Content-Length is read folded, compact, in any case, and twice when both agree', () => {
    for (const field of [
      'content-LENGTH  :\r\n 2',
      'l: 2',
      'L:2',
      'Content-Length: 2\r\nl: 2',
      'Contact: <sip:a>\r\nl:2',
    ]) {
      const { push, log } = framer();
      const text = `BYE sip:a SIP/2.0\r\n${field}\r\n\r\nok`;
      push(text + second);
      assert.deepEqual(log, [text, second], field);
    }
  });

  const failures: ReadonlyArray<readonly [name: string, text: string, failure: string]> = [
    ['no Content-Length', 'BYE sip:a SIP/2.0\r\nTo: x\r\n\r\n', 'failure contentLength 28'],
    ['unreadable Content-Length', 'BYE sip:a SIP/2.0\r\nl: -1\r\n\r\n', 'failure contentLength 28'],
    ['contradicting values', 'BYE sip:a SIP/2.0\r\nl: 1\r\nl: 2\r\n\r\n', 'failure contentLength 33'],
    ['a body above the limit', 'BYE sip:a SIP/2.0\r\nl: 999999999\r\n\r\n', 'failure tooLarge 35'],
    ['a head above the limit', `BYE sip:a SIP/2.0\r\nX: ${'x'.repeat(600)}`, 'failure tooLarge'],
    ['a carriage return alone', '\rBYE', 'failure startLine'],
  ];
  for (const [name, text, failure] of failures) {
    test(`${name} ends the stream`, () => {
      const { push, log } = framer(512);
      push(text);
      push(second);
      assert.deepEqual(log, [failure]);
    });
  }

  test('a large message that drips in costs little', () => {
    const text = message('x'.repeat(60_000));
    const { stream, log } = framer();
    const before = process.cpuUsage();
    for (const byte of Buffer.from(text)) stream.push(Uint8Array.of(byte));
    const { user } = process.cpuUsage(before);
    assert.deepEqual(log, [text]);
    // Copying the whole at every byte would be 1.8 GB.
    assert.ok(user < 2_000_000, `${user} µs`);
  });
});
