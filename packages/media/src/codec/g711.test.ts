import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rms, toneLevel } from '../detect/goertzel.ts';
import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw, MULAW_TO_ALAW } from './g711.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('G.711', () => {
  it('µ-law › encodes the values of the standard table', () => {
    // Decision values at segment ends and their codes (ITU-T G.711 table 2a, scaled from 14 to 16 bits).
    const pcm = Int16Array.of(0, 4, 12, 32_767, 32_124, -32_768, -4, -12, 1_000, -1_000);
    assert.equal(hex(encodeMulaw(pcm)), 'fffefd8080007e7dce4e');
  });

  it('µ-law › decodes the ends and the two zeros', () => {
    assert.deepEqual(
      [...decodeMulaw(Uint8Array.of(0xff, 0x7f, 0x80, 0x00, 0xfe, 0x7e))],
      [0, 0, 32_124, -32_124, 8, -8],
    );
  });

  it('A-law › encodes and decodes the values of the standard table', () => {
    assert.equal(
      hex(encodeAlaw(Int16Array.of(0, -1, 32_767, -32_768, 8, -8, 1_008, -1_008))),
      'd555aa2ad555fa7a',
    );
    assert.deepEqual(
      [...decodeAlaw(Uint8Array.of(0xd5, 0x55, 0xaa, 0x2a, 0xfa, 0x7a))],
      [8, -8, 32_256, -32_256, 1_008, -1_008],
    );
  });

  it('each code survives decoding and encoding', () => {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
    assert.deepEqual(encodeAlaw(decodeAlaw(codes)), codes);
    // µ-law has two zeros; the negative one becomes the positive.
    codes[0x7f] = 0xff;
    assert.deepEqual(encodeMulaw(decodeMulaw(codes)), codes);
  });

  it('keeps a tone within the quantisation of eight bits', () => {
    const tone = Int16Array.from({ length: 8_000 }, (_, n) =>
      Math.round(10_000 * Math.sin((2 * Math.PI * 440 * n) / 8_000)),
    );
    for (const decoded of [decodeMulaw(encodeMulaw(tone)), decodeAlaw(encodeAlaw(tone))]) {
      const noise = decoded.map((sample, n) => sample - (tone[n] as number));
      const ratioDb = 20 * Math.log10(rms(tone) / rms(noise));
      assert.ok(ratioDb > 35, `signal to noise ${ratioDb} dB`);
      assert.ok(toneLevel(decoded, 8_000, 440) > 0.999);
    }
  });

  it('the µ-law to A-law table is the nearest A-law step', () => {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
    const direct = decodeMulaw(codes);
    const converted = decodeAlaw(codes.map((code) => MULAW_TO_ALAW[code] as number));
    for (let code = 0; code < 256; code += 1) {
      const was = direct[code] as number;
      const is = converted[code] as number;
      assert.ok(Math.abs(was - is) <= Math.max(16, Math.abs(was) / 16), `code ${code}: ${was} became ${is}`);
    }
  });
});
