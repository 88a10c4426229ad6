/**
 * A network of one hidden layer that says how likely somebody speaks in a frame, from the features of the frames around it.
 * `npm run amd:train` makes its weights; one judgement takes about five thousand multiplications.
 */
import { LEVEL_FEATURES, SHAPE_FEATURES } from './voice-features.ts';

/** Frames looked at, against the one that is judged. The last ones are later: a judgement comes 40 ms after its frame. */
export const CONTEXT = [-12, -8, -5, -3, -2, -1, 0, 1, 2];
export const FRAMES_AHEAD = 2;
export const NETWORK_INPUTS = CONTEXT.length * SHAPE_FEATURES + LEVEL_FEATURES;

/** `hidden` holds the weights of each unit in turn, its bias last; `output` one weight a unit, the bias last. */
export interface VoiceNetwork {
  readonly units: number;
  readonly hidden: Float32Array;
  readonly output: Float32Array;
}

/** Weights of 1/1000 as a text: 16 bits each, little-endian, base 64. */
export function decodeNetwork(units: number, text: string): VoiceNetwork {
  const bytes = Buffer.from(text, 'base64');
  const all = Float32Array.from({ length: bytes.length >> 1 }, (_, n) => bytes.readInt16LE(2 * n) / 1_000);
  const split = units * (NETWORK_INPUTS + 1);
  return { units, hidden: all.subarray(0, split), output: all.subarray(split) };
}

export function encodeNetwork({ hidden, output }: VoiceNetwork): string {
  const all = [...hidden, ...output];
  const bytes = Buffer.alloc(2 * all.length);
  for (const [n, weight] of all.entries()) {
    bytes.writeInt16LE(Math.max(-32_768, Math.min(32_767, Math.round(1_000 * weight))), 2 * n);
  }
  return bytes.toString('base64');
}

/** @returns log-odds of speech. */
export function judgeVoice({ units, hidden, output }: VoiceNetwork, inputs: Float32Array): number {
  let sum = output[units] as number;
  for (let unit = 0; unit < units; unit += 1) {
    const value = answerOf(hidden, unit * (NETWORK_INPUTS + 1), inputs);
    if (value > 0) sum += value * (output[unit] as number);
  }
  return sum;
}

/** The unit whose weights begin at `from`. Four sums, since each addition to one waits for the one before. */
function answerOf(hidden: Float32Array, from: number, inputs: Float32Array): number {
  let first = hidden[from + NETWORK_INPUTS] as number;
  let second = 0;
  let third = 0;
  let fourth = 0;
  let n = 0;
  for (; n + 3 < NETWORK_INPUTS; n += 4) {
    first += (hidden[from + n] as number) * (inputs[n] as number);
    second += (hidden[from + n + 1] as number) * (inputs[n + 1] as number);
    third += (hidden[from + n + 2] as number) * (inputs[n + 2] as number);
    fourth += (hidden[from + n + 3] as number) * (inputs[n + 3] as number);
  }
  for (; n < NETWORK_INPUTS; n += 1) first += (hidden[from + n] as number) * (inputs[n] as number);
  return first + second + third + fourth;
}
