/** Audio in and out beside the API: a signed PUT makes or replaces a prompt, a link of GetPromptFile downloads one. For those who have no S3. */
import {
  accessDeniedException,
  invalidParameterException,
  requestEntityTooLargeException,
  serviceUnavailableException,
} from '@ringback/connect-api';
import { decodeMulaw, writeWav } from '@ringback/media';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { instanceResourceArn } from '../arn.ts';
import { maxAudioBytes } from '../flows/prompts/prompt-audio.ts';
import type { Caller } from '../identity/caller.ts';
import type { OperationMembers } from '../identity/operation-resources.ts';
import { type InstanceId, isUuid, type PromptId } from '../ids.ts';
import type { EdgeForDoors, PermittedAs } from './edge.ts';
import { audioFromFile, createStoredPrompt } from './keep-prompt.ts';
import { type ApiDeps, requireInstance } from './operation.ts';
import { promptsPath } from './prompt-links.ts';

/** Uploads at once; each holds a whole file in memory. */
const maxUploads = 4;

/** Longest name of a prompt, characters (API reference, CreatePrompt). */
const maxNameLength = 127;

/** Samples a second on the telephone (ITU-T G.711). */
const telephoneRateHz = 8000;

interface UploadParams {
  readonly instance: string;
  readonly name: string;
}

export function addPromptDoor(server: FastifyInstance, edge: EdgeForDoors, api: ApiDeps): void {
  let uploads = 0;
  const counted = new WeakSet<FastifyRequest>();

  server.put<{ Params: UploadParams }>(
    `${promptsPath}/:instance/:name`,
    {
      bodyLimit: maxAudioBytes,
      // Before the body is read, so that strangers and crowds cost no memory.
      onRequest: async (request, reply) => {
        try {
          await edge.refuseStranger(request);
          if (uploads >= maxUploads) {
            throw serviceUnavailableException(`${maxUploads} prompts are being uploaded already; try again.`);
          }
        } catch (error) {
          edge.refuse(error, reply);
          return reply;
        }
        uploads += 1;
        counted.add(request);
        reply.raw.once('close', () => {
          if (counted.delete(request)) uploads -= 1;
        });
        return undefined;
      },
      errorHandler: (error, _request, reply) => {
        const isTooLarge = (error as { code?: string }).code === 'FST_ERR_CTP_BODY_TOO_LARGE';
        edge.refuse(isTooLarge ? requestEntityTooLargeException(maxAudioBytes) : error, reply);
      },
    },
    (request, reply) =>
      edge.answerAs(request, reply, (caller, permitted) => upload(request, caller, permitted, api)),
  );

  server.get<{
    Params: { instance: string; file: string };
    Querystring: { expires?: unknown; signature?: unknown };
  }>(`${promptsPath}/:instance/:file`, async (request, reply) => {
    const { instance, file } = request.params;
    const promptId = file.replace(/\.wav$/, '');
    const { expires, signature } = request.query;
    const nowMs = api.clock.now();
    const isValid = api.promptLinks.isValid({
      instanceId: instance,
      promptId,
      expires: String(expires),
      signature: String(signature),
      nowMs,
    });
    const prompt =
      isValid && isUuid(instance) && isUuid(promptId)
        ? await api.resources.findPrompt(instance as InstanceId, promptId as PromptId)
        : undefined;
    if (!prompt) {
      edge.refuse(
        accessDeniedException('The link has ended, or is none that GetPromptFile gave out.'),
        reply,
      );
      return reply;
    }
    const wav = writeWav(
      { sampleRate: telephoneRateHz, channels: [decodeMulaw(prompt.mulaw)] },
      { encoding: 'mulaw' },
    );
    return reply
      .headers({
        'content-type': 'audio/wav',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      })
      .send(Buffer.from(wav.buffer, wav.byteOffset, wav.byteLength));
  });
}

/** A name that is new makes a prompt, one that is known gets new audio. */
async function upload(
  request: FastifyRequest<{ Params: UploadParams }>,
  caller: Caller,
  permitted: PermittedAs,
  api: ApiDeps,
): Promise<OperationMembers> {
  const { instance: instanceId, name } = request.params;
  const named = { InstanceId: instanceId, Name: name };
  const known = await ownPrompt(named, caller, api);
  if (known) permitted('UpdatePrompt', { ...named, PromptId: known.id });
  else permitted('CreatePrompt', named);
  const instance = await requireInstance(instanceId, caller, api);
  if (name === '' || name.length > maxNameLength) {
    throw invalidParameterException(`The name of a prompt has 1 to ${maxNameLength} characters.`);
  }
  if (!(request.body instanceof Uint8Array) || request.body.byteLength === 0) {
    throw invalidParameterException('The request has no body; send the WAV file as it is.');
  }
  const mulaw = await audioFromFile(request.body, api);
  let id = known?.id;
  if (id === undefined || !(await api.resources.updatePrompt(instance.id, id, { mulaw }, api.clock.now()))) {
    id = await createStoredPrompt({ name, description: undefined, tags: {}, mulaw }, instance, api);
  }
  api.directory.forget();
  return { PromptARN: instanceResourceArn(instance.tenant, instance.id, 'prompt', id), PromptId: id };
}

/** The caller's prompt of that name; nothing is said of other accounts' before the policy was asked. */
async function ownPrompt(
  { InstanceId, Name }: { readonly InstanceId: string; readonly Name: string },
  caller: Caller,
  api: ApiDeps,
) {
  const instance = isUuid(InstanceId)
    ? await api.directory.instance(InstanceId.toLowerCase() as InstanceId)
    : undefined;
  const { accountId, region } = caller.tenant;
  if (instance?.tenant.accountId !== accountId || instance.tenant.region !== region) return undefined;
  return (await api.resources.listPrompts(instance.id)).find((prompt) => prompt.name === Name);
}
