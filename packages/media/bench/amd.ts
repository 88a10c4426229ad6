/**
 * `npm run bench:amd`: what answering machine detection costs a call while it listens, in shares of one core.
 *
 * The same frames are heard in turn by the detector and by a baseline: plain energy, the least that any detection needs.
 * Exit code 1: a call costs more than `--gate` percent of a core.
 */
import { readFileSync } from 'node:fs';
import { amountOf, countOf, developerCommand } from '@ringback/testkit';
import { defaultAmdSettings } from '../src/amd/amd-settings.ts';
import { AnswerListener } from '../src/amd/answer-listener.ts';
import { decodeMulaw } from '../src/codec/g711.ts';
import { SpeechDetector } from '../src/detect/speech-detector.ts';
import { loadWebRtcVad } from '../src/detect/webrtc-vad.ts';

interface AmdBenchOptions {
  readonly seconds: number;
  readonly rounds: number;
  readonly gate: number;
  readonly json: boolean;
}

const values = developerCommand('npm run bench:amd --')
  .description('Measures what answering machine detection costs a call while it listens.')
  .option('--seconds <number>', 'audio of a round, s', amountOf, 60)
  .option('--rounds <number>', 'rounds; the cheapest counts', countOf, 5)
  .option('--gate <percent>', 'what a call may cost, percent of a core', amountOf, 1)
  .option('--json', 'print the results as JSON', false)
  .addHelpText(
    'after',
    `
Exit code 1: a call costs more than --gate.

Examples:
  npm run bench:amd
  npm run bench:amd -- --seconds 600 --json`,
  )
  .parse()
  .opts<AmdBenchOptions>();

const FRAME = 160;
const frames = values.seconds * 50;
const { rounds, gate: gatePercent } = values;

const audio = decodeMulaw(readFileSync(new URL('../test/fixtures/speech.ulaw', import.meta.url)));
const frameAt = (n: number): Int16Array => {
  const at = (n * FRAME) % (audio.length - FRAME);
  return audio.subarray(at, at + FRAME);
};
const vad = await loadWebRtcVad();

interface Cost {
  /** CPU time in shares of the audio's length, percent. */
  readonly percentOfCore: number;
  readonly microsecondsPerFrame: number;
}

/** Hears the audio once and says what it cost. What was heard is returned to the caller's count, so that it is not skipped. */
function cost(hear: (frame: Int16Array) => void): Cost {
  const before = process.cpuUsage();
  for (let n = 0; n < frames; n += 1) hear(frameAt(n));
  const { user, system } = process.cpuUsage(before);
  const microseconds = user + system;
  return {
    percentOfCore: (100 * microseconds) / (frames * 20_000),
    microsecondsPerFrame: microseconds / frames,
  };
}

function detection(): Cost {
  // The listener is all of the detector that costs: a detector of its own would stop at its verdict.
  const listener = new AnswerListener(vad, defaultAmdSettings, () => undefined);
  const measured = cost((frame) => listener.hear(frame));
  if (listener.cadence.startedMs === undefined)
    throw new Error('the detector heard no speech in the fixture');
  listener.close();
  return measured;
}

function baseline(): Cost {
  let changes = 0;
  const detector = new SpeechDetector(200, () => {
    changes += 1;
  });
  const measured = cost((frame) => {
    let energy = 0;
    for (let n = 0; n < frame.length; n += 1) energy += (frame[n] as number) ** 2;
    detector.hear(energy / frame.length, frame.length);
  });
  if (changes === 0) throw new Error('the baseline heard no speech in the fixture');
  return measured;
}

const least = (a: Cost, b: Cost): Cost => (a.percentOfCore <= b.percentOfCore ? a : b);

let detected: Cost | undefined;
let based: Cost | undefined;
// The first round belongs to the compiler.
for (let round = 0; round <= rounds; round += 1) {
  const now = { detected: detection(), based: baseline() };
  if (round === 0) continue;
  detected = detected ? least(detected, now.detected) : now.detected;
  based = based ? least(based, now.based) : now.based;
}
if (!detected || !based) throw new Error('no round was measured');

const ratio = detected.percentOfCore / based.percentOfCore;
if (values.json) {
  process.stdout.write(
    `${JSON.stringify({ detection: detected, baseline: based, ratio, gatePercent }, null, 2)}\n`,
  );
} else {
  const row = (name: string, each: Cost): string =>
    `${name.padEnd(26)}${each.percentOfCore.toFixed(3).padStart(8)} % of a core a call   ${each.microsecondsPerFrame.toFixed(1).padStart(6)} µs a frame of 20 ms\n`;
  process.stdout.write(row('answering machine detection', detected));
  process.stdout.write(row('plain energy', based));
  process.stdout.write(
    `ratio ${ratio.toFixed(1)}; best of ${rounds} rounds of ${values.seconds} s of audio\n`,
  );
}
if (detected.percentOfCore > gatePercent) {
  process.stderr.write(`Detection costs more than ${gatePercent} % of a core a call.\n`);
  process.exitCode = 1;
}
