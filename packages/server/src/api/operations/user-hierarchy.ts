/** The hierarchy of users: its levels, and groups created, read, renamed, deleted, listed, searched. */
import {
  invalidParameterException,
  invalidRequestException,
  type OperationInput,
} from '@ringback/connect-api';
import { instanceResourceArn } from '../../arn.ts';
import { type HierarchyGroupId, newId } from '../../ids.ts';
import type { HierarchyGroup, HierarchyLevel } from '../../store/hierarchy-store.ts';
import type { Instance } from '../../store/resource-store.ts';
import {
  arnOf,
  changing,
  kinds,
  lastModified,
  requireHierarchyGroup,
  requireResource,
} from '../instance-resource.ts';
import { type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';
import { mostOf, storingFor } from '../resource-limits.ts';
import { attributeFilterPredicate, criteriaPredicate } from '../search-criteria.ts';

/** Longest name of a group and of a level, characters (API reference, CreateUserHierarchyGroup, HierarchyLevelUpdate). */
const longestGroupName = 100;
const longestLevelName = 50;

const levelMembers = ['LevelOne', 'LevelTwo', 'LevelThree', 'LevelFour', 'LevelFive'] as const;
type LevelMember = (typeof levelMembers)[number];

/** Without a parent the group stands on the top level, else below its parent. */
export const createUserHierarchyGroup: OperationCode<'CreateUserHierarchyGroup'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  refuseName(input.Name, longestGroupName);
  const parent =
    input.ParentGroupId === undefined
      ? undefined
      : await requireResource(kinds.hierarchyGroup, input.ParentGroupId, instance, deps, 'ParentGroupId');
  const level = (parent?.level ?? 0) + 1;
  const levels = await deps.resources.hierarchy.levels(instance.id);
  if (!levels.some((known) => known.level === level)) {
    throw invalidRequestException(
      `The hierarchy has no level ${level}. Add ${levelMembers[level - 1] ?? 'one'} with UpdateUserHierarchyStructure.`,
    );
  }
  const group: HierarchyGroup = {
    id: newId<HierarchyGroupId>(),
    instanceId: instance.id,
    name: input.Name,
    level,
    parentId: parent?.id,
    tags: input.Tags ?? {},
    updatedAtMs: deps.clock.now(),
  };
  await storingFor('CreateUserHierarchyGroup', () =>
    deps.resources.hierarchy.create(group, mostOf('userHierarchyGroups', instance, deps)),
  );
  return {
    HierarchyGroupId: group.id,
    HierarchyGroupArn: arnOf(kinds.hierarchyGroup, instance, group.id),
  };
};

export const describeUserHierarchyGroup: OperationCode<'DescribeUserHierarchyGroup'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireHierarchyGroup(input, caller, deps);
  const [groups, levels] = await Promise.all([
    deps.resources.hierarchy.list(instance.id),
    deps.resources.hierarchy.levels(instance.id),
  ]);
  return { HierarchyGroup: wireGroup(instance, item, groups, levels) };
};

export const updateUserHierarchyGroupName: OperationCode<'UpdateUserHierarchyGroupName'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireHierarchyGroup(input, caller, deps);
  refuseName(input.Name, longestGroupName);
  return changing('UpdateUserHierarchyGroupName', kinds.hierarchyGroup, deps, () =>
    deps.resources.hierarchy.rename(instance.id, item.id, input.Name, deps.clock.now()),
  );
};

export const deleteUserHierarchyGroup: OperationCode<'DeleteUserHierarchyGroup'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireHierarchyGroup(input, caller, deps);
  return changing('DeleteUserHierarchyGroup', kinds.hierarchyGroup, deps, () =>
    deps.resources.hierarchy.remove(instance.id, item.id),
  );
};

export const listUserHierarchyGroups: OperationCode<'ListUserHierarchyGroups'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const groups = await deps.resources.hierarchy.list(instance.id);
  const page = pageOf(groups, input);
  return {
    UserHierarchyGroupSummaryList: page.items.map((group) => summaryOf(instance, group)),
    NextToken: page.nextToken,
  };
};

