/** SearchContacts: its criteria as conditions of the store. Pure; refuses what cannot be answered here instead of passing it over. */
import { invalidParameterException, type OperationInput } from '@ringback/connect-api';
import { idOf } from '../arn.ts';
import { commonSegmentAttributes } from '../contacts/contact-wire.ts';
import type {
  ContactCondition,
  ContactText,
  ContactTime,
  ContactTimeRange,
} from '../store/search-contacts.ts';

type Input = OperationInput<'SearchContacts'>;
type Criteria = NonNullable<Input['SearchCriteria']>;
type TimeRange = Input['TimeRange'];
type MatchType = NonNullable<Criteria['Name']>['MatchType'];
type AdditionalTimeRange = NonNullable<Criteria['AdditionalTimeRange']>;
type RoutingStep = NonNullable<NonNullable<Criteria['RoutingCriteria']>['Steps']>[number];
type TagFilter = NonNullable<Criteria['ContactTags']>;
type TagCondition = NonNullable<TagFilter['TagCondition']>;

/** No voice contact is scheduled, so that type has no time. */
const times: Readonly<Record<TimeRange['Type'], ContactTime | undefined>> = {
  INITIATION_TIMESTAMP: 'initiated',
  ENQUEUE_TIMESTAMP: 'queued',
  CONNECTED_TO_AGENT_TIMESTAMP: 'connectedToAgent',
  DISCONNECT_TIMESTAMP: 'disconnected',
  SCHEDULED_TIMESTAMP: undefined,
};

/** More than anybody asks in one request, few enough for one statement. */
const maxConditions = 500;

const always: ContactCondition = { kind: 'all', of: [] };
const never: ContactCondition = { kind: 'any', of: [] };

/**
 * The range; undefined where no contact can lie in it.
 *
 * @throws {ApiError} InvalidParameterException for one that ends before it begins.
 */
export function timeRangeOf(
  { Type, StartTime, EndTime }: TimeRange,
  name: string,
): ContactTimeRange | undefined {
  if (StartTime > EndTime) {
    throw invalidParameterException(`StartTime of ${name} is later than its EndTime.`);
  }
  const of = times[Type];
  return of && { of, fromMs: Math.round(StartTime * 1000), toMs: Math.round(EndTime * 1000) };
}

/**
 * What all criteria together ask.
 *
 * @throws {ApiError} InvalidParameterException for criteria that cannot be searched by, or too many.
 */
export function conditionOf(criteria: Criteria | undefined, instanceId: string): ContactCondition {
  if (!criteria) return always;
  const condition: ContactCondition = {
    kind: 'all',
    of: [
      nameCondition(criteria.Name),
      anyId('agentId', criteria.AgentIds),
      anyId('queueId', criteria.QueueIds),
      groupsCondition(criteria.AgentHierarchyGroups),
      given(criteria.Channels) && !criteria.Channels?.includes('VOICE') ? never : always,
      given(criteria.InitiationMethods)
        ? { kind: 'text', of: 'initiationMethod', in: criteria.InitiationMethods ?? [] }
        : always,
      given(criteria.ActiveRegions)
        ? { kind: 'text', of: 'region', in: criteria.ActiveRegions ?? [] }
        : always,
      ...(criteria.RoutingCriteria?.Steps ?? []).map(routingStepCondition),
      timesCondition(criteria.AdditionalTimeRange),
      attributesCondition(criteria.SearchableContactAttributes),
      segmentAttributesCondition(criteria.SearchableSegmentAttributes),
      tagsCondition(criteria.ContactTags, instanceId),
      // No agent here is an AI agent.
      given(criteria.AiAgents?.Criteria) ? never : always,
    ],
  };
  if (given(criteria.ContactAnalysis?.Transcript?.Criteria)) {
    throw invalidParameterException(
      'ContactAnalysis cannot be searched: calls are not transcribed here (Contact Lens).',
    );
  }
  if (sizeOf(condition) > maxConditions) {
    throw invalidParameterException(`SearchCriteria has more than ${maxConditions} conditions.`);
  }
  return condition;
}

/** A list that holds nothing asks for nothing. */
const given = (list: readonly unknown[] | undefined): boolean => list !== undefined && list.length > 0;

function sizeOf(condition: ContactCondition): number {
  if (condition.kind === 'not') return sizeOf(condition.of);
  if (condition.kind !== 'all' && condition.kind !== 'any') return 1;
  // Empty ones are something to read, too.
  return condition.of.reduce((size, part) => size + sizeOf(part), 1);
}

/** `MATCH_EXACT` differs from `MATCH_ALL` only where parts could match. */
function matching(matchType: MatchType | undefined, of: readonly ContactCondition[]): ContactCondition {
  switch (matchType ?? 'MATCH_ALL') {
    case 'MATCH_ALL':
    case 'MATCH_EXACT':
      return { kind: 'all', of };
    case 'MATCH_ANY':
      return { kind: 'any', of };
    case 'MATCH_NONE':
      return { kind: 'not', of: { kind: 'any', of } };
  }
}

function nameCondition(name: Criteria['Name']): ContactCondition {
  if (!name || name.SearchText.length === 0) return always;
  const { MatchType, SearchText } = name;
  if (MatchType === 'MATCH_EXACT') return { kind: 'text', of: 'name', in: SearchText };
  return matching(
    MatchType,
    SearchText.map((text) => ({ kind: 'part of name', text })),
  );
}

