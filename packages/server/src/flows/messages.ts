/** A flow's message as audio in the media engine: spoken text, or a stored prompt. */
import { done, failed, type HostResult, type Message } from '@ringback/flow';
import type { MediaEngine } from '@ringback/media';
import { idOf } from '../arn.ts';
import { isUuid, type PromptId } from '../ids.ts';
import type { Instance, ResourceStore } from '../store/resource-store.ts';
import type { Speech } from './speech/speech.ts';

export interface Messages {
  /** Makes a message playable and names its prompt in the media engine. */
  prepare(instance: Instance, message: Message, signal: AbortSignal): Promise<HostResult<string>>;
}

export function openMessages(media: MediaEngine, speech: Speech, resources: ResourceStore): Messages {
  return {
    async prepare(instance, message, signal) {
      switch (message.kind) {
        case 'text':
        case 'ssml':
          return speak(media, speech, message, signal);
        case 'prompt':
          return loadStored(media, resources, instance, message.promptId);
        case 'media':
          return failed(
            `Audio from ${message.sourceType} (${message.uri}) is not read yet; upload it as a prompt.`,
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

async function loadStored(
  media: MediaEngine,
  resources: ResourceStore,
  instance: Instance,
  reference: string,
): Promise<HostResult<string>> {
  const given = idOf(reference);
  const id = isUuid(given)
    ? (given as PromptId)
    : (await resources.listPrompts(instance.id)).find((prompt) => prompt.name === reference)?.id;
  const key = `prompt ${instance.id} ${id}`;
  if (id && media.hasPrompt(key)) return done(key);
  const prompt = id && (await resources.findPrompt(instance.id, id));
  if (!prompt) return failed(`There is no prompt ${reference}.`);
  media.loadPrompt(key, prompt.mulaw);
  return done(key);
}
