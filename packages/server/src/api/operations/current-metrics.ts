/** GetCurrentMetricData: how many agents and contacts there are right now, by queue, channel, routing profile and status. */
import {
  epochMs,
  invalidParameterException,
  invalidRequestException,
  type OperationInput,
  type OperationOutput,
} from '@ringback/connect-api';
import type { AgentStatusId, QueueId, RoutingProfileId } from '../../ids.ts';
import {
  type MetricSelection,
  type RealTimeMetrics,
  type RealTimeSnapshot,
  realTimeMetrics,
} from '../../routing/real-time-metrics.ts';
import type { Instance } from '../../store/resource-store.ts';
import { arnOf, kinds, requireResource } from '../instance-resource.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';
import { type Page, pageOf } from '../page.ts';

type Input = OperationInput<'GetCurrentMetricData'>;
type Result = NonNullable<OperationOutput<'GetCurrentMetricData'>['MetricResults']>[number];
type MetricName = NonNullable<Input['CurrentMetrics'][number]['Name']>;

/** More rows than this says cannot be asked for. */
const placeDigits = 9;
const groupings = ['QUEUE', 'CHANNEL', 'ROUTING_PROFILE', 'AGENT_STATUS'] as const;
type Grouping = (typeof groupings)[number];

export const getCurrentMetricData: OperationCode<'GetCurrentMetricData'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const grouped = readGroupings(input);
  const asked = readMetrics(input);
  refuseUncounted(grouped, asked, input);
  const filter = await readFilters(input, instance, deps);
  const snapshot = await deps.routing.realTime(instance.id);
  const rows = snapshot && filter.voice ? rowsOf(grouped, filter, instance, snapshot) : [];
  const count = ({ id, dimensions, selection }: MetricRow): CountedRow => ({
    id,
    dimensions,
    numbers: realTimeMetrics(snapshot as RealTimeSnapshot, selection),
  });
  const page = pageOfMetrics(rows, count, input);
  return {
    MetricResults: page.items.map(
      ({ dimensions, numbers }): Result => ({
        ...(grouped.length > 0 ? { Dimensions: dimensions } : {}),
        Collections: asked.map((metric) => ({
          Metric: {
            Name: metric,
            Unit: inSeconds.has(metric) ? ('SECONDS' as const) : ('COUNT' as const),
          },
          Value: numberOf(metric, numbers, grouped.length > 0 ? 'grouped' : 'in one'),
        })),
      }),
    ),
    NextToken: page.nextToken,
    DataSnapshotTime: epochMs(snapshot?.nowMs ?? deps.clock.now()),
    ApproximateTotalCount: rows.length,
  };
};

function readGroupings({ Groupings, Filters }: Input): readonly Grouping[] {
  return [...new Set(Groupings)].map((name) => {
    const grouping = groupings.find((known) => known === name);
    if (!grouping) throw invalidRequestException(`Metrics are not grouped by ${name} here.`);
    if (grouping === 'ROUTING_PROFILE' && !Filters.RoutingProfiles && !Filters.Queues) {
      throw invalidParameterException('To group by routing profile, filter by queues or routing profiles.');
    }
    return grouping;
  });
}

function readMetrics({ CurrentMetrics }: Input): readonly MetricName[] {
  return CurrentMetrics.map(({ Name, MetricId }) => {
    const name = Name ?? (MetricId?.slice(MetricId.lastIndexOf('/') + 1) as MetricName | undefined);
    if (!name || !Object.hasOwn(read, name)) throw invalidParameterException('A metric is not known here.');
    return name;
  });
}

/** What waits belongs to queues: by routing profile it is counted only for those that were asked for. */
const waiting: ReadonlySet<MetricName> = new Set([
  'CONTACTS_IN_QUEUE',
  'CONTACTS_SCHEDULED',
  'OLDEST_CONTACT_AGE',
]);

/**
 * The combinations that the API reference excludes (Filters, Groupings, SortCriteria).
 *
 * @throws {ApiError} InvalidParameterException.
 */
