/** A WAV file becomes a prompt: converted, then stored. Both ways in, the API and the upload, come through here. */
import { invalidParameterException, serviceUnavailableException } from '@ringback/connect-api';
import { AudioOverloaded, AudioRefused } from '../flows/prompts/prompt-audio.ts';
import { newId, type PromptId } from '../ids.ts';
import type { StoredPrompt } from '../store/prompt-store.ts';
import type { Instance } from '../store/resource-store.ts';
import type { ApiDeps } from './operation.ts';
import { mostOf, storing } from './resource-limits.ts';

/**
 * Reads an object that an S3 URI names as telephone audio.
 *
 * @throws {ApiError} InvalidParameterException.
 */
export function audioFromUri(uri: string, deps: ApiDeps): Promise<Uint8Array> {
  return wordingRefusals(async () =>
    deps.promptAudio.convert(await deps.buckets.read(uri, new AbortController().signal)),
  );
}

/** @throws {ApiError} InvalidParameterException. */
export function audioFromFile(wav: Uint8Array, deps: ApiDeps): Promise<Uint8Array> {
  return wordingRefusals(() => deps.promptAudio.convert(wav));
}

/** @throws {ApiError} DuplicateResourceException, LimitExceededException. */
export async function createStoredPrompt(
  prompt: Pick<StoredPrompt, 'name' | 'description' | 'tags' | 'mulaw'>,
  instance: Instance,
  deps: ApiDeps,
): Promise<PromptId> {
  const nowMs = deps.clock.now();
  const id = newId<PromptId>();
  await storing(() =>
    deps.resources.createPrompt(
      { ...prompt, id, instanceId: instance.id, createdAtMs: nowMs, updatedAtMs: nowMs },
      mostOf('prompts', instance, deps),
    ),
  );
  deps.directory.forget();
  return id;
}

async function wordingRefusals(convert: () => Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await convert();
  } catch (error) {
    if (error instanceof AudioRefused) throw invalidParameterException(error.message);
    if (error instanceof AudioOverloaded) throw serviceUnavailableException(error.message);
    throw error;
  }
}
