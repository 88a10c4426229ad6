/** Turns a planned item into sound, and says where in it greeting and beep are. */
import { type Beep, editions, type Item } from './item.ts';
import { throughLine } from './line.ts';
import { level, makeMusic, makeNoise } from './noise.ts';
import { Seeded } from './seeded.ts';
import { helloOf, type Sentence, type SpeechBank } from './speech-bank.ts';
import { joined, paced, paceOf, tightened, voicedStretches } from './spoken.ts';

export interface SoundedItem {
  /** G.711 of the item's codec. */
  readonly bytes: Uint8Array;
  /** Where somebody speaks, as first and last millisecond. */
  readonly speech: readonly (readonly [startMs: number, endMs: number])[];
  readonly greetingStartMs?: number;
  readonly greetingEndMs?: number;
  readonly beepStartMs?: number;
  readonly beepEndMs?: number;
}

const PER_MS = 8;

export async function soundItem(item: Item, bank: SpeechBank, babble: Float32Array): Promise<SoundedItem> {
  const random = new Seeded(`ringback/amd/${editions[item.part]}/sound/${item.name}`);
  const scene = new Scene();
  scene.silence(item.onsetMs);
  await soundAnswer(item, bank, scene, random);
  const greetingEndMs = scene.lengthMs;
  const beepAt = item.beep ? soundBeep(item.beep, scene) : undefined;
  scene.silence(item.tailMs);
  const dry = scene.sound();
  const noisy = withBackground(item, dry, greetingEndMs, random, babble);
  const bytes = throughLine(noisy, item.line, random);
  const hasGreeting = item.greeting !== undefined;
  return {
    bytes,
    speech: scene.speech(),
    ...(hasGreeting
      ? { greetingStartMs: scene.firstSoundMs ?? 0, greetingEndMs: scene.firstEndMs ?? greetingEndMs }
      : {}),
    ...(beepAt ? { beepStartMs: beepAt.startMs, beepEndMs: beepAt.endMs } : {}),
  };
}

/** Sound as it is put together. */
class Scene {
  readonly #parts: Float32Array[] = [];
  #samples = 0;
  readonly #spoken: [number, number][] = [];
  firstSoundMs: number | undefined;
  /** Where the greeting proper ended, before a repeated hello. */
  firstEndMs: number | undefined;

  get lengthMs(): number {
    return this.#samples / PER_MS;
  }

  silence(ms: number): void {
    this.add(new Float32Array(Math.round(ms * PER_MS)));
  }

  speak(sound: Float32Array): void {
    this.firstSoundMs ??= this.lengthMs;
    this.speakAgain(sound);
  }

  speakAgain(sound: Float32Array): void {
    this.#spoken.push(...voicedStretches(sound, this.lengthMs));
    this.add(sound);
  }

  /** Stretches of speech in order; gaps of 60 ms and less belong to them. */
  speech(): [number, number][] {
    const joined: [number, number][] = [];
    for (const [startMs, endMs] of this.#spoken) {
      const last = joined.at(-1);
      if (last && startMs - last[1] <= 60) last[1] = endMs;
      else joined.push([startMs, endMs]);
    }
    return joined;
  }

  add(sound: Float32Array): void {
    this.#parts.push(sound);
    this.#samples += sound.length;
  }

