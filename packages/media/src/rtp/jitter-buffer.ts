/**
 * Plays received G.711 out evenly: a frame of 20 ms for each tick, after an adaptive delay of 20 to 120 ms, with lost
 * frames made up. One per session that somebody listens to; time is counted in samples and in arrivals given to it.
 *
 * ```
 *        next                              newest packet
 *  ────────┼───────────── lead ─────────────────┼──▶ RTP timestamps
 *  played  │ pull() takes 160 samples a tick    │
 * ```
 *
 * The wanted delay is what 98 of 100 recent packets needed, beyond the fastest of the last 20 s. It grows where a frame
 * is missing or quiet, and shrinks where a frame is quiet, or by cutting out a pitch period when it is far too long.
 * While it need not change, frames leave as they came, byte for byte.
 */
import type { Law } from '../codec/law.ts';
import { PacketLossConcealment } from '../codec/packet-loss-concealment.ts';
import type { FrameOrigin } from './frame-origin.ts';
import { addToTimestamp, timestampDistance } from './wrap.ts';

/** Samples in a frame of 20 ms. */
const FRAME = 160;

const SAMPLES_PER_MS = 8;

/** Samples held, a power of two (512 ms). Timestamps wrap at a multiple of it. */
const CAPACITY = 4_096;
const MASK = CAPACITY - 1;

/** No sample has arrived for this place. */
const MISSING = -1;

export const SHORTEST_DELAY_MS = 20;
export const LONGEST_DELAY_MS = 120;
const FIRST_DELAY_MS = 40;

/** So many packets in a row outside the ring mean a new time base, not stragglers. */
const STRAYS_BEFORE_RESTART = 3;

/** Lateness is counted in classes of 10 ms, with a memory of about 200 packets. */
const CLASS_MS = 10;
const CLASSES = LONGEST_DELAY_MS / CLASS_MS + 1;
const MEMORY = 0.995;
const IN_TIME = 0.98;

/** The fastest packet is looked for in this and the stretch before, packets (10 s). */
const STRETCH_PACKETS = 500;

/** A frame below this mean square is quiet enough to be dropped or doubled unheard (about −50 dBm0). */
const QUIET_ENERGY = 10_000;

/** Shortest time between two changes of the delay, ticks; and how long to wait for a quiet frame. */
const TICKS_BETWEEN_CHANGES = 10;
const TICKS_UNTIL_CUT = 50;

/** A delay beyond this is not brought down step by step, samples (220 ms). */
const FAR_TOO_LONG = (LONGEST_DELAY_MS + 100) * SAMPLES_PER_MS;

/** Packets of which all are later than any delay that is waited for, over so much time: the sender, or the line, has another pace. Ms. */
const LATE_FOR_GOOD_MS = 1_000;
const FAR_TOO_LATE_FOR_GOOD_MS = 100;

/** Part of a frame by which a delay must be wrong before it is changed, samples. */
const TOLERANCE = 120;

export class JitterBuffer {
  /** Frames made up because nothing had arrived for them. */
  concealed = 0;
  /** Packets that came after their time. */
  late = 0;
  /** Changes of the delay: frames doubled or stretches cut out. */
  adjustments = 0;
  readonly #ring = new Int16Array(CAPACITY).fill(MISSING);
  readonly #toLinear: Int16Array;
  readonly #fromLinear: Uint8Array;
  readonly #silence: number;
  readonly #concealment: PacketLossConcealment;
  readonly #linear = new Int16Array(FRAME);
  readonly #stretch = new Int16Array(2 * FRAME);
  #isRunning = false;
  /** The first packet's turn has not come yet. */
  #isBeforeStart = true;
  /** Timestamp of the next sample to play, and of the end of the newest packet. */
  #next = 0;
  #end = 0;
  #strays = 0;
  #noiseLevel: number | undefined;
  #noiseSeed = 1;

  // The wanted delay.
  readonly #lateness = new Float64Array(CLASSES);
  #wantedMs = FIRST_DELAY_MS;
  #packets = 0;
  #fastest = Number.POSITIVE_INFINITY;
  #fastestBefore = Number.POSITIVE_INFINITY;
  /** Since when every packet has been later than the longest delay, and what was wanted then. */
  #lateSinceMs: number | undefined;
  #wantedBeforeLateMs = FIRST_DELAY_MS;
  /** Lead of a packet that comes without any lateness, smoothed, samples. */
  #lead = 0;
  #ticksSinceChange = 0;

  /** @param law the law in which frames are kept and pulled. */
  constructor(law: Law) {
    this.#toLinear = law.toLinear;
    this.#fromLinear = law.fromLinear;
    this.#silence = law.silence;
    this.#concealment = new PacketLossConcealment(law.toLinear);
  }

