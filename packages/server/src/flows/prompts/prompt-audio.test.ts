import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeMulaw, toneLevel, writeWav } from '@ringback/media';
import { convertWav } from './convert-wav.ts';
import { AudioOverloaded, AudioRefused, openPromptAudio } from './prompt-audio.ts';

const tone = (sampleRate: number, channels: number, seconds = 1) => {
  const pcm = Int16Array.from({ length: sampleRate * seconds }, (_, n) =>
    Math.round(8000 * Math.sin((2 * Math.PI * 1000 * n) / sampleRate)),
  );
  return writeWav({ sampleRate, channels: Array.from({ length: channels }, () => pcm) });
};

const reasonOf = (wav: Uint8Array): string => {
  const conversion = convertWav(wav);
  return conversion.kind === 'refused' ? conversion.reason : '';
};

describe('prompt audio', () => {
  it('comes out as the same sound at 8 kHz', () => {
    for (const [rate, channels] of [
      [8000, 1],
      [16_000, 2],
      [44_100, 1],
      [48_000, 6],
    ] as const) {
      const conversion = convertWav(tone(rate, channels));
      assert.equal(conversion.kind, 'converted');
      if (conversion.kind !== 'converted') continue;
      assert.equal(conversion.mulaw.length, 8000);
      assert.ok(toneLevel(decodeMulaw(conversion.mulaw), 8000, 1000) > 0.9, `${rate} Hz`);
    }
  });

  it('keeps telephone audio bit for bit', () => {
    const pcm = Int16Array.from({ length: 8000 }, (_, n) => (n % 200) * 100 - 10_000);
    const mulaw = writeWav({ sampleRate: 8000, channels: [pcm] }, { encoding: 'mulaw' });
    const conversion = convertWav(mulaw);
    assert.ok(conversion.kind === 'converted');
    assert.deepEqual(Buffer.from(conversion.mulaw), Buffer.from(mulaw.subarray(44)));
  });

  it('judges the length by the header, whatever the header claims of the size', () => {
    const long = writeWav({ sampleRate: 8000, channels: [new Int16Array(8000 * 301)] });
    assert.match(reasonOf(long), /lasts 301 s/);
    const boundary = writeWav({ sampleRate: 8000, channels: [new Int16Array(8000 * 300)] });
    assert.equal(reasonOf(boundary), '');
    // A recorder that died left the largest size there is.
    const claiming = Buffer.from(tone(8000, 1));
    claiming.writeUInt32LE(0xffff_ffff, 40);
    assert.equal(reasonOf(claiming), '');
  });

  it('says what is wrong with other files', () => {
    assert.match(reasonOf(Buffer.from('ID3')), /RIFF/);
    assert.match(reasonOf(new Uint8Array(0)), /RIFF/);
    assert.match(reasonOf(tone(8000, 1).subarray(0, 44)), /no audio/);
    assert.match(reasonOf(tone(8000, 1).subarray(0, 30)), /cut short|no data/);
  });

  it('converts in a thread of its own and refuses as the conversion does', async () => {
    const audio = openPromptAudio();
    assert.equal((await audio.convert(tone(16_000, 1))).length, 8000);
    await assert.rejects(audio.convert(Buffer.from('nonsense')), AudioRefused);
    await assert.rejects(audio.convert(new Uint8Array(50 * 1024 * 1024 + 1)), /50 MB/);
  });

  it('refuses more than a few that wait', async () => {
    const audio = openPromptAudio();
    const file = tone(8000, 1);
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => audio.convert(file)));
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    assert.equal(failures.length, 3);
    assert.ok(failures.every((failure) => failure instanceof AudioOverloaded));
    assert.equal((await audio.convert(file)).length, 8000);
  });
});
