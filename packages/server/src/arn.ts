/** Amazon Resource Names of Connect resources: written for answers, read where an operation takes an id or an ARN. */
import type { AccountId, ContactId, InstanceId } from './ids.ts';

/** Which account and Region a resource lives in. */
export interface Tenant {
  readonly accountId: AccountId;
  readonly region: string;
}

export function instanceArn(tenant: Tenant, instanceId: InstanceId): string {
  return `arn:aws:connect:${tenant.region}:${tenant.accountId}:instance/${instanceId}`;
}

/** Kinds of resource whose ARN hangs below an instance. */
export type InstanceResource =
  | 'agent'
  | 'agent-group'
  | 'agent-group-level'
  | 'agent-state'
  | 'contact'
  | 'contact-flow'
  | 'flow-module'
  | 'operating-hours'
  | 'prompt'
  | 'queue'
  | 'routing-profile'
  | 'security-profile'
  | 'transfer-destination';

export function instanceResourceArn(
  tenant: Tenant,
  instanceId: InstanceId,
  kind: InstanceResource,
  id: string,
): string {
  return `${instanceArn(tenant, instanceId)}/${kind}/${id}`;
}

export function contactArn(tenant: Tenant, instanceId: InstanceId, contactId: ContactId): string {
  return instanceResourceArn(tenant, instanceId, 'contact', contactId);
}

/** Phone numbers belong to the account, not to an instance. */
export function phoneNumberArn(tenant: Tenant, id: string): string {
  return `arn:aws:connect:${tenant.region}:${tenant.accountId}:phone-number/${id}`;
}

/** The last part of an ARN, or the text itself where it is a plain id. */
export function idOf(idOrArn: string): string {
  if (!idOrArn.startsWith('arn:')) return idOrArn;
  return idOrArn.slice(idOrArn.lastIndexOf('/') + 1);
}

/**
 * Whether a reference may be to a thing of the kind in the instance: a plain id, or an ARN that says so. An ARN of another
 * account, instance or kind names nothing there, whatever its last part.
 */
export function isWithin(
  { tenant, id }: { readonly tenant: Tenant; readonly id: InstanceId },
  kind: InstanceResource,
  reference: string,
): boolean {
  if (!reference.startsWith('arn:')) return true;
  const place = reference.slice(0, reference.lastIndexOf('/') + 1).toLowerCase();
  return place === instanceResourceArn(tenant, id, kind, '');
}
