/** Asks a caller's policy whether an operation is allowed, and words a refusal as AWS does. */
import { accessDeniedException } from '@ringback/connect-api';
import { instanceArn } from '../arn.ts';
import type { InstanceId } from '../ids.ts';
import type { Caller } from './caller.ts';
import { instanceIdOf, type OperationMembers, resourcesOf } from './operation-resources.ts';
import { decide } from './policy.ts';
import type { ConditionContext } from './policy-condition.ts';

/** What a condition may ask about the request besides its caller. */
export interface RequestSurroundings {
  readonly nowMs: number;
  readonly sourceAddress: string;
  readonly userAgent: string | undefined;
  readonly transport: 'tls' | 'plain';
}

/**
 * Lets the operation pass, or refuses it. A key without a policy may do everything in its account.
 *
 * @param service the action's prefix, such as `connect`.
 * @throws {ApiError} AccessDeniedException.
 */
export function authorize(
  caller: Caller,
  service: string,
  operation: string,
  input: OperationMembers,
  surroundings: RequestSurroundings,
): void {
  if (!caller.policy) return;
  const action = `${service}:${operation}`;
  const decision = decide(caller.policy, {
    action,
    resources: service === 'connect' ? resourcesOf(operation, input, caller.tenant) : [['*']],
    context: contextOf(caller, input, surroundings),
  });
  if (decision.kind === 'allowed') return;
  const reason =
    decision.kind === 'explicit deny'
      ? 'with an explicit deny in an identity-based policy'
      : `because no identity-based policy allows the ${action} action`;
  throw accessDeniedException(
    `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${decision.resource} ${reason}`,
  );
}

function contextOf(
  caller: Caller,
  input: OperationMembers,
  { nowMs, sourceAddress, userAgent, transport }: RequestSurroundings,
): ConditionContext {
  const { tenant } = caller;
  const context = new Map<string, readonly string[]>([
    ['aws:username', [caller.userName]],
    ['aws:userid', [caller.accessKeyId]],
    ['aws:principalarn', [caller.arn]],
    ['aws:principalaccount', [tenant.accountId]],
    ['aws:sourceip', [sourceAddress]],
    ['aws:securetransport', [String(transport === 'tls')]],
    ['aws:currenttime', [new Date(nowMs).toISOString()]],
    ['aws:requestedregion', [tenant.region]],
  ]);
  if (userAgent !== undefined) context.set('aws:useragent', [userAgent]);
  if (caller.principal !== undefined) context.set('aws:principalservicename', [caller.principal]);
  const instanceId = instanceIdOf(input);
  if (instanceId !== undefined) {
    context.set('connect:instanceid', [instanceId, instanceArn(tenant, instanceId as InstanceId)]);
  }
  return context;
}
