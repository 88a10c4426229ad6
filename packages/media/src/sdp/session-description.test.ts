import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SdpUnusable, type SdpUnusableReason } from './sdp-unusable.ts';
import { answerToOffer, type LocalMedia, readAnswer, writeOffer } from './session-description.ts';

const local: LocalMedia = { host: '127.0.0.1', port: 20_000, codecs: ['PCMU', 'PCMA'], originId: 42 };

/** A description of the far end; lines of the audio stream as given. */
function remote(
  options: {
    connection?: string;
    media?: string;
    lines?: readonly string[];
    session?: readonly string[];
  } = {},
): string {
  const {
    connection = 'c=IN IP4 192.0.2.7',
    media = 'm=audio 4000 RTP/AVP 0 101',
    lines = ['a=rtpmap:0 PCMU/8000', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15'],
    session = [],
  } = options;
  const text = ['v=0', 'o=- 1 1 IN IP4 192.0.2.7', 's=-', connection, 't=0 0', ...session, media, ...lines];
  return `${text.filter((line) => line !== '').join('\r\n')}\r\n`;
}

const refusedAs = (reason: SdpUnusableReason, act: () => unknown): void =>
  assert.throws(act, (error) => error instanceof SdpUnusable && error.reason === reason, reason);

describe('IPv6', () => {
  const local6: LocalMedia = { ...local, host: '2001:db8::10' };

  it('is named in the offer, and in the answer to one', () => {
    assert.match(writeOffer(local6), /^o=- 42 1 IN IP6 2001:db8::10\r$/m);
    assert.match(writeOffer(local6), /^c=IN IP6 2001:db8::10\r$/m);
    const { media, answer } = answerToOffer(remote({ connection: 'c=IN IP6 2001:db8::7' }), local6);
    assert.equal(media.remoteHost, '2001:db8::7');
    assert.match(answer, /^c=IN IP6 2001:db8::10\r$/m);
  });

  it('is read into the form in which the system tells where packets come from', () => {
    const { remoteHost } = readAnswer(remote({ connection: 'c=IN IP6 2001:0DB8:0:0:0:0:0:0007' }), local6);
    assert.equal(remoteHost, '2001:db8::7');
    assert.equal(readAnswer(remote({ connection: 'c=IN IP6 ::' }), local6).direction, 'inactive');
  });

  for (const address of [
    'IP4 192.0.2.7',
    'IP4 2001:db8::7',
    'IP6 192.0.2.7',
    'IP6 ff02::1',
    'IP6 fe80::1',
    'IP6 fe80::1%lo',
    'IP6 ::ffff:192.0.2.7',
    'IP6 phone.example.com',
    'IP6 2001:db8::7::1',
  ]) {
    it(`refuses ${address}`, () => {
      refusedAs('unusableAddress', () => readAnswer(remote({ connection: `c=IN ${address}` }), local6));
    });
  }
});

describe('offer', () => {
  it('lists the codecs in order, telephone-event, 20 ms and both directions', () => {
    assert.equal(
      writeOffer(local),
      [
        'v=0',
        'o=- 42 1 IN IP4 127.0.0.1',
        's=-',
        'c=IN IP4 127.0.0.1',
        't=0 0',
        'm=audio 20000 RTP/AVP 0 8 101',
        'a=rtpmap:0 PCMU/8000',
        'a=rtpmap:8 PCMA/8000',
        'a=rtpmap:101 telephone-event/8000',
        'a=fmtp:101 0-16',
        'a=ptime:20',
        'a=sendrecv',
        '',
      ].join('\r\n'),
    );
  });
});

describe('answer to our offer', () => {
  it('gives address, codec, telephone-event and direction', () => {
    assert.deepEqual(readAnswer(remote(), local), {
      remoteHost: '192.0.2.7',
      remotePort: 4_000,
      remoteRtcpPort: 4_001,
      srtp: undefined,
      codec: 'PCMU',
      payloadType: 0,
      telephoneEventPayloadType: 101,
      accepted: [
        { payloadType: 0, format: 'PCMU' },
        { payloadType: 101, format: 'telephone-event' },
        { payloadType: 8, format: 'PCMA' },
      ],
      direction: 'sendrecv',
    });
  });

  it('follows the order of the answer, and static types without rtpmap', () => {
    const media = readAnswer(remote({ media: 'm=audio 4000 RTP/AVP 18 8 0', lines: [] }), local);
    assert.equal(media.codec, 'PCMA');
    assert.equal(media.payloadType, 8);
    assert.equal(media.telephoneEventPayloadType, undefined);
  });

  it('takes the telephone-event number of the answer for sending, ours and theirs for receiving', () => {
    const media = readAnswer(
      remote({ media: 'm=audio 4000 RTP/AVP 0 96', lines: ['a=rtpmap:96 Telephone-Event/8000'] }),
      local,
    );
    assert.equal(media.telephoneEventPayloadType, 96);
    const events = media.accepted.filter(({ format }) => format === 'telephone-event');
    assert.deepEqual(
      events.map(({ payloadType }) => payloadType),
      [96, 101],
    );
  });

  it('prefers the address of the stream over that of the session', () => {
    const media = readAnswer(remote({ lines: ['c=IN IP4 198.51.100.1'] }), local);
    assert.equal(media.remoteHost, '198.51.100.1');
  });

  for (const [attribute, direction] of [
    ['a=sendrecv', 'sendrecv'],
    ['a=sendonly', 'recvonly'],
    ['a=recvonly', 'sendonly'],
    ['a=inactive', 'inactive'],
  ] as const) {
    it(`${attribute} › makes us ${direction}, in the stream or the session`, () => {
      assert.equal(readAnswer(remote({ lines: [attribute] }), local).direction, direction);
      assert.equal(readAnswer(remote({ session: [attribute] }), local).direction, direction);
    });
  }

  it('takes an address of zero for hold', () => {
    const media = readAnswer(remote({ connection: 'c=IN IP4 0.0.0.0' }), local);
    assert.equal(media.direction, 'inactive');
  });

  it('reads bare line feeds', () => {
    assert.equal(readAnswer(remote().replaceAll('\r\n', '\n'), local).remotePort, 4_000);
  });

  for (const [reason, name, sdp] of [
    ['malformed', 'nothing', ''],
    ['malformed', 'no SDP', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['malformed', 'version 1', remote().replace('v=0', 'v=1')],
    ['malformed', 'a port beyond 65535', remote({ media: 'm=audio 70000 RTP/AVP 0' })],
    ['malformed', 'an m= line of nonsense', remote({ media: 'm=audio' })],
    ['noAudio', 'no stream', remote({ media: '', lines: [] })],
    ['noAudio', 'video only', remote({ media: 'm=video 4000 RTP/AVP 34', lines: [] })],
    ['noAudio', 'secure media', remote({ media: 'm=audio 4000 RTP/SAVP 0' })],
    ['audioRefused', 'port 0', remote({ media: 'm=audio 0 RTP/AVP 0' })],
    ['unusableAddress', 'no c= line', remote({ connection: '' })],
    ['unusableAddress', 'a name for an address', remote({ connection: 'c=IN IP4 phone.example.com' })],
    ['unusableAddress', 'IPv6', remote({ connection: 'c=IN IP6 2001:db8::1' })],
    ['unusableAddress', 'multicast', remote({ connection: 'c=IN IP4 224.2.1.1/127' })],
    ['unusableAddress', 'broadcast', remote({ connection: 'c=IN IP4 255.255.255.255' })],
    ['unusableAddress', 'an octet of 300', remote({ connection: 'c=IN IP4 300.0.2.7' })],
    [
      'noCommonCodec',
      'Opus only',
      remote({ media: 'm=audio 4000 RTP/AVP 96', lines: ['a=rtpmap:96 opus/48000/2'] }),
    ],
    ['noCommonCodec', 'telephone-event only', remote({ media: 'm=audio 4000 RTP/AVP 101' })],
    [
      'noCommonCodec',
      'wide-band µ-law',
      remote({ media: 'm=audio 4000 RTP/AVP 96', lines: ['a=rtpmap:96 PCMU/16000'] }),
    ],
    [
      'noCommonCodec',
      'payload types that are none',
      remote({ media: 'm=audio 4000 RTP/AVP -1 999 x 0x0', lines: [] }),
    ],
    [
      'noCommonCodec',
      'type 0 mapped to something else',
      remote({ media: 'm=audio 4000 RTP/AVP 0', lines: ['a=rtpmap:0 L16/8000'] }),
    ],
    ['tooLarge', 'over 64 KiB', remote() + 'a=x\r\n'.repeat(20_000)],
    ['tooLarge', 'over 2 000 lines', remote() + 'a=x\r\n'.repeat(2_100)],
    ['tooLarge', 'a very long line', `${remote()}a=${'x'.repeat(5_000)}\r\n`],
    ['tooLarge', 'very many streams', remote() + 'm=audio 4000 RTP/AVP 0\r\n'.repeat(40)],
  ] as const) {
    it(`refuses ${name} as ${reason}`, () => {
      refusedAs(reason, () => readAnswer(sdp, local));
    });
  }

  it('refuses only with its own error, whatever comes', () => {
    const pieces = [
      'v=0',
      'c=IN IP4 ',
      '127.0.0.1',
      'm=audio ',
      'RTP/AVP',
      ' 0',
      ' 8 101',
      'a=rtpmap:',
      '0 PCMU/8000',
      'a=',
      '\r\n',
      '\n',
      '=',
      ' ',
      '-',
      '\0',
      'ü',
      '99999999999',
      '__proto__',
      'a=candidate:',
      'a=simulcast:',
      'a=ssrc:',
    ];
    let seed = 3;
    let refusals = 0;
    for (let round = 0; round < 1_500; round += 1) {
      let sdp = round % 2 ? 'v=0\r\n' : '';
      for (let n = 0; n < 30; n += 1) {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
        sdp += pieces[(seed >>> 8) % pieces.length];
      }
      try {
        answerToOffer(sdp, local);
      } catch (error) {
        assert.ok(error instanceof SdpUnusable, `${String(error)} for ${JSON.stringify(sdp)}`);
        refusals += 1;
      }
    }
    assert.ok(refusals > 1_400);
  });
});

describe('our answer to an offer', () => {
  it('names one codec, their number for telephone-event, and our address', () => {
    const offer = remote({
      media: 'm=audio 4000 RTP/AVP 18 8 0 97',
      lines: ['a=rtpmap:97 telephone-event/8000'],
    });
    const { answer, media } = answerToOffer(offer, local);
    assert.equal(media.codec, 'PCMA');
    assert.match(answer, /^m=audio 20000 RTP\/AVP 8 97\r$/m);
    assert.match(answer, /^a=rtpmap:8 PCMA\/8000\r$/m);
    assert.match(answer, /^a=fmtp:97 0-16\r$/m);
    assert.match(answer, /^c=IN IP4 127\.0\.0\.1\r$/m);
  });

  it('has no telephone-event where none was offered', () => {
    const { answer, media } = answerToOffer(remote({ media: 'm=audio 4000 RTP/AVP 0', lines: [] }), local);
    assert.equal(media.telephoneEventPayloadType, undefined);
    assert.doesNotMatch(answer, /telephone-event/);
  });

  for (const [offered, answered] of [
    ['sendrecv', 'sendrecv'],
    ['sendonly', 'recvonly'],
    ['recvonly', 'sendonly'],
    ['inactive', 'inactive'],
  ] as const) {
    it(`answers ${offered} with ${answered}`, () => {
      const { answer } = answerToOffer(remote({ lines: [`a=${offered}`] }), local);
      assert.match(answer, new RegExp(`^a=${answered}\r$`, 'm'));
    });
  }

  it('refuses the other streams in their places', () => {
    const offer = `${remote({ media: 'm=video 5000 RTP/AVP 34', lines: [] })}m=audio 4000 RTP/AVP 0\r\nm=image 6000 udptl t38\r\n`;
    const lines = answerToOffer(offer, local)
      .answer.split('\r\n')
      .filter((line) => line.startsWith('m='));
    assert.deepEqual(lines, ['m=video 0 RTP/AVP 34', 'm=audio 20000 RTP/AVP 0', 'm=image 0 udptl t38']);
  });

  it('is an answer that the offering side accepts', () => {
    const caller: LocalMedia = { ...local, port: 30_000, codecs: ['PCMA'] };
    const { answer, media } = answerToOffer(writeOffer(caller), local);
    const agreed = readAnswer(answer, caller);
    assert.equal(media.remotePort, 30_000);
    assert.equal(agreed.remotePort, 20_000);
    assert.equal(agreed.codec, 'PCMA');
    assert.equal(media.codec, 'PCMA');
    assert.equal(agreed.telephoneEventPayloadType, 101);
  });
});

describe('SRTP keys in descriptions (RFC 4568)', () => {
  const ours = 'PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR';
  const theirs = 'd0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj';
  const here: LocalMedia = { ...local, srtpKey: ours };
  const there: LocalMedia = { ...local, srtpKey: theirs };

  it('are offered in both suites, chosen by the answer, and known to both', () => {
    const offer = writeOffer(here);
    assert.match(offer, /m=audio \d+ RTP\/SAVP /);
    const { media, answer } = answerToOffer(offer, there);
    const agreed = readAnswer(answer, here);
    assert.deepEqual(media.srtp, { suite: 'AES_CM_128_HMAC_SHA1_80', ours: theirs, theirs: ours });
    assert.deepEqual(agreed.srtp, { suite: 'AES_CM_128_HMAC_SHA1_80', ours, theirs });
  });

  it('take the short tag where the far end has only that', () => {
    const offer = writeOffer(here).replace(/a=crypto:1 .*\r\n/, '');
    const { media, answer } = answerToOffer(offer, there);
    assert.equal(media.srtp?.suite, 'AES_CM_128_HMAC_SHA1_32');
    assert.equal(readAnswer(answer, here).srtp?.suite, 'AES_CM_128_HMAC_SHA1_32');
  });

  it('refuse plain audio, unknown suites, keys of another length and answers to no offer', () => {
    const { answer } = answerToOffer(writeOffer(here), there);
    for (const [sdp, reason] of [
      [answer.replace('RTP/SAVP', 'RTP/AVP'), 'noAudio'],
      [answer.replaceAll('AES_CM_128_HMAC_SHA1_80', 'F8_128_HMAC_SHA1_80'), 'encryption'],
      [answer.replace(theirs, theirs.slice(4)), 'encryption'],
      [answer.replace(theirs, `${theirs}|1:4`), 'encryption'],
      [answer.replace('a=crypto:1', 'a=crypto:2'), 'encryption'],
      [answer.replace(/a=crypto.*\r\n/, ''), 'encryption'],
    ] as const) {
      assert.throws(() => readAnswer(sdp, here), { name: 'SdpUnusable', reason });
    }
    assert.throws(() => answerToOffer(writeOffer(local), there), { reason: 'noAudio' });
    assert.throws(() => answerToOffer(writeOffer(here), local), { reason: 'noAudio' });
  });
});
