/** What the code of an operation is: typed input and a caller in, typed output or an ApiError out. One file per operation beside this. */
import {
  type OperationInput,
  type OperationName,
  type OperationOutput,
  resourceNotFoundException,
} from '@ringback/connect-api';
import { idOf } from '../arn.ts';
import type { Clock } from '../clock.ts';
import type { AcceptDeps } from '../contacts/accept-contact.ts';
import type { ActiveContacts } from '../contacts/active-contacts.ts';
import type { Caller } from '../identity/caller.ts';
import { type InstanceId, isUuid } from '../ids.ts';
import type { DestinationPolicy } from '../policy/destination.ts';
import type { ContactStore } from '../store/contact-store.ts';
import type { Directory } from '../store/directory.ts';
import type { Instance, ResourceStore } from '../store/resource-store.ts';

/** What operations stand on. */
export interface ApiDeps {
  readonly clock: Clock;
  readonly directory: Directory;
  readonly resources: ResourceStore;
  readonly contacts: ContactStore;
  readonly active: ActiveContacts;
  readonly accepting: AcceptDeps;
  readonly destinations: DestinationPolicy;
  readonly previewAllowedFor: 'campaigns' | 'everyone';
  readonly campaignCallQuota: number;
}

export type OperationCode<Name extends OperationName> = (
  input: OperationInput<Name>,
  caller: Caller,
  deps: ApiDeps,
) => Promise<OperationOutput<Name>>;

/**
 * The caller's instance by id or ARN. Another account's instance is as unknown as none.
 *
 * @throws {ApiError} ResourceNotFoundException.
 */
export async function requireInstance(idOrArn: string, caller: Caller, deps: ApiDeps): Promise<Instance> {
  const id = idOf(idOrArn);
  const instance = isUuid(id) ? await deps.directory.instance(id as InstanceId) : undefined;
  const { accountId, region } = caller.tenant;
  if (!instance || instance.tenant.accountId !== accountId || instance.tenant.region !== region) {
    throw resourceNotFoundException('The instance does not exist in this account and Region.');
  }
  return instance;
}
