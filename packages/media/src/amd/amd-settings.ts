/** What can be tuned of answering machine detection, and the defaults that docs/amd.md reports on. */

export interface AmdSettings {
  /** Speech is at least this loud, dB below full scale. Default −52. */
  readonly lowestLevelDb: number;
  /** Speech stands at least so far above the noise, dB. Default 8. */
  readonly aboveNoiseDb: number;
  /** A person is believed from these log-odds on; higher is slower and surer. Default 2.7. */
  readonly humanLogOdds: number;
  /** No person is believed before so much silence after the last word, ms. Default 200. */
  readonly leastSilenceMs: number;
  /** Who said less than `machineSpeechMs` and is then silent for so long waits for an answer: a person, ms. Default 1,800. */
  readonly waitingSilenceMs: number;
  /** So much speech, pauses left out, is a machine's, ms. Default 3,300. */
  readonly machineSpeechMs: number;
  /** Nobody spoke for so long after the answer: unresolved, ms. Default 4,000. */
  readonly initialSilenceMs: number;
  /** A verdict is given at the latest so long after the answer, ms. Default 7,000. */
  readonly longestAnalysisMs: number;
  /** Silence after a machine's greeting that ends the wait for its beep, ms. Default 3,000. */
  readonly promptEndSilenceMs: number;
  /** The wait for a beep or the end of the greeting ends at the latest so long after the answer, ms. Default 60,000. */
  readonly longestPromptMs: number;
}

export const defaultAmdSettings: AmdSettings = {
  lowestLevelDb: -52,
  aboveNoiseDb: 8,
  humanLogOdds: 2.7,
  leastSilenceMs: 200,
  waitingSilenceMs: 1_800,
  machineSpeechMs: 3_300,
  initialSilenceMs: 4_000,
  longestAnalysisMs: 7_000,
  promptEndSilenceMs: 3_000,
  longestPromptMs: 60_000,
};
