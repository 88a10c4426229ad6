/**
 * Puts what a program spoke, or somebody recorded, as people say it on the telephone: no silence around it, pauses that were
 * planned in place of the program's own, and the pace of people who answer.
 */
import { execFileSync } from 'node:child_process';

const PER_MS = 8;
const FRAME_MS = 10;

/** Speech stands less than this below the loudest frame of its clip; what is farther below around it is silence. */
const SPEECH_SHARE = 10 ** -3.2;
const SOUND_SHARE = 10 ** -3.8;
/** The breath around a sentence is fainter than this. */
const BREATH_SHARE = 10 ** -2.8;

/** Kept of the silence before and after, ms: sounds begin and fade softer than they are. */
const MARGIN_MS = 20;

/** A shorter silence within a clip is a consonant's, ms. */
const LEAST_PAUSE_MS = 130;

/**
 * People say "hello" in so many ms: the mean of 64 speakers of McAleer, Todorov and Belin, "How do you say 'hello'?",
 * PLoS ONE 9(3), e90779, 2014.
 */
const HELLO_MS = 390;

/** Beyond these factors programs do not sound like people any more. */
const SLOWEST = 0.7;
const FASTEST = 1.7;

/** The 10 ms frames of a clip that stand less than 32 dB below its loudest one, as first and last ms. */
export function voicedStretches(sound: Float32Array, fromMs: number): [startMs: number, endMs: number][] {
  return loudFrames(sound, SPEECH_SHARE).map((n) => [fromMs + FRAME_MS * n, fromMs + FRAME_MS * (n + 1)]);
}

/**
 * @param pauseMs asked for the length of each pause within; absent where the speaker's own pauses stay.
 * @param around `breath`: the program puts faint noise around what it says, which is no speech either.
 */
export function tightened(
  sound: Float32Array,
  pauseMs?: () => number,
  around: 'silence' | 'breath' = 'silence',
): Float32Array {
  const frames = loudFrames(sound, around === 'breath' ? BREATH_SHARE : SOUND_SHARE);
  const [first, last] = [frames[0], frames.at(-1)];
  if (first === undefined || last === undefined) return sound;
  const parts: Float32Array[] = [];
  let from = Math.max(0, first * FRAME_MS - MARGIN_MS);
  for (let n = 1; n < frames.length && pauseMs; n += 1) {
    const [before, next] = [((frames[n - 1] as number) + 1) * FRAME_MS, (frames[n] as number) * FRAME_MS];
    if (next - before < LEAST_PAUSE_MS) continue;
    parts.push(part(sound, from, before + MARGIN_MS), silence(Math.max(0, pauseMs() - 2 * MARGIN_MS)));
    from = next - MARGIN_MS;
  }
  parts.push(part(sound, from, (last + 1) * FRAME_MS + MARGIN_MS));
  return joined(parts);
}

/** How much faster a program has to speak to say "hello" as fast as people do. */
export function paceOf(hello: Float32Array): number {
  const stretches = voicedStretches(hello, 0);
  const [first, last] = [stretches[0], stretches.at(-1)];
  if (!first || !last) return 1;
  return (last[1] - first[0]) / HELLO_MS;
}

/** @param factor above 1: faster, at the same pitch. */
export function paced(sound: Float32Array, factor: number): Float32Array {
  const tempo = Math.min(FASTEST, Math.max(SLOWEST, factor));
  if (Math.abs(tempo - 1) < 0.03) return sound;
  const raw = ['-t', 'raw', '-r', '8000', '-c', '1', '-e', 'float', '-b', '32'];
  const bytes = execFileSync(
    'sox',
    ['-R', '-V1', ...raw, '-', ...raw, '-', 'tempo', '-s', tempo.toFixed(3)],
    {
      input: Buffer.from(sound.buffer, sound.byteOffset, sound.byteLength),
      maxBuffer: 1 << 26,
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  return Float32Array.from({ length: bytes.length >> 2 }, (_, n) => bytes.readFloatLE(4 * n));
}

/** Frames whose power is at least `share` of the loudest one's. */
function loudFrames(sound: Float32Array, share: number): number[] {
  const size = FRAME_MS * PER_MS;
  const powers = Array.from({ length: Math.ceil(sound.length / size) }, (_, n) => {
    const frame = sound.subarray(n * size, (n + 1) * size);
    return frame.reduce((sum, sample) => sum + sample * sample, 0) / frame.length;
  });
  const least = Math.max(...powers) * share;
  return powers.flatMap((power, n) => (power > least ? [n] : []));
}

const part = (sound: Float32Array, fromMs: number, toMs: number): Float32Array =>
  sound.subarray(fromMs * PER_MS, toMs * PER_MS);

const silence = (ms: number): Float32Array => new Float32Array(Math.round(ms * PER_MS));

export function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const each of parts) {
    whole.set(each, at);
    at += each.length;
  }
  return whole;
}