  sound(): Float32Array {
    return joined(this.#parts);
  }
}

async function soundAnswer(item: Item, bank: SpeechBank, scene: Scene, random: Seeded): Promise<void> {
  const gain = 10 ** (item.levelDb / 20);
  switch (item.kind) {
    case 'music':
      scene.add(makeMusic(9_000 * PER_MS, random, item.part).map((sample) => sample * gain));
      return;
    case 'fax-ced':
      scene.add(tone([2_100], random.between(2_600, 4_000), gain));
      return;
    case 'fax-cng':
      for (let n = 0; n < 3; n += 1) {
        scene.add(tone([1_100 * random.between(0.99, 1.01)], 500, gain));
        scene.silence(3_000);
      }
      return;
    case 'sit':
      soundSit(scene, random, gain);
      break;
    case 'busy':
      soundCadence(scene, random.pick(busyTones), 12, gain);
      return;
    case 'reorder':
      soundCadence(scene, random.pick(reorderTones), 20, gain);
      return;
    case 'ringback':
      soundCadence(scene, random.pick(ringbackTones), 3, gain);
      return;
    case 'silence':
    case 'noise':
      scene.silence(6_000);
      return;
    default:
      break;
  }
  await soundGreeting(item, bank, scene, random, gain);
}

async function soundGreeting(
  item: Item,
  bank: SpeechBank,
  scene: Scene,
  random: Seeded,
  gain: number,
): Promise<void> {
  const { voice, greeting } = item;
  if (!voice || !greeting) return;
  const sentences: Float32Array[] = [];
  for (const text of greeting.sentences) {
    const spoken = await speak(item, bank, { voice, text }, random);
    sentences.push(level(spoken).map((sample) => sample * gain));
  }
  soundSentences(item, sentences, scene);
  if (item.loopAfterMs !== undefined) {
    scene.silence(item.loopAfterMs);
    soundSentences(item, sentences, scene);
  }
  scene.firstEndMs = scene.lengthMs;
  const [first] = sentences;
  if (item.repeatAfterMs !== undefined && first) {
    scene.silence(item.repeatAfterMs);
    scene.speakAgain(first);
  }
}

/** Programs pause at every comma alike, and read slower than people answer; what was recorded stays as it is. */
async function speak(
  item: Item,
  bank: SpeechBank,
  sentence: Sentence,
  random: Seeded,
): Promise<Float32Array> {
  const clip = await bank.read(sentence);
  if (sentence.voice.engine === 'recorded') return tightened(clip);
  const pauseMs = (): number => Math.min(400, Math.max(40, random.logNormal(140, 0.45)));
  const hello = helloOf(sentence.voice);
  // Festival's HTS voices breathe before and after each sentence, for half a second at times.
  const spoken = tightened(clip, pauseMs, sentence.voice.name.endsWith('_hts') ? 'breath' : 'silence');
  if (item.label !== 'human' || !hello) return spoken;
  return paced(spoken, paceOf(await bank.read(hello)) * item.pace);
}

function soundSentences(item: Item, sentences: readonly Float32Array[], scene: Scene): void {
  for (const [n, speech] of sentences.entries()) {
    const cut = n === 0 ? Math.min(Math.round(item.cutMs * PER_MS), speech.length >> 1) : 0;
    scene.speak(speech.subarray(cut));
    if (n < sentences.length - 1) scene.silence(item.pausesMs[n] ?? 300);
  }
}

/** Special information tones: three rising tones whose lengths and pitches tell the cause (ITU-T E.180, Telcordia SR-2275). */
function soundSit(scene: Scene, random: Seeded, gain: number): void {
  const [low, second, long1, long2] = random.pick([
    [913.8, 1370.6, 274, 274],
    [985.2, 1370.6, 380, 274],
    [913.8, 1428.5, 274, 380],
    [985.2, 1428.5, 380, 380],
  ] as const);
  scene.add(tone([low], long1, gain));
  scene.add(tone([second], long2, gain));
  scene.add(tone([1776.7], 380, gain));
  scene.silence(random.between(50, 600));
}

type Cadence = readonly [frequenciesHz: readonly number[], stepsMs: readonly number[]];

const busyTones: readonly Cadence[] = [
  [
    [480, 620],
    [500, 500],
  ],
  [[425], [500, 500]],
  [[400], [375, 375]],
];
const reorderTones: readonly Cadence[] = [
  [
    [480, 620],
    [250, 250],
  ],
  [[425], [250, 250]],
  [[425], [200, 200]],
];
const ringbackTones: readonly Cadence[] = [
  [
    [440, 480],
    [2_000, 4_000],
  ],
  [
    [400, 450],
    [400, 200, 400, 2_000],
  ],
  [[425], [1_000, 4_000]],
];

function soundCadence(scene: Scene, [frequenciesHz, stepsMs]: Cadence, times: number, gain: number): void {
  for (let n = 0; n < times; n += 1) {
    for (const [step, ms] of stepsMs.entries()) {
      if (step % 2 === 0) scene.add(tone(frequenciesHz, ms, gain));
      else scene.silence(ms);
    }
  }
}

function soundBeep(beep: Beep, scene: Scene): { startMs: number; endMs: number } {
  const gain = 10 ** (beep.levelDb / 20);
  scene.silence(beep.delayMs);
  const startMs = scene.lengthMs;
  scene.add(tone(beep.frequenciesHz, beep.forMs, gain));
  if (beep.againAfterMs !== undefined) {
    scene.silence(beep.againAfterMs);
    scene.add(tone(beep.frequenciesHz, beep.forMs, gain));
  }
  return { startMs, endMs: scene.lengthMs };
}

/** Sines of one RMS in all, with edges of 3 ms. */
function tone(frequenciesHz: readonly number[], ms: number, gain: number): Float32Array {
  const samples = Math.round(ms * PER_MS);
  const amplitude = gain * Math.sqrt(2 / frequenciesHz.length);
  const edge = 3 * PER_MS;
  return Float32Array.from({ length: samples }, (_, n) => {
    const envelope = Math.min(1, (n + 1) / edge, (samples - n) / edge);
    let sound = 0;
    for (const hz of frequenciesHz) sound += Math.sin((2 * Math.PI * hz * n) / 8_000);
    return amplitude * envelope * sound;
  });
}

function withBackground(
  item: Item,
  dry: Float32Array,
  greetingEndMs: number,
  random: Seeded,
  babble: Float32Array,
): Float32Array {
  const { background } = item;
  // Every line has an idle noise of its own, however faint.
  const idle = 10 ** (random.between(-76, -62) / 20);
  const noisy = dry.map((sample) => sample + idle * (2 * random.next() - 1));
  if (!background) return noisy;
  const noise = makeNoise(background.kind, dry.length, random, babble);
  const gain = 10 ** ((item.levelDb - background.snrDb) / 20);
  const from = background.extent === 'gated' ? Math.max(0, item.onsetMs - 150) * PER_MS : 0;
  const to = background.extent === 'gated' ? (greetingEndMs + 200) * PER_MS : dry.length;
  const fade = 40 * PER_MS;
  for (let n = Math.max(0, Math.round(from)); n < Math.min(to, dry.length); n += 1) {
    const edge = background.extent === 'gated' ? Math.min(1, (n - from) / fade, (to - n) / fade) : 1;
    noisy[n] = (noisy[n] as number) + gain * edge * (noise[n] as number);
  }
  return noisy;
}
