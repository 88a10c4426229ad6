/** Recordings of contacts whose process died: the file is there as far as it was written, and no record names it yet. Asked for when such a contact is taken over. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { describeRecording, type FinishedRecording, type RecordingSidecar, tracksOf } from './recording.ts';

const dayMs = 86_400_000;
const headerBytes = 44;
/** Two channels of 16 bits, 8000 times a second. */
const bytesPerMs = 32;

export interface LeftRecordings {
  /**
   * Everything that was recorded under a name, or the name and a number, oldest first. What was under way when the process died is marked
   * as interrupted.
   *
   * @param fromMs no earlier than this; days are looked through from here to now.
   * @param tell told when a description cannot be written.
   */
  of(name: string, fromMs: number, tell: (problem: string) => void): Promise<readonly FinishedRecording[]>;
}

/**
 * Looks through each day's directory once, so that many contacts of a dead process cost little more than one. For one go only:
 * what is recorded afterwards is not seen.
 */
export function leftRecordings(directory: string, nowMs: number): LeftRecordings {
  const days = new Map<string, Promise<readonly string[]>>();
  const filesOf = (day: string): Promise<readonly string[]> => {
    const known = days.get(day) ?? descriptionsIn(day);
    days.set(day, known);
    return known;
  };
  return {
    async of(name, fromMs, tell) {
      const found: FinishedRecording[] = [];
      for (let atMs = fromMs - (fromMs % dayMs); atMs <= nowMs; atMs += dayMs) {
        const day = path.join(directory, ...new Date(atMs).toISOString().slice(0, 10).split('-'));
        for (const file of await filesOf(day)) {
          const isOfName = file.startsWith(name) && /^(-\d+)?_\d{6}\.json$/.test(file.slice(name.length));
          const recording = isOfName ? await readLeft(path.join(day, file), tell) : undefined;
          if (recording) found.push(recording);
        }
      }
      return found.toSorted((one, other) => one.startedAtMs - other.startedAtMs);
    },
  };
}

async function descriptionsIn(day: string): Promise<readonly string[]> {
  try {
    return (await readdir(day)).filter((file) => file.endsWith('.json'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function readLeft(
  file: string,
  tell: (problem: string) => void,
): Promise<FinishedRecording | undefined> {
  const location = file.replace(/\.json$/, '.wav');
  let sidecar: RecordingSidecar;
  let bytes: number;
  try {
    sidecar = JSON.parse(await readFile(file, 'utf8')) as RecordingSidecar;
    bytes = (await stat(location)).size;
  } catch (error) {
    tell(`${file} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
  const startedAtMs = Date.parse(sidecar.startedAt);
  const about = { location, startedAtMs, tracks: tracksOf(sidecar) };
  if (sidecar.stoppedAt !== undefined) {
    const { stoppedAt, failure } = sidecar;
    return { ...about, stoppedAtMs: Date.parse(stoppedAt), ...(failure === undefined ? {} : { failure }) };
  }
  const durationMs = Math.max(0, Math.floor((bytes - headerBytes) / bytesPerMs));
  const stoppedAtMs = startedAtMs + durationMs;
  const failure = 'the service ended before the recording did';
  const stoppedAt = new Date(stoppedAtMs).toISOString();
  await describeRecording(
    location,
    { ...sidecar, stoppedAt, status: 'interrupted', failure, durationMs },
    tell,
  );
  return { ...about, stoppedAtMs, failure };
}
