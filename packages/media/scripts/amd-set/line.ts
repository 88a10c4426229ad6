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
  readonly wear?: Wear;
}

/** What rooms, handsets and networks do beyond that; each may be absent. */
export interface Wear {
  /** Reverberation: how long until it has faded by 60 dB, and its level against the sound. */
  readonly echoMs?: number;
  readonly echoDb?: number;
  /** −1 … 1: dull … sharp. */
  readonly tilt?: number;
  /** Frames below `gateDb` are replaced by noise of `comfortDb`, dB below full scale. */
  readonly gateDb?: number;
  readonly comfortDb?: number;
  /** Most that an automatic gain adds to what is quiet. */
  readonly gainDb?: number;
}

const FRAME = 160;

/** @returns G.711 as it would arrive, lost packets concealed. */
export function throughLine(sound: Float32Array, line: Line, random: Seeded): Uint8Array {
  let pcm: Int16Array = Int16Array.from(band(wornBy(sound, line.wear ?? {}, random)), (sample) =>
    Math.round(Math.max(-1, Math.min(1, sample)) * 32_767),
  );
  if (line.gsm === 'gsm') pcm = throughGsm(pcm);
  const [encode, decode] =
    line.codec === 'PCMU' ? ([encodeMulaw, decodeMulaw] as const) : ([encodeAlaw, decodeAlaw] as const);
  return encode(lose(decode(encode(pcm)), line, random));
}

function wornBy(sound: Float32Array, wear: Wear, random: Seeded): Float32Array {
  let worn = sound;
  if (wear.echoMs !== undefined) worn = reverberate(worn, wear.echoMs, wear.echoDb ?? -12, random);
  if (wear.tilt !== undefined) worn = tilted(worn, wear.tilt);
  if (wear.gainDb !== undefined) worn = amplify(worn, wear.gainDb);
  if (wear.gateDb !== undefined) worn = gated(worn, wear.gateDb, wear.comfortDb ?? -90, random);
  return worn;
}

/** Eighty echoes that thin out. */
function reverberate(sound: Float32Array, forMs: number, echoDb: number, random: Seeded): Float32Array {
  const worn = sound.slice();
  const echoes = 80;
  const loudness = 10 ** (echoDb / 20) * Math.sqrt(12 / echoes);
  for (let echo = 0; echo < echoes; echo += 1) {
    const delay = Math.round(8 * random.between(5, forMs));
    const gain = loudness * random.pick([-1, 1]) * 10 ** ((-3 * delay) / (8 * forMs));
    for (let n = delay; n < worn.length; n += 1)
      worn[n] = (worn[n] as number) + gain * (sound[n - delay] as number);
  }
  return worn;
}

function tilted(sound: Float32Array, tilt: number): Float32Array {
  let before = 0;
  return sound.map((sample) => {
    const here = sample - tilt * before;
    before = sample;
    return here / (1 + Math.abs(tilt) / 2);
  });
}

/** Follows the loudness down within about half a second. */
function amplify(sound: Float32Array, mostDb: number): Float32Array {
  const most = 10 ** (mostDb / 20);
  let loudness = 0.05;
  return sound.map((sample) => {
    const size = Math.abs(sample);
    loudness = Math.max(0.002, loudness + (size > loudness ? 0.02 : 0.0003) * (size - loudness));
    return sample * Math.min(most, Math.max(1, 0.1 / loudness));
  });
}

function gated(sound: Float32Array, gateDb: number, comfortDb: number, random: Seeded): Float32Array {
  const worn = sound.slice();
  const noise = 10 ** (comfortDb / 20);
  const least = FRAME * 10 ** (gateDb / 10);
  for (let at = 0; at + FRAME <= worn.length; at += FRAME) {
    const frame = worn.subarray(at, at + FRAME);
    if (frame.reduce((sum, sample) => sum + sample * sample, 0) >= least) continue;
    for (let n = 0; n < FRAME; n += 1) frame[n] = noise * (2 * random.next() - 1);
  }
  return worn;
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
