/** What the code of an operation is: typed input and a caller in, typed output or an ApiError out. One file per operation beside this. */
import {
  type OperationInput,
  type OperationName,
  type OperationOutput,
  resourceNotFoundException,
} from '@ringback/connect-api';
import { idOf, instanceArn } from '../arn.ts';
import type { Clock } from '../clock.ts';
import type { AcceptDeps } from '../contacts/accept-contact.ts';
import type { ChangeContactData } from '../contacts/change-contact-data.ts';
import type { ContactOrders } from '../contacts/contact-orders.ts';
import type { AudioBuckets } from '../flows/prompts/audio-buckets.ts';
import type { PromptAudio } from '../flows/prompts/prompt-audio.ts';
import type { Caller } from '../identity/caller.ts';
import { type ContactId, type InstanceId, isUuid } from '../ids.ts';
import type { InstancePolicies } from '../policy/instance-policies.ts';
import type { OperatorDecisions } from '../policy/operator-decisions.ts';
import type { Quotas } from '../policy/quotas.ts';
import type { Routing } from '../routing/routing.ts';
import type { ContactStore } from '../store/contact-store.ts';
import type { Directory, Known } from '../store/directory.ts';
import type { OperatorStore } from '../store/operator-store.ts';
import type { Instance, ResourceStore } from '../store/resource-store.ts';
import type { PromptLinks } from './prompt-links.ts';

/** What operations stand on. */
export interface ApiDeps {
  readonly clock: Clock;
  readonly directory: Directory;
  readonly resources: ResourceStore;
  readonly contacts: ContactStore;
  readonly routing: Routing;
  /** Orders that concern a live contact, at whichever node it is. */
  readonly orders: ContactOrders;
  readonly changeContactData: ChangeContactData;
  readonly accepting: AcceptDeps;
  /** Where the audio of a prompt comes from, what it becomes, and where it is downloaded. */
  readonly buckets: AudioBuckets;
  readonly promptAudio: PromptAudio;
  readonly promptLinks: PromptLinks;
  readonly policies: InstancePolicies;
  readonly quotas: Quotas;
  readonly decisions: OperatorDecisions;
  /** Where requests to raise a quota go, and who grants them. */
  readonly quotaRequests: {
    readonly store: OperatorStore;
    readonly granted: 'at once' | 'by an administrator';
  };
  readonly previewAllowedFor: 'campaigns' | 'everyone';
  /** Told of each call that policy or limits refused. */
  readonly callRefused: (reason: CallRefusal) => void;
  /** Told when a ClientToken comes again with another request than the contact's. */
  readonly tokenMisused: (contactId: ContactId) => void;
}

/** Why a call was refused, for the metrics. */
export type CallRefusal =
  | 'destination'
  | 'dialling stopped'
  | 'no call slot'
  | 'campaign quota'
  | 'no price'
  | 'calls of the instance'
  | 'calls to the country'
  | 'calls to the number'
  | 'spend';

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
export function requireInstance(idOrArn: string, caller: Caller, deps: ApiDeps): Known<Instance> {
  const id = idOf(idOrArn);
  const found = isUuid(id) ? deps.directory.instance(id as InstanceId) : undefined;
  return found instanceof Promise
    ? found.then((instance) => ownInstance(instance, idOrArn, caller))
    : ownInstance(found, idOrArn, caller);
}

function ownInstance(instance: Instance | undefined, idOrArn: string, caller: Caller): Instance {
  const { accountId, region } = caller.tenant;
  const isArn = idOrArn.startsWith('arn:');
  if (
    !instance ||
    instance.tenant.accountId !== accountId ||
    instance.tenant.region !== region ||
    (isArn && idOrArn.toLowerCase() !== instanceArn(instance.tenant, instance.id))
  ) {
    throw resourceNotFoundException('The instance does not exist in this account and Region.');
  }
  return instance;
}
