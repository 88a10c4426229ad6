/** Security profiles: created, read, changed, deleted, listed, searched. What a permission allows is decided where it is used. */
import { accessDeniedException, invalidParameterException, type OperationInput } from '@ringback/connect-api';
import { newId, type SecurityProfileId } from '../../ids.ts';
import type { Instance } from '../../store/resource-store.ts';
import type { SecurityProfile } from '../../store/security-profile-store.ts';
import {
  arnOf,
  changing,
  kinds,
  lastModified,
  requireResource,
  requireSecurityProfile,
  withoutGaps,
} from '../instance-resource.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';
import { mostOf, storingFor } from '../resource-limits.ts';
import { criteriaPredicate, tagFilterPredicate } from '../search-criteria.ts';

/** Such as `BasicAgentAccess` and `Users.EditPermission`. Names that mean nothing here are kept: Amazon Connect adds new ones often. */
const permissionName = /^[A-Za-z][A-Za-z0-9]*(\.[A-Za-z0-9]+)*$/;

/** Members that are kept as they come. */
const accessMembers = [
  'AllowedAccessControlTags',
  'TagRestrictedResources',
  'Applications',
  'HierarchyRestrictedResources',
  'AllowedAccessControlHierarchyGroupId',
  'AllowedFlowModules',
  'AllowedAIAgents',
  'GranularAccessControlConfiguration',
] as const;

type AccessInput = Pick<OperationInput<'UpdateSecurityProfile'>, (typeof accessMembers)[number]>;

export const createSecurityProfile: OperationCode<'CreateSecurityProfile'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const profile: SecurityProfile = {
    id: newId<SecurityProfileId>(),
    instanceId: instance.id,
    name: input.SecurityProfileName,
    description: input.Description,
    permissions: permissionsOf(input.Permissions ?? []),
    access: await accessOf(input, instance, deps),
    isDefault: false,
    tags: input.Tags ?? {},
    updatedAtMs: deps.clock.now(),
  };
  await storingFor('CreateSecurityProfile', () =>
    deps.resources.securityProfiles.create(profile, mostOf('securityProfiles', instance, deps)),
  );
  return {
    SecurityProfileId: profile.id,
    SecurityProfileArn: arnOf(kinds.securityProfile, instance, profile.id),
  };
};

export const describeSecurityProfile: OperationCode<'DescribeSecurityProfile'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireSecurityProfile(input, caller, deps);
  const { TagRestrictedResources, AllowedAccessControlTags, ...access } = item.access as AccessInput;
  return {
    SecurityProfile: {
      ...wireProfile(instance, item),
      AllowedAccessControlTags,
      TagRestrictedResources,
      HierarchyRestrictedResources: access.HierarchyRestrictedResources,
      AllowedAccessControlHierarchyGroupId: access.AllowedAccessControlHierarchyGroupId,
      GranularAccessControlConfiguration: access.GranularAccessControlConfiguration,
      ...lastModified(instance, item.updatedAtMs),
    },
  };
};

/** What is not given stays as it is. */
export const updateSecurityProfile: OperationCode<'UpdateSecurityProfile'> = async (input, caller, deps) => {
  const { instance, item } = await requireSecurityProfile(input, caller, deps);
  const change = withoutGaps({
    description: input.Description,
    permissions: input.Permissions && permissionsOf(input.Permissions),
    access: { ...item.access, ...(await accessOf(input, instance, deps)) },
  });
  return changing('UpdateSecurityProfile', kinds.securityProfile, deps, () =>
    deps.resources.securityProfiles.update(instance.id, item.id, change, deps.clock.now()),
  );
};

export const deleteSecurityProfile: OperationCode<'DeleteSecurityProfile'> = async (input, caller, deps) => {
  const { instance, item } = await requireSecurityProfile(input, caller, deps);
  if (item.isDefault) {
    throw accessDeniedException(`The security profile "${item.name}" is one that every instance has.`);
  }
  return changing('DeleteSecurityProfile', kinds.securityProfile, deps, () =>
    deps.resources.securityProfiles.remove(instance.id, item.id),
  );
};

export const listSecurityProfiles: OperationCode<'ListSecurityProfiles'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const profiles = await deps.resources.securityProfiles.list(instance.id);
  const page = pageOf(profiles, input);
  return {
    SecurityProfileSummaryList: page.items.map((profile) => ({
      Id: profile.id,
      Arn: arnOf(kinds.securityProfile, instance, profile.id),
      Name: profile.name,
      ...lastModified(instance, profile.updatedAtMs),
    })),
    NextToken: page.nextToken,
  };
};

export const listSecurityProfilePermissions: OperationCode<'ListSecurityProfilePermissions'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireSecurityProfile(input, caller, deps);
  const permissions = item.permissions.map((id) => ({ id }));
  const page = pageOf(permissions, input);
  return {
    Permissions: page.items.map(({ id }) => id),
    NextToken: page.nextToken,
    ...lastModified(instance, item.updatedAtMs),
  };
};

export const searchSecurityProfiles: OperationCode<'SearchSecurityProfiles'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const criteria = criteriaPredicate(input.SearchCriteria, {
    name: (profile: SecurityProfile) => profile.name,
    description: (profile) => profile.description,
    resourceID: (profile) => profile.id,
  });
  const tags = tagFilterPredicate(input.SearchFilter?.TagFilter);
  const found = (await deps.resources.securityProfiles.list(instance.id)).filter(
    (profile) => criteria(profile) && tags(profile),
  );
  const page = pageOf(found, input);
  return {
    SecurityProfiles: page.items.map((profile) => wireProfile(instance, profile)),
    NextToken: page.nextToken,
    ApproximateTotalCount: found.length,
  };
};

function permissionsOf(given: readonly string[]): readonly string[] {
  const wrong = given.find((name) => !permissionName.test(name));
  if (wrong !== undefined) {
    throw invalidParameterException(`"${wrong}" in Permissions is not the name of a permission.`);
  }
  return [...new Set(given)].sort();
}

async function accessOf(
  input: AccessInput,
  instance: Instance,
  deps: ApiDeps,
): Promise<SecurityProfile['access']> {
  const unknown = input.HierarchyRestrictedResources?.find((name) => name !== 'User');
  if (unknown !== undefined) {
    throw invalidParameterException(
      `HierarchyRestrictedResources holds "${unknown}"; only User can be restricted by the hierarchy.`,
    );
  }
  const group = input.AllowedAccessControlHierarchyGroupId;
  if (group !== undefined && group !== '') {
    const member = 'AllowedAccessControlHierarchyGroupId';
    await requireResource(kinds.hierarchyGroup, group, instance, deps, member);
  }
  return withoutGaps(Object.fromEntries(accessMembers.map((member) => [member, input[member]])));
}

function wireProfile(instance: Instance, profile: SecurityProfile) {
  return {
    Id: profile.id,
    OrganizationResourceId: instance.id,
    Arn: arnOf(kinds.securityProfile, instance, profile.id),
    SecurityProfileName: profile.name,
    Description: profile.description,
    Tags: profile.tags,
  };
}
