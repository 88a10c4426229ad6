/** Prompts: created from audio in a bucket, read, changed, deleted, listed, searched, downloaded. */
import {
  ApiError,
  epochMs,
  invalidParameterException,
  invalidRequestException,
  resourceNotFoundException,
} from '@ringback/connect-api';
import { idOf, instanceResourceArn, isWithin } from '../../arn.ts';
import { isUuid, type PromptId } from '../../ids.ts';
import type { PromptSummary, StoredPrompt } from '../../store/prompt-store.ts';
import type { Instance } from '../../store/resource-store.ts';
import { withoutGaps } from '../instance-resource.ts';
import { audioFromUri, createStoredPrompt } from '../keep-prompt.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';
import { storing } from '../resource-limits.ts';
import { criteriaPredicate, tagFilterPredicate } from '../search-criteria.ts';

export const createPrompt: OperationCode<'CreatePrompt'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const id = await createStoredPrompt(
    {
      name: input.Name,
      description: input.Description,
      tags: input.Tags ?? {},
      mulaw: await audioFromUri(input.S3Uri, deps),
    },
    instance,
    deps,
  );
  return { PromptARN: arnOf(instance, id), PromptId: id };
};

export const describePrompt: OperationCode<'DescribePrompt'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const prompt = await requirePrompt(input.PromptId, instance, deps);
  return { Prompt: wirePrompt(instance, prompt) };
};

/** New audio is heard from the next message on; what plays at this moment plays on. */
export const updatePrompt: OperationCode<'UpdatePrompt'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const { id } = await requirePrompt(input.PromptId, instance, deps);
  const change = withoutGaps({
    name: input.Name,
    description: input.Description,
    mulaw: input.S3Uri === undefined ? undefined : await audioFromUri(input.S3Uri, deps),
  });
  if (Object.keys(change).length === 0) {
    throw invalidRequestException('One of Name, Description and S3Uri is required.');
  }
  await changePrompt(instance, id, change, deps);
  return { PromptARN: arnOf(instance, id), PromptId: id };
};

/** @throws {ApiError} InvalidParameterException for a name that is taken: the operation has no exception of its own for it. */
async function changePrompt(
  instance: Instance,
  id: PromptId,
  change: Partial<Pick<StoredPrompt, 'name' | 'description' | 'mulaw'>>,
  deps: ApiDeps,
): Promise<void> {
  try {
    const found = await storing(() => deps.resources.updatePrompt(instance.id, id, change, deps.clock.now()));
    if (!found) throw noSuchPrompt();
  } catch (error) {
    if (error instanceof ApiError && error.name === 'DuplicateResourceException') {
      throw invalidParameterException(error.message);
    }
    throw error;
  }
  deps.directory.forget();
}

export const deletePrompt: OperationCode<'DeletePrompt'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const { id } = await requirePrompt(input.PromptId, instance, deps);
  if (!(await deps.resources.deletePrompt(instance.id, id))) throw noSuchPrompt();
  deps.directory.forget();
  return undefined;
};

export const listPrompts: OperationCode<'ListPrompts'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const prompts = await deps.resources.listPrompts(instance.id);
  const page = pageOf(prompts, input);
  return {
    PromptSummaryList: page.items.map((prompt) => ({
      Id: prompt.id,
      Arn: arnOf(instance, prompt.id),
      Name: prompt.name,
      LastModifiedTime: epochMs(prompt.updatedAtMs),
      LastModifiedRegion: instance.tenant.region,
    })),
    NextToken: page.nextToken,
  };
};

export const searchPrompts: OperationCode<'SearchPrompts'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const criteria = criteriaPredicate(input.SearchCriteria, {
    name: (prompt: PromptSummary) => prompt.name,
    description: (prompt) => prompt.description,
    resourceID: (prompt) => prompt.id,
  });
  const tags = tagFilterPredicate(input.SearchFilter?.TagFilter);
  const found = (await deps.resources.listPrompts(instance.id)).filter(
    (prompt) => criteria(prompt) && tags(prompt),
  );
  const page = pageOf(found, input);
  return {
    Prompts: page.items.map((prompt) => wirePrompt(instance, prompt)),
    NextToken: page.nextToken,
    ApproximateTotalCount: found.length,
  };
};

/** The link needs no signature of its own and ends by itself (prompt-links.ts). */
export const getPromptFile: OperationCode<'GetPromptFile'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const prompt = await requirePrompt(input.PromptId, instance, deps);
  return {
    PromptPresignedUrl: deps.promptLinks.urlFor(instance.id, prompt.id, deps.clock.now()),
    LastModifiedTime: epochMs(prompt.updatedAtMs),
    LastModifiedRegion: instance.tenant.region,
  };
};

function wirePrompt(instance: Instance, prompt: PromptSummary) {
  return {
    PromptARN: arnOf(instance, prompt.id),
    PromptId: prompt.id,
    Name: prompt.name,
    Description: prompt.description,
    Tags: prompt.tags,
    LastModifiedTime: epochMs(prompt.updatedAtMs),
    LastModifiedRegion: instance.tenant.region,
  };
}

async function requirePrompt(reference: string, instance: Instance, deps: ApiDeps): Promise<PromptSummary> {
  const id = idOf(reference).toLowerCase();
  const prompts =
    isUuid(id) && isWithin(instance, 'prompt', reference)
      ? await deps.resources.listPrompts(instance.id)
      : [];
  const prompt = prompts.find((known) => known.id === id);
  if (!prompt) throw noSuchPrompt();
  return prompt;
}

const arnOf = (instance: Instance, id: string): string =>
  instanceResourceArn(instance.tenant, instance.id, 'prompt', id);

const noSuchPrompt = () => resourceNotFoundException('The instance has no prompt with this PromptId.');
