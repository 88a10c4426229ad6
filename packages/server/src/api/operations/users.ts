/** Users, who are the agents: created, read, changed, deleted, listed. What they do at the moment is routing's. */
import {
  invalidParameterException,
  invalidRequestException,
  type OperationInput,
  throttlingException,
} from '@ringback/connect-api';
import type { Caller } from '../../identity/caller.ts';
import { hashPassword, PasswordsBusy } from '../../identity/passwords.ts';
import { type AgentId, newId, type PhoneNumber, type SecurityProfileId } from '../../ids.ts';
import { type AgentSettings, phoneConfigOf, withPhoneConfig } from '../../store/agent-settings.ts';
import type { Agent, AgentChange, AgentIdentity } from '../../store/agent-store.ts';
import type { Instance } from '../../store/resource-store.ts';
import { arnOf, changing, kinds, lastModified, requireResource, requireUser } from '../instance-resource.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';
import { mostOf, storingFor } from '../resource-limits.ts';
import { checkedPhoneConfig, checkedSettings, settingMembers } from './user-settings.ts';

/** Longest user name with and without SAML, characters (API reference, CreateUser). */
const longestUsername = { SAML: 64, others: 20 } as const;
const usernameCharacters = /^[a-zA-Z0-9_.\\@-]+$/;
const emailForm = /^(?=.{1,265}$)[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,63}$/;

type IdentityInput = OperationInput<'UpdateUserIdentityInfo'>['IdentityInfo'];

export const createUser: OperationCode<'CreateUser'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  refuseUsername(input.Username, instance);
  refusePasswordUse(input, instance);
  const identity = checkedIdentity(input.IdentityInfo ?? {}, instance);
  const profile = await requireResource(kinds.routingProfile, input.RoutingProfileId, instance, deps);
  const group =
    input.HierarchyGroupId === undefined
      ? undefined
      : await requireResource(kinds.hierarchyGroup, input.HierarchyGroupId, instance, deps);
  const agent: Agent = {
    id: newId<AgentId>(),
    instanceId: instance.id,
    username: input.Username,
    identity,
    directoryUserId: input.DirectoryUserId,
    routingProfileId: profile.id,
    securityProfileIds: await requireSecurityProfiles(input.SecurityProfileIds, instance, deps),
    hierarchyGroupId: group?.id,
    settings: settingsOf(input),
    tags: input.Tags ?? {},
    updatedAtMs: deps.clock.now(),
  };
  const passwordHash = input.Password === undefined ? undefined : await hashOf(input.Password);
  await storingFor('CreateUser', () =>
    deps.resources.agents.create(agent, passwordHash, mostOf('users', instance, deps)),
  );
  return { UserId: agent.id, UserArn: arnOf(kinds.agent, instance, agent.id) };
};

export const describeUser: OperationCode<'DescribeUser'> = async (input, caller, deps) => {
  const { instance, item } = await requireUser(input, caller, deps);
  return {
    User: {
      Id: item.id,
      Arn: arnOf(kinds.agent, instance, item.id),
      Username: item.username,
      IdentityInfo: {
        FirstName: item.identity.firstName,
        LastName: item.identity.lastName,
        Email: item.identity.email,
        SecondaryEmail: item.identity.secondaryEmail,
        Mobile: item.identity.mobile,
      },
      PhoneConfig: phoneConfigOf(item.settings),
      DirectoryUserId: item.directoryUserId,
      SecurityProfileIds: item.securityProfileIds,
      RoutingProfileId: item.routingProfileId,
      HierarchyGroupId: item.hierarchyGroupId,
      Tags: item.tags,
      ...item.settings,
      ...lastModified(instance, item.updatedAtMs),
    },
  };
};

export const listUsers: OperationCode<'ListUsers'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const agents = await deps.resources.agents.list(instance.id);
  const page = pageOf(agents, input);
  return {
    UserSummaryList: page.items.map((agent) => ({
      Id: agent.id,
      Arn: arnOf(kinds.agent, instance, agent.id),
      Username: agent.username,
      ...lastModified(instance, agent.updatedAtMs),
    })),
    NextToken: page.nextToken,
  };
};

/** The identity is replaced as a whole. */
export const updateUserIdentityInfo: OperationCode<'UpdateUserIdentityInfo'> = (input, caller, deps) =>
  changeUser('UpdateUserIdentityInfo', input, caller, deps, async (instance) => ({
    identity: checkedIdentity(input.IdentityInfo, instance),
  }));

/** The voice channel's settings are replaced as a whole; what is not given gets its default. */
export const updateUserPhoneConfig: OperationCode<'UpdateUserPhoneConfig'> = (input, caller, deps) =>
  changeUser('UpdateUserPhoneConfig', input, caller, deps, async () => {
    const phone = checkedPhoneConfig(input.PhoneConfig);
    return { settings: (known) => withPhoneConfig(known, phone) };
  });

/** Each list that is given replaces the one that was. */
export const updateUserConfig: OperationCode<'UpdateUserConfig'> = (input, caller, deps) =>
  changeUser('UpdateUserConfig', input, caller, deps, async () => {
    const given = checkedSettings(input);
    if (Object.keys(given).length === 0) {
      throw invalidRequestException(`One of ${settingMembers.join(', ')} is required.`);
    }
    return { settings: (known) => ({ ...known, ...given }) };
  });

export const updateUserRoutingProfile: OperationCode<'UpdateUserRoutingProfile'> = (input, caller, deps) =>
  changeUser('UpdateUserRoutingProfile', input, caller, deps, async (instance) => {
    const profile = await requireResource(kinds.routingProfile, input.RoutingProfileId, instance, deps);
    return { routingProfileId: profile.id };
  });

