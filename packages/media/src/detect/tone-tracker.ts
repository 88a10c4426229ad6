/**
 * Finds stretches of steady tone in 8 kHz audio, one or two frequencies at a time: beeps, fax, and the tones of the
 * network. Knows nothing of what a tone means; tone-signals.ts does.
 */
import { BIN_HZ, peakFrequency, SPECTRUM_BINS, SPECTRUM_SAMPLES, Spectrum } from './spectrum.ts';

/** A stretch of tone. Times are of the audio heard, ms. */
export interface ToneStretch {
  /** One or two, the stronger first. Two that lie closer than about 90 Hz show as one between them. */
  readonly frequenciesHz: readonly number[];
  readonly startMs: number;
  readonly endMs: number;
  /** dB below full scale. */
  readonly levelDb: number;
  /** Spread of the frequency (Hz) and of the level (dB) within it: a voice that holds a vowel moves more than a tone. */
  readonly spreadHz: number;
  readonly spreadDb: number;
  /** How much weaker its frequency was right before and after it, dB. */
  readonly riseDb: number;
  readonly fallDb: number;
  /** Level of everything else right before and after, against the tone's, dB. */
  readonly aroundDb: number;
}

/** Tone that is sounding now. */
export interface OngoingTone {
  readonly frequenciesHz: readonly number[];
  readonly startMs: number;
  readonly lengthMs: number;
}

const HOP = 80;
const HOP_MS = 10;

/** Tones are looked for here, Hz: the network's lowest is 350, fax answers at 2,100. */
const LOWEST_HZ = 330;
const HIGHEST_HZ = 2_150;
const LOWEST_BIN = Math.floor(LOWEST_HZ / BIN_HZ);
const HIGHEST_BIN = Math.ceil(HIGHEST_HZ / BIN_HZ);
/** The telephone's band, against which a tone's share is measured. */
const FIRST_BIN = 4;
const LAST_BIN = 116;

/** A Hann-windowed sine lies in so many bins to each side of its peak. */
const LOBE = 2;

/** Share of the power, noise taken off, that must lie in the tone. */
const PURITY = 0.75;
const PURITY_OF_TWO = 0.86;
/** A weaker second frequency than this share of the first is a by-product, not a tone. */
const LEAST_SECOND = 0.12;

/** Weaker tones are not looked at, dB below full scale. */
const LEAST_LEVEL_DB = -50;

/** Frequency may wander so far from the stretch's mean, Hz. */
const WANDER_HZ = 22;

/** Pauses up to this do not end a stretch: a lost packet spoils each window that it touches. */
const BRIDGED_HOPS = 6;

/** A tone of another frequency ends the open one once it has lasted so long. */
const HOPS_TO_REPLACE = 5;

/** Shorter stretches are not told of. */
const SHORTEST_MS = 60;

/** What comes right after a stretch is looked at from the first of these hops to the last, then it is told of. */
const FIRST_AFTERMATH_HOP = 5;
const LAST_AFTERMATH_HOP = 9;

const FULL_SCALE_SQUARE = 32_768 * 32_768;
/** The smallest power that counts, so that logarithms stay finite: −90 dB. */
const LEAST_POWER = FULL_SCALE_SQUARE * 1e-9;

interface Frame {
  isTonal: boolean;
  firstHz: number;
  secondHz: number;
  firstBin: number;
  secondBin: number;
  tonePower: number;
  totalPower: number;
}

interface Stretch {
  firstHop: number;
  lastHop: number;
  hops: number;
  sumHz: number;
  sumSecondHz: number;
  secondHops: number;
  bin: number;
  secondBin: number;
  levels: number[];
  frequencies: number[];
  before: { tone: number; total: number };
  after: { tone: number; total: number; hops: number };
}

