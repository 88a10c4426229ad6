// The sounds phones make, rendered by `scripts/render-clips.sh` and shipped in `audio/` as 8 kHz µ-law WAV.
import { readFile } from 'node:fs/promises';
import { encodeMulaw, type MediaEngine, readWav } from '@ringback/media';

export const CLIP_NAMES = [
  /** A person, 0.9 s. */
  'hello',
  /** The same in a noisy street, 1.4 s. */
  'hello-in-street',
  /** The street alone, 4 s, to be repeated. */
  'street-noise',
  /** A person answering for a business, 3 s. */
  'business-greeting',
  /** A voicemail greeting, 8 s. */
  'voicemail-greeting',
  /** A voicemail greeting, 4 s. */
  'voicemail-greeting-short',
] as const;

export type ClipName = (typeof CLIP_NAMES)[number];

/** The clip's id among the prompts of the engine, which others may share. */
export function promptOf(clip: ClipName): string {
  return `simulated-carrier/${clip}`;
}

/** Loads every clip into the engine; those already there are left alone. */
export async function loadClips(media: MediaEngine): Promise<void> {
  await Promise.all(
    CLIP_NAMES.map(async (clip) => {
      if (!media.hasPrompt(promptOf(clip))) media.loadPrompt(promptOf(clip), await readClip(clip));
    }),
  );
}

/** One clip as 8 kHz µ-law. */
export async function readClip(clip: ClipName): Promise<Uint8Array> {
  const wav = readWav(await readFile(new URL(`../audio/${clip}.wav`, import.meta.url)));
  const [voice] = wav.channels;
  if (wav.sampleRate !== 8_000 || voice === undefined) {
    throw new Error(
      `audio/${clip}.wav is not 8 kHz; render it again with packages/simulated-carrier/scripts/render-clips.sh`,
    );
  }
  return encodeMulaw(voice);
}
