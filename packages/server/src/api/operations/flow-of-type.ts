/** A flow that another resource names, for a certain use. */
import { invalidParameterException, resourceNotFoundException } from '@ringback/connect-api';
import { idOf, isWithin } from '../../arn.ts';
import { type ContactFlowId, isUuid } from '../../ids.ts';
import type { Instance } from '../../store/resource-store.ts';
import type { ApiDeps } from '../operation.ts';

/**
 * The id of a published flow of the type.
 *
 * @param member where the request names it, for messages.
 * @throws {ApiError} ResourceNotFoundException when there is none; InvalidParameterException when it is of another type
 *   or was never published.
 */
export async function requireFlowOfType(
  reference: string,
  type: string,
  member: string,
  instance: Instance,
  deps: ApiDeps,
): Promise<ContactFlowId> {
  const id = idOf(reference).toLowerCase();
  const flow =
    isUuid(id) && isWithin(instance, 'contact-flow', reference)
      ? await deps.resources.findFlow(instance.id, id as ContactFlowId, 'flow')
      : undefined;
  if (!flow) throw resourceNotFoundException(`The instance has no flow with this ${member}.`);
  if (flow.type !== type) {
    throw invalidParameterException(`${member} names a flow of the type ${flow.type}; it must be ${type}.`);
  }
  if (flow.status !== 'PUBLISHED') {
    throw invalidParameterException(`${member} names a flow that was never published.`);
  }
  return flow.id;
}
