import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeAlaw, encodeMulaw } from './g711.ts';
import { readWav, WavUnusable, writeWav } from './wav.ts';

interface RawWav {
  code: number;
  bits: number;
  channels?: number;
  rate?: number;
  data: Uint8Array;
  extensible?: boolean;
  claimedBytes?: number;
  before?: Buffer;
}

/** A WAV file built by hand, independent of the writer under test. */
function wavFile(raw: RawWav): Buffer {
  const channels = raw.channels ?? 1;
  const rate = raw.rate ?? 8_000;
  const format = Buffer.alloc(raw.extensible ? 40 : 16);
  format.writeUInt16LE(raw.extensible ? 0xfffe : raw.code, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(rate, 4);
  format.writeUInt32LE((rate * channels * raw.bits) / 8, 8);
  format.writeUInt16LE((channels * raw.bits) / 8, 12);
  format.writeUInt16LE(raw.bits, 14);
  if (raw.extensible) format.writeUInt16LE(raw.code, 24);
  const chunk = (name: string, body: Uint8Array, size = body.length): Buffer => {
    const head = Buffer.alloc(8);
    head.write(name, 0, 'latin1');
    head.writeUInt32LE(size, 4);
    return Buffer.concat([head, body]);
  };
  const body = Buffer.concat([
    Buffer.from('WAVE'),
    chunk('fmt ', format),
    raw.before ?? Buffer.alloc(0),
    chunk('data', raw.data, raw.claimedBytes),
  ]);
  return chunk('RIFF', body);
}

const unusable = (file: Uint8Array, reason: RegExp): void =>
  assert.throws(
    () => readWav(file),
    (error) => error instanceof WavUnusable && reason.test(error.reason),
  );

describe('WAV files', () => {
  it('reads 8-bit PCM, which is unsigned', () => {
    const { channels, sampleRate } = readWav(wavFile({ code: 1, bits: 8, data: Uint8Array.of(128, 0, 255) }));
    assert.equal(sampleRate, 8_000);
    assert.deepEqual([...(channels[0] as Int16Array)], [0, -32_768, 32_512]);
  });

  it('reads 16-, 24- and 32-bit PCM and floats alike', () => {
    const expected = [0, 0x1234, -0x1234, 32_767, -32_768];
    const encode = (bytes: number, write: (buffer: Buffer, value: number, at: number) => void): Buffer => {
      const buffer = Buffer.alloc(bytes * expected.length);
      for (const [index, value] of expected.entries()) write(buffer, value, index * bytes);
      return buffer;
    };
    const files = {
      '16 bit': wavFile({ code: 1, bits: 16, data: encode(2, (b, v, at) => b.writeInt16LE(v, at)) }),
      '24 bit': wavFile({ code: 1, bits: 24, data: encode(3, (b, v, at) => b.writeIntLE(v * 256, at, 3)) }),
      '32 bit': wavFile({ code: 1, bits: 32, data: encode(4, (b, v, at) => b.writeInt32LE(v * 65_536, at)) }),
      'float 32': wavFile({
        code: 3,
        bits: 32,
        data: encode(4, (b, v, at) => b.writeFloatLE(v / 32_768, at)),
      }),
      'float 64': wavFile({
        code: 3,
        bits: 64,
        data: encode(8, (b, v, at) => b.writeDoubleLE(v / 32_768, at)),
      }),
      extensible: wavFile({
        code: 1,
        bits: 16,
        extensible: true,
        data: encode(2, (b, v, at) => b.writeInt16LE(v, at)),
      }),
    };
    for (const [name, file] of Object.entries(files)) {
      assert.deepEqual([...(readWav(file).channels[0] as Int16Array)], expected, name);
    }
  });

  it('clips floats beyond full scale and reads no-numbers as silence', () => {
    const data = Buffer.alloc(12);
    data.writeFloatLE(3, 0);
    data.writeFloatLE(-3, 4);
    data.writeFloatLE(Number.NaN, 8);
    const [pcm] = readWav(wavFile({ code: 3, bits: 32, data })).channels;
    assert.deepEqual([...(pcm as Int16Array)], [32_767, -32_768, 0]);
  });

  it('reads µ-law and A-law', () => {
    const pcm = Int16Array.of(0, 8, -1_000 + 20, 32_124);
    for (const [code, data] of [
      [7, encodeMulaw(pcm)],
      [6, encodeAlaw(pcm)],
    ] as const) {
      const [read] = readWav(wavFile({ code, bits: 8, data })).channels;
      (read as Int16Array).forEach((sample, n) => {
        assert.ok(
          Math.abs(sample - (pcm[n] as number)) <= Math.max(16, Math.abs(sample) / 16),
          `${code} ${n}`,
        );
      });
    }
  });

  it('separates channels and passes over chunks it does not know, odd ones too', () => {
    const data = Buffer.from(Int16Array.of(1, -1, 2, -2, 3, -3).buffer);
    const list = Buffer.from('LIST\x03\0\0\0abc\0', 'latin1');
    const { channels } = readWav(
      wavFile({ code: 1, bits: 16, channels: 2, rate: 44_100, data, before: list }),
    );
    assert.deepEqual(
      channels.map((pcm) => [...pcm]),
      [
        [1, 2, 3],
        [-1, -2, -3],
      ],
    );
  });

  it('reads chunks that nobody padded, and a data chunk that claims nothing', () => {
    const pcm = Int16Array.from({ length: 100 }, (_, n) => 100 * n);
    const file = Buffer.from(writeWav({ sampleRate: 8_000, channels: [pcm] }));
    const odd = Buffer.from('LIST\x07\0\0\0INFOabc', 'latin1');
    const unpadded = Buffer.concat([file.subarray(0, 36), odd, file.subarray(36)]);
    assert.deepEqual(readWav(unpadded).channels[0], pcm);
    const piped = Buffer.from(file);
    piped.writeUInt32LE(0, 40);
    assert.deepEqual(readWav(piped).channels[0], pcm);
    const empty = Buffer.concat([piped.subarray(0, 44), odd]);
    assert.equal(readWav(empty).channels[0]?.length, 0);
  });

  it('reads a data chunk that claims more than there is', () => {
    const data = Buffer.from(Int16Array.of(5, 6).buffer);
    const [pcm] = readWav(wavFile({ code: 1, bits: 16, data, claimedBytes: 0xffffffff })).channels;
    assert.deepEqual([...(pcm as Int16Array)], [5, 6]);
  });

  it('writes what it reads', () => {
    const left = Int16Array.of(1, 2, 3, -32_768);
    const right = Int16Array.of(-1, 0, 32_767, 9);
    const audio = { sampleRate: 16_000, channels: [left, right] };
    assert.deepEqual(readWav(writeWav(audio)), audio);
    const mulaw = writeWav({ sampleRate: 8_000, channels: [left] }, { encoding: 'mulaw' });
    assert.equal(mulaw.length, 44 + 4);
    assert.equal(readWav(mulaw).channels[0]?.[3], -32_124);
  });

  it('says what is wrong with other files', () => {
    unusable(new Uint8Array(0), /RIFF/);
    unusable(Buffer.from('ID3\x04 this is an MP3 file'), /RIFF/);
    unusable(wavFile({ code: 2, bits: 4, data: new Uint8Array(8) }), /format code is 2/);
    unusable(wavFile({ code: 1, bits: 16, channels: 0, data: new Uint8Array(8) }), /0 channels/);
    unusable(wavFile({ code: 1, bits: 16, rate: 1, data: new Uint8Array(8) }), /1 Hz/);
    unusable(wavFile({ code: 1, bits: 16, data: new Uint8Array(8) }).subarray(0, 36), /no data/);
    unusable(Buffer.from('RIFF\0\0\0\0WAVEdata\0\0\0\0', 'latin1'), /before the fmt/);
    unusable(Buffer.from('RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0', 'latin1'), /cut short/);
  });

  it('never fails otherwise on damaged files', () => {
    const file = Buffer.from(writeWav({ sampleRate: 8_000, channels: [new Int16Array(50)] }));
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    let refused = 0;
    for (let round = 0; round < 5_000; round += 1) {
      const damaged = Buffer.from(file.subarray(0, random(file.length + 1)));
      for (let change = 0; change < 4 && damaged.length > 0; change += 1) {
        damaged[random(Math.min(44, damaged.length))] = random(256);
      }
      try {
        readWav(damaged);
      } catch (error) {
        assert.ok(error instanceof WavUnusable, String(error));
        refused += 1;
      }
    }
    assert.ok(refused > 1_000);
  });
});
