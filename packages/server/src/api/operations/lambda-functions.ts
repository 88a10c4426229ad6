/** Lambda functions that an instance lists for its flows: associated, disassociated, listed. */
import {
  invalidParameterException,
  resourceConflictException,
  resourceNotFoundException,
} from '@ringback/connect-api';
import { type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';
import { mostOf, storingFor } from '../resource-limits.ts';

const defaultPageSize = 25;

/** The longest and the form of a function's ARN, with or without a version or alias (API reference, AssociateLambdaFunction; Lambda, FunctionArn). */
const longestArn = 140;
const functionArn =
  /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[a-zA-Z0-9_-]+(:(\$LATEST|[a-zA-Z0-9_-]+))?$/;

/** The same request again is answered like the first one. */
export const associateLambdaFunction: OperationCode<'AssociateLambdaFunction'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  refuseArn(input.FunctionArn);
  const most = mostOf('lambdaFunctions', instance, deps);
  const isListed = await storingFor('AssociateLambdaFunction', () =>
    deps.resources.lambdaFunctions.add(
      instance.id,
      input.FunctionArn,
      input.ClientToken,
      most,
      deps.clock.now(),
    ),
  );
  if (!isListed) {
    throw resourceConflictException('The Lambda function is associated with the instance already.');
  }
  return undefined;
};

export const disassociateLambdaFunction: OperationCode<'DisassociateLambdaFunction'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  refuseArn(input.FunctionArn);
  if (!(await deps.resources.lambdaFunctions.remove(instance.id, input.FunctionArn))) {
    throw resourceNotFoundException('The Lambda function is not associated with the instance.');
  }
  return undefined;
};

export const listLambdaFunctions: OperationCode<'ListLambdaFunctions'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const functions = (await deps.resources.lambdaFunctions.list(instance.id)).map((id) => ({ id }));
  const page = pageOf(functions, input, defaultPageSize);
  return { LambdaFunctions: page.items.map(({ id }) => id), NextToken: page.nextToken };
};

function refuseArn(arn: string): void {
  if (arn.length > longestArn || !functionArn.test(arn)) {
    throw invalidParameterException(
      `FunctionArn is not the ARN of a Lambda function of at most ${longestArn} characters.`,
    );
  }
}
