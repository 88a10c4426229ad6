/** TagResource, UntagResource and ListTagsForResource, for everything in an instance that has tags. */
import { invalidParameterException, resourceNotFoundException } from '@ringback/connect-api';
import type { Caller } from '../../identity/caller.ts';
import { isUuid } from '../../ids.ts';
import { isTaggedKind, type TaggedPlace, taggedKinds } from '../../store/resource-tags.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';

/** Tags of one resource (API reference, TagResource). */
const maxTags = 50;

export const tagResource: OperationCode<'TagResource'> = async (input, caller, deps) => {
  const resource = await requireTagged(input.resourceArn, caller, deps);
  const outcome = await deps.resources.addTags(resource, input.tags, maxTags);
  if (outcome === 'missing') throw noSuchResource();
  if (outcome === 'too many') {
    throw invalidParameterException(`The resource would have more than ${maxTags} tags.`);
  }
  deps.directory.forget();
  return undefined;
};

export const untagResource: OperationCode<'UntagResource'> = async (input, caller, deps) => {
  const resource = await requireTagged(input.resourceArn, caller, deps);
  if (!(await deps.resources.removeTags(resource, input.tagKeys))) throw noSuchResource();
  deps.directory.forget();
  return undefined;
};

export const listTagsForResource: OperationCode<'ListTagsForResource'> = async (input, caller, deps) => {
  const tags = await deps.resources.tagsOf(await requireTagged(input.resourceArn, caller, deps));
  if (!tags) throw noSuchResource();
  return { tags };
};

/** Where an ARN points, in the caller's account: whose instance it is, is checked as everywhere. */
async function requireTagged(arn: string, caller: Caller, deps: ApiDeps): Promise<TaggedPlace> {
  const parts = /^(arn:aws[a-z-]*:connect:[^:/]*:[^:/]*:instance\/[^:/]+)\/([a-z-]+)\/([^:/]+)$/.exec(arn);
  const [, instanceArn = '', kind = '', id = ''] = parts ?? [];
  if (!parts) {
    throw invalidParameterException('resourceArn is not the ARN of a resource in an instance.');
  }
  if (!isTaggedKind(kind)) {
    throw invalidParameterException(
      `A resource of the kind "${kind}" has no tags here; there are ${taggedKinds.join(', ')}.`,
    );
  }
  const instance = await requireInstance(instanceArn, caller, deps);
  const { accountId, region } = instance.tenant;
  if (!isUuid(id) || !instanceArn.includes(`:${region}:${accountId}:`)) throw noSuchResource();
  return { instanceId: instance.id, kind, id };
}

const noSuchResource = () => resourceNotFoundException('There is no resource with this ARN.');
