/** Turns a renderer's samples into what a call plays: 8 kHz µ-law, trimmed, at one loudness whatever the renderer. */

import { encodeMulaw, resample } from '@ringback/media';
import type { SpeechAudio } from './speech-synthesizer.ts';

/** Samples a second on the telephone (ITU-T G.711). */
export const TELEPHONE_RATE = 8000;
const SAMPLES_PER_MS = TELEPHONE_RATE / 1000;

/** Level of active speech, dB relative to full scale (RMS): the usual loudness of telephone prompts. */
const SPEECH_LEVEL_DB = -19;
/** Samples beyond this share of full scale are pressed together instead of clipped. */
const KNEE = 0.7;
/** Highest share of full scale that comes out. */
const CEILING = 0.95;
/** Most amplification; noise must not become a storm. */
const MOST_GAIN = 32;
const FULL_SCALE = 32_768;

/** Frame over which loudness is judged. */
const FRAME_MS = 10;
const FRAME_SAMPLES = FRAME_MS * SAMPLES_PER_MS;
/** Frames this far below the loudest one are pauses (−40 dB). */
const PAUSE_RATIO = 0.01;
/** A frame quieter than this is silence in any recording (about −70 dB of full scale). */
const SILENCE_RMS = 10;
/** Silence kept before and after the speech. */
const KEPT_SILENCE_MS = 40;
/** What there is nothing to say becomes: one packet of silence. */
const SHORTEST_MS = 20;

/** @param outer explicit silence before and after, which the renderer's own silence is replaced with. */
export function toTelephoneAudio(
  audio: SpeechAudio | undefined,
  outer: { readonly leadMs: number; readonly tailMs: number },
): Uint8Array {
  const speech = audio
    ? levelled(trimmed(resample(audio.pcm, audio.sampleRate, TELEPHONE_RATE)))
    : new Int16Array(0);
  const leadSamples = Math.round(outer.leadMs * SAMPLES_PER_MS);
  const tailSamples = Math.round(outer.tailMs * SAMPLES_PER_MS);
  const length = Math.max(leadSamples + speech.length + tailSamples, SHORTEST_MS * SAMPLES_PER_MS);
  const pcm = new Int16Array(length);
  pcm.set(speech, leadSamples);
  return encodeMulaw(pcm);
}

interface Trimmed {
  readonly pcm: Int16Array;
  /** RMS of the frames that are no pause; 0 for silence. */
  readonly activeRms: number;
}

function trimmed(pcm: Int16Array): Trimmed {
  const levels = frameLevels(pcm);
  const loudest = levels.reduce((most, level) => Math.max(most, level), 0);
  const threshold = Math.max(SILENCE_RMS, loudest * PAUSE_RATIO);
  const first = levels.findIndex((level) => level > threshold);
  if (first === -1) return { pcm: new Int16Array(0), activeRms: 0 };
  const last = levels.findLastIndex((level) => level > threshold);
  const kept = KEPT_SILENCE_MS / FRAME_MS;
  let power = 0;
  let activeFrames = 0;
  for (const level of levels) {
    if (level <= threshold) continue;
    power += level * level;
    activeFrames++;
  }
  return {
    pcm: pcm.subarray(Math.max(0, first - kept) * FRAME_SAMPLES, (last + 1 + kept) * FRAME_SAMPLES),
    activeRms: Math.sqrt(power / activeFrames),
  };
}

/** RMS of each frame, the last one possibly short. */
function frameLevels(pcm: Int16Array): Float64Array {
  const levels = new Float64Array(Math.ceil(pcm.length / FRAME_SAMPLES));
  for (let frame = 0; frame < levels.length; frame++) {
    const end = Math.min(pcm.length, (frame + 1) * FRAME_SAMPLES);
    let power = 0;
    for (let index = frame * FRAME_SAMPLES; index < end; index++) {
      const sample = pcm[index] ?? 0;
      power += sample * sample;
    }
    levels[frame] = Math.sqrt(power / (end - frame * FRAME_SAMPLES));
  }
  return levels;
}

function levelled({ pcm, activeRms }: Trimmed): Int16Array {
  if (activeRms === 0) return pcm;
  const wantedRms = FULL_SCALE * 10 ** (SPEECH_LEVEL_DB / 20);
  const gain = Math.min(MOST_GAIN, wantedRms / activeRms) / FULL_SCALE;
  return pcm.map((sample) => Math.round(limited(sample * gain) * FULL_SCALE));
}

/** Linear up to the knee, then bending smoothly towards the ceiling. */
function limited(value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude <= KNEE) return value;
  const room = CEILING - KNEE;
  return Math.sign(value) * (KNEE + room * Math.tanh((magnitude - KNEE) / room));
}