  /** The delay that arrivals ask for, ms. */
  get wantedMs(): number {
    return this.#wantedMs;
  }

  /** The delay as it is: how long before its turn a packet without lateness comes, ms. */
  get delayMs(): number {
    return this.#isRunning ? Math.max(0, this.#lead / SAMPLES_PER_MS) : 0;
  }

  /**
   * Takes the audio `datagram[start … end)`. `convert` turns its bytes into this buffer's law, undefined where they are
   * of it. `arrivalMs` is of any steady clock.
   */
  put(
    timestamp: number,
    datagram: Uint8Array,
    start: number,
    end: number,
    convert: Uint8Array | undefined,
    arrivalMs: number,
  ): void {
    const samples = end - start;
    if (!this.#isRunning) this.#startAt(timestamp);
    let lead = timestampDistance(timestamp, this.#next);
    if (lead < -CAPACITY || lead + samples > CAPACITY) {
      this.#strays += 1;
      if (this.#strays < STRAYS_BEFORE_RESTART) return;
      this.#forgetTiming();
      this.#startAt(timestamp);
      lead = timestampDistance(timestamp, this.#next);
      if (lead + samples > CAPACITY) return;
    }
    this.#strays = 0;
    this.#noiseLevel = undefined;
    this.#judgeArrival(timestamp, lead, arrivalMs);
    // What is still to be played of it is kept.
    const skipped = Math.max(0, -lead);
    if (skipped >= samples) {
      this.late += 1;
      return;
    }
    for (let i = skipped; i < samples; i += 1) {
      const byte = datagram[start + i] as number;
      this.#ring[(timestamp + i) & MASK] = convert ? (convert[byte] as number) : byte;
    }
    const packetEnd = addToTimestamp(timestamp, samples);
    if (timestampDistance(packetEnd, this.#end) > 0) this.#end = packetEnd;
  }

  /** The far end fell silent and says how loud its room is: −dBov, 0 … 127 (RFC 3389 §3.1). */
  putNoise(level: number): void {
    this.#noiseLevel = level & 0x7f;
  }

  /** Another source: nothing that is held or known applies to it. */
  restart(): void {
    this.#isRunning = false;
    this.#noiseLevel = undefined;
    this.#ring.fill(MISSING);
    this.#concealment.restart();
    this.#forgetTiming();
  }

  /** Fills the next frame, and says where it comes from. Call once a tick. */
  pull(frame: Uint8Array): FrameOrigin {
    this.#ticksSinceChange += 1;
    if (!this.#isRunning) return this.#makeNoise(frame);
    const held = this.#held();
    if (held === FRAME) return this.#playHeld(frame);
    // Before the first packet's turn there is nothing to make up.
    if (held === 0 && this.#concealment.lostMs === 0 && this.#isBeforeStart) return this.#wait(frame);
    if (held === 0 && timestampDistance(this.#end, this.#next) <= 0) return this.#runDry(frame);
    return this.#playBroken(frame);
  }

  /** Places of the next frame that hold audio. */
  #held(): number {
    let held = 0;
    for (let i = 0; i < FRAME; i += 1) if (this.#ring[(this.#next + i) & MASK] !== MISSING) held += 1;
    return held;
  }

  #startAt(timestamp: number): void {
    this.#ring.fill(MISSING);
    this.#isRunning = true;
    this.#isBeforeStart = true;
    this.#strays = 0;
    const lead = this.#wantedMs * SAMPLES_PER_MS;
    this.#next = addToTimestamp(timestamp, -lead);
    this.#end = timestamp;
    this.#lead = lead;
    this.#ticksSinceChange = 0;
  }

  #forgetTiming(): void {
    this.#lateness.fill(0);
    this.#packets = 0;
    this.#fastest = Number.POSITIVE_INFINITY;
    this.#fastestBefore = Number.POSITIVE_INFINITY;
    this.#lateSinceMs = undefined;
  }

  #wait(frame: Uint8Array): 'absent' {
    this.#next = addToTimestamp(this.#next, FRAME);
    frame.fill(this.#silence);
    return 'absent';
  }

  #playHeld(frame: Uint8Array): FrameOrigin {
    this.#isBeforeStart = false;
    const wanted = this.#wantedMs * SAMPLES_PER_MS;
    // A stall of ours or of the network: what piled up meanwhile is past, and is left out in one go.
    while (this.#lead > FAR_TOO_LONG && this.#held() === FRAME) this.#skip(FRAME);
    if (this.#held() < FRAME) return this.#playBroken(frame);
    if (this.#lead > wanted + FRAME + TOLERANCE && this.#mayChange()) {
      if (this.#isQuiet()) this.#skip(FRAME);
      else if (this.#ticksSinceChange > TICKS_UNTIL_CUT || this.#lead > LONGEST_DELAY_MS * SAMPLES_PER_MS) {
        if (this.#cutPeriod(frame)) return 'received';
      }
      if (this.#held() < FRAME) return this.#playBroken(frame);
    }
    const doubles = this.#lead < wanted - TOLERANCE && this.#mayChange() && this.#isQuiet();
    this.#copyOut(frame, !doubles);
    if (doubles) this.#changed(FRAME);
    if (this.#concealment.lostMs > 0) this.#recover(frame);
    this.#concealment.heard(frame);
    return 'received';
  }

  /** Some of the frame is there, or later audio is: what is missing was lost. */
  #playBroken(frame: Uint8Array): FrameOrigin {
    const held = this.#held();
    const origin = held === 0 && this.#concealment.isSilent ? 'lost' : 'concealed';
    this.#concealment.conceal(this.#linear);
    this.concealed += 1;
    for (let i = 0; i < FRAME; i += 1) {
      const place = (this.#next + i) & MASK;
      const code = this.#ring[place] as number;
      frame[i] = code === MISSING ? (this.#fromLinear[(this.#linear[i] as number) & 0xffff] as number) : code;
      this.#ring[place] = MISSING;
    }
    this.#next = addToTimestamp(this.#next, FRAME);
    if (held > 0) {
      this.#isBeforeStart = false;
      this.#concealment.heard(frame);
    }
    return origin;
  }

  /** Nothing is left: late, lost, or the far end pauses. */
  #runDry(frame: Uint8Array): FrameOrigin {
    if (this.#noiseLevel !== undefined || this.#concealment.isSilent) {
      // The next packet begins afresh, with the delay that is wanted then.
      this.#isRunning = false;
      this.#concealment.restart();
      return this.#makeNoise(frame);
    }
    this.#concealment.conceal(this.#linear);
    this.concealed += 1;
    for (let i = 0; i < FRAME; i += 1)
      frame[i] = this.#fromLinear[(this.#linear[i] as number) & 0xffff] as number;
    // Waiting for what is late makes the delay longer; that is done only as far as it is wanted.
    if (this.#lead < this.#wantedMs * SAMPLES_PER_MS - TOLERANCE / 2) this.#changed(FRAME);
    else this.#next = addToTimestamp(this.#next, FRAME);
    return 'concealed';
  }

  #makeNoise(frame: Uint8Array): FrameOrigin {
    if (this.#noiseLevel === undefined) {
      frame.fill(this.#silence);
      return 'absent';
    }
    // Uniform noise of the RMS that the level tells; full scale is 32 767.
    const peak = 32_767 * 10 ** (-this.#noiseLevel / 20) * Math.sqrt(3);
    for (let i = 0; i < FRAME; i += 1) {
      this.#noiseSeed = (Math.imul(this.#noiseSeed, 1_664_525) + 1_013_904_223) | 0;
      const sample = Math.max(-32_767, Math.min(32_767, Math.round((this.#noiseSeed / 2 ** 31) * peak)));
      frame[i] = this.#fromLinear[sample & 0xffff] as number;
    }
    return 'received';
  }

  #copyOut(frame: Uint8Array, advances: boolean): void {
    for (let i = 0; i < FRAME; i += 1) {
      const place = (this.#next + i) & MASK;
      frame[i] = this.#ring[place] as number;
      if (advances) this.#ring[place] = MISSING;
    }
    if (advances) this.#next = addToTimestamp(this.#next, FRAME);
  }

  #recover(frame: Uint8Array): void {
    for (let i = 0; i < FRAME; i += 1) this.#linear[i] = this.#toLinear[frame[i] as number] as number;
    this.#concealment.recover(this.#linear);
    for (let i = 0; i < FRAME; i += 1)
      frame[i] = this.#fromLinear[(this.#linear[i] as number) & 0xffff] as number;
  }

  #mayChange(): boolean {
    return this.#ticksSinceChange > TICKS_BETWEEN_CHANGES;
  }

  /** Notes that the delay grew (or, negative, shrank) by so many samples. */
  #changed(samples: number): void {
    this.#lead += samples;
    this.adjustments += 1;
    this.#ticksSinceChange = 0;
  }

  #isQuiet(): boolean {
    let energy = 0;
    for (let i = 0; i < FRAME; i += 1) energy += this.#sample(i) ** 2;
    return energy / FRAME < QUIET_ENERGY;
  }

  /** The sample `ahead` of the next, linear; 0 where none is held. */
  #sample(ahead: number): number {
    const code = this.#ring[(this.#next + ahead) & MASK] as number;
    return code === MISSING ? 0 : (this.#toLinear[code] as number);
  }

  #skip(samples: number): void {
    for (let i = 0; i < samples; i += 1) this.#ring[(this.#next + i) & MASK] = MISSING;
    this.#next = addToTimestamp(this.#next, samples);
    this.#changed(-samples);
  }

  /** Plays a frame out of which the stretch that repeats itself best was blended away; false when too little is held. */
  #cutPeriod(frame: Uint8Array): boolean {
    for (let i = FRAME; i < 2 * FRAME; i += 1) {
      if (this.#ring[(this.#next + i) & MASK] === MISSING) return false;
    }
    const sound = this.#stretch;
    for (let i = 0; i < 2 * FRAME; i += 1) sound[i] = this.#sample(i);
    const best = likestLag(sound);
    for (let i = 0; i < FRAME; i += 1) {
      const share = (i + 1) / (FRAME + 1);
      const sample = Math.round((sound[i] as number) * (1 - share) + (sound[i + best] as number) * share);
      frame[i] = this.#fromLinear[sample & 0xffff] as number;
    }
    for (let i = 0; i < FRAME; i += 1) this.#ring[(this.#next + i) & MASK] = MISSING;
    this.#next = addToTimestamp(this.#next, FRAME);
    this.#skip(best);
    this.#concealment.heard(frame);
    return true;
  }

  #judgeArrival(timestamp: number, lead: number, arrivalMs: number): void {
    // Wraps with the timestamps; only differences are used.
    const transit = (Math.round(arrivalMs * SAMPLES_PER_MS) - timestamp) | 0;
    if (this.#packets % STRETCH_PACKETS === 0) {
      this.#fastestBefore = this.#fastest;
      this.#fastest = Number.POSITIVE_INFINITY;
    }
    this.#packets += 1;
    if (this.#fastest === Number.POSITIVE_INFINITY || ((transit - this.#fastest) | 0) < 0)
      this.#fastest = transit;
    let fastest = this.#fastest;
    if (this.#fastestBefore !== Number.POSITIVE_INFINITY && ((this.#fastestBefore - fastest) | 0) < 0) {
      fastest = this.#fastestBefore;
    }
    const late = Math.max(0, (transit - fastest) | 0);
    if (this.#isLateForGood(late, arrivalMs)) {
      this.#forgetTiming();
      this.#wantedMs = this.#wantedBeforeLateMs;
      this.#lead = lead;
      return;
    }
    this.#lead += (Math.min(CAPACITY, lead + late) - this.#lead) / 16;
    const place = Math.min(CLASSES - 1, Math.floor(late / SAMPLES_PER_MS / CLASS_MS));
    let total = 0;
    for (let i = 0; i < CLASSES; i += 1) {
      const count = (this.#lateness[i] as number) * MEMORY + (i === place ? 1 : 0);
      this.#lateness[i] = count;
      total += count;
    }
    if (this.#packets < 50) return;
    let covered = 0;
    let classes = 0;
    while (covered < IN_TIME * total && classes < CLASSES) {
      covered += this.#lateness[classes] as number;
      classes += 1;
    }
    const neededMs = Math.ceil((classes * CLASS_MS) / SHORTEST_DELAY_MS) * SHORTEST_DELAY_MS;
    this.#wantedMs = Math.min(LONGEST_DELAY_MS, Math.max(SHORTEST_DELAY_MS, neededMs));
  }

  /**
   * A sender that pauses while its timestamps stand still, or a way that has become longer: nothing will be as fast any more as it
   * was. What piled up behind a stall is no such thing: it comes all at once.
   */
  #isLateForGood(late: number, arrivalMs: number): boolean {
    if (late <= LONGEST_DELAY_MS * SAMPLES_PER_MS) {
      this.#lateSinceMs = undefined;
      return false;
    }
    if (this.#lateSinceMs === undefined) {
      this.#lateSinceMs = arrivalMs;
      this.#wantedBeforeLateMs = this.#wantedMs;
    }
    const enoughMs = late > FAR_TOO_LONG ? FAR_TOO_LATE_FOR_GOOD_MS : LATE_FOR_GOOD_MS;
    return arrivalMs - this.#lateSinceMs >= enoughMs;
  }
}

/** The lag, 5 … 20 ms, at which two frames of sound repeat themselves best; looked for at half the rate. */
function likestLag(sound: Int16Array): number {
  let best = FRAME;
  let bestLikeness = Number.NEGATIVE_INFINITY;
  for (let lag = FRAME / 4; lag <= FRAME; lag += 2) {
    let product = 0;
    let energy = 1;
    for (let i = 0; i < FRAME; i += 2) {
      const ahead = sound[i + lag] as number;
      product += (sound[i] as number) * ahead;
      energy += ahead * ahead;
    }
    const likeness = product / Math.sqrt(energy);
    if (likeness > bestLikeness) {
      bestLikeness = likeness;
      best = lag;
    }
  }
  return best;
}
