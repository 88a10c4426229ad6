/** The thread of one conversion (prompt-audio.ts): reads the file it was given, answers once, ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { convertWav } from './convert-wav.ts';
import type { Conversion } from './prompt-audio.ts';

const conversion: Conversion = convertWav(workerData as Uint8Array);
parentPort?.postMessage(conversion);
