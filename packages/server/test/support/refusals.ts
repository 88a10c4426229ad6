/** Refusals of requests, as tests look at them. */
import assert from 'node:assert/strict';

/** What the SDK throws for an exception of the service. */
export interface Refusal extends Error {
  readonly $metadata: { readonly httpStatusCode?: number; readonly attempts?: number };
}

/** Asserts that a request is refused by this exception, with a text that fits. */
export async function refused(request: Promise<unknown>, name: string, message: RegExp = /./): Promise<void> {
  const refusal = await refusalOf(request);
  assert.equal(refusal.name, name, refusal.message);
  assert.match(refusal.message, message);
}

/** What a request is refused with. */
export function refusalOf(request: Promise<unknown>): Promise<Refusal> {
  return request.then(
    () => assert.fail('it was not refused'),
    (error: unknown) => error as Refusal,
  );
}

/** A well-formed id of nothing. */
export const unknownId = '00000000-0000-4000-8000-000000000000';
