/**
 * How a conversation sounded, from its counters: a mean opinion score by the E-model (ITU-T G.107) and what was wrong.
 */
import type { RtpStats } from './media-stats.ts';

export type AudioIssue = 'HighPacketLoss' | 'HighRoundTripTime' | 'HighJitterBuffer';

export interface AudioQuality {
  /** 1.00 … 4.41; what G.711 can reach at best. */
  score: number;
  issues: AudioIssue[];
}

/** Rating without any impairment (G.107 default). */
const BEST_RATING = 93.2;

/** Packet-loss robustness of G.711 with concealment (G.113 Appendix I, random loss). */
const LOSS_ROBUSTNESS = 25.1;

/** Delay that listeners begin to mind, ms one way (G.107 simplified by Cole and Rosenbluth). */
const MINDED_DELAY_MS = 177.3;

/** Above these a listener notices; ours, Amazon publishes none. */
const HIGH_LOSS = 0.05;
const HIGH_ROUND_TRIP_MS = 300;
const HIGH_JITTER_MS = 30;

/** Frame and play-out beside the jitter, ms. */
const FIXED_DELAY_MS = 40;

/** What the score is made of. */
type HeardStream = Pick<RtpStats, 'packetsReceived' | 'lost' | 'jitterMs' | 'roundTripMs'>;

/** Undefined where nothing was heard. */
export function audioQuality(stats: HeardStream): AudioQuality | undefined {
  const expected = stats.packetsReceived + stats.lost;
  if (stats.packetsReceived === 0) return undefined;
  const loss = stats.lost / expected;
  const roundTripMs = stats.roundTripMs ?? 0;
  const delayMs = roundTripMs / 2 + FIXED_DELAY_MS + 2 * stats.jitterMs;
  const delayImpairment =
    0.024 * delayMs + (delayMs > MINDED_DELAY_MS ? 0.11 * (delayMs - MINDED_DELAY_MS) : 0);
  const lossImpairment = (95 * loss * 100) / (loss * 100 + LOSS_ROBUSTNESS);
  const score = opinionScore(BEST_RATING - delayImpairment - lossImpairment);
  const issues: AudioIssue[] = [];
  if (loss > HIGH_LOSS) issues.push('HighPacketLoss');
  if (roundTripMs > HIGH_ROUND_TRIP_MS) issues.push('HighRoundTripTime');
  if (stats.jitterMs > HIGH_JITTER_MS) issues.push('HighJitterBuffer');
  return { score: Math.round(score * 100) / 100, issues };
}

/** Rating → mean opinion score (G.107 Annex B). */
function opinionScore(rating: number): number {
  if (rating <= 0) return 1;
  const limited = Math.min(100, rating);
  return Math.max(1, 1 + 0.035 * limited + limited * (limited - 60) * (100 - limited) * 7e-6);
}
