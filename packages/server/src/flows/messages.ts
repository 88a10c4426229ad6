/** A flow's message as audio in the media engine: spoken text, or a stored prompt. */
import { done, failed, type HostResult, type Message } from '@ringback/flow';
import type { MediaEngine } from '@ringback/media';
import { idOf } from '../arn.ts';
import type { Clock } from '../clock.ts';
import { isUuid } from '../ids.ts';
import type { Directory } from '../store/directory.ts';
import type { Instance, ResourceStore } from '../store/resource-store.ts';
import type { AudioBuckets } from './prompts/audio-buckets.ts';
import { openPlayableAudio, type PlayableAudio } from './prompts/playable-audio.ts';
import type { PromptAudio } from './prompts/prompt-audio.ts';
import type { Speech } from './speech/speech.ts';

export interface Messages {
  /** Makes a message playable and names its prompt in the media engine. */
  prepare(instance: Instance, message: Message, signal: AbortSignal): Promise<HostResult<string>>;
}

export interface MessagesDeps {
  readonly media: MediaEngine;
  readonly speech: Speech;
  readonly directory: Directory;
  readonly resources: ResourceStore;
  readonly buckets: AudioBuckets;
  readonly promptAudio: PromptAudio;
  readonly clock: Clock;
}

/** An object in a bucket may be replaced; after so long it is read again, ms. */
const bucketAudioKeptForMs = 60_000;

export function openMessages(deps: MessagesDeps): Messages {
  const { media, speech, clock, buckets, promptAudio } = deps;
  const prompts = openPlayableAudio(media, { clock });
  const objects = openPlayableAudio(media, { clock, keptForMs: bucketAudioKeptForMs });
  return {
    async prepare(instance, message, signal) {
      switch (message.kind) {
        case 'text':
        case 'ssml':
          return speak(media, speech, message, signal);
        case 'prompt':
          return stored(prompts, deps, instance, message.promptId);
        case 'media':
          return failing(
            objects.prepare(`media ${message.uri}`, async () =>
              // Shared with other calls, so this call's end does not stop it.
              promptAudio.convert(await buckets.read(message.uri, new AbortController().signal)),
            ),
          );
      }
    },
  };
}

async function speak(
  media: MediaEngine,
  speech: Speech,
  message: Extract<Message, { kind: 'text' | 'ssml' }>,
  signal: AbortSignal,
): Promise<HostResult<string>> {
  try {
    const rendered = await speech.render(
      {
        content:
          message.kind === 'text'
            ? { kind: 'text', text: message.text }
            : { kind: 'ssml', ssml: message.ssml },
        voiceId: message.voice.voiceId,
        languageCode: message.voice.languageCode,
        engine: message.voice.engine ?? 'standard',
      },
      signal,
    );
    const id = `speech ${rendered.key}`;
    if (!media.hasPrompt(id)) media.loadPrompt(id, rendered.mulaw);
    return done(id);
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}

async function stored(
  prompts: PlayableAudio,
  { directory, resources }: MessagesDeps,
  instance: Instance,
  reference: string,
): Promise<HostResult<string>> {
  const given = idOf(reference);
  const known = await directory.prompts(instance.id);
  const prompt = known.get(isUuid(given) ? given.toLowerCase() : reference);
  if (!prompt) return failed(`There is no prompt ${reference}.`);
  // The time of the last change is part of the key, so that new audio is heard from the next message on.
  const key = `prompt ${instance.id} ${prompt.id} ${prompt.updatedAtMs}`;
  return failing(
    prompts.prepare(key, async () => {
      const found = await resources.findPrompt(instance.id, prompt.id);
      if (!found) throw new Error(`There is no prompt ${reference} any more.`);
      return found.mulaw;
    }),
  );
}

/** The flow takes its error branch, and the note says why. */
async function failing(prepared: Promise<string>): Promise<HostResult<string>> {
  try {
    return done(await prepared);
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}
