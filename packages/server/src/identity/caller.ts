/** Who a request comes from: the tenant it acts in, the service it speaks for, and what its key may do. Made from the access key. */
import type { Tenant } from '../arn.ts';
import type { AccountId } from '../ids.ts';
import type { Policy } from './policy.ts';

export interface Caller {
  readonly tenant: Tenant;
  readonly accessKeyId: string;
  /** Set for service principals such as `connect-campaigns.amazonaws.com`. */
  readonly principal: string | undefined;
  /** `lasting` for keys without a session, `temporary` for those with one. */
  readonly credentials: 'lasting' | 'temporary';
  readonly userName: string;
  /** `arn:aws:iam::ACCOUNT:user/NAME`, or the federated user's ARN for temporary credentials. */
  readonly arn: string;
  /** Absent: the key may do everything in its account. */
  readonly policy: Policy | undefined;
}

/** The service principal of Amazon Connect outbound campaigns. */
export const campaignsPrincipal = 'connect-campaigns.amazonaws.com';

/** What the caller of a key is made of. */
export interface CallerParts {
  readonly accessKeyId: string;
  readonly accountId: AccountId;
  readonly region: string;
  readonly userName: string;
  readonly credentials: Caller['credentials'];
  readonly principal: string | undefined;
  readonly policy: Policy | undefined;
}

export function callerOf(parts: CallerParts): Caller {
  const { accountId, region, userName, credentials } = parts;
  return {
    tenant: { accountId, region },
    accessKeyId: parts.accessKeyId,
    principal: parts.principal,
    credentials,
    userName,
    arn:
      credentials === 'temporary'
        ? `arn:aws:sts::${accountId}:federated-user/${userName}`
        : `arn:aws:iam::${accountId}:user/${userName}`,
    policy: parts.policy,
  };
}