export class ToneTracker {
  readonly #report: (stretch: ToneStretch) => void;
  readonly #ring = new Float64Array(SPECTRUM_SAMPLES);
  readonly #spectrum = new Spectrum();
  readonly #clean = new Float64Array(SPECTRUM_BINS);
  readonly #noise = new NoiseSpectrum();
  readonly #frame: Frame = {
    isTonal: false,
    firstHz: 0,
    secondHz: 0,
    firstBin: 0,
    secondBin: 0,
    tonePower: 0,
    totalPower: 0,
  };
  /** Clean spectra of the last hops, for what was before a stretch. */
  readonly #past = Array.from({ length: 8 }, () => new Float64Array(SPECTRUM_BINS));
  #at = 0;
  #sinceHop = 0;
  #hop = 0;
  #open: Stretch | undefined;
  #rival: Stretch | undefined;
  #closing: Stretch | undefined;

  /** @param report called when a stretch has ended, some 60 ms after its end. */
  constructor(report: (stretch: ToneStretch) => void) {
    this.#report = report;
  }

  /** Power by bin of the 32 ms heard last. */
  get power(): Float64Array {
    return this.#spectrum.power;
  }

  /** The tone that is sounding, if it has sounded for a while. */
  get ongoing(): OngoingTone | undefined {
    const stretch = this.#open;
    if (!stretch || stretch.hops < 5) return undefined;
    return {
      frequenciesHz: frequenciesOf(stretch),
      startMs: startOf(stretch),
      lengthMs: (this.#hop - stretch.firstHop) * HOP_MS,
    };
  }

  /** Takes audio of any length, 16-bit linear. */
  hear(pcm: Int16Array): void {
    for (let n = 0; n < pcm.length; n += 1) {
      this.#ring[this.#at] = pcm[n] as number;
      this.#at = (this.#at + 1) & (SPECTRUM_SAMPLES - 1);
      this.#sinceHop += 1;
      if (this.#sinceHop === HOP) {
        this.#sinceHop = 0;
        this.#analyse();
      }
    }
  }

  #analyse(): void {
    this.#spectrum.analyse(this.#ring, this.#at);
    const { power } = this.#spectrum;
    const clean = this.#clean;
    const noise = this.#noise.estimate;
    for (let k = 0; k < SPECTRUM_BINS; k += 1) {
      clean[k] = Math.max(0, (power[k] as number) - 1.5 * (noise[k] as number));
    }
    this.#judge(clean);
    if (!this.#frame.isTonal) this.#noise.hear(power);
    this.#finishClosing(clean);
    this.#follow();
    (this.#past[this.#hop % this.#past.length] as Float64Array).set(clean);
    this.#hop += 1;
  }

  /** Says of the clean spectrum whether it is one or two tones and little else. */
  #judge(clean: Float64Array): void {
    const frame = this.#frame;
    let total = 0;
    for (let k = FIRST_BIN; k <= LAST_BIN; k += 1) total += clean[k] as number;
    frame.totalPower = total;
    frame.isTonal = false;
    frame.secondHz = 0;
    frame.secondBin = 0;
    frame.tonePower = 0;
    if (total < FULL_SCALE_SQUARE * 10 ** (LEAST_LEVEL_DB / 10)) return;
    const first = largestBin(clean, LOWEST_BIN, HIGHEST_BIN, -1);
    const firstPower = lobePower(clean, first);
    frame.firstBin = first;
    frame.firstHz = peakFrequency(clean, first);
    frame.tonePower = firstPower;
    if (firstPower >= PURITY * total && shoulders(clean, first) < 0.12 * firstPower) {
      frame.isTonal = frame.firstHz >= LOWEST_HZ && frame.firstHz <= HIGHEST_HZ;
      return;
    }
    const second = largestBin(clean, LOWEST_BIN, HIGHEST_BIN, first);
    const secondPower = lobePower(clean, second);
    if (secondPower < LEAST_SECOND * firstPower) return;
    if (firstPower + secondPower < PURITY_OF_TWO * total) return;
    frame.isTonal = true;
    frame.secondBin = second;
    frame.secondHz = peakFrequency(clean, second);
    frame.tonePower = firstPower + secondPower;
  }

  #follow(): void {
    const frame = this.#frame;
    if (frame.isTonal) {
      if (this.#open && isSameTone(this.#open, frame)) {
        this.#extend(this.#open);
        this.#rival = undefined;
      } else {
        this.#challenge();
      }
    }
    const open = this.#open;
    if (open && this.#hop - open.lastHop > BRIDGED_HOPS) this.#close(open);
    if (this.#rival && this.#hop - this.#rival.lastHop > 1) this.#rival = undefined;
  }

  /** Another tone takes an open one's place only when it lasts: a window with a lost packet in it shows a wrong pitch. */
  #challenge(): void {
    const rival = this.#rival;
    if (rival && isSameTone(rival, this.#frame)) this.#extend(rival);
    else this.#rival = this.#start();
    if (this.#open && (this.#rival?.hops ?? 0) < HOPS_TO_REPLACE) return;
    if (this.#open) this.#close(this.#open);
    this.#open = this.#rival;
    this.#rival = undefined;
  }

  #start(): Stretch {
    const { firstBin, secondBin } = this.#frame;
    const stretch: Stretch = {
      firstHop: this.#hop,
      lastHop: this.#hop,
      hops: 0,
      sumHz: 0,
      sumSecondHz: 0,
      secondHops: 0,
      bin: firstBin,
      secondBin,
      levels: [],
      frequencies: [],
      before: this.#meanBefore(firstBin, secondBin),
      after: { tone: 0, total: 0, hops: 0 },
    };
    this.#extend(stretch);
    return stretch;
  }

  #extend(stretch: Stretch): void {
    const { secondHz, secondBin, tonePower } = this.#frame;
    // The stronger of two may change places with the other.
    const isSwapped =
      stretch.hops > 0 && secondHz > 0 && isNear(secondHz, stretch) && !isNear(this.#frame.firstHz, stretch);
    const hz = isSwapped ? secondHz : this.#frame.firstHz;
    const other = isSwapped ? this.#frame.firstHz : secondHz;
    stretch.lastHop = this.#hop;
    stretch.after = { tone: 0, total: 0, hops: 0 };
    stretch.hops += 1;
    stretch.sumHz += hz;
    if (other > 0) {
      stretch.sumSecondHz += other;
      stretch.secondHops += 1;
      if (stretch.secondBin === 0) stretch.secondBin = isSwapped ? this.#frame.firstBin : secondBin;
    }
    // Ten seconds of tone are enough to judge it by.
    if (stretch.levels.length < 1_000) {
      stretch.levels.push(decibels(tonePower));
      stretch.frequencies.push(hz);
    }
  }

  /** Mean powers 30 to 70 ms before this hop: nearer ones already hold some of the tone. */
  #meanBefore(bin: number, secondBin: number): { tone: number; total: number } {
    let tone = 0;
    let total = 0;
    for (let back = 4; back <= 7; back += 1) {
      if (this.#hop - back < 0) continue;
      const past = this.#past[(this.#hop - back) % this.#past.length] as Float64Array;
      tone += (lobePower(past, bin) + (secondBin > 0 ? lobePower(past, secondBin) : 0)) / 4;
      for (let k = FIRST_BIN; k <= LAST_BIN; k += 1) total += (past[k] as number) / 4;
    }
    return { tone, total };
  }

  #close(stretch: Stretch): void {
    this.#open = undefined;
    if ((stretch.lastHop - stretch.firstHop + 1) * HOP_MS < SHORTEST_MS) return;
    if (this.#closing) this.#tell(this.#closing);
    this.#closing = stretch;
  }

  /** Hears what comes after a stretch that is over, or may be. */
  #hearAftermath(stretch: Stretch, clean: Float64Array): void {
    if (this.#hop - stretch.lastHop < FIRST_AFTERMATH_HOP) return;
    const { after } = stretch;
    after.hops += 1;
    after.tone +=
      lobePower(clean, stretch.bin) + (stretch.secondBin > 0 ? lobePower(clean, stretch.secondBin) : 0);
    after.total += this.#frame.totalPower;
  }

  #finishClosing(clean: Float64Array): void {
    if (this.#open && this.#hop > this.#open.lastHop) this.#hearAftermath(this.#open, clean);
    const stretch = this.#closing;
    if (!stretch) return;
    this.#hearAftermath(stretch, clean);
    if (this.#hop - stretch.lastHop < LAST_AFTERMATH_HOP) return;
    this.#closing = undefined;
    this.#tell(stretch);
  }

  #tell(stretch: Stretch): void {
    const { levels, frequencies, before, after } = stretch;
    // Windows at the edges hold part of the tone only, and those with a lost packet another level.
    const edge = levels.length > 8 ? 3 : 1;
    const level = spreadOf(levels.slice(edge, -edge));
    const afterHops = Math.max(1, after.hops);
    this.#report({
      frequenciesHz: frequenciesOf(stretch),
      startMs: startOf(stretch),
      endMs: endOf(stretch),
      levelDb: level.middle,
      spreadHz: spreadOf(frequencies.slice(1, -1)).halfRange,
      spreadDb: level.halfRange,
      riseDb: level.middle - decibels(before.tone),
      fallDb: level.middle - decibels(after.tone / afterHops),
      aroundDb: Math.max(decibels(before.total), decibels(after.total / afterHops)) - level.middle,
    });
  }
}

/** Median, and half of the range that holds seven tenths of the values: a few strays do not count. */
function spreadOf(values: readonly number[]): { middle: number; halfRange: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  return { middle: at(0.5), halfRange: (at(0.85) - at(0.15)) / 2 };
}

/** Noise by bin: the least of its smoothed power in the last 0.4 to 0.8 s. */
class NoiseSpectrum {
  readonly estimate = new Float64Array(SPECTRUM_BINS);
  readonly #smooth = new Float64Array(SPECTRUM_BINS);
  readonly #current = new Float64Array(SPECTRUM_BINS).fill(Number.POSITIVE_INFINITY);
  readonly #previous = new Float64Array(SPECTRUM_BINS).fill(Number.POSITIVE_INFINITY);
  #hops = 0;

  hear(power: Float64Array): void {
    const smooth = this.#smooth;
    const current = this.#current;
    const previous = this.#previous;
    const share = this.#hops === 0 ? 1 : 0.15;
    for (let k = 0; k < SPECTRUM_BINS; k += 1) {
      const value = (smooth[k] as number) + share * ((power[k] as number) - (smooth[k] as number));
      smooth[k] = value;
      if (value < (current[k] as number)) current[k] = value;
    }
    this.#hops += 1;
    if (this.#hops < 15) return;
    const isTurn = this.#hops % 40 === 0;
    for (let k = 0; k < SPECTRUM_BINS; k += 1) {
      this.estimate[k] = 1.6 * Math.min(current[k] as number, previous[k] as number);
      if (isTurn) {
        previous[k] = current[k] as number;
        current[k] = smooth[k] as number;
      }
    }
  }
}

function largestBin(power: Float64Array, from: number, to: number, apartFrom: number): number {
  let largest = from;
  let most = -1;
  for (let k = from; k <= to; k += 1) {
    if (apartFrom >= 0 && Math.abs(k - apartFrom) <= LOBE) continue;
    const value = power[k] as number;
    if (value > most) {
      most = value;
      largest = k;
    }
  }
  return largest;
}

function lobePower(power: Float64Array, bin: number): number {
  let sum = 0;
  for (let k = bin - LOBE; k <= bin + LOBE; k += 1) sum += power[k] ?? 0;
  return sum;
}

/** Power just outside the lobe: a voice's neighbouring harmonics fall there. */
function shoulders(power: Float64Array, bin: number): number {
  return (power[bin - 4] ?? 0) + (power[bin - 3] ?? 0) + (power[bin + 3] ?? 0) + (power[bin + 4] ?? 0);
}

function isNear(hz: number, stretch: Stretch): boolean {
  return Math.abs(hz - stretch.sumHz / stretch.hops) <= WANDER_HZ;
}

function isSameTone(stretch: Stretch, frame: Frame): boolean {
  return isNear(frame.firstHz, stretch) || (frame.secondHz > 0 && isNear(frame.secondHz, stretch));
}

function frequenciesOf(stretch: Stretch): number[] {
  const first = stretch.sumHz / stretch.hops;
  // A second frequency must be there most of the time.
  if (stretch.secondHops < 0.6 * stretch.hops) return [first];
  return [first, stretch.sumSecondHz / stretch.secondHops];
}

/** The window of the first hop reaches 32 ms back; a tone shows once a good third of it lies inside. */
const startOf = (stretch: Stretch): number => Math.max(0, (stretch.firstHop + 1) * HOP_MS - 12);
const endOf = (stretch: Stretch): number => (stretch.lastHop + 1) * HOP_MS - 20;

const decibels = (power: number): number => 10 * Math.log10(Math.max(power, LEAST_POWER) / FULL_SCALE_SQUARE);
