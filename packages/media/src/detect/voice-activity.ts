/**
 * Says of each 20 ms frame whether somebody speaks, two frames after it. A small network judges what voice-features.ts
 * measures around the frame: the WebRTC detector alone calls noise and ringback speech, and energy alone everything.
 */
import { LEVEL_FEATURES, SHAPE_FEATURES, VoiceFeatures } from './voice-features.ts';
import { CONTEXT, FRAMES_AHEAD, judgeVoice, NETWORK_INPUTS, type VoiceNetwork } from './voice-network.ts';
import type { WebRtcVad } from './webrtc-vad.ts';

export const FRAME_MS = 20;

/** A judgement comes so long after its frame, ms. */
export const JUDGEMENT_DELAY_MS = FRAMES_AHEAD * FRAME_MS;

export interface VoiceFrame {
  /** Somebody speaks in this frame. */
  isSpeech: boolean;
  /** It has a pitch. */
  isVoiced: boolean;
  /** Log-odds that somebody speaks in it. */
  logOdds: number;
  /** Root mean square, dB below full scale. */
  levelDb: number;
  /** Steady noise behind, dB below full scale. */
  floorDb: number;
}

export interface VoiceActivityOptions {
  /** Speech is at least this loud, dB below full scale. */
  lowestLevelDb: number;
  /** A frame is speech from these log-odds on. */
  speechLogOdds: number;
}

/** A frame counts as voiced from here on. */
const VOICED = 0.55;

/** Frames kept: the earliest looked at to the latest. */
const KEPT = FRAMES_AHEAD - (CONTEXT[0] as number) + 1;

interface Kept {
  readonly shape: Float32Array;
  readonly levels: Float32Array;
  levelDb: number;
  floorDb: number;
  periodicity: number;
}

const newKept = (): Kept => ({
  shape: new Float32Array(SHAPE_FEATURES),
  levels: new Float32Array(LEVEL_FEATURES),
  levelDb: -96,
  floorDb: -96,
  periodicity: 0,
});

export class VoiceActivity {
  readonly #vad: WebRtcVad;
  readonly #options: VoiceActivityOptions;
  readonly #network: VoiceNetwork;
  readonly #features = new VoiceFeatures();
  readonly #kept = Array.from({ length: KEPT }, newKept);
  readonly #inputs = new Float32Array(NETWORK_INPUTS);
  #frames = 0;
  readonly frame: VoiceFrame = { isSpeech: false, isVoiced: false, logOdds: -9, levelDb: -96, floorDb: -96 };

  constructor(vad: WebRtcVad, options: VoiceActivityOptions, network: VoiceNetwork) {
    this.#vad = vad;
    this.#options = options;
    this.#network = network;
  }

  /** What the network was shown last. */
  get inputs(): Float32Array {
    return this.#inputs;
  }

  /**
   * Takes 20 ms and the spectrum of the 32 ms that end with it. The judgement of the frame `JUDGEMENT_DELAY_MS` before
   * stands in `frame`, which is overwritten by the next.
   *
   * @returns false while there is no such frame yet.
   */
  hear(pcm: Int16Array, power: Float64Array): boolean {
    this.#features.hear(pcm, power, this.#vad.isSpeech(pcm));
    // What was before the first frame is taken to have been like it.
    for (let n = this.#frames === 0 ? KEPT : 1; n > 0; n -= 1) this.#keep(this.#frames + n - 1);
    this.#frames += 1;
    if (this.#frames <= FRAMES_AHEAD) return false;
    this.#gatherInputs();
    const { levelDb, floorDb, periodicity } = this.#keptAt(0);
    const { frame } = this;
    frame.levelDb = levelDb;
    frame.floorDb = floorDb;
    frame.logOdds = judgeVoice(this.#network, this.#inputs);
    frame.isSpeech = frame.logOdds >= this.#options.speechLogOdds && levelDb >= this.#options.lowestLevelDb;
    frame.isVoiced = frame.isSpeech && periodicity >= VOICED;
    return true;
  }

  #keep(at: number): void {
    const { shape, levels, levelDb, floorDb, periodicity } = this.#features;
    const kept = this.#kept[at % KEPT] as Kept;
    kept.shape.set(shape);
    kept.levels.set(levels);
    kept.levelDb = levelDb;
    kept.floorDb = floorDb;
    kept.periodicity = periodicity;
  }

  /** What was kept of a frame, counted from the one that is judged. */
  #keptAt(offset: number): Kept {
    const at = (this.#frames - 1 - FRAMES_AHEAD + offset + KEPT) % KEPT;
    return this.#kept[at] as Kept;
  }

  #gatherInputs(): void {
    let at = 0;
    for (const offset of CONTEXT) {
      this.#inputs.set(this.#keptAt(offset).shape, at);
      at += SHAPE_FEATURES;
    }
    this.#inputs.set(this.#keptAt(0).levels, at);
  }
}
