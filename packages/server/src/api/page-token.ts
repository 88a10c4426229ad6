/** Ties the token of a page to the operation that gave it out, and to all of its text: pages of another one would be wrong without a word. */
import { hash } from 'node:crypto';
import {
  invalidParameterException,
  invalidRequestException,
  type OperationName,
  operations,
} from '@ringback/connect-api';

/** What the input and the output of operations that give out pages have. */
interface Paged {
  readonly NextToken?: string;
}

/** Characters; a token that was cut off by chance passes once in 2^48 times. */
const checkLength = 8;

/** The output as clients see it. */
export function withTokenGiven<Output>(operation: OperationName, output: Output): Output {
  const { NextToken: token } = (output ?? {}) as Paged;
  return token === undefined
    ? output
    : { ...output, NextToken: `${operation}.${token}.${checkOf(operation, token)}` };
}

/**
 * The input as the operation gave the token.
 *
 * @throws {ApiError} InvalidParameterException, or InvalidRequestException where the operation's model has no other, for a token
 *   of another operation, or of none, and for one that was cut off.
 */
export function withTokenTaken<Input>(operation: OperationName, input: Input): Input {
  const { NextToken: token } = input as Paged;
  if (token === undefined) return input;
  const mark = `${operation}.`;
  const end = token.lastIndexOf('.');
  const given = token.slice(mark.length, end);
  if (token.startsWith(mark) && token.slice(end + 1) === checkOf(operation, given)) {
    return { ...input, NextToken: given };
  }
  const message = 'The value of NextToken was not given out by this operation.';
  throw operations[operation].errors.some((name) => name === 'InvalidParameterException')
    ? invalidParameterException(message)
    : invalidRequestException(message);
}

/** Part of a hash, not of a signature: who makes up a token sees nothing but pages that he may see. */
function checkOf(operation: OperationName, token: string): string {
  return hash('sha256', `${operation}.${token}`, 'base64url').slice(0, checkLength);
}
