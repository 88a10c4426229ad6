/**
 * What detection by energy and word timing alone would say, with the defaults that are commonly published for it. Stands
 * beside our own figures so that they can be judged; calls never use it.
 */
import type { AnswerLabel } from './label-file.ts';

/** Milliseconds, words, and mean absolute sample value. */
export const energyDefaults = {
  initialSilenceMs: 2_500,
  greetingMs: 1_500,
  afterGreetingSilenceMs: 800,
  mostWords: 3,
  totalMs: 5_000,
  leastWordMs: 100,
  betweenWordsMs: 50,
  silenceLevel: 256,
} as const;

const FRAME_SAMPLES = 160;
const FRAME_MS = 20;

export interface BaselineVerdict {
  readonly label: AnswerLabel;
  readonly atMs: number;
}

/** Judges 8 kHz audio from the answer on. */
export function judgeByEnergy(pcm: Int16Array): BaselineVerdict {
  const limits = energyDefaults;
  let voiceMs = 0;
  let silenceMs = 0;
  let greetingMs = 0;
  let words = 0;
  let isInWord = false;
  let hasSpoken = false;
  for (let atMs = 0; atMs < limits.totalMs; atMs += FRAME_MS) {
    const start = (atMs / FRAME_MS) * FRAME_SAMPLES;
    const nowMs = atMs + FRAME_MS;
    const isVoice = level(pcm.subarray(start, start + FRAME_SAMPLES)) >= limits.silenceLevel;
    if (isVoice) {
      voiceMs += FRAME_MS;
      silenceMs = 0;
      if (voiceMs >= limits.leastWordMs && !isInWord) {
        isInWord = true;
        hasSpoken = true;
        words += 1;
      }
    } else {
      silenceMs += FRAME_MS;
      if (silenceMs >= limits.betweenWordsMs) {
        isInWord = false;
        voiceMs = 0;
      }
    }
    if (hasSpoken) greetingMs += FRAME_MS;
    if (!hasSpoken && silenceMs >= limits.initialSilenceMs) return { label: 'machine', atMs: nowMs };
    if (words >= limits.mostWords) return { label: 'machine', atMs: nowMs };
    if (hasSpoken && silenceMs >= limits.afterGreetingSilenceMs) return { label: 'human', atMs: nowMs };
    if (hasSpoken && silenceMs === 0 && greetingMs >= limits.greetingMs)
      return { label: 'machine', atMs: nowMs };
  }
  return { label: 'unresolved', atMs: limits.totalMs };
}

function level(pcm: Int16Array): number {
  let sum = 0;
  for (let n = 0; n < pcm.length; n += 1) sum += Math.abs(pcm[n] as number);
  return pcm.length === 0 ? 0 : sum / pcm.length;
}
