/** One item of the set: what answers, where, over which line. Planned from its name alone, then sounded. */
import { type Greeting, type GreetingKind, greetings } from './greetings.ts';
import type { Line, Wear } from './line.ts';
import { foldNoises, type NoiseKind, noisesOf } from './noise.ts';
import { Seeded } from './seeded.ts';
import { type Part, trainFolds, type Voice, voices } from './voices.ts';

/** What the detector should say. */
export type Label = 'human' | 'machine' | 'fax' | 'tone' | 'unresolved';

export type ItemKind =
  | GreetingKind
  | 'delayed'
  | 'cut'
  | 'music'
  | 'fax-ced'
  | 'fax-cng'
  | 'sit'
  | 'busy'
  | 'reorder'
  | 'ringback'
  | 'silence'
  | 'noise';

export interface Beep {
  readonly frequenciesHz: readonly number[];
  readonly forMs: number;
  /** Two bursts, this far apart. */
  readonly againAfterMs?: number;
  /** Silence between greeting and beep. */
  readonly delayMs: number;
  readonly levelDb: number;
}

export interface Background {
  readonly kind: NoiseKind;
  /** Level under the speech, dB. */
  readonly snrDb: number;
  /** `gated`: heard with the speech only, as recorded greetings and phones that suppress noise sound. */
  readonly extent: 'throughout' | 'gated';
}

export interface Item {
  readonly name: string;
  readonly part: Part;
  /** Of the train part: voice, text and noise are of this fold. */
  readonly fold: number;
  readonly label: Label;
  readonly kind: ItemKind;
  readonly voice?: Voice;
  readonly greeting?: Greeting;
  /** From the answer to the first sound of the greeting. */
  readonly onsetMs: number;
  /** Pauses between sentences, in order. */
  readonly pausesMs: readonly number[];
  /** Recordings of the network and of menus begin again after this. */
  readonly loopAfterMs?: number;
  /** Speech lost at the answer. */
  readonly cutMs: number;
  /** How fast a person speaks, against what people do on the average. */
  readonly pace: number;
  /** A person who hears nothing says hello again. */
  readonly repeatAfterMs?: number;
  /** Speech level, dB below full scale. */
  readonly levelDb: number;
  readonly background?: Background;
  readonly beep?: Beep;
  readonly line: Line;
  /** Silence after everything. */
  readonly tailMs: number;
}

/**
 * Share of each kind, from which every part is drawn. People: 48.8 %. Most say one word, as at home and on mobile phones;
 * names, firms and those who take their time are few, and reported apart.
 */
const mix: readonly (readonly [ItemKind, number])[] = [
  ['short', 38],
  ['named', 2.5],
  ['business-short', 2.5],
  ['business-long', 0.7],
  ['delayed', 0.6],
  ['cut', 4.5],
  ['voicemail', 20],
  ['carrier-voicemail', 6],
  ['business-voicemail', 4.5],
  ['announcement', 3],
  ['screening', 2.5],
  ['attendant', 2.5],
  ['music', 1.5],
  ['fax-ced', 1.5],
  ['fax-cng', 1],
  ['sit', 2],
  ['busy', 1.25],
  ['reorder', 1.25],
  ['ringback', 1.25],
  ['silence', 2.25],
  ['noise', 1.5],
];

const people: ReadonlySet<ItemKind> = new Set([
  'short',
  'named',
  'business-short',
  'business-long',
  'delayed',
  'cut',
]);
const looping: ReadonlySet<ItemKind> = new Set(['announcement', 'screening', 'attendant', 'sit']);
const tones: ReadonlySet<ItemKind> = new Set(['sit', 'busy', 'reorder']);

/** The edition a part was drawn for. A test part whose errors were looked at is drawn anew. */
export const editions: Readonly<Record<Part, number>> = { train: 4, dev: 4, test: 6 };

/** Texts of a language only the kinds of which it has; English has all. */
const spokenAs = (kind: ItemKind): GreetingKind =>
  kind === 'delayed' || kind === 'cut' ? 'short' : (kind as GreetingKind);

/** Kinds of a part in fixed numbers, so that every part has its share to the item. */
export function planPart(part: Part, count: number): Item[] {
  const total = mix.reduce((sum, [, share]) => sum + share, 0);
  const items: Item[] = [];
  let reached = 0;
  for (const [kind, share] of mix) {
    reached += share;
    const until = Math.round((reached / total) * count);
    for (let n = 0; items.length < until; n += 1) items.push(planItem(part, kind, n));
  }
  return items;
}

function labelOf(kind: ItemKind): Label {
  if (people.has(kind)) return 'human';
  if (kind === 'fax-ced' || kind === 'fax-cng') return 'fax';
  if (tones.has(kind)) return 'tone';
  return kind === 'silence' || kind === 'noise' || kind === 'ringback' ? 'unresolved' : 'machine';
}

