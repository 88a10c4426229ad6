/** What operations on the things of an instance share: finding one by id or ARN, its own ARN, and the words for one that is missing. */
import { epochMs, type OperationName, resourceNotFoundException } from '@ringback/connect-api';
import { type InstanceResource, idOf, instanceResourceArn, isWithin } from '../arn.ts';
import type { Caller } from '../identity/caller.ts';
import type {
  AgentId,
  AgentStatusId,
  HierarchyGroupId,
  HoursOfOperationId,
  InstanceId,
  QueueId,
  QuickConnectId,
  RoutingProfileId,
  SecurityProfileId,
} from '../ids.ts';
import { isUuid } from '../ids.ts';
import type { Instance, ResourceStore } from '../store/resource-store.ts';
import { type ApiDeps, requireInstance } from './operation.ts';
import { storingFor } from './resource-limits.ts';

/** A kind of thing that an instance has. */
export interface ResourceKind<Item, Member extends string = string> {
  /** As its ARN names it. */
  readonly arnKind: InstanceResource;
  /** The input member that names one. */
  readonly member: Member;
  /** As messages call it. */
  readonly noun: string;
  readonly find: (store: ResourceStore, instanceId: InstanceId, id: string) => Promise<Item | undefined>;
}

function kind<Item, Member extends string>(
  arnKind: InstanceResource,
  member: Member,
  noun: string,
  find: ResourceKind<Item>['find'],
): ResourceKind<Item, Member> {
  return { arnKind, member, noun, find };
}

/** Every kind, by its name in our own words. */
export const kinds = {
  agent: kind('agent', 'UserId', 'user', (store, instanceId, id) =>
    store.agents.find(instanceId, id as AgentId),
  ),
  agentStatus: kind('agent-state', 'AgentStatusId', 'agent status', (store, instanceId, id) =>
    store.agentStatuses.find(instanceId, id as AgentStatusId),
  ),
  hierarchyGroup: kind('agent-group', 'HierarchyGroupId', 'hierarchy group', (store, instanceId, id) =>
    store.hierarchy.find(instanceId, id as HierarchyGroupId),
  ),
  hours: kind('operating-hours', 'HoursOfOperationId', 'hours of operation', (store, instanceId, id) =>
    store.hours.find(instanceId, id as HoursOfOperationId),
  ),
  queue: kind('queue', 'QueueId', 'queue', (store, instanceId, id) =>
    store.queues.find(instanceId, id as QueueId),
  ),
  quickConnect: kind('transfer-destination', 'QuickConnectId', 'quick connect', (store, instanceId, id) =>
    store.quickConnects.find(instanceId, id as QuickConnectId),
  ),
  routingProfile: kind('routing-profile', 'RoutingProfileId', 'routing profile', (store, instanceId, id) =>
    store.routingProfiles.find(instanceId, id as RoutingProfileId),
  ),
  securityProfile: kind(
    'security-profile',
    'SecurityProfileId',
    'security profile',
    (store, instanceId, id) => store.securityProfiles.find(instanceId, id as SecurityProfileId),
  ),
} as const;

export function arnOf(of: ResourceKind<unknown>, instance: Instance, id: string): string {
  return instanceResourceArn(instance.tenant, instance.id, of.arnKind, id);
}

/**
 * A thing of the instance by id or ARN.
 *
 * @param member the input member that names it, where that is not the kind's own.
 * @throws {ApiError} ResourceNotFoundException.
 */
export async function requireResource<Item>(
  of: ResourceKind<Item>,
  reference: string,
  instance: Instance,
  deps: ApiDeps,
  member: string = of.member,
): Promise<Item> {
  const id = idOf(reference).toLowerCase();
  const isOwn = isUuid(id) && isWithin(instance, of.arnKind, reference);
  const item = isOwn ? await of.find(deps.resources, instance.id, id) : undefined;
  if (item === undefined) throw notFound(of, member);
  return item;
}

/** Finds the instance that a request names and the thing of it. */
type RequireNamed<Item, Member extends string> = (
  input: { readonly InstanceId: string } & { readonly [Name in Member]: string },
  caller: Caller,
  deps: ApiDeps,
) => Promise<{ readonly instance: Instance; readonly item: Item }>;

/** For requests that name a thing in its kind's own member. What it gives throws ResourceNotFoundException. */
function requireNamed<Item, Member extends string>(
  of: ResourceKind<Item, Member>,
): RequireNamed<Item, Member> {
  return async (input, caller, deps) => {
    const instance = await requireInstance(input.InstanceId, caller, deps);
    return { instance, item: await requireResource(of, input[of.member], instance, deps) };
  };
}

export const requireAgentStatus = requireNamed(kinds.agentStatus);
export const requireHierarchyGroup = requireNamed(kinds.hierarchyGroup);
export const requireHours = requireNamed(kinds.hours);
export const requireQueue = requireNamed(kinds.queue);
export const requireQuickConnect = requireNamed(kinds.quickConnect);
export const requireRoutingProfile = requireNamed(kinds.routingProfile);
export const requireSecurityProfile = requireNamed(kinds.securityProfile);
export const requireUser = requireNamed(kinds.agent);

/**
 * Runs a change of one thing, which tells whether the thing was there; refusals come in the operation's own exceptions.
 *
 * @throws {ApiError} ResourceNotFoundException and those of `storingFor`.
 */
export async function changing(
  operation: OperationName,
  of: ResourceKind<unknown>,
  deps: ApiDeps,
  write: () => Promise<boolean>,
): Promise<undefined> {
  if (!(await storingFor(operation, write))) throw notFound(of);
  deps.directory.forget();
  return undefined;
}

export function notFound(of: ResourceKind<unknown>, member: string = of.member) {
  return resourceNotFoundException(`The instance has no ${of.noun} with this ${member}.`);
}

/** When and where a thing was changed last, as answers say it. */
export function lastModified(instance: Instance, updatedAtMs: number) {
  return {
    LastModifiedTime: epochMs(updatedAtMs),
    LastModifiedRegion: instance.tenant.region,
  };
}

/** An empty text takes a description away, absence leaves it as it is. */
export function clearable(text: string | undefined): string | null | undefined {
  return text === '' ? null : text;
}

/** Of a change only what is given: the rest stays as it is. */
export function withoutGaps<Change extends object>(
  change: Change,
): { [Member in keyof Change]?: Exclude<Change[Member], undefined> } {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as never;
}
