/** Ties the token of a page to the operation that gave it out: pages of another one would be wrong without a word. */
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

/** The output as clients see it. */
export function withTokenGiven<Output>(operation: OperationName, output: Output): Output {
  const { NextToken: token } = (output ?? {}) as Paged;
  return token === undefined ? output : { ...output, NextToken: `${operation}.${token}` };
}

/**
 * The input as the operation gave the token.
 *
 * @throws {ApiError} InvalidParameterException, or InvalidRequestException where the operation's model has no other, for a token
 *   of another operation, or of none.
 */
export function withTokenTaken<Input>(operation: OperationName, input: Input): Input {
  const { NextToken: token } = input as Paged;
  if (token === undefined) return input;
  const mark = `${operation}.`;
  if (token.startsWith(mark)) return { ...input, NextToken: token.slice(mark.length) };
  const message = 'The value of NextToken was not given out by this operation.';
  throw operations[operation].errors.some((name) => name === 'InvalidParameterException')
    ? invalidParameterException(message)
    : invalidRequestException(message);
}
