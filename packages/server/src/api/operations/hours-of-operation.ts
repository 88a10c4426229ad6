/** Hours of operation: created, read, changed, deleted, listed, searched, and worked out for dates. Overrides stand in the next file. */
import {
  invalidParameterException,
  invalidRequestException,
  type OperationInput,
} from '@ringback/connect-api';
import { type HoursOfOperationId, newId } from '../../ids.ts';
import {
  dateOfDay,
  dayOfDate,
  type HoursOfOperation,
  type MinuteSpan,
  minutesOfDay,
  openSpansOn,
  overrideSpansOn,
} from '../../routing/hours-of-operation.ts';
import type { StoredHours, StoredOverride } from '../../store/hours-store.ts';
import type { Instance } from '../../store/resource-store.ts';
import {
  arnOf,
  changing,
  clearable,
  kinds,
  lastModified,
  requireHours,
  requireResource,
  withoutGaps,
} from '../instance-resource.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';
import { mostOf, storingFor } from '../resource-limits.ts';
import { criteriaPredicate, tagFilterPredicate } from '../search-criteria.ts';

/** Longest range that is worked out at once, days. */
const longestRangeDays = 366;

export const createHoursOfOperation: OperationCode<'CreateHoursOfOperation'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  refuseTimeZone(input.TimeZone);
  const hours: StoredHours = {
    id: newId<HoursOfOperationId>(),
    instanceId: instance.id,
    name: input.Name,
    description: input.Description,
    timeZone: input.TimeZone,
    config: input.Config,
    parentIds: await requireParents(input.ParentHoursOfOperationConfigs ?? [], instance, deps),
    tags: input.Tags ?? {},
    updatedAtMs: deps.clock.now(),
  };
  await storingFor('CreateHoursOfOperation', () =>
    deps.resources.hours.create(hours, mostOf('hoursOfOperation', instance, deps)),
  );
  return {
    HoursOfOperationId: hours.id,
    HoursOfOperationArn: arnOf(kinds.hours, instance, hours.id),
  };
};

export const describeHoursOfOperation: OperationCode<'DescribeHoursOfOperation'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireHours(input, caller, deps);
  const names = await namesOfHours(instance, deps);
  return { HoursOfOperation: wireHours(instance, item, names) };
};

/** What is not given stays as it is. */
export const updateHoursOfOperation: OperationCode<'UpdateHoursOfOperation'> = async (
  input,
  caller,
  deps,
) => {
  const { item } = await requireHours(input, caller, deps);
  if (input.TimeZone !== undefined) refuseTimeZone(input.TimeZone);
  const change = withoutGaps({
    name: input.Name,
    description: clearable(input.Description),
    timeZone: input.TimeZone,
    config: input.Config,
  });
  if (Object.keys(change).length === 0) {
    throw invalidRequestException('One of Name, Description, TimeZone and Config is required.');
  }
  return changing('UpdateHoursOfOperation', kinds.hours, deps, () =>
    deps.resources.hours.update(item, change, deps.clock.now()),
  );
};

export const deleteHoursOfOperation: OperationCode<'DeleteHoursOfOperation'> = async (
  input,
  caller,
  deps,
) => {
  const { item } = await requireHours(input, caller, deps);
  return changing('DeleteHoursOfOperation', kinds.hours, deps, () => deps.resources.hours.remove(item));
};

export const listHoursOfOperations: OperationCode<'ListHoursOfOperations'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const hours = await deps.resources.hours.list(instance.id);
  const page = pageOf(hours, input);
  return {
    HoursOfOperationSummaryList: page.items.map(({ id, name, updatedAtMs }) => ({
      Id: id,
      Arn: arnOf(kinds.hours, instance, id),
      Name: name,
      ...lastModified(instance, updatedAtMs),
    })),
    NextToken: page.nextToken,
  };
};

export const searchHoursOfOperations: OperationCode<'SearchHoursOfOperations'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const criteria = criteriaPredicate(input.SearchCriteria, {
    name: (hours: StoredHours) => hours.name,
    description: (hours) => hours.description,
    timezone: (hours) => hours.timeZone,
    resourceID: (hours) => hours.id,
  });
  const tags = tagFilterPredicate(input.SearchFilter?.TagFilter);
  const all = await deps.resources.hours.list(instance.id);
  const found = all.filter((hours) => criteria(hours) && tags(hours));
  const page = pageOf(found, input);
  const names = new Map(all.map(({ id, name }) => [id, name]));
  return {
    HoursOfOperations: page.items.map((hours) => wireHours(instance, hours, names)),
    NextToken: page.nextToken,
    ApproximateTotalCount: found.length,
  };
};

