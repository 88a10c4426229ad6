/** Noises and music made from numbers, 8 kHz, at an RMS of about 1; the parts of the set share no kind. */
import type { Seeded } from './seeded.ts';
import type { Part } from './voices.ts';

export type NoiseKind =
  | 'pink'
  | 'hum'
  | 'street'
  | 'office'
  | 'wind'
  | 'kitchen'
  | 'chatter'
  | 'radio'
  | 'birds'
  | 'steps'
  | 'humming'
  | 'siren'
  | 'workshop'
  | 'brown'
  | 'fan'
  | 'television'
  | 'car'
  | 'rain'
  | 'crowd'
  | 'railway'
  | 'sea'
  | 'canteen';

/** Noises of each fold of the train part (voices.ts). */
export const foldNoises: readonly (readonly NoiseKind[])[] = [
  ['pink', 'hum', 'birds', 'steps', 'car'],
  ['street', 'office', 'humming', 'rain'],
  ['wind', 'kitchen', 'siren', 'crowd'],
  ['chatter', 'radio', 'workshop'],
];

export const noisesOf: Readonly<Record<Part, readonly NoiseKind[]>> = {
  train: [...foldNoises.flat()],
  dev: ['brown', 'fan', 'television'],
  test: ['railway', 'sea', 'canteen'],
};

const RATE = 8_000;

/** @param speech other people's speech, for rooms with people in them. */
export function makeNoise(
  kind: NoiseKind,
  samples: number,
  random: Seeded,
  speech: Float32Array,
): Float32Array {
  switch (kind) {
    case 'pink':
      return level(coloured(samples, random, 0.97, 0.4));
    case 'hum':
      return level(add(hum(samples, 100, 5, random), level(coloured(samples, random, 0.9, 0.5)), 0.3));
    case 'street':
      return level(swelling(coloured(samples, random, 0.96, 0.2), 2.5, 0.7, random));
    case 'office':
      return level(add(clicks(samples, 6, 30, random), level(coloured(samples, random, 0.93, 0.5)), 0.8));
    case 'wind':
      return level(swelling(coloured(samples, random, 0.98, 0.02), 0.9, 0.8, random));
    case 'kitchen':
      return level(add(clicks(samples, 3, 90, random), level(coloured(samples, random, 0.6, 0.5)), 0.4));
    case 'chatter':
      return level(add(babble(samples, 4, random, speech), level(coloured(samples, random, 0.9, 0.3)), 0.3));
    case 'radio':
      return level(add(makeMusic(samples, random, 'train'), level(babble(samples, 1, random, speech)), 0.8));
    case 'birds':
      return level(add(chirps(samples, random), level(coloured(samples, random, 0.9, 0.3)), 0.5));
    case 'steps':
      return level(add(clicks(samples, 1.8, 60, random), level(coloured(samples, random, 0.97, 0.2)), 0.4));
    case 'humming':
      return level(add(humming(samples, random), level(coloured(samples, random, 0.9, 0.3)), 0.4));
    case 'siren':
      return level(add(siren(samples, random), level(coloured(samples, random, 0.97, 0.2)), 0.5));
    case 'workshop':
      return level(
        add(swelling(hum(samples, 75, 14, random), 0.4, 0.9, random), clicks(samples, 9, 20, random), 0.6),
      );
    case 'brown':
      return level(coloured(samples, random, 0.99, 0));
    case 'fan':
      return level(add(hum(samples, 47, 12, random), level(coloured(samples, random, 0.8, 0.2)), 1.2));
    case 'television':
      return level(add(babble(samples, 2, random, speech), level(coloured(samples, random, 0.9, 0.2)), 0.2));
    case 'car':
      return level(add(level(coloured(samples, random, 0.985, 0.05)), hum(samples, 63, 8, random), 0.3));
    case 'rain':
      return level(add(level(coloured(samples, random, 0.2, 0.9)), clicks(samples, 60, 4, random), 0.4));
    case 'crowd':
      return level(babble(samples, 6, random, speech));
    case 'railway':
      return level(
        add(
          swelling(coloured(samples, random, 0.98, 0.1), 0.65, 0.6, random),
          hum(samples, 90, 5, random),
          0.3,
        ),
      );
    case 'sea':
      return level(swelling(coloured(samples, random, 0.7, 0.6), 4, 0.8, random));
    case 'canteen':
      return level(add(level(babble(samples, 16, random, speech)), clicks(samples, 4, 25, random), 0.4));
  }
}

/** Music: chords of a few voices with attacks, as on hold or before an announcement. RMS 1. */
export function makeMusic(samples: number, random: Seeded, part: Part): Float32Array {
  const music = new Float32Array(samples);
  const beatMs = part === 'test' ? random.between(320, 520) : random.between(240, 700);
  const harmonics = part === 'test' ? 4 : random.pick([2, 3, 6]);
  const scale =
    part === 'train' ? [0, 2, 4, 5, 7, 9, 11] : part === 'dev' ? [0, 2, 3, 5, 7, 8, 10] : [0, 2, 4, 7, 9];
  const root = random.between(180, 330);
  const beat = Math.round(beatMs * 8);
  for (let start = 0; start < samples; start += beat) {
    for (let voice = 0; voice < 3; voice += 1) {
      if (random.chance(0.25)) continue;
      const hz = root * 2 ** (random.pick(scale) / 12 + random.pick([0, 0, 1]));
      const decay = random.between(0.3, 1.5);
      const end = Math.min(samples, start + 2 * beat);
      for (let n = start; n < end; n += 1) {
        const t = (n - start) / RATE;
        let sound = 0;
        for (let h = 1; h <= harmonics && hz * h < 3_600; h += 1)
          sound += Math.sin(2 * Math.PI * hz * h * t) / h;
        music[n] = (music[n] as number) + sound * Math.min(1, t * 100) * Math.exp(-t / decay);
      }
    }
  }
  return level(music);
}

