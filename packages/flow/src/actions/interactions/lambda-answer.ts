// What a Lambda function may answer: shape and size. Pure.

import { ActionFailure } from '../../action-failure.ts';

/** Largest answer, bytes of UTF-8. */
export const MAX_ANSWER_BYTES = 32_768;

/** `STRING_MAP`: one flat object. `JSON`: any object. */
export type ResponseType = 'STRING_MAP' | 'JSON';

/**
 * Reads an answer. In a string map numbers and booleans become strings (lenient: the service documents strings only),
 * null stays null.
 *
 * @throws {ActionFailure} when it is too large, no JSON object, or nested in a string map.
 */
export function readLambdaAnswer(
  payload: string,
  responseType: ResponseType,
): Readonly<Record<string, unknown>> {
  const bytes = Buffer.byteLength(payload);
  if (bytes > MAX_ANSWER_BYTES) {
    throw new ActionFailure(`the function answered ${bytes} bytes; at most ${MAX_ANSWER_BYTES} are taken`);
  }
  let answer: unknown;
  try {
    answer = JSON.parse(payload);
  } catch {
    throw new ActionFailure('the function did not answer JSON');
  }
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    throw new ActionFailure('the function did not answer a JSON object');
  }
  if (responseType === 'JSON') return answer as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(answer).map(([key, value]) => {
      if (typeof value === 'object' && value !== null) {
        throw new ActionFailure(
          `the function answered a nested value under "${key}"; set ResponseValidation.ResponseType to JSON for that`,
        );
      }
      return [key, value === null ? null : String(value)];
    }),
  );
}
