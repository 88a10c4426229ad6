/** Overrides of hours of operation: created, read, changed, deleted, listed, searched. */
import {
  invalidParameterException,
  invalidRequestException,
  type OperationInput,
  type OperationOutput,
  resourceNotFoundException,
} from '@ringback/connect-api';
import { newId } from '../../ids.ts';
import type { HoursOverride } from '../../routing/hours-of-operation.ts';
import type { RecurrencePattern } from '../../routing/recurrence.ts';
import type { StoredHours, StoredOverride } from '../../store/hours-store.ts';
import type { Instance } from '../../store/resource-store.ts';
import { arnOf, kinds, lastModified, requireHours } from '../instance-resource.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';
import { storingFor } from '../resource-limits.ts';
import { criteriaPredicate, type Predicate, tagFilterPredicate } from '../search-criteria.ts';
import { requireDay } from './hours-of-operation.ts';

/** Overrides of one hours of operation (Administrator Guide, service quotas; cannot be raised). */
const mostOverrides = 50;

type CreateInput = OperationInput<'CreateHoursOfOperationOverride'>;
type WireOverride = NonNullable<
  OperationOutput<'DescribeHoursOfOperationOverride'>['HoursOfOperationOverride']
>;

export const createHoursOfOperationOverride: OperationCode<'CreateHoursOfOperationOverride'> = async (
  input,
  caller,
  deps,
) => {
  const { item: hours } = await requireHours(input, caller, deps);
  const override: StoredOverride = {
    id: newId(),
    name: input.Name,
    description: input.Description,
    type: input.OverrideType ?? 'STANDARD',
    config: spansOf(input.Config),
    effectiveFrom: input.EffectiveFrom,
    effectiveTill: input.EffectiveTill,
    recurrence: input.RecurrenceConfig?.RecurrencePattern,
    updatedAtMs: deps.clock.now(),
  };
  refuseOverride(override);
  await storingFor('CreateHoursOfOperationOverride', () =>
    deps.resources.hours.createOverride(hours, override, mostOverrides),
  );
  return { HoursOfOperationOverrideId: override.id };
};

export const describeHoursOfOperationOverride: OperationCode<'DescribeHoursOfOperationOverride'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item: hours } = await requireHours(input, caller, deps);
  const override = await requireOverride(input.HoursOfOperationOverrideId, hours, deps);
  return { HoursOfOperationOverride: wireOverride(instance, hours, override) };
};

/** What is not given stays as it is. */
export const updateHoursOfOperationOverride: OperationCode<'UpdateHoursOfOperationOverride'> = async (
  input,
  caller,
  deps,
) => {
  const { item: hours } = await requireHours(input, caller, deps);
  const change = (known: StoredOverride): StoredOverride => {
    const type = input.OverrideType ?? known.type;
    const override: StoredOverride = {
      id: known.id,
      name: input.Name ?? known.name,
      description: input.Description ?? known.description,
      type,
      config: input.Config ? spansOf(input.Config) : known.config,
      effectiveFrom: input.EffectiveFrom ?? known.effectiveFrom,
      effectiveTill: input.EffectiveTill ?? known.effectiveTill,
      recurrence:
        input.RecurrenceConfig?.RecurrencePattern ?? (type === 'STANDARD' ? undefined : known.recurrence),
      updatedAtMs: deps.clock.now(),
    };
    refuseOverride(override);
    return override;
  };
  const { id } = await requireOverride(input.HoursOfOperationOverrideId, hours, deps);
  const found = await storingFor('UpdateHoursOfOperationOverride', () =>
    deps.resources.hours.changeOverride(hours, id, change),
  );
  if (!found) throw noSuchOverride();
  return undefined;
};

export const deleteHoursOfOperationOverride: OperationCode<'DeleteHoursOfOperationOverride'> = async (
  input,
  caller,
  deps,
) => {
  const { item: hours } = await requireHours(input, caller, deps);
  const { id } = await requireOverride(input.HoursOfOperationOverrideId, hours, deps);
  if (!(await deps.resources.hours.removeOverride(hours, id))) throw noSuchOverride();
  return undefined;
};

export const listHoursOfOperationOverrides: OperationCode<'ListHoursOfOperationOverrides'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item: hours } = await requireHours(input, caller, deps);
  const overrides = await deps.resources.hours.overridesOf(hours);
  const page = pageOf(overrides, input);
  return {
    HoursOfOperationOverrideList: page.items.map((override) => wireOverride(instance, hours, override)),
    NextToken: page.nextToken,
    ...lastModified(instance, hours.updatedAtMs),
  };
};

interface FoundOverride {
  readonly id: string;
  readonly hours: StoredHours;
  readonly override: StoredOverride;
  /** Overrides have no tags; those of their hours count. */
  readonly tags: StoredHours['tags'];
}

