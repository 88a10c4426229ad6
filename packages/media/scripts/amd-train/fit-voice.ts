/** Fits the voice network: logistic loss, Adam, small batches in a seeded order. Deterministic. */
import { NETWORK_INPUTS, type VoiceNetwork } from '../../src/detect/voice-network.ts';
import { Seeded } from '../amd-set/seeded.ts';

export interface VoiceExamples {
  /** `NETWORK_INPUTS` numbers a frame. */
  readonly inputs: Float32Array;
  /** 1: somebody speaks. */
  readonly isSpeech: Uint8Array;
}

const batchSize = 64;
const firstRate = 0.003;
const decay = 1e-4;

export function fitVoice(
  examples: VoiceExamples,
  units: number,
  epochs: number,
  tell: (text: string) => void,
): VoiceNetwork {
  const random = new Seeded('ringback/amd/voice');
  const stride = NETWORK_INPUTS + 1;
  const weights = new Float32Array(units * stride + units + 1);
  for (let n = 0; n < units * stride; n += 1) weights[n] = random.gaussian() * Math.sqrt(1 / NETWORK_INPUTS);
  for (let n = units * stride; n < weights.length; n += 1)
    weights[n] = random.gaussian() * Math.sqrt(1 / units);
  const hidden = weights.subarray(0, units * stride);
  const output = weights.subarray(units * stride);
  const slope = new Float32Array(weights.length);
  const mean = new Float32Array(weights.length);
  const square = new Float32Array(weights.length);
  const values = new Float32Array(units);
  const count = examples.isSpeech.length;
  const order = Uint32Array.from({ length: count }, (_, n) => n);
  const steps = Math.ceil(count / batchSize) * epochs;
  let step = 0;

  for (let epoch = 0; epoch < epochs; epoch += 1) {
    shuffle(order, random);
    let loss = 0;
    for (let from = 0; from < count; from += batchSize) {
      slope.fill(0);
      const to = Math.min(count, from + batchSize);
      for (let n = from; n < to; n += 1) loss += learnFrom(order[n] as number);
      step += 1;
      descend(to - from, firstRate * (1 - 0.97 * (step / steps)));
    }
    tell(`epoch ${epoch + 1} of ${epochs}: loss ${(loss / count).toFixed(4)}`);
  }
  return { units, hidden, output };

  function learnFrom(example: number): number {
    const base = example * NETWORK_INPUTS;
    const { inputs } = examples;
    let sum = output[units] as number;
    for (let unit = 0; unit < units; unit += 1) {
      const from = unit * stride;
      let value = hidden[from + NETWORK_INPUTS] as number;
      for (let n = 0; n < NETWORK_INPUTS; n += 1)
        value += (hidden[from + n] as number) * (inputs[base + n] as number);
      values[unit] = Math.max(0, value);
      sum += (values[unit] as number) * (output[unit] as number);
    }
    const wanted = examples.isSpeech[example] as number;
    const probability = 1 / (1 + Math.exp(-sum));
    const error = probability - wanted;
    const outputAt = units * stride;
    slope[outputAt + units] = (slope[outputAt + units] as number) + error;
    for (let unit = 0; unit < units; unit += 1) {
      const value = values[unit] as number;
      if (value <= 0) continue;
      slope[outputAt + unit] = (slope[outputAt + unit] as number) + error * value;
      const back = error * (output[unit] as number);
      const from = unit * stride;
      for (let n = 0; n < NETWORK_INPUTS; n += 1)
        slope[from + n] = (slope[from + n] as number) + back * (inputs[base + n] as number);
      slope[from + NETWORK_INPUTS] = (slope[from + NETWORK_INPUTS] as number) + back;
    }
    return -Math.log(Math.max(1e-9, wanted === 1 ? probability : 1 - probability));
  }

  /** Adam (Kingma and Ba, 2015) with weight decay. */
  function descend(size: number, rate: number): void {
    const unbiased = (rate * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step);
    for (let n = 0; n < weights.length; n += 1) {
      const here = (slope[n] as number) / size + decay * (weights[n] as number);
      const m = 0.9 * (mean[n] as number) + 0.1 * here;
      const v = 0.999 * (square[n] as number) + 0.001 * here * here;
      mean[n] = m;
      square[n] = v;
      weights[n] = (weights[n] as number) - (unbiased * m) / (Math.sqrt(v) + 1e-7);
    }
  }
}

function shuffle(order: Uint32Array, random: Seeded): void {
  for (let n = order.length - 1; n > 0; n -= 1) {
    const other = Math.floor(random.next() * (n + 1));
    const kept = order[n] as number;
    order[n] = order[other] as number;
    order[other] = kept;
  }
}
