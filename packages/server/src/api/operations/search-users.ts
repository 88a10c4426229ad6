/** SearchUsers. */
import { accessDeniedException, invalidParameterException, type OperationInput } from '@ringback/connect-api';
import { phoneConfigOf } from '../../store/agent-settings.ts';
import type { Agent, Proficiency } from '../../store/agent-store.ts';
import type { HierarchyGroup } from '../../store/hierarchy-store.ts';
import type { Instance } from '../../store/resource-store.ts';
import { arnOf, kinds } from '../instance-resource.ts';
import { type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';
import {
  attributeFilterPredicate,
  criteriaPredicate,
  type Predicate,
  stringPredicate,
  tagFilterPredicate,
} from '../search-criteria.ts';
import { pathTo } from './user-hierarchy.ts';

type Criteria = NonNullable<OperationInput<'SearchUsers'>['SearchCriteria']>;
type ListCondition = NonNullable<Criteria['ListCondition']>;
type NumberCondition = NonNullable<NonNullable<ListCondition['Conditions']>[number]['NumberCondition']>;
type HierarchyCondition = NonNullable<Criteria['HierarchyGroupCondition']>;

interface SearchedUser {
  readonly id: string;
  readonly agent: Agent;
  readonly tags: Agent['tags'];
  readonly proficiencies: readonly Proficiency[];
  /** The user's own group first, then those above it. */
  readonly groups: readonly HierarchyGroup[];
}

export const searchUsers: OperationCode<'SearchUsers'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const criteria = criteriaPredicate(
    input.SearchCriteria,
    {
      username: ({ agent }: SearchedUser) => agent.username,
      firstName: ({ agent }) => agent.identity.firstName,
      lastName: ({ agent }) => agent.identity.lastName,
      routingProfileId: ({ agent }) => agent.routingProfileId,
      securityProfileId: ({ agent }) => agent.securityProfileIds,
      resourceId: ({ agent }) => agent.id,
    },
    ({ ListCondition, HierarchyGroupCondition }) => [
      ...(ListCondition ? [listPredicate(ListCondition)] : []),
      ...(HierarchyGroupCondition ? [hierarchyPredicate(HierarchyGroupCondition)] : []),
    ],
  );
  if (input.SearchFilter?.TagFilter && input.SearchFilter.UserAttributeFilter) {
    // Not among the operation's exceptions, but what the API reference promises (UserSearchFilter).
    throw accessDeniedException('TagFilter and UserAttributeFilter exclude each other.');
  }
  const tags = tagFilterPredicate(input.SearchFilter?.TagFilter);
  const attributes = userAttributePredicate(input.SearchFilter?.UserAttributeFilter);
  const [agents, proficiencies, groups] = await Promise.all([
    deps.resources.agents.list(instance.id),
    deps.resources.agents.proficiencies(instance.id),
    deps.resources.hierarchy.list(instance.id),
  ]);
  const groupById = new Map(groups.map((group) => [group.id, group]));
  const found = agents
    .map((agent): SearchedUser => {
      const group = agent.hierarchyGroupId && groupById.get(agent.hierarchyGroupId);
      return {
        id: agent.id,
        agent,
        tags: agent.tags,
        proficiencies: proficiencies.get(agent.id) ?? [],
        groups: group ? pathTo(group, groups) : [],
      };
    })
    .filter((user) => criteria(user) && tags(user) && attributes(user));
  const page = pageOf(found, input);
  return {
    Users: page.items.map(({ agent }) => wireUser(instance, agent)),
    NextToken: page.nextToken,
    ApproximateTotalCount: found.length,
  };
};

type UserAttributeFilter = NonNullable<
  NonNullable<OperationInput<'SearchUsers'>['SearchFilter']>['UserAttributeFilter']
>;

