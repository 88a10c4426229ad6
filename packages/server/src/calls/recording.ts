/**
 * Records a leg to a stereo WAV: customer left, system right. One recording at a time per leg. Beside each `name.wav` lies
 * `name.json`, which tells of it, also when the process died on the way (`status` is then still `recording`, until left-recordings.ts
 * finds it).
 */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  MediaEngineClosed,
  type MediaSession,
  MediaSessionClosed,
  type RecordedTracks,
  RecordingFailed,
  type RecordingSummary,
} from '@ringback/media';
import { type Clock, unlessLate } from '../clock.ts';

/** A finished file, or the part of it that could be written. */
export interface FinishedRecording {
  readonly location: string;
  readonly startedAtMs: number;
  readonly stoppedAtMs: number;
  readonly tracks: RecordedTracks;
  /** Why the file ends early, where it does. */
  readonly failure?: string;
}

export interface RunningRecording {
  readonly location: string;
  readonly tracks: RecordedTracks;
  /**
   * Silence in the file in place of what is said, or the recording as before. Twice is once.
   *
   * @throws {RecordingFailed | MediaSessionClosed} nothing is recorded any more.
   */
  pause(state: 'paused' | 'recording'): Promise<void>;
  stop(): Promise<FinishedRecording>;
}

/** What `name.json` holds; times are ISO 8601 in UTC. */
export interface RecordingSidecar {
  readonly file: string;
  readonly startedAt: string;
  readonly stoppedAt?: string;
  /** `failed`: the disk or the media did, and the file ends early. `interrupted`: the process ended first; found later. */
  readonly status: 'recording' | 'complete' | 'failed' | 'interrupted';
  readonly failure?: string;
  readonly sampleRateHz: 8000;
  readonly channels: readonly ['customer', 'agent and system'];
  /** The one that is not recorded is silent. */
  readonly recordedChannels: readonly ('customer' | 'agent and system')[];
  readonly durationMs?: number;
  /** Stretches of silence because recording was suspended, ms from the start. */
  readonly pauses?: RecordingSummary['pauses'];
  /** Where a copy was uploaded to. */
  readonly uploadedTo?: string;
}

const channelsOf: Readonly<Record<RecordedTracks, RecordingSidecar['recordedChannels']>> = {
  both: ['customer', 'agent and system'],
  received: ['customer'],
  sent: ['agent and system'],
};

/** Longest time that writing what is left may take, ms: the end of a call waits for it, and a disk that hangs must not keep somebody on the line. */
const patienceMs = 10_000;
const tooLate = `the disk did not take the end of the recording within ${patienceMs / 1_000} s`;

/** What `recordedChannels` of a description says. */
export function tracksOf({ recordedChannels }: Pick<RecordingSidecar, 'recordedChannels'>): RecordedTracks {
  const [first, second] = recordedChannels;
  if (second !== undefined) return 'both';
  return first === 'customer' ? 'received' : 'sent';
}

/** `name.wav` → `name.json`. */
export function sidecarOf(location: string): string {
  return location.replace(/\.wav$/, '.json');
}

/**
 * Starts recording into `directory/YYYY/MM/DD/name_HHmmss.wav` (UTC).
 *
 * @param tell told when a description cannot be written; default: a process warning.
 * @throws {RecordingFailed} the file cannot be written.
 */
export async function startRecording(
  media: MediaSession,
  directory: string,
  { name, tracks }: { readonly name: string; readonly tracks: RecordedTracks },
  clock: Clock,
  tell: (problem: string) => void = (problem) => process.emitWarning(problem, 'RecordingUndescribed'),
): Promise<RunningRecording> {
  const startedAtMs = clock.now();
  const startedAt = new Date(startedAtMs).toISOString();
  const [date = '', time = ''] = startedAt.split('T');
  const day = path.join(directory, ...date.split('-'));
  const location = path.join(day, `${name}_${time.slice(0, 8).replaceAll(':', '')}.wav`);
  await mkdir(day, { recursive: true });
  await media.startRecording(location, tracks);
  const about = {
    file: path.basename(location),
    startedAt,
    sampleRateHz: 8000,
    channels: ['customer', 'agent and system'],
    recordedChannels: channelsOf[tracks],
  } as const;
  // Nobody waits for descriptions: the call goes on at once, and the recording is worth more than what is told of it.
  let described = describeRecording(location, { ...about, status: 'recording' }, tell);
  let isPaused = false;
  return {
    location,
    tracks,
    async pause(state) {
      if (isPaused === (state === 'paused')) return;
      await (state === 'paused' ? media.pauseRecording() : media.resumeRecording());
      isPaused = state === 'paused';
    },
    async stop() {
      const end = await unlessLate(
        clock,
        patienceMs,
        media.stopRecording().then(
          (summary) => ({ summary, failure: undefined }),
          (error: unknown) => ({ summary: undefined, failure: whyShort(error) }),
        ),
      );
      const stoppedAtMs = clock.now();
      const { summary, failure } = end === 'late' ? { summary: undefined, failure: tooLate } : end;
      const sidecar: RecordingSidecar = {
        ...about,
        stoppedAt: new Date(stoppedAtMs).toISOString(),
        status: failure === undefined ? 'complete' : 'failed',
        ...(failure === undefined ? {} : { failure }),
        ...(summary ? { durationMs: summary.durationMs, pauses: summary.pauses } : {}),
      };
      described = described.then(() => describeRecording(location, sidecar, tell));
      return { location, startedAtMs, stoppedAtMs, tracks, ...(failure === undefined ? {} : { failure }) };
    },
  };
}

/** The file is written as the call goes: what had come by then can be played, and is worth being told of. */
function whyShort(error: unknown): string {
  if (error instanceof RecordingFailed || error instanceof MediaEngineClosed) return error.message;
  if (error instanceof MediaSessionClosed) return 'the media of the call ended before the recording did';
  throw error;
}

/** Writes the description beside a recording; `tell` hears why it could not be written. */
export async function describeRecording(
  location: string,
  sidecar: RecordingSidecar,
  tell: (problem: string) => void,
): Promise<void> {
  const file = sidecarOf(location);
  try {
    // In one step: who reads it meanwhile, or after a crash, finds all of it.
    await writeFile(`${file}.part`, `${JSON.stringify(sidecar, null, 2)}\n`, { mode: 0o640 });
    await rename(`${file}.part`, file);
  } catch (error) {
    tell(`${file} could not be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}