function planItem(part: Part, kind: ItemKind, n: number): Item {
  const name = `${part}-${kind}-${String(n).padStart(4, '0')}`;
  const random = new Seeded(`ringback/amd/${editions[part]}/${name}`);
  const label = labelOf(kind);
  const isPerson = label === 'human';
  const speaks = isPerson || greetings.some((each) => each.kind === kind) || kind === 'sit';
  const textKind = speaks ? (kind === 'sit' ? 'announcement' : spokenAs(kind)) : undefined;
  const fold = part === 'train' ? foldFor(textKind, n) : 0;
  const spoken = textKind ? speaker(part, fold, textKind, random) : undefined;
  const background = planBackground(part, fold, kind, isPerson, random);
  const beep = planBeep(kind, random);
  return {
    name,
    part,
    fold,
    label,
    kind,
    ...spoken,
    onsetMs: planOnset(kind, isPerson, random),
    pausesMs: (spoken?.greeting.sentences ?? []).slice(0, -1).map((sentence) => planPause(sentence, random)),
    ...(looping.has(kind) ? { loopAfterMs: random.between(400, 1_000) } : {}),
    pace: isPerson ? clamp(random.logNormal(1, 0.15), 0.7, 1.4) : 1,
    cutMs: kind === 'cut' ? random.between(20, 160) : 0,
    ...(isPerson && random.chance(0.4) ? { repeatAfterMs: random.between(1_500, 3_500) } : {}),
    levelDb: random.between(-34, -14),
    ...(background ? { background } : {}),
    ...(beep ? { beep } : {}),
    line: { ...planLine(random), ...(part === 'train' ? { wear: planWear(random) } : {}) },
    tailMs: isPerson ? 5_500 : beep ? 1_500 : 3_000,
  };
}

/** Items go to the folds in turn; not every fold has texts of each kind. */
function foldFor(kind: GreetingKind | undefined, n: number): number {
  const able = Array.from({ length: trainFolds }, (_, fold) => fold).filter(
    (fold) =>
      !kind || greetings.some((each) => each.part === 'train' && each.kind === kind && each.fold === fold),
  );
  return able[n % able.length] ?? 0;
}

function speaker(
  part: Part,
  fold: number,
  kind: GreetingKind,
  random: Seeded,
): { voice: Voice; greeting: Greeting } {
  const texts = greetings.filter((each) => each.part === part && each.fold === fold && each.kind === kind);
  const languages = new Set(texts.map(({ language }) => language));
  const able = voices.filter(
    (each) => each.part === part && each.fold === fold && languages.has(each.language),
  );
  const voice = random.pick(able);
  const own = texts.filter(({ language }) => language === voice.language);
  // Most people have one word for the telephone: the first of a list stand for four answers in five.
  return { voice, greeting: random.pick(kind === 'short' && random.chance(0.8) ? own.slice(0, 4) : own) };
}

function planOnset(kind: ItemKind, isPerson: boolean, random: Seeded): number {
  if (kind === 'cut') return 0;
  if (kind === 'delayed') return random.between(1_100, 3_000);
  // People lift the phone to the ear and speak; machines are put through, then play.
  return isPerson
    ? clamp(random.logNormal(320, 0.45), 60, 1_100)
    : clamp(random.logNormal(600, 0.6), 60, 2_500);
}

/** After "Hi" a speaker goes on sooner than after a sentence. */
function planPause(sentence: string, random: Seeded): number {
  const isInterjection = sentence.split(' ').length <= 2;
  return clamp(random.logNormal(isInterjection ? 200 : 330, 0.4), 60, 1_000);
}

function planBackground(
  part: Part,
  fold: number,
  kind: ItemKind,
  isPerson: boolean,
  random: Seeded,
): Background | undefined {
  const snrDb = random.weighted<number | undefined>([
    [undefined, kind === 'noise' ? 0 : 0.35],
    [random.between(25, 40), 0.25],
    [random.between(15, 25), 0.25],
    [random.between(8, 15), 0.15],
  ]);
  if (snrDb === undefined) return undefined;
  const isGated = kind !== 'noise' && random.chance(isPerson ? 0.3 : 0.5);
  const kinds = part === 'train' ? (foldNoises[fold] ?? []) : noisesOf[part];
  return { kind: random.pick(kinds), snrDb, extent: isGated ? 'gated' : 'throughout' };
}

const beeping: ReadonlyMap<ItemKind, number> = new Map([
  ['voicemail', 0.8],
  ['carrier-voicemail', 0.85],
  ['business-voicemail', 0.7],
  ['screening', 0.3],
]);

function planBeep(kind: ItemKind, random: Seeded): Beep | undefined {
  if (!random.chance(beeping.get(kind) ?? 0)) return undefined;
  const frequency = random.between(350, 2_100);
  const shape = random.weighted([
    ['single', 0.8],
    ['double', 0.1],
    ['two tones', 0.1],
  ] as const);
  return {
    frequenciesHz:
      shape === 'two tones'
        ? [frequency, clamp(frequency * random.between(1.2, 1.7), 350, 2_100)]
        : [frequency],
    forMs: shape === 'double' ? random.between(100, 300) : clamp(random.logNormal(380, 0.7), 100, 1_500),
    ...(shape === 'double' ? { againAfterMs: random.between(60, 200) } : {}),
    delayMs: clamp(random.logNormal(500, 0.7), 80, 2_000),
    levelDb: random.between(-24, -6),
  };
}

function planLine(random: Seeded): Line {
  return {
    codec: random.chance(0.65) ? 'PCMU' : 'PCMA',
    gsm: random.chance(0.2) ? 'gsm' : 'no gsm',
    loss: random.chance(0.6) ? 0 : random.between(0.003, 0.05),
    concealment: random.chance(0.5) ? 'repeat' : 'silence',
  };
}

/** What more may have happened to the train part's sound: tuning should see more than the sets it is judged by. */
function planWear(random: Seeded): Wear {
  return {
    ...(random.chance(0.3) ? { echoMs: random.between(60, 450), echoDb: random.between(-22, -8) } : {}),
    ...(random.chance(0.3) ? { tilt: random.between(-0.7, 0.7) } : {}),
    ...(random.chance(0.2) ? { gateDb: random.between(-58, -46), comfortDb: random.between(-90, -60) } : {}),
    ...(random.chance(0.15) ? { gainDb: random.between(4, 14) } : {}),
  };
}

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));