function userAttributePredicate(filter: UserAttributeFilter | undefined): Predicate<SearchedUser> {
  const { HierarchyGroupCondition: condition, ...rest } = filter ?? {};
  if (condition === undefined) {
    return attributeFilterPredicate(rest, ({ HierarchyGroupCondition }) =>
      HierarchyGroupCondition ? [hierarchyPredicate(HierarchyGroupCondition)] : [],
    );
  }
  const [other] = Object.entries(rest).filter(([, value]) => value !== undefined);
  if (other) {
    throw invalidParameterException(`Of HierarchyGroupCondition and ${other[0]}, the filter takes one.`);
  }
  return hierarchyPredicate(condition);
}

/** The user's group, or with its child groups any group above it. */
function hierarchyPredicate({ Value, HierarchyGroupMatchType }: HierarchyCondition): Predicate<SearchedUser> {
  const wanted = (Value ?? '').toLowerCase();
  return HierarchyGroupMatchType === 'WITH_CHILD_GROUPS'
    ? ({ groups }) => groups.some(({ id }) => id === wanted)
    : ({ groups }) => groups[0]?.id === wanted;
}

/** One proficiency must meet all the conditions. */
function listPredicate({ Conditions }: ListCondition): Predicate<SearchedUser> {
  const tests = (Conditions ?? []).flatMap(({ StringCondition, NumberCondition }) => [
    ...(StringCondition
      ? [
          stringPredicate(StringCondition, {
            name: ({ attribute }: Proficiency) => attribute,
            value: ({ value }) => value,
          }),
        ]
      : []),
    ...(NumberCondition ? [levelPredicate(NumberCondition)] : []),
  ]);
  return ({ proficiencies }) => proficiencies.some((proficiency) => tests.every((test) => test(proficiency)));
}

function levelPredicate({
  FieldName,
  MinValue,
  MaxValue,
  ComparisonType,
}: NumberCondition): Predicate<Proficiency> {
  if (FieldName?.toLowerCase() !== 'limit') {
    throw invalidParameterException('FieldName of a NumberCondition must be limit.');
  }
  const comparison = ComparisonType ?? 'EQUAL';
  const bound = comparison === 'RANGE' ? MinValue : (MinValue ?? MaxValue);
  if (bound === undefined || (comparison === 'RANGE' && MaxValue === undefined)) {
    throw invalidParameterException(
      comparison === 'RANGE'
        ? 'A NumberCondition of the type RANGE needs MinValue and MaxValue.'
        : `A NumberCondition of the type ${comparison} needs MinValue or MaxValue.`,
    );
  }
  const most = MaxValue ?? bound;
  switch (comparison) {
    case 'GREATER_OR_EQUAL':
      return ({ level }) => level >= bound;
    case 'GREATER':
      return ({ level }) => level > bound;
    case 'LESSER_OR_EQUAL':
      return ({ level }) => level <= most;
    case 'LESSER':
      return ({ level }) => level < most;
    case 'EQUAL':
      return ({ level }) => level === bound;
    case 'NOT_EQUAL':
      return ({ level }) => level !== bound;
    case 'RANGE':
      return ({ level }) => level >= bound && level <= most;
  }
}

function wireUser(instance: Instance, agent: Agent) {
  const phone = phoneConfigOf(agent.settings);
  return {
    Arn: arnOf(kinds.agent, instance, agent.id),
    DirectoryUserId: agent.directoryUserId,
    HierarchyGroupId: agent.hierarchyGroupId,
    Id: agent.id,
    IdentityInfo: { FirstName: agent.identity.firstName, LastName: agent.identity.lastName },
    // Milliseconds here, seconds in DescribeUser (API reference, UserPhoneConfig).
    PhoneConfig: { ...phone, AfterContactWorkTimeLimit: (phone.AfterContactWorkTimeLimit ?? 0) * 1000 },
    RoutingProfileId: agent.routingProfileId,
    SecurityProfileIds: agent.securityProfileIds,
    Tags: agent.tags,
    Username: agent.username,
    ...agent.settings,
  };
}
