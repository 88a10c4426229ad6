/** How many of a thing an instance may have, and the refusals of the store in the words of the API. */
import {
  type ApiError,
  duplicateResourceException,
  invalidParameterException,
  invalidRequestException,
  limitExceededException,
  type OperationName,
  operations,
  resourceInUseException,
  resourceNotFoundException,
  serviceQuotaExceededException,
} from '@ringback/connect-api';
import type { ResourceQuotaKey } from '../policy/resource-quotas.ts';
import { InUse, NameTaken, ReferenceMissing, TooMany } from '../store/resource-refusals.ts';
import type { Instance } from '../store/resource-store.ts';
import { QueueAssociated } from '../store/routing-profile-store.ts';
import type { ApiDeps } from './operation.ts';

/** How many the instance may have at this moment: an administrator may have raised it. */
export function mostOf(kind: ResourceQuotaKey, { id, tenant }: Instance, { quotas }: ApiDeps): number {
  return quotas.resource(kind, { tenant, instanceId: id });
}

/**
 * Runs a write, and words what the store refuses.
 *
 * @throws {ApiError} DuplicateResourceException, LimitExceededException.
 */
export async function storing<Result>(write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof NameTaken) throw duplicateResourceException(error.message);
    if (error instanceof TooMany) throw limitExceededException(error.message);
    throw error;
  }
}

/**
 * Runs a write, and words what the store refuses as the operation's model has it: where it lacks the exception made for
 * the case, it is answered with one that every such operation has.
 *
 * @throws {ApiError} DuplicateResourceException or InvalidParameterException; LimitExceededException,
 *   ServiceQuotaExceededException or InvalidRequestException; ResourceInUseException or InvalidRequestException;
 *   ResourceNotFoundException.
 */
export async function storingFor<Result>(
  operation: OperationName,
  write: () => Promise<Result>,
): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    throw worded(operation, error) ?? error;
  }
}

function worded(operation: OperationName, error: unknown): ApiError | undefined {
  const modelled = new Set<string>(operations[operation].errors);
  if (error instanceof NameTaken || error instanceof QueueAssociated) {
    return modelled.has('DuplicateResourceException')
      ? duplicateResourceException(error.message)
      : invalidParameterException(error.message);
  }
  if (error instanceof TooMany) {
    if (modelled.has('LimitExceededException')) return limitExceededException(error.message);
    return modelled.has('ServiceQuotaExceededException')
      ? serviceQuotaExceededException(error.message)
      : invalidRequestException(error.message);
  }
  if (error instanceof InUse) {
    return modelled.has('ResourceInUseException')
      ? resourceInUseException(error.message)
      : invalidRequestException(error.message);
  }
  return error instanceof ReferenceMissing ? resourceNotFoundException(error.message) : undefined;
}
