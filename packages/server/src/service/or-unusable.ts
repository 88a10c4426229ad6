/** Tells an operator which setting cannot be used, and why. Used where the service opens what its configuration names. */

import { ConfigUnusable } from '../config.ts';

/**
 * What a setting names may be unusable; the operator is told in the setting's words.
 *
 * @throws {ConfigUnusable} with the code of the system, where it has one.
 */
export async function orUnusable<Value>(work: Promise<Value>, complaint: string): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ConfigUnusable(`${complaint} (${reason}).`, { cause: error });
  }
}