const storedId = (idOrArn: string): string => idOf(idOrArn).toLowerCase();

function anyId(of: ContactText, ids: readonly string[] | undefined): ContactCondition {
  return ids && ids.length > 0 ? { kind: 'text', of, in: ids.map(storedId) } : always;
}

/** At each level that is named, one of its groups. */
function groupsCondition(groups: Criteria['AgentHierarchyGroups']): ContactCondition {
  const levels = [groups?.L1Ids, groups?.L2Ids, groups?.L3Ids, groups?.L4Ids, groups?.L5Ids];
  const of = levels.map((ids, index): ContactCondition => {
    if (!ids || ids.length === 0) return always;
    const level = index + 1;
    return { kind: 'any', of: ids.map((id) => ({ kind: 'hierarchy group', level, id: storedId(id) })) };
  });
  return { kind: 'all', of };
}

function routingStepCondition({ AgentCriteria }: RoutingStep): ContactCondition {
  const { AgentIds = [], MatchType } = AgentCriteria ?? {};
  if (AgentIds.length === 0) return always;
  const agentIds = AgentIds.map(storedId);
  const names = matching(
    MatchType,
    agentIds.map((agentId) => ({ kind: 'criteria name agent', agentId })),
  );
  if (MatchType !== 'MATCH_EXACT') return names;
  return { kind: 'all', of: [names, { kind: 'not', of: { kind: 'criteria name others', agentIds } }] };
}

function timesCondition(additional: AdditionalTimeRange | undefined): ContactCondition {
  if (!additional || additional.Criteria.length === 0) return always;
  if (additional.MatchType === 'MATCH_EXACT') {
    throw invalidParameterException(
      'MatchType MATCH_EXACT means nothing for AdditionalTimeRange; MATCH_ALL, MATCH_ANY and MATCH_NONE do.',
    );
  }
  return matching(
    additional.MatchType,
    additional.Criteria.map(({ TimeRange, TimestampCondition }, index): ContactCondition => {
      const place = `SearchCriteria.AdditionalTimeRange.Criteria[${index}]`;
      if (!TimeRange && !TimestampCondition) {
        throw invalidParameterException(`${place} needs TimeRange or TimestampCondition.`);
      }
      const range = TimeRange && timeRangeOf(TimeRange, `${place}.TimeRange`);
      const absent = TimestampCondition && times[TimestampCondition.Type];
      return {
        kind: 'all',
        of: [
          TimeRange ? (range ? { kind: 'between', range } : never) : always,
          absent ? { kind: 'never', time: absent } : always,
        ],
      };
    }),
  );
}

function attributesCondition(attributes: Criteria['SearchableContactAttributes']): ContactCondition {
  if (!attributes || attributes.Criteria.length === 0) return always;
  return matching(
    attributes.MatchType,
    attributes.Criteria.map(({ Key, Values }) => ({
      kind: 'attribute',
      key: Key,
      in: Values.length > 0 ? Values : undefined,
    })),
  );
}

/** Ours, by what the store knows them by (contacts/contact-wire.ts). */
const segmentTexts: ReadonlyMap<string, ContactText> = new Map([
  ['ringback:EndCause', 'endCause'],
  ['ringback:RecordingFailure', 'recordingFailure'],
  ['ringback:SipStatus', 'sipStatus'],
  ['ringback:SipReason', 'sipReason'],
  ['ringback:EarlyTone', 'earlyTone'],
]);

const commonTexts: ReadonlyMap<string, string> = new Map(Object.entries(commonSegmentAttributes));

function segmentAttributesCondition(attributes: Criteria['SearchableSegmentAttributes']): ContactCondition {
  if (!attributes) return always;
  return matching(
    attributes.MatchType,
    attributes.Criteria.map(({ Key, Values }): ContactCondition => {
      if (Key === 'ringback:Q850Cause') {
        throw invalidParameterException(
          'The segment attribute ringback:Q850Cause cannot be searched; ringback:SipReason and ringback:SipStatus can.',
        );
      }
      const common = commonTexts.get(Key);
      if (common !== undefined) return Values.includes(common) ? always : never;
      const of = segmentTexts.get(Key);
      return of ? { kind: 'text', of, in: Values } : never;
    }),
  );
}

/** All that the filter holds: the one condition, all of one list, all of any of several lists. */
function tagsCondition(filter: TagFilter | undefined, instanceId: string): ContactCondition {
  const { TagCondition, AndConditions = [], OrConditions = [] } = filter ?? {};
  const allOf = (conditions: readonly TagCondition[]): ContactCondition => ({
    kind: 'all',
    of: conditions.map((condition) => tagCondition(condition, instanceId)),
  });
  return {
    kind: 'all',
    of: [
      allOf([...(TagCondition ? [TagCondition] : []), ...AndConditions]),
      OrConditions.length > 0 ? { kind: 'any', of: OrConditions.map(allOf) } : always,
    ],
  };
}

/** A key with its value; without a value the key alone. Two keys every contact has. */
function tagCondition({ TagKey = '', TagValue }: TagCondition, instanceId: string): ContactCondition {
  const values = TagValue === undefined ? undefined : [TagValue];
  if (TagKey === 'aws:connect:instanceId') return (TagValue ?? instanceId) === instanceId ? always : never;
  if (TagKey === 'aws:connect:systemEndpoint') {
    return values ? { kind: 'text', of: 'source', in: values } : always;
  }
  return { kind: 'tag', key: TagKey, in: values };
}
