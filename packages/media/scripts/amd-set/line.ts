/** What a telephone line does to sound: band, GSM, packet loss, G.711. */
import { execFileSync } from 'node:child_process';
import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from '../../src/codec/g711.ts';
import type { Seeded } from './seeded.ts';

export interface Line {
  readonly codec: 'PCMU' | 'PCMA';
  readonly gsm: 'gsm' | 'no gsm';
  /** Share of 20 ms packets lost, 0 … 0.05. */
  readonly loss: number;
  /** What is heard in place of a lost packet. */
  readonly concealment: 'repeat' | 'silence';
}

const FRAME = 160;

/** @returns G.711 as it would arrive, lost packets concealed. */
export function throughLine(sound: Float32Array, line: Line, random: Seeded): Uint8Array {
  let pcm: Int16Array = Int16Array.from(band(sound), (sample) =>
    Math.round(Math.max(-1, Math.min(1, sample)) * 32_767),
  );
  if (line.gsm === 'gsm') pcm = throughGsm(pcm);
  const [encode, decode] =
    line.codec === 'PCMU' ? ([encodeMulaw, decodeMulaw] as const) : ([encodeAlaw, decodeAlaw] as const);
  return encode(lose(decode(encode(pcm)), line, random));
}

/** 300 … 3,400 Hz: a second-order high-pass; above, the clips are already band-limited. */
function band(sound: Float32Array): Float32Array {
  // RBJ's high-pass, 250 Hz, Q 0.7.
  const w = (2 * Math.PI * 250) / 8_000;
  const alpha = Math.sin(w) / 1.4;
  const a0 = 1 + alpha;
  const b = [(1 + Math.cos(w)) / 2 / a0, -(1 + Math.cos(w)) / a0] as const;
  const a = [(-2 * Math.cos(w)) / a0, (1 - alpha) / a0] as const;
  const filtered = new Float32Array(sound.length);
  let x1 = 0;
  let x2 = 0;
  let y1 = 0;
  let y2 = 0;
  for (let n = 0; n < sound.length; n += 1) {
    const x = sound[n] as number;
    const y = b[0] * x + b[1] * x1 + b[0] * x2 - a[0] * y1 - a[1] * y2;
    [x2, x1, y2, y1] = [x1, x, y1, y];
    filtered[n] = y;
  }
  return filtered;
}

/** GSM 06.10 and back, as over a mobile network of the first kind. */
function throughGsm(pcm: Int16Array): Int16Array {
  const raw = ['-t', 'raw', '-r', '8000', '-c', '1', '-e', 'signed', '-b', '16'];
  const bytes = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  const options = { maxBuffer: 1 << 26, stdio: ['pipe', 'pipe', 'ignore'] as ['pipe', 'pipe', 'ignore'] };
  const coded = execFileSync('sox', ['-R', ...raw, '-', '-t', 'gsm', '-r', '8000', '-'], {
    ...options,
    input: bytes,
  });
  const back = execFileSync('sox', ['-R', '-t', 'gsm', '-r', '8000', '-c', '1', '-', ...raw, '-'], {
    ...options,
    input: coded,
  });
  const decoded = new Int16Array(back.length >> 1);
  for (let n = 0; n < decoded.length; n += 1) decoded[n] = back.readInt16LE(2 * n);
  return decoded.slice(0, pcm.length);
}

function lose(pcm: Int16Array, line: Line, random: Seeded): Int16Array {
  if (line.loss === 0) return pcm;
  const heard = pcm.slice();
  let run = 0;
  for (let at = 0; at + FRAME <= heard.length; at += FRAME) {
    // Losses come in small bursts: one lost packet makes the next one likelier.
    const isLost = random.chance(run > 0 ? Math.min(0.5, 4 * line.loss) : line.loss);
    run = isLost ? run + 1 : 0;
    if (!isLost) continue;
    for (let n = at; n < at + FRAME; n += 1) {
      const before = at >= FRAME ? (heard[n - FRAME] as number) : 0;
      heard[n] = line.concealment === 'repeat' && run <= 3 ? Math.round(before * 0.7) : 0;
    }
  }
  return heard;
}
