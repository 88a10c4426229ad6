/** Hears one recording as a call would be heard, and says what came of it. */
import { readFileSync } from 'node:fs';
import {
  type AmdEvent,
  type AmdMoment,
  type AmdSettings,
  AnswerDetector,
  AnswerListener,
  type AnswerVerdict,
  readWav,
  resample,
  type ToneSignal,
  WavUnusable,
  type WebRtcVadModule,
} from '@ringback/media';
import type { AnswerLabel } from './label-file.ts';

const FRAME_SAMPLES = 160;
const FRAME_MS = 20;

/** A tone at a recording's very end is over when silence follows, as it would in a call. */
const SILENCE_AFTER_MS = 1_000;

export interface HeardSignal {
  readonly signal: ToneSignal;
  /** When it could be told, ms since the answer. */
  readonly foundMs: number;
}

export interface JudgedFile {
  readonly verdict: AnswerVerdict;
  readonly label: AnswerLabel;
  readonly promptEnd?: Extract<AmdEvent, { kind: 'promptEnded' }>;
}

/** A recording that cannot be heard: there is none, or it is no WAV file that we read. */
export class RecordingUnusable extends Error {
  override readonly name = 'RecordingUnusable';
  readonly reason: string;

  constructor(path: string, reason: string) {
    super(`${path} cannot be heard: ${reason}`);
    this.reason = reason;
  }
}

/**
 * A recording as 8 kHz audio of one channel: the first, which in our recordings is the customer.
 *
 * @throws {RecordingUnusable}
 */
export function readTelephoneAudio(path: string): Int16Array {
  try {
    const { channels, sampleRate } = readWav(readFileSync(path));
    return resample(channels[0] ?? new Int16Array(0), sampleRate, 8_000);
  } catch (error) {
    if (error instanceof WavUnusable) throw new RecordingUnusable(path, error.message);
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    if (code === 'EISDIR') {
      throw new RecordingUnusable(path, 'it is a directory; ringback amd evaluate takes directories.');
    }
    throw new RecordingUnusable(path, `it cannot be read (${code}).`);
  }
}

/** Plays a recording to the detector, 20 ms at a time, to its end. `onMoment` sees each frame. */
export function judgeAudio(
  pcm: Int16Array,
  vad: WebRtcVadModule,
  settings: AmdSettings,
  onMoment?: (moment: AmdMoment) => void,
): JudgedFile {
  const events: AmdEvent[] = [];
  const detector = new AnswerDetector(vad, settings, (event) => events.push(event));
  try {
    for (let at = 0; at + FRAME_SAMPLES <= pcm.length; at += FRAME_SAMPLES) {
      detector.hear(pcm.subarray(at, at + FRAME_SAMPLES));
      onMoment?.(detector.moment);
    }
    // A recording may end before a verdict; a call would have gone on in silence.
    const silence = new Int16Array(FRAME_SAMPLES);
    for (let ms = 0; ms < settings.longestAnalysisMs && !detector.verdict; ms += FRAME_MS)
      detector.hear(silence);
    detector.finish();
  } finally {
    detector.close();
  }
  const { verdict } = detector;
  if (!verdict) throw new RangeError('the detector gave no verdict');
  const promptEnd = events.find((event) => event.kind === 'promptEnded');
  return { verdict, label: labelOf(verdict), ...(promptEnd ? { promptEnd } : {}) };
}

/** All tones of a recording, whatever the verdict and when it came: beeps are searched for to the end. */
export function hearTones(pcm: Int16Array, vad: WebRtcVadModule, settings: AmdSettings): HeardSignal[] {
  const signals: HeardSignal[] = [];
  const listener = new AnswerListener(vad, settings, (signal) =>
    signals.push({ signal, foundMs: listener.nowMs }),
  );
  try {
    for (let at = 0; at + FRAME_SAMPLES <= pcm.length; at += FRAME_SAMPLES) {
      listener.hear(pcm.subarray(at, at + FRAME_SAMPLES));
    }
    const silence = new Int16Array(FRAME_SAMPLES);
    for (let ms = 0; ms < SILENCE_AFTER_MS; ms += FRAME_MS) listener.hear(silence);
  } finally {
    listener.close();
  }
  return signals;
}

export function labelOf({ answeredBy }: AnswerVerdict): AnswerLabel {
  switch (answeredBy.kind) {
    case 'human':
    case 'machine':
    case 'fax':
      return answeredBy.kind;
    case 'sit':
    case 'busy':
    case 'reorder':
      return 'tone';
    default:
      return 'unresolved';
  }
}
