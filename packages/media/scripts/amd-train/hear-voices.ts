/** Makes the voice network's examples: what it is shown of every other frame, and whether somebody speaks in it. */
import { ToneTracker } from '../../src/detect/tone-tracker.ts';
import { FRAME_MS, JUDGEMENT_DELAY_MS, VoiceActivity } from '../../src/detect/voice-activity.ts';
import { LEVEL_FEATURES, SHAPE_FEATURES } from '../../src/detect/voice-features.ts';
import { CONTEXT, NETWORK_INPUTS, type VoiceNetwork } from '../../src/detect/voice-network.ts';
import { WebRtcVad, type WebRtcVadModule } from '../../src/detect/webrtc-vad.ts';
import { Seeded } from '../amd-set/seeded.ts';
import type { VoiceExamples } from './fit-voice.ts';
import type { LabelledAudio } from './labelled-audio.ts';

/** Nearly all verdicts fall within, ms. */
const longestMs = 5_000;
/** Levels are shifted by up to so much, so that none is learned, dB. */
const shiftDb = 9;
const unfitted: VoiceNetwork = { units: 0, hidden: new Float32Array(0), output: Float32Array.of(0) };

export function hearVoices(items: Iterable<LabelledAudio>, module: WebRtcVadModule): VoiceExamples {
  const chunks: Float32Array[] = [];
  const isSpeech: number[] = [];
  for (const item of items) {
    const random = new Seeded(`ringback/amd/shift/${item.file}`);
    const shift = random.between(-shiftDb, shiftDb) / 60;
    const vad = new WebRtcVad(module);
    const voice = new VoiceActivity(vad, { lowestLevelDb: -96, speechLogOdds: 0 }, unfitted);
    const tones = new ToneTracker(() => undefined);
    const rows: Float32Array[] = [];
    const levels: number[] = [];
    const starts: number[] = [];
    for (let at = 0; at + 160 <= item.pcm.length && at < 8 * longestMs; at += 160) {
      const pcm = item.pcm.subarray(at, at + 160);
      tones.hear(pcm);
      if (!voice.hear(pcm, tones.power)) continue;
      rows.push(voice.inputs.slice());
      levels.push(voice.frame.levelDb);
      starts.push(at / 8 - JUDGEMENT_DELAY_MS);
    }
    vad.close();
    const loudest = Math.max(...levels);
    const parity = chunks.length % 2;
    for (const [n, row] of rows.entries()) {
      if (n % 2 === parity) continue;
      shiftLevels(row, shift);
      chunks.push(row);
      // Music plays instead of a person: who hears it hears a machine speak.
      const isHeard =
        item.kind === 'music'
          ? (levels[n] as number) > loudest - 25
          : isSpoken(item.speech, starts[n] as number);
      isSpeech.push(isHeard ? 1 : 0);
    }
  }
  const inputs = new Float32Array(chunks.length * NETWORK_INPUTS);
  for (const [n, chunk] of chunks.entries()) inputs.set(chunk, n * NETWORK_INPUTS);
  return { inputs, isSpeech: Uint8Array.from(isSpeech) };
}

/** At least half of the frame lies in speech. */
function isSpoken(speech: LabelledAudio['speech'], startMs: number): boolean {
  const middle = startMs + FRAME_MS / 2;
  return speech.some(([from, to]) => from <= middle && middle < to);
}

/** The last input is no level. */
function shiftLevels(row: Float32Array, shift: number): void {
  const levelAt = SHAPE_FEATURES - 2;
  for (let n = 0; n < CONTEXT.length; n += 1) {
    const at = n * SHAPE_FEATURES + levelAt;
    row[at] = Math.max(0, (row[at] as number) + shift);
  }
  const from = CONTEXT.length * SHAPE_FEATURES;
  for (let n = from; n < from + LEVEL_FEATURES - 1; n += 1) row[n] = (row[n] as number) + shift;
}
