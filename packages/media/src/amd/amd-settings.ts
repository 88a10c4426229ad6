/** What can be tuned of answering machine detection, and the defaults that docs/amd.md reports on. */

export interface AmdSettings {
  /** Speech is at least this loud, dB below full scale. Default −52. */
  readonly lowestLevelDb: number;
  /** A frame is speech from these log-odds of the voice network on. Default 0. */
  readonly speechLogOdds: number;
  /**
   * Who begins after a pause so far below the loudest speech since the answer talks behind the one who answered, and counts as silence; who goes
   * on, 5 dB further below. 100: nobody. Default 11, dB.
   */
  readonly behindDb: number;
  /** A person is believed from these log-odds on; higher is slower and surer. Default 2.6. */
  readonly humanLogOdds: number;
  /** No person is believed before so long after the answer: who speaks at once is heard out, ms. Default 1,140. */
  readonly earliestHumanMs: number;
  /**
   * No person is believed before so much silence after the last word, save at `decideByMs`; up to 80 ms earlier where the odds are
   * much better, ms. Default 320.
   */
  readonly leastSilenceMs: number;
  /**
   * People should be told by then, ms since the answer: who spoke and is silent shortly before is believed to be one from
   * `hurriedLogOdds` on. Default 2,000.
   */
  readonly decideByMs: number;
  /** Default 0.6. */
  readonly hurriedLogOdds: number;
  /** Who spoke, may be a person, and is then silent for so long, waits for an answer: a person, ms. Default 1,320. */
  readonly waitingSilenceMs: number;
  /**
   * Who is silent for so long will not say more, and would have beeped: what sounded like a machine until now is decided, nearly
   * always as a person, ms. Default 2,200.
   */
  readonly longWaitingSilenceMs: number;
  /** So much speech, pauses left out, is a machine's, ms. Default 3,900. */
  readonly machineSpeechMs: number;
  /** The same of speech without a pause: firms have long greetings of one breath, ms. Default 4,100. */
  readonly machineBreathMs: number;
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
  speechLogOdds: 0,
  behindDb: 11,
  humanLogOdds: 2.6,
  earliestHumanMs: 1_140,
  leastSilenceMs: 320,
  decideByMs: 2_000,
  hurriedLogOdds: 0.6,
  waitingSilenceMs: 1_320,
  longWaitingSilenceMs: 2_200,
  machineSpeechMs: 3_900,
  machineBreathMs: 4_100,
  initialSilenceMs: 4_000,
  longestAnalysisMs: 7_000,
  promptEndSilenceMs: 3_000,
  longestPromptMs: 60_000,
};
