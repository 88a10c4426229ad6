/** Records a leg to a stereo WAV: customer left, system right. One recording at a time per leg. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type MediaSession, RecordingFailed } from '@ringback/media';
import type { Clock } from '../clock.ts';

/** A finished file, or the part of it that could be written. */
export interface FinishedRecording {
  readonly location: string;
  readonly startedAtMs: number;
  readonly stoppedAtMs: number;
  /** Why the file ends early, where it does. */
  readonly failure?: string;
}

export interface RunningRecording {
  readonly location: string;
  stop(): Promise<FinishedRecording>;
}

/**
 * Starts recording into `directory/YYYY/MM/DD/name_HHmmss.wav` (UTC).
 *
 * @throws {RecordingFailed} the file cannot be written.
 */
export async function startRecording(
  media: MediaSession,
  directory: string,
  name: string,
  clock: Clock,
): Promise<RunningRecording> {
  const startedAtMs = clock.now();
  const [date = '', time = ''] = new Date(startedAtMs).toISOString().split('T');
  const day = path.join(directory, ...date.split('-'));
  const location = path.join(day, `${name}_${time.slice(0, 8).replaceAll(':', '')}.wav`);
  await mkdir(day, { recursive: true });
  await media.startRecording(location);
  return {
    location,
    async stop() {
      const failure = await media.stopRecording().then(
        () => undefined,
        (error: unknown) => {
          if (error instanceof RecordingFailed) return error.message;
          throw error;
        },
      );
      return {
        location,
        startedAtMs,
        stoppedAtMs: clock.now(),
        ...(failure === undefined ? {} : { failure }),
      };
    },
  };
}