function refuseUncounted(
  grouped: readonly Grouping[],
  asked: readonly MetricName[],
  { Filters, SortCriteria }: Input,
): void {
  if (grouped.includes('AGENT_STATUS') && (grouped[0] !== 'QUEUE' || !Filters.Queues)) {
    throw invalidParameterException(
      'To group by AGENT_STATUS, name QUEUE as the first grouping and filter by queues.',
    );
  }
  if (grouped.includes('AGENT_STATUS') && asked.some((metric) => metric !== 'AGENTS_ONLINE')) {
    throw invalidParameterException('Grouped by AGENT_STATUS there is only AGENTS_ONLINE.');
  }
  const uncounted = asked.find((metric) => waiting.has(metric));
  if (grouped.includes('ROUTING_PROFILE') && !Filters.RoutingProfiles && uncounted) {
    throw invalidParameterException(
      `To group ${uncounted} by ROUTING_PROFILE, filter by routing profiles, not by queues.`,
    );
  }
  const sortBy = SortCriteria?.[0]?.SortByMetric;
  if (sortBy === 'SLOTS_ACTIVE' || sortBy === 'SLOTS_AVAILABLE') {
    throw invalidParameterException(`Metrics are not sorted by ${sortBy}.`);
  }
}

interface MetricFilter {
  readonly queueIds: ReadonlySet<QueueId> | undefined;
  readonly routingProfileIds: ReadonlySet<RoutingProfileId> | undefined;
  readonly statusIds: ReadonlySet<AgentStatusId> | undefined;
  /** Whether voice is among the channels asked for; there is nothing else. */
  readonly voice: boolean;
}

async function readFilters({ Filters }: Input, instance: Instance, deps: ApiDeps): Promise<MetricFilter> {
  if (!Filters.Queues && (!Filters.RoutingProfiles || Filters.AgentStatuses)) {
    throw invalidParameterException(
      Filters.AgentStatuses
        ? 'Filters must name queues beside AgentStatuses.'
        : 'Filters must name queues or routing profiles.',
    );
  }
  if (Filters.Queues && Filters.RoutingProfiles) {
    throw invalidParameterException('Filter by queues or by routing profiles, not by both.');
  }
  const ids = async <Item extends { readonly id: string }>(
    kind: Parameters<typeof requireResource<Item>>[0],
    references: readonly string[] | undefined,
  ): Promise<ReadonlySet<Item['id']> | undefined> =>
    references &&
    new Set(
      (await Promise.all(references.map((one) => requireResource(kind, one, instance, deps)))).map(
        ({ id }) => id,
      ),
    );
  return {
    queueIds: await ids(kinds.queue, Filters.Queues),
    routingProfileIds: await ids(kinds.routingProfile, Filters.RoutingProfiles),
    statusIds: await ids(kinds.agentStatus, Filters.AgentStatuses),
    voice: !Filters.Channels || Filters.Channels.includes('VOICE'),
  };
}

interface MetricRow {
  readonly id: string;
  readonly dimensions: NonNullable<Result['Dimensions']>;
  readonly selection: MetricSelection;
}

