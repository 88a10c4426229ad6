/** Which resources a request touches, as policies name them, and what it offers to conditions. Pure. */
import { idOf, instanceArn, phoneNumberArn, type Tenant } from '../arn.ts';
import { type InstanceId, isUuid } from '../ids.ts';
import type { ResourceNames } from './policy.ts';

/** Checked input of an operation; only members that name resources are looked at. */
export type OperationMembers = Readonly<Record<string, unknown>>;

/** Members that name a resource below the instance, and the last-but-one part of its ARN (Service Authorization Reference). */
const kindOfMember: Readonly<Record<string, string>> = {
  ContactId: 'contact',
  InitialContactId: 'contact',
  ContactFlowId: 'contact-flow',
  ContactFlowModuleId: 'flow-module',
  QueueId: 'queue',
  QuickConnectId: 'transfer-destination',
  HoursOfOperationId: 'operating-hours',
  PromptId: 'prompt',
  RoutingProfileId: 'routing-profile',
  SecurityProfileId: 'security-profile',
  AgentStatusId: 'agent-state',
  UserId: 'agent',
  HierarchyGroupId: 'agent-group',
  ParentGroupId: 'agent-group',
  DefaultOutboundQueueId: 'queue',
};

/** The same for members that name several. */
const kindOfListMember: Readonly<Record<string, string>> = {
  QuickConnectIds: 'transfer-destination',
  SecurityProfileIds: 'security-profile',
};

/** Lists of a routing profile's queues: of references, or of things with one. */
const queueListMembers = [
  'QueueConfigs',
  'QueueReferences',
  'ManualAssignmentQueueConfigs',
  'ManualAssignmentQueueReferences',
] as const;

/** What an operation makes or lists, where its input cannot name one: `kind` alone, every one of the kind. */
const wholeKindOf: Readonly<Record<string, string>> = {
  CreateAgentStatus: 'agent-state',
  CreateContact: 'contact',
  CreateContactFlow: 'contact-flow',
  CreateContactFlowModule: 'flow-module',
  CreateHoursOfOperation: 'operating-hours',
  CreatePrompt: 'prompt',
  CreateQueue: 'queue',
  CreateQuickConnect: 'transfer-destination',
  CreateRoutingProfile: 'routing-profile',
  CreateSecurityProfile: 'security-profile',
  CreateUser: 'agent',
  CreateUserHierarchyGroup: 'agent-group',
  ListAgentStatuses: 'agent-state',
  ListContactFlows: 'contact-flow',
  ListPhoneNumbers: 'phone-number',
  ListQueues: 'queue',
  ListQuickConnects: 'transfer-destination',
};

/** Operations on the account's phone numbers, which belong to no instance. */
const onPhoneNumbers = new Set([
  'ClaimPhoneNumber',
  'ImportPhoneNumber',
  'ListPhoneNumbersV2',
  'SearchAvailablePhoneNumbers',
]);

/**
 * The resources of a request, each in the form in which `Resource` names it; all must be allowed. An operation on
 * nothing in particular (ListInstances) has the resource `*`.
 *
 * Ids are spelled as they are stored, so that a policy that denies an instance is not passed by writing its id in
 * capitals.
 */
export function resourcesOf(
  operation: string,
  input: OperationMembers,
  tenant: Tenant,
): readonly ResourceNames[] {
  const tagged = taggedArnOf(input);
  if (tagged !== undefined) return [[tagged]];
  const instanceId = instanceIdOf(input);
  const resources: ResourceNames[] = [];
  const numberId = textOf(input.PhoneNumberId);
  if (numberId !== undefined) resources.push([phoneNumberArn(tenant, storedId(numberId))]);
  else if (onPhoneNumbers.has(operation)) resources.push([phoneNumberArn(tenant, '*')]);

  if (instanceId === undefined) return resources.length > 0 ? resources : [['*']];
  const instance = instanceArn(tenant, instanceId as InstanceId);
  // The reference names no resource type for this operation; policies in use name the instance or its contacts.
  if (operation === 'StartOutboundVoiceContact') return [[`${instance}/contact/*`, instance]];

  const wholeKind = wholeKindOf[operation];
  if (wholeKind !== undefined) resources.push([`${instance}/${wholeKind}/*`]);
  for (const member in kindOfMember) {
    const id = textOf(input[member]);
    if (id !== undefined) resources.push([`${instance}/${kindOfMember[member]}/${storedId(id)}`]);
  }
  for (const member in kindOfListMember) {
    for (const id of listOf(input[member])) {
      if (typeof id === 'string') resources.push([`${instance}/${kindOfListMember[member]}/${storedId(id)}`]);
    }
  }
  for (const id of queueIdsOf(input)) resources.push([`${instance}/queue/${storedId(id)}`]);
  return resources.length > 0 ? resources : [[instance]];
}

/**
 * Another operation that the caller must be allowed, too, with the input that names its resources: who searches contacts by
 * attributes reads them (API reference, SearchCriteria).
 */
export function alsoNeeded(
  operation: string,
  { InstanceId, SearchCriteria }: OperationMembers,
): { readonly operation: string; readonly input: OperationMembers } | undefined {
  const criteria = operation === 'SearchContacts' && (SearchCriteria as OperationMembers | undefined);
  if (!criteria || criteria.SearchableContactAttributes === undefined) return undefined;
  return { operation: 'GetContactAttributes', input: { InstanceId, InitialContactId: '*' } };
}

function queueIdsOf(input: OperationMembers): ReadonlySet<string> {
  const ids = queueListMembers
    .flatMap((member) => listOf(input[member]))
    .map((entry) => {
      const members = entry as OperationMembers;
      return textOf(((members.QueueReference ?? members) as OperationMembers).QueueId);
    });
  return new Set(ids.filter((id) => id !== undefined));
}

/** The resources of the Service Quotas API: a change names the quota, reading names nothing (Service Authorization Reference). */
export function quotaResourcesOf(
  operation: string,
  { ServiceCode: service, QuotaCode: quota }: OperationMembers,
  { region, accountId }: Tenant,
): readonly ResourceNames[] {
  if (operation !== 'RequestServiceQuotaIncrease') return [['*']];
  return [[`arn:aws:servicequotas:${region}:${accountId}:${textOf(service) ?? '*'}/${textOf(quota) ?? '*'}`]];
}

/** The instance that a request names, as it is stored: by itself, or as the one in which a tagged resource lies. */
export function instanceIdOf(input: OperationMembers): string | undefined {
  const named = textOf(input.InstanceId) ?? textOf(input.TargetArn);
  if (named !== undefined) return storedId(named);
  return /:instance\/([^/]+)/.exec(taggedArnOf(input) ?? '')?.[1];
}

/** What TagResource and its kind name by ARN, every id in it as it is stored. */
function taggedArnOf(input: OperationMembers): string | undefined {
  const named = textOf(input.resourceArn);
  if (!named?.startsWith('arn:')) return named;
  const [place = '', ...ids] = named.split('/');
  return [place, ...ids.map(storedId)].join('/');
}

/** Id without a version (`:$SAVED`), in the spelling of the store. */
function storedId(idOrArn: string): string {
  const [id = ''] = idOf(idOrArn).split(':');
  return isUuid(id) ? id.toLowerCase() : id;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