/** Of each date: when it is open, and what the overrides say. */
export const getEffectiveHoursOfOperations: OperationCode<'GetEffectiveHoursOfOperations'> = async (
  input,
  caller,
  deps,
) => {
  const { item } = await requireHours(input, caller, deps);
  const from = requireDay('FromDate', input.FromDate);
  const till = requireDay('ToDate', input.ToDate);
  if (till < from || till - from >= longestRangeDays) {
    throw invalidParameterException(
      `ToDate must be FromDate or one of the ${longestRangeDays - 1} dates after it.`,
    );
  }
  const overrides = await overridesOf(item, deps);
  const hours: HoursOfOperation = { timeZone: item.timeZone, config: item.config, overrides };
  const days = Array.from({ length: till - from + 1 }, (_, index) => from + index);
  return {
    EffectiveHoursOfOperationList: days.map((day) => ({
      Date: dateOfDay(day),
      OperationalHours: openSpansOn(hours, day).map(wireSpan),
    })),
    EffectiveOverrideHoursList: days.flatMap((day) => {
      const hoursOfOverrides = overrides.flatMap((override) =>
        overrideSpansOn(override, day).map((span) => ({
          ...wireSpan(span),
          OverrideName: override.name,
          OperationalStatus: override.type === 'CLOSED' ? ('CLOSED' as const) : ('OPEN' as const),
        })),
      );
      return hoursOfOverrides.length === 0 ? [] : [{ Date: dateOfDay(day), OverrideHours: hoursOfOverrides }];
    }),
    TimeZone: item.timeZone,
  };
};

/** Their own and those of their parents. */
export async function overridesOf(hours: StoredHours, deps: ApiDeps): Promise<readonly StoredOverride[]> {
  const all = await Promise.all(
    [hours.id, ...hours.parentIds].map((id) =>
      deps.resources.hours.overridesOf({ instanceId: hours.instanceId, id }),
    ),
  );
  return all.flat();
}

/** Days since 1970-01-01. @throws {ApiError} InvalidParameterException for a date that does not exist. */
export function requireDay(member: string, date: string): number {
  const day = dayOfDate(date);
  if (day === undefined) throw invalidParameterException(`${member} is a date that does not exist.`);
  return day;
}

/** Parents lend their overrides; they have none themselves, so that nobody has to be asked twice. */
async function requireParents(
  parents: NonNullable<OperationInput<'CreateHoursOfOperation'>['ParentHoursOfOperationConfigs']>,
  instance: Instance,
  deps: ApiDeps,
): Promise<readonly HoursOfOperationId[]> {
  const member = 'ParentHoursOfOperationConfigs';
  const found = await Promise.all(
    parents.map(({ HoursOfOperationId: id }) => {
      if (id === undefined) throw invalidParameterException(`${member} lacks a HoursOfOperationId.`);
      return requireResource(kinds.hours, id, instance, deps, member);
    }),
  );
  const child = found.find(({ parentIds }) => parentIds.length > 0);
  if (child) {
    throw invalidParameterException(`"${child.name}" in ${member} has parents itself and cannot be one.`);
  }
  return [...new Set(found.map(({ id }) => id))];
}

function refuseTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    throw invalidParameterException('TimeZone is not the name of a time zone, such as Europe/Berlin.');
  }
}

async function namesOfHours(
  instance: Instance,
  deps: ApiDeps,
): Promise<ReadonlyMap<HoursOfOperationId, string>> {
  const all = await deps.resources.hours.list(instance.id);
  return new Map(all.map(({ id, name }) => [id, name]));
}

/** An end at midnight is written 00:00, as in the request. */
function wireSpan([start, end]: MinuteSpan) {
  return { Start: wireTime(start), End: wireTime(end % minutesOfDay) };
}

const wireTime = (minutes: number) => ({ Hours: Math.floor(minutes / 60), Minutes: minutes % 60 });

function wireHours(instance: Instance, hours: StoredHours, names: ReadonlyMap<HoursOfOperationId, string>) {
  return {
    HoursOfOperationId: hours.id,
    HoursOfOperationArn: arnOf(kinds.hours, instance, hours.id),
    Name: hours.name,
    Description: hours.description,
    TimeZone: hours.timeZone,
    Config: hours.config as OperationInput<'CreateHoursOfOperation'>['Config'],
    ParentHoursOfOperations: hours.parentIds.map((id) => ({
      Name: names.get(id) ?? '',
      Id: id,
      Arn: arnOf(kinds.hours, instance, id),
    })),
    Tags: hours.tags,
    ...lastModified(instance, hours.updatedAtMs),
  };
}