/** One row for each combination of what is grouped by; a single one without groupings. */
function rowsOf(
  grouped: readonly Grouping[],
  filter: MetricFilter,
  instance: Instance,
  snapshot: RealTimeSnapshot,
): MetricRow[] {
  const { queueIds, routingProfileIds, statusIds } = filter;
  let rows: MetricRow[] = [{ id: '', dimensions: {}, selection: { queueIds, routingProfileIds, statusIds } }];
  for (const grouping of grouped) {
    rows = rows.flatMap((row) =>
      valuesOf(grouping, filter, instance, snapshot).map((value) => ({
        id: `${row.id} ${value.id}`,
        dimensions: { ...row.dimensions, ...value.dimensions },
        selection: { ...row.selection, ...value.selection },
      })),
    );
  }
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function valuesOf(
  grouping: Grouping,
  filter: MetricFilter,
  instance: Instance,
  { setUp }: RealTimeSnapshot,
): MetricRow[] {
  switch (grouping) {
    case 'CHANNEL':
      return [{ id: 'VOICE', dimensions: { Channel: 'VOICE' }, selection: {} }];
    case 'QUEUE':
      return [...(filter.queueIds ?? setUp.queues.keys())].map((id) => ({
        id,
        dimensions: { Queue: { Id: id, Arn: arnOf(kinds.queue, instance, id) } },
        selection: { queueIds: new Set([id]) },
      }));
    case 'ROUTING_PROFILE': {
      const known = new Set([...setUp.agents.values()].map(({ profile }) => profile.id));
      return [...(filter.routingProfileIds ?? known)].map((id) => ({
        id,
        dimensions: { RoutingProfile: { Id: id, Arn: arnOf(kinds.routingProfile, instance, id) } },
        selection: { routingProfileIds: new Set([id]) },
      }));
    }
    case 'AGENT_STATUS':
      return [...(filter.statusIds ?? setUp.statuses.keys())].map((id) => ({
        id,
        dimensions: { AgentStatus: { Id: id, Arn: arnOf(kinds.agentStatus, instance, id) } },
        selection: { statusIds: new Set([id]) },
      }));
  }
}

interface CountedRow {
  readonly id: string;
  readonly dimensions: MetricRow['dimensions'];
  readonly numbers: RealTimeMetrics;
}

/** A page of rows. Only an order by a metric needs the numbers of all; each row costs a look at every agent. */
function pageOfMetrics(
  rows: readonly MetricRow[],
  count: (row: MetricRow) => CountedRow,
  input: Input,
): Page<CountedRow> {
  const [by] = input.SortCriteria ?? [];
  if (!by?.SortByMetric) {
    const page = pageOf(rows, input);
    return { items: page.items.map(count), nextToken: page.nextToken };
  }
  const name = by.SortByMetric;
  const sign = by.SortOrder === 'DESCENDING' ? -1 : 1;
  const sorted = rows
    .map(count)
    .toSorted(
      (a, b) =>
        sign * ((numberOf(name, a.numbers, 'grouped') ?? 0) - (numberOf(name, b.numbers, 'grouped') ?? 0)),
    );
  // Pages go by id, and these rows stand in another order: their places lead on.
  const placed = sorted.map((row, place) => ({ ...row, id: String(place).padStart(placeDigits, '0') }));
  return pageOf(placed, input);
}

const read: Readonly<Record<MetricName, (numbers: RealTimeMetrics) => number | undefined>> = {
  AGENTS_ONLINE: (numbers) => numbers.agentsOnline,
  AGENTS_AVAILABLE: (numbers) => numbers.agentsAvailable,
  AGENTS_ON_CALL: (numbers) => numbers.agentsOnContact,
  AGENTS_ON_CONTACT: (numbers) => numbers.agentsOnContact,
  AGENTS_NON_PRODUCTIVE: (numbers) => numbers.agentsNonProductive,
  AGENTS_AFTER_CONTACT_WORK: (numbers) => numbers.agentsAfterContactWork,
  AGENTS_ERROR: (numbers) => numbers.agentsError,
  AGENTS_STAFFED: (numbers) => numbers.agentsStaffed,
  CONTACTS_IN_QUEUE: (numbers) => numbers.contactsInQueue,
  OLDEST_CONTACT_AGE: (numbers) => numbers.oldestContactAgeMs,
  // Callbacks that wait for their first attempt are in no queue yet, and not known to routing.
  CONTACTS_SCHEDULED: () => 0,
  SLOTS_ACTIVE: (numbers) => numbers.slotsActive,
  SLOTS_AVAILABLE: (numbers) => numbers.slotsAvailable,
  // Absent means that it cannot be worked out.
  ESTIMATED_WAIT_TIME: () => undefined,
};

/** Of these the answer says `SECONDS`; the others are counts. */
const inSeconds: ReadonlySet<MetricName> = new Set(['OLDEST_CONTACT_AGE', 'ESTIMATED_WAIT_TIME']);

/** The oldest age comes in seconds with groupings and in milliseconds without (API reference, CurrentMetrics). */
function numberOf(
  metric: MetricName,
  numbers: RealTimeMetrics,
  answer: 'grouped' | 'in one',
): number | undefined {
  const value = read[metric](numbers);
  if (metric !== 'OLDEST_CONTACT_AGE' || value === undefined) return value;
  return answer === 'grouped' ? Math.floor(value / 1000) : value;
}
