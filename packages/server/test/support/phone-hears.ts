/** What a phone of the simulated carrier heard, by its recording: whether a tone reached it. For tests that measure audio. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { toneLevel } from '@ringback/media';
import type { TestService } from './test-service.ts';

const samplesInHalfASecond = 4000;

/** Resolves when nearly all of what the phone heard for half a second is the tone. Its recording may be written a moment after the call. */
export async function phoneHears(ringback: TestService, number: string, hz: number): Promise<void> {
  const giveUpAtMs = performance.now() + 20_000;
  for (;;) {
    const [heard] = (await ringback.phoneHeard(number)) ?? [];
    const level = heard ? loudest(heard, hz) : 0;
    if (level > 0.9) return;
    assert.ok(performance.now() < giveUpAtMs, `${number} did not hear ${hz} Hz; its share was ${level}`);
    await sleep(100);
  }
}

/** Highest share of a tone in any half second. */
export function loudest(pcm: Int16Array, hz: number): number {
  let best = 0;
  for (let at = 0; at + samplesInHalfASecond <= pcm.length; at += samplesInHalfASecond / 2) {
    best = Math.max(best, toneLevel(pcm.subarray(at, at + samplesInHalfASecond), 8000, hz));
  }
  return best;
}