/** White noise through one pole, mixed with some of itself unfiltered. */
function coloured(samples: number, random: Seeded, pole: number, white: number): Float32Array {
  const noise = new Float32Array(samples);
  let state = 0;
  const scale = Math.sqrt(1 - pole * pole);
  for (let n = 0; n < samples; n += 1) {
    const fresh = 2 * random.next() - 1;
    state = pole * state + scale * fresh;
    noise[n] = state + white * fresh;
  }
  return noise;
}

function hum(samples: number, hz: number, harmonics: number, random: Seeded): Float32Array {
  const sound = new Float32Array(samples);
  for (let h = 1; h <= harmonics; h += 1) {
    const phase = random.between(0, 2 * Math.PI);
    const amplitude = random.between(0.3, 1) / h;
    for (let n = 0; n < samples; n += 1) {
      sound[n] = (sound[n] as number) + amplitude * Math.sin((2 * Math.PI * hz * h * n) / RATE + phase);
    }
  }
  return level(sound);
}

/** Louder and softer, as of things passing by. */
function swelling(noise: Float32Array, seconds: number, depth: number, random: Seeded): Float32Array {
  const phase = random.between(0, 2 * Math.PI);
  return noise.map(
    (sample, n) => sample * (1 + depth * Math.sin((2 * Math.PI * n) / (seconds * RATE) + phase)),
  );
}

/** Whistles of 50 to 250 ms that slide up or down: as pure as a beep, and none. */
function chirps(samples: number, random: Seeded): Float32Array {
  const sound = new Float32Array(samples);
  for (let at = 0; at < samples; at += Math.round(random.between(0.1, 1) * RATE)) {
    const hz = random.between(1_200, 3_200);
    const slide = random.pick([-1, 1]) * random.between(1_500, 9_000);
    addVoice(sound, at, random.between(50, 250), (t) => hz + slide * t, [1]);
  }
  return level(sound);
}

/** Somebody who hums a tune: long vowels of a wavering pitch. */
function humming(samples: number, random: Seeded): Float32Array {
  const sound = new Float32Array(samples);
  const root = random.between(120, 320);
  for (let at = 0; at < samples; at += Math.round(random.between(0.2, 0.9) * RATE)) {
    const hz = root * 2 ** (random.pick([0, 2, 4, 5, 7, 9, 12]) / 12);
    const depth = random.between(0.005, 0.03);
    const rate = random.between(4, 7);
    const overtones = [1, random.between(0.05, 0.9), random.between(0, 0.4), random.between(0, 0.2)];
    const waver = (t: number): number => hz * (1 + depth * Math.sin(2 * Math.PI * rate * t));
    addVoice(sound, at, random.between(150, 800), waver, overtones);
  }
  return level(sound);
}

function siren(samples: number, random: Seeded): Float32Array {
  const sound = new Float32Array(samples);
  const [low, high, seconds] = [random.between(450, 700), random.between(900, 1_600), random.between(0.5, 4)];
  const pitch = (t: number): number =>
    low + (high - low) * (0.5 - 0.5 * Math.cos((2 * Math.PI * t) / seconds));
  addVoice(sound, 0, (1_000 * samples) / RATE, pitch, [1, 0.4, 0.2]);
  return level(sound);
}

/** Adds a sound of a moving pitch and its overtones, with edges of 15 ms. */
function addVoice(
  sound: Float32Array,
  from: number,
  lengthMs: number,
  pitchAt: (seconds: number) => number,
  overtones: readonly number[],
): void {
  const length = Math.min(Math.round((lengthMs * RATE) / 1_000), sound.length - from);
  let phase = 0;
  for (let n = 0; n < length; n += 1) {
    phase += (2 * Math.PI * pitchAt(n / RATE)) / RATE;
    const envelope = Math.min(1, n / 120, (length - n) / 120);
    for (const [h, amplitude] of overtones.entries())
      sound[from + n] = (sound[from + n] as number) + envelope * amplitude * Math.sin((h + 1) * phase);
  }
}

function clicks(samples: number, perSecond: number, lengthMs: number, random: Seeded): Float32Array {
  const sound = new Float32Array(samples);
  const count = Math.round((samples / RATE) * perSecond);
  for (let click = 0; click < count; click += 1) {
    const start = Math.floor(random.next() * samples);
    const amplitude = random.between(0.3, 2);
    const length = lengthMs * 8;
    for (let n = 0; n < length && start + n < samples; n += 1) {
      sound[start + n] =
        (sound[start + n] as number) + amplitude * (2 * random.next() - 1) * Math.exp((-5 * n) / length);
    }
  }
  return level(sound);
}

/** Several stretches of speech at once. */
function babble(samples: number, talkers: number, random: Seeded, speech: Float32Array): Float32Array {
  const sound = new Float32Array(samples);
  for (let talker = 0; talker < talkers; talker += 1) {
    let at = Math.floor(random.next() * speech.length);
    for (let n = 0; n < samples; n += 1) {
      sound[n] = (sound[n] as number) + (speech[at] as number);
      at = at + 1 < speech.length ? at + 1 : 0;
    }
  }
  return sound;
}

function add(a: Float32Array, b: Float32Array, share: number): Float32Array {
  return a.map((sample, n) => sample + share * (b[n] ?? 0));
}

/** Brings the root mean square to 1. */
export function level(sound: Float32Array): Float32Array {
  let energy = 0;
  for (const sample of sound) energy += sample * sample;
  const scale = energy > 0 ? 1 / Math.sqrt(energy / sound.length) : 0;
  return sound.map((sample) => sample * scale);
}
