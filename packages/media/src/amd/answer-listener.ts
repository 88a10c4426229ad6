/** Hears an answered call 20 ms at a time and keeps what can be known of it: voice, tones, cadence. Decides nothing. */
import { type ToneSignal, ToneSignals } from '../detect/tone-signals.ts';
import { ToneTracker } from '../detect/tone-tracker.ts';
import {
  FRAME_MS,
  JUDGEMENT_DELAY_MS,
  VoiceActivity,
  type VoiceActivityOptions,
  type VoiceFrame,
} from '../detect/voice-activity.ts';
import type { VoiceNetwork } from '../detect/voice-network.ts';
import { voiceNetwork } from '../detect/voice-weights.ts';
import { WebRtcVad, type WebRtcVadModule } from '../detect/webrtc-vad.ts';
import type { AmdSettings } from './amd-settings.ts';
import { SpeechCadence } from './speech-cadence.ts';

/** From so much steady tone on it is no voice: vowels are shorter, ms. */
const TONE_MS = 300;

/** The network's tones have beats of this length and more, ms; a vowel may be as steady for less. */
const BEAT_MS = 150;

/** A steady sound whose frames have these log-odds of speech on the average is a drawn-out vowel, and no tone. */
const VOWEL_LOG_ODDS = 2;

/** Somebody has spoken who said so much, ms: less may be a murmur behind, or the first moments of a tone. */
const SPOKEN_MS = 500;

export class AnswerListener {
  readonly #settings: Pick<AmdSettings, 'behindDb'>;
  #cadence: SpeechCadence;
  readonly #vad: WebRtcVad;
  readonly #voice: VoiceActivity;
  readonly #tones: ToneTracker;
  readonly #signals: ToneSignals;
  #nowMs = 0;
  #toneEndMs = Number.NEGATIVE_INFINITY;
  /** Log-odds of speech since the steady sound of now began, and of how many frames. */
  #steadyLogOdds = 0;
  #steadyFrames = 0;

  /** @param report called for each tone that means something, when it can be told. */
  constructor(
    module: WebRtcVadModule,
    settings: VoiceActivityOptions & Pick<AmdSettings, 'behindDb'>,
    report: (signal: ToneSignal) => void,
    network: VoiceNetwork = voiceNetwork,
  ) {
    this.#vad = new WebRtcVad(module);
    this.#settings = settings;
    this.#cadence = new SpeechCadence(settings);
    this.#voice = new VoiceActivity(this.#vad, settings, network);
    this.#signals = new ToneSignals(report);
    this.#tones = new ToneTracker((stretch) =>
      this.#signals.take(stretch, this.spokeBefore(stretch.startMs)),
    );
  }

  /** Audio heard, ms. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** The rhythm of what was said. */
  get cadence(): SpeechCadence {
    return this.#cadence;
  }

  /** The judged frame, `JUDGEMENT_DELAY_MS` old. */
  get frame(): VoiceFrame {
    return this.#voice.frame;
  }

  /** A tone has been sounding for at least 50 ms. */
  get isTone(): boolean {
    return this.#tones.ongoing !== undefined && !this.#isVowel;
  }

  get #isVowel(): boolean {
    return this.#steadyLogOdds >= VOWEL_LOG_ODDS * this.#steadyFrames && this.#steadyFrames > 0;
  }

  /** Since something as long and steady as a beat of the network's tones was sounding, ms. */
  get sinceToneMs(): number {
    return this.#nowMs - this.#toneEndMs;
  }

  /** Takes 160 samples of 8 kHz audio. */
  hear(pcm: Int16Array): void {
    this.#nowMs += FRAME_MS;
    this.#tones.hear(pcm);
    const isJudged = this.#voice.hear(pcm, this.#tones.power);
    const { ongoing } = this.#tones;
    this.#weighSteadySound(ongoing !== undefined);
    if (ongoing && !this.#isVowel) {
      if (ongoing.lengthMs >= BEAT_MS) this.#toneEndMs = this.#nowMs;
      if (ongoing.lengthMs >= TONE_MS) this.#forgetTone(ongoing.startMs);
    }
    if (isJudged) this.#cadence.hear(this.#voice.frame);
    this.#signals.pass(this.#nowMs, ongoing, this.spokeBefore(ongoing?.startMs ?? this.#nowMs));
  }

  /** Frees the detector's memory. May be called twice. */
  close(): void {
    this.#vad.close();
  }

  #weighSteadySound(isSteady: boolean): void {
    this.#steadyFrames = isSteady ? this.#steadyFrames + 1 : 0;
    this.#steadyLogOdds = isSteady ? this.#steadyLogOdds + this.#voice.frame.logOdds : 0;
  }

  /** The first moments of a tone may have been taken for speech: what began with it was none. */
  #forgetTone(toneStartMs: number): void {
    const { startedMs } = this.#cadence;
    if (startedMs === undefined || startedMs < toneStartMs - 80) return;
    this.#cadence = new SpeechCadence(this.#settings, this.#nowMs - FRAME_MS - JUDGEMENT_DELAY_MS);
  }

  /** Whether somebody spoke, and not just murmured, before this moment. */
  spokeBefore(atMs: number): boolean {
    const { startedMs, measures } = this.cadence;
    return startedMs !== undefined && startedMs < atMs - 100 && measures.speech * 1000 >= SPOKEN_MS;
  }
}