/** Of all hours of the instance. */
export const searchHoursOfOperationOverrides: OperationCode<'SearchHoursOfOperationOverrides'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const criteria = criteriaPredicate(
    input.SearchCriteria,
    {
      name: ({ override }: FoundOverride) => override.name,
      description: ({ override }) => override.description,
      overrideType: ({ override }) => override.type,
      hoursOfOperationId: ({ hours }) => hours.id,
      resourceID: ({ override }) => override.id,
    },
    ({ DateCondition }) => (DateCondition ? [datePredicate(DateCondition)] : []),
  );
  const tags = tagFilterPredicate(input.SearchFilter?.TagFilter);
  const all = await Promise.all(
    (await deps.resources.hours.list(instance.id)).map(async (hours) => {
      const overrides = await deps.resources.hours.overridesOf(hours);
      return overrides.map((override) => ({ id: override.id, hours, override, tags: hours.tags }));
    }),
  );
  const found = all
    .flat()
    .filter((one) => criteria(one) && tags(one))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const page = pageOf(found, input);
  return {
    HoursOfOperationOverrides: page.items.map(({ hours, override }) =>
      wireOverride(instance, hours, override),
    ),
    NextToken: page.nextToken,
    ApproximateTotalCount: found.length,
  };
};

/** Dates are compared as texts, whose order is the same. */
function datePredicate({
  FieldName,
  Value,
  ComparisonType,
}: NonNullable<
  NonNullable<OperationInput<'SearchHoursOfOperationOverrides'>['SearchCriteria']>['DateCondition']
>): Predicate<FoundOverride> {
  const fields = {
    effectivefrom: ({ override }: FoundOverride) => override.effectiveFrom,
    effectivetill: ({ override }: FoundOverride) => override.effectiveTill,
  };
  const field = fields[(FieldName ?? '').toLowerCase() as keyof typeof fields];
  if (!field) {
    throw invalidParameterException('FieldName of a DateCondition must be effectiveFrom or effectiveTill.');
  }
  const wanted = Value ?? '';
  switch (ComparisonType ?? 'EQUAL_TO') {
    case 'GREATER_THAN':
      return (one) => field(one) > wanted;
    case 'LESS_THAN':
      return (one) => field(one) < wanted;
    case 'GREATER_THAN_OR_EQUAL_TO':
      return (one) => field(one) >= wanted;
    case 'LESS_THAN_OR_EQUAL_TO':
      return (one) => field(one) <= wanted;
    case 'EQUAL_TO':
      return (one) => field(one) === wanted;
  }
}

async function requireOverride(id: string, hours: StoredHours, deps: ApiDeps): Promise<StoredOverride> {
  const overrides = await deps.resources.hours.overridesOf(hours);
  const override = overrides.find((known) => known.id === id.toLowerCase());
  if (!override) throw noSuchOverride();
  return override;
}

function spansOf(config: CreateInput['Config']): HoursOverride['config'] {
  return config.map(({ Day, StartTime, EndTime }) => {
    if (StartTime === undefined || EndTime === undefined) {
      throw invalidParameterException('Config lacks a StartTime or an EndTime.');
    }
    return { Day, StartTime, EndTime };
  });
}

/** @throws {ApiError} InvalidParameterException or InvalidRequestException. */
function refuseOverride(override: HoursOverride): void {
  const from = requireDay('EffectiveFrom', override.effectiveFrom);
  const till = requireDay('EffectiveTill', override.effectiveTill);
  if (till < from) throw invalidParameterException('EffectiveTill lies before EffectiveFrom.');
  const { recurrence } = override;
  if (!recurrence) return;
  if (override.type === 'STANDARD') {
    throw invalidRequestException(
      'A STANDARD override does not recur; its OverrideType must be OPEN or CLOSED.',
    );
  }
  refuseRecurrence(recurrence, override.config);
}

function refuseRecurrence(pattern: RecurrencePattern, config: HoursOverride['config']): void {
  const members = ['ByMonth', 'ByMonthDay', 'ByWeekdayOccurrence'] as const;
  const given = members.filter((member) => (pattern[member]?.length ?? 0) > 0);
  const several = given.find((member) => (pattern[member]?.length ?? 0) > 1);
  if (several !== undefined) throw invalidParameterException(`${several} takes one value.`);
  if (pattern.Frequency === 'WEEKLY' && given.length > 0) {
    throw invalidParameterException(`${given.join(' and ')} cannot go with the Frequency WEEKLY.`);
  }
  if (pattern.Frequency === 'MONTHLY' && given.includes('ByMonth')) {
    throw invalidParameterException('ByMonth goes with the Frequency YEARLY only.');
  }
  if (given.includes('ByMonthDay') && given.includes('ByWeekdayOccurrence')) {
    throw invalidParameterException('ByMonthDay and ByWeekdayOccurrence exclude each other.');
  }
  if (pattern.ByMonthDay?.[0] === 0 || pattern.ByWeekdayOccurrence?.[0] === 0) {
    throw invalidParameterException('ByMonthDay and ByWeekdayOccurrence cannot be 0.');
  }
  if (given.includes('ByWeekdayOccurrence') && config.some(({ Day }) => Day === undefined)) {
    throw invalidParameterException('With ByWeekdayOccurrence, each entry of Config needs a Day.');
  }
}

function wireOverride(instance: Instance, hours: StoredHours, override: StoredOverride): WireOverride {
  return {
    HoursOfOperationOverrideId: override.id,
    HoursOfOperationId: hours.id,
    HoursOfOperationArn: arnOf(kinds.hours, instance, hours.id),
    Name: override.name,
    Description: override.description,
    Config: override.config as CreateInput['Config'],
    EffectiveFrom: override.effectiveFrom,
    EffectiveTill: override.effectiveTill,
    RecurrenceConfig: override.recurrence && { RecurrencePattern: override.recurrence },
    OverrideType: override.type,
  };
}

const noSuchOverride = () =>
  resourceNotFoundException('The hours of operation have no override with this HoursOfOperationOverrideId.');