export const searchUserHierarchyGroups: OperationCode<'SearchUserHierarchyGroups'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const levels = await deps.resources.hierarchy.levels(instance.id);
  const criteria = criteriaPredicate(input.SearchCriteria, {
    name: (group: HierarchyGroup) => group.name,
    parentId: (group) => group.parentId,
    levelId: (group) => levelIdOf(group, levels),
    resourceID: (group) => group.id,
  });
  const filter = attributeFilterPredicate(input.SearchFilter?.AttributeFilter);
  const groups = await deps.resources.hierarchy.list(instance.id);
  const found = groups.filter((group) => criteria(group) && filter(group));
  const page = pageOf(found, input);
  return {
    UserHierarchyGroups: page.items.map((group) => wireGroup(instance, group, groups, levels)),
    NextToken: page.nextToken,
    ApproximateTotalCount: found.length,
  };
};

export const describeUserHierarchyStructure: OperationCode<'DescribeUserHierarchyStructure'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const levels = await deps.resources.hierarchy.levels(instance.id);
  const wire = byLevel(
    levels,
    ({ level }) => level,
    (level) => ({
      Id: level.id,
      Arn: instanceResourceArn(instance.tenant, instance.id, 'agent-group-level', level.id),
      Name: level.name,
      ...lastModified(instance, level.updatedAtMs),
    }),
  );
  return { HierarchyStructure: wire };
};

/** The levels are as the request has them: those that it leaves out go, unless groups stand on them. */
export const updateUserHierarchyStructure: OperationCode<'UpdateUserHierarchyStructure'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const names = levelNames(input.HierarchyStructure);
  await storingFor('UpdateUserHierarchyStructure', () =>
    deps.resources.hierarchy.setLevels(instance.id, names, deps.clock.now()),
  );
  return undefined;
};

function levelNames(
  structure: OperationInput<'UpdateUserHierarchyStructure'>['HierarchyStructure'],
): readonly string[] {
  const given = levelMembers.filter((member) => structure[member] !== undefined);
  const gap = given.find((member, index) => member !== levelMembers[index]);
  if (gap !== undefined) {
    throw invalidParameterException(`HierarchyStructure has ${gap}, but not every level above it.`);
  }
  return given.map((member) => {
    const name = structure[member]?.Name ?? '';
    refuseName(name, longestLevelName);
    return name;
  });
}

function refuseName(name: string, longest: number): void {
  if (name.length === 0 || name.length > longest) {
    throw invalidParameterException(`Name must have 1 to ${longest} characters.`);
  }
}

function levelIdOf(group: HierarchyGroup, levels: readonly HierarchyLevel[]): string | undefined {
  return levels.find(({ level }) => level === group.level)?.id;
}

function summaryOf(instance: Instance, group: HierarchyGroup) {
  return {
    Id: group.id,
    Arn: arnOf(kinds.hierarchyGroup, instance, group.id),
    Name: group.name,
    ...lastModified(instance, group.updatedAtMs),
  };
}

function wireGroup(
  instance: Instance,
  group: HierarchyGroup,
  groups: readonly HierarchyGroup[],
  levels: readonly HierarchyLevel[],
) {
  return {
    ...summaryOf(instance, group),
    LevelId: levelIdOf(group, levels),
    HierarchyPath: byLevel(
      pathTo(group, groups),
      ({ level }) => level,
      (step) => summaryOf(instance, step),
    ),
    Tags: group.tags,
  };
}

/** The group and those above it. */
export function pathTo(group: HierarchyGroup, groups: readonly HierarchyGroup[]): readonly HierarchyGroup[] {
  const byId = new Map(groups.map((known) => [known.id, known]));
  const path: HierarchyGroup[] = [];
  for (
    let step: HierarchyGroup | undefined = group;
    step !== undefined && path.length < levelMembers.length;
    step = step.parentId && byId.get(step.parentId)
  ) {
    path.push(step);
  }
  return path;
}

function byLevel<Item, Wire>(
  items: readonly Item[],
  levelOf: (item: Item) => number,
  wire: (item: Item) => Wire,
): { readonly [Member in LevelMember]?: Wire } {
  return Object.fromEntries(items.map((item) => [levelMembers[levelOf(item) - 1], wire(item)]));
}
