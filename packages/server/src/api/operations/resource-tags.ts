/** TagResource, UntagResource and ListTagsForResource, for instances, what is in them, and phone numbers. */
import { invalidParameterException, resourceNotFoundException } from '@ringback/connect-api';
import type { Caller } from '../../identity/caller.ts';
import { isUuid } from '../../ids.ts';
import { isTaggedKind, type TaggedPlace, taggedKinds } from '../../store/resource-tags.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';
import { ownPhoneNumber } from './phone-numbers.ts';

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

/** Where an ARN points, in the caller's account: whose instance or number it is, is checked as everywhere. */
async function requireTagged(arn: string, caller: Caller, deps: ApiDeps): Promise<TaggedPlace> {
  if (/^arn:aws[a-z-]*:connect:[^:/]*:[^:/]*:phone-number\//.test(arn))
    return requireNumber(arn, caller, deps);
  const parts = /^(arn:aws[a-z-]*:connect:[^:/]*:[^:/]*:instance\/[^:/]+)(?:\/([a-z-]+)\/([^:/]+))?$/.exec(
    arn,
  );
  if (!parts) {
    throw invalidParameterException(
      'resourceArn is not the ARN of an instance, a resource in one or a number.',
    );
  }
  const [, instanceArn = '', kind, id] = parts;
  if (kind !== undefined && !isTaggedKind(kind)) {
    throw invalidParameterException(
      `A resource of the kind "${kind}" has no tags here; there are ${taggedKinds.join(', ')}.`,
    );
  }
  const instance = await requireInstance(instanceArn, caller, deps);
  const { accountId, region } = instance.tenant;
  if (!instanceArn.includes(`:${region}:${accountId}:`)) throw noSuchResource();
  if (kind === undefined) return { instanceId: instance.id, kind: 'instance', id: instance.id };
  // Numbers and instances are not within an instance.
  if (!isUuid(id ?? '') || kind === 'instance' || kind === 'phone-number') throw noSuchResource();
  return { instanceId: instance.id, kind, id: id ?? '' };
}

async function requireNumber(arn: string, caller: Caller, deps: ApiDeps): Promise<TaggedPlace> {
  const number = await ownPhoneNumber(arn, caller, deps);
  if (!number) throw noSuchResource();
  return { instanceId: number.instanceId, kind: 'phone-number', id: number.id };
}

const noSuchResource = () => resourceNotFoundException('There is no resource with this ARN.');
