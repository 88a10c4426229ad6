/** Proficiencies of a user: associated, changed, disassociated, listed. Their names and values are predefined attributes. */
import {
  invalidParameterException,
  invalidRequestException,
  resourceNotFoundException,
} from '@ringback/connect-api';
import type { Agent, Proficiency } from '../../store/agent-store.ts';
import type { Instance } from '../../store/resource-store.ts';
import { lastModified, requireUser } from '../instance-resource.ts';
import type { ApiDeps, OperationCode } from '../operation.ts';
import { pageOf } from '../page.ts';
import { storingFor } from '../resource-limits.ts';

/** Proficiencies of one user (Administrator Guide, service quotas). */
const mostProficiencies = 10;

interface WireProficiency {
  readonly AttributeName: string;
  readonly AttributeValue: string;
  readonly Level: number;
}

export const associateUserProficiencies: OperationCode<'AssociateUserProficiencies'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireUser(input, caller, deps);
  const proficiencies = await checkedProficiencies(input.UserProficiencies, instance, deps);
  const known = await keysOf(item, deps);
  const twice = proficiencies.find((proficiency) => known.has(keyOf(proficiency)));
  if (twice) {
    throw invalidRequestException(
      `The user has the proficiency ${twice.attribute}: ${twice.value} already. ` +
        'Change its level with UpdateUserProficiencies.',
    );
  }
  await storingFor('AssociateUserProficiencies', () => add(item, proficiencies, deps));
  return undefined;
};

/** The user must have each of them already. */
export const updateUserProficiencies: OperationCode<'UpdateUserProficiencies'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireUser(input, caller, deps);
  const proficiencies = await checkedProficiencies(input.UserProficiencies, instance, deps);
  await refuseMissing(proficiencies, item, deps);
  await storingFor('UpdateUserProficiencies', () => add(item, proficiencies, deps));
  return undefined;
};

export const disassociateUserProficiencies: OperationCode<'DisassociateUserProficiencies'> = async (
  input,
  caller,
  deps,
) => {
  const { item } = await requireUser(input, caller, deps);
  const gone = input.UserProficiencies.map(({ AttributeName, AttributeValue }) => ({
    attribute: AttributeName,
    value: AttributeValue,
  }));
  await refuseMissing(gone, item, deps);
  await storingFor('DisassociateUserProficiencies', () =>
    deps.resources.agents.removeProficiencies(item.instanceId, item.id, gone, deps.clock.now()),
  );
  return undefined;
};

export const listUserProficiencies: OperationCode<'ListUserProficiencies'> = async (input, caller, deps) => {
  const { instance, item } = await requireUser(input, caller, deps);
  const proficiencies = (await deps.resources.agents.proficienciesOf(item.instanceId, item.id))
    .map((proficiency) => ({ ...proficiency, id: keyOf(proficiency) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const page = pageOf(proficiencies, input);
  return {
    UserProficiencyList: page.items.map(({ attribute, value, level }) => ({
      AttributeName: attribute,
      AttributeValue: value,
      Level: level,
    })),
    NextToken: page.nextToken,
    ...lastModified(instance, item.updatedAtMs),
  };
};

function add(agent: Agent, proficiencies: readonly Proficiency[], deps: ApiDeps): Promise<void> {
  const { instanceId, id } = agent;
  return deps.resources.agents.addProficiencies(
    instanceId,
    id,
    proficiencies,
    mostProficiencies,
    deps.clock.now(),
  );
}

/**
 * @throws {ApiError} ResourceNotFoundException for an attribute that the instance does not have;
 *   InvalidParameterException for a value that the attribute does not have, a level that is not whole, and a
 *   proficiency that stands twice.
 */
async function checkedProficiencies(
  given: readonly WireProficiency[],
  instance: Instance,
  deps: ApiDeps,
): Promise<readonly Proficiency[]> {
  const attributes = await deps.resources.predefinedAttributes.list(instance.id);
  const valuesOf = new Map(attributes.map(({ name, values }) => [name, values]));
  const proficiencies = given.map(({ AttributeName, AttributeValue, Level }): Proficiency => {
    const values = valuesOf.get(AttributeName);
    if (!values) {
      throw resourceNotFoundException(`The instance has no predefined attribute "${AttributeName}".`);
    }
    if (!values.includes(AttributeValue)) {
      throw invalidParameterException(
        `The predefined attribute "${AttributeName}" has no value "${AttributeValue}".`,
      );
    }
    if (!Number.isInteger(Level)) throw invalidParameterException('Level must be 1, 2, 3, 4 or 5.');
    return { attribute: AttributeName, value: AttributeValue, level: Level };
  });
  if (new Set(proficiencies.map(keyOf)).size < proficiencies.length) {
    throw invalidParameterException('UserProficiencies holds a proficiency twice.');
  }
  return proficiencies;
}

async function refuseMissing(
  proficiencies: readonly Omit<Proficiency, 'level'>[],
  agent: Agent,
  deps: ApiDeps,
): Promise<void> {
  const known = await keysOf(agent, deps);
  const missing = proficiencies.find((proficiency) => !known.has(keyOf(proficiency)));
  if (missing) {
    throw resourceNotFoundException(
      `The user does not have the proficiency ${missing.attribute}: ${missing.value}.`,
    );
  }
}

async function keysOf(agent: Agent, deps: ApiDeps): Promise<ReadonlySet<string>> {
  const known = await deps.resources.agents.proficienciesOf(agent.instanceId, agent.id);
  return new Set(known.map(keyOf));
}

/** Names may hold any printable character, so that no other one can stand between them. */
const keyOf = ({ attribute, value }: Omit<Proficiency, 'level'>): string =>
  JSON.stringify([attribute, value]);