export const updateUserSecurityProfiles: OperationCode<'UpdateUserSecurityProfiles'> = (
  input,
  caller,
  deps,
) =>
  changeUser('UpdateUserSecurityProfiles', input, caller, deps, async (instance) => ({
    securityProfileIds: await requireSecurityProfiles(input.SecurityProfileIds, instance, deps),
  }));

/** Without a group the user stands in the hierarchy no more. */
export const updateUserHierarchy: OperationCode<'UpdateUserHierarchy'> = (input, caller, deps) =>
  changeUser('UpdateUserHierarchy', input, caller, deps, async (instance) => {
    if (input.HierarchyGroupId === undefined) return { hierarchyGroupId: null };
    const group = await requireResource(kinds.hierarchyGroup, input.HierarchyGroupId, instance, deps);
    return { hierarchyGroupId: group.id };
  });

async function changeUser(
  operation: Parameters<typeof changing>[0],
  input: { readonly InstanceId: string; readonly UserId: string },
  caller: Caller,
  deps: ApiDeps,
  changeOf: (instance: Instance) => Promise<AgentChange>,
): Promise<undefined> {
  const { instance, item } = await requireUser(input, caller, deps);
  const change = await changeOf(instance);
  return changing(operation, kinds.agent, deps, () =>
    deps.resources.agents.update(instance.id, item.id, change, deps.clock.now()),
  );
}

export const deleteUser: OperationCode<'DeleteUser'> = async (input, caller, deps) => {
  const { instance, item } = await requireUser(input, caller, deps);
  return changing('DeleteUser', kinds.agent, deps, () => deps.resources.agents.remove(instance.id, item.id));
};

function settingsOf(input: OperationInput<'CreateUser'>): AgentSettings {
  const settings = checkedSettings(input);
  if (input.PhoneConfig === undefined) return settings;
  const [both] = Object.keys(settings);
  if (both !== undefined) {
    throw invalidRequestException(
      `PhoneConfig and ${both} exclude each other; PhoneConfig is the older form.`,
    );
  }
  return withPhoneConfig({}, checkedPhoneConfig(input.PhoneConfig));
}

function refuseUsername(username: string, { identityManagement }: Instance): void {
  const longest = identityManagement === 'SAML' ? longestUsername.SAML : longestUsername.others;
  if (username.length > longest) {
    throw invalidParameterException(
      `Username has ${username.length} characters; at most ${longest} are allowed.`,
    );
  }
  const isPlain = usernameCharacters.test(username) && (!username.includes('@') || emailForm.test(username));
  if (!isPlain) {
    throw invalidParameterException(
      'Username may hold letters, digits, and the characters _ - . \\, and @ in the form of an e-mail address.',
    );
  }
}

/** @throws {ApiError} ThrottlingException, which clients try again, while too many passwords are hashed. */
function hashOf(password: string): Promise<string> {
  return hashPassword(password).catch((error: unknown) => {
    throw error instanceof PasswordsBusy ? throttlingException(error.message) : error;
  });
}

/** Who checks passwords elsewhere must not give us one; who lets us check them must. */
function refusePasswordUse(
  { Password, DirectoryUserId }: OperationInput<'CreateUser'>,
  { identityManagement }: Instance,
): void {
  if (identityManagement === 'CONNECT_MANAGED' && Password === undefined) {
    throw invalidRequestException('Password is required: the instance manages its users itself.');
  }
  if (identityManagement !== 'CONNECT_MANAGED' && Password !== undefined) {
    throw invalidRequestException(
      `The instance's users sign in with ${identityManagement}; leave Password out.`,
    );
  }
  const usesDirectory = identityManagement === 'EXISTING_DIRECTORY';
  if (usesDirectory !== (DirectoryUserId !== undefined)) {
    throw invalidRequestException(
      usesDirectory
        ? 'DirectoryUserId is required: the instance uses an existing directory.'
        : 'DirectoryUserId is for instances that use an existing directory; leave it out.',
    );
  }
}

function checkedIdentity(identity: IdentityInput, { identityManagement }: Instance): AgentIdentity {
  const { FirstName, LastName, Email, SecondaryEmail, Mobile } = identity;
  const isManagedElsewhere = identityManagement === 'EXISTING_DIRECTORY';
  if (!isManagedElsewhere && (!FirstName || !LastName)) {
    throw invalidRequestException('IdentityInfo needs FirstName and LastName.');
  }
  if (identityManagement === 'SAML' && Email) {
    throw invalidRequestException('With SAML, Email is managed elsewhere; leave it out.');
  }
  for (const [member, text] of Object.entries({ FirstName, LastName })) {
    if (text !== undefined && text !== text.normalize('NFC')) {
      throw invalidParameterException(`${member} is not in Unicode Normalization Form C.`);
    }
  }
  for (const [member, text] of Object.entries({ Email, SecondaryEmail })) {
    if (text && !emailForm.test(text)) throw invalidParameterException(`${member} is not an e-mail address.`);
  }
  return {
    firstName: FirstName ?? '',
    lastName: LastName ?? '',
    email: Email || undefined,
    secondaryEmail: SecondaryEmail || undefined,
    mobile: (Mobile || undefined) as PhoneNumber | undefined,
  };
}

async function requireSecurityProfiles(
  references: readonly string[],
  instance: Instance,
  deps: ApiDeps,
): Promise<readonly SecurityProfileId[]> {
  const found = await Promise.all(
    references.map((reference) =>
      requireResource(kinds.securityProfile, reference, instance, deps, 'SecurityProfileIds'),
    ),
  );
  return [...new Set(found.map(({ id }) => id))];
}
