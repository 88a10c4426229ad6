/** Asks a caller's policy whether an operation is allowed, and words a refusal as AWS does. */
import { accessDeniedException } from '@ringback/connect-api';
import { instanceArn } from '../arn.ts';
import type { InstanceId } from '../ids.ts';
import type { Caller } from './caller.ts';
import {
  alsoNeeded,
  instanceIdOf,
  type OperationMembers,
  quotaResourcesOf,
  resourcesOf,
} from './operation-resources.ts';
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
 * @param service the action's prefix.
 * @throws {ApiError} AccessDeniedException.
 */
export function authorize(
  caller: Caller,
  service: 'connect' | 'servicequotas',
  operation: string,
  input: OperationMembers,
  surroundings: RequestSurroundings,
): void {
  if (!caller.policy) return;
  const action = `${service}:${operation}`;
  const decision = decide(caller.policy, {
    action,
    resources: (service === 'connect' ? resourcesOf : quotaResourcesOf)(operation, input, caller.tenant),
    context: contextOf(caller, input, surroundings),
  });
  if (decision.kind === 'allowed') {
    const also = alsoNeeded(operation, input);
    if (also) authorize(caller, service, also.operation, also.input, surroundings);
    return;
  }
  const reason =
    decision.kind === 'explicit deny'
      ? 'with an explicit deny in an identity-based policy'
      : `because no identity-based policy allows the ${action} action`;
  throw accessDeniedException(
    `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${decision.resource} ${reason}`,
  );
}

/** Looked up one by one: most policies ask for none of it. */
function contextOf(
  caller: Caller,
  input: OperationMembers,
  { nowMs, sourceAddress, userAgent, transport }: RequestSurroundings,
): ConditionContext {
  const { tenant } = caller;
  const read = (key: string): string | undefined => {
    switch (key) {
      case 'aws:username':
        return caller.userName;
      case 'aws:userid':
        return caller.accessKeyId;
      case 'aws:principalarn':
        return caller.arn;
      case 'aws:principalaccount':
        return tenant.accountId;
      case 'aws:principalservicename':
        return caller.principal;
      case 'aws:sourceip':
        return sourceAddress;
      case 'aws:securetransport':
        return String(transport === 'tls');
      case 'aws:currenttime':
        return new Date(nowMs).toISOString();
      case 'aws:requestedregion':
        return tenant.region;
      case 'aws:useragent':
        return userAgent;
      default:
        return undefined;
    }
  };
  return {
    get(key) {
      if (key === 'connect:instanceid') {
        const instanceId = instanceIdOf(input);
        return instanceId === undefined
          ? undefined
          : [instanceId, instanceArn(tenant, instanceId as InstanceId)];
      }
      const value = read(key);
      return value === undefined ? undefined : [value];
    },
  };
}
