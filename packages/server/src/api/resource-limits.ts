/** How many of a thing an instance may have, and the refusals of the store in the words of the API. */
import { duplicateResourceException, limitExceededException } from '@ringback/connect-api';
import { NameTaken, TooMany } from '../store/resource-refusals.ts';
import type { Instance } from '../store/resource-store.ts';
import type { ApiDeps } from './operation.ts';

/** How many the instance may have at this moment: an administrator may have raised it. */
export function mostOf(
  kind: 'flows' | 'flowModules' | 'prompts',
  { id, tenant }: Instance,
  { quotas }: ApiDeps,
): number {
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
