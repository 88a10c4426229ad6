/** Tasks that flows create: nobody works on tasks here, so each is recorded, as a contact of the channel TASK whose event and record go to the sinks. */
import { done, failed, type HostResult, type TaskRequest } from '@ringback/flow';
import { contactArn, instanceArn, instanceResourceArn } from '../arn.ts';
import type { Clock } from '../clock.ts';
import type { StoredFlows } from '../flows/stored-flows.ts';
import { type ContactId, newId } from '../ids.ts';
import type { OutboxFact } from '../store/accept-contacts.ts';
import type { Instance } from '../store/resource-store.ts';
import { associationIdOf, type Contact } from './contact.ts';

/** Writes what came of a task; resolves when it is committed. */
export type TaskFacts = (task: {
  readonly instance: Instance;
  readonly id: ContactId;
  readonly facts: readonly OutboxFact[];
  readonly atMs: number;
}) => Promise<void>;

export interface TaskDeps {
  readonly clock: Clock;
  readonly flows: StoredFlows;
  readonly newEventId: () => string;
  readonly write: TaskFacts;
}

/** Most bytes of a task's attributes (API: Attributes). */
const maxAttributeBytes = 32_768;

/** Records the task of a flow that runs for `voice`, and answers with the id of the task's contact. */
export async function recordTask(
  request: TaskRequest,
  voice: Contact,
  instance: Instance,
  { clock, flows, newEventId, write }: TaskDeps,
): Promise<HostResult<{ readonly contactId: string }>> {
  if (request.contactFlowId === undefined) return failed('There are no task templates here; name a flow.');
  const flow = await flows.find(instance, request.contactFlowId, 'flow');
  if (!flow) return failed(`There is no published flow ${request.contactFlowId}.`);
  if (Buffer.byteLength(JSON.stringify([...request.attributes])) > maxAttributeBytes) {
    return failed(`The attributes of a task take ${maxAttributeBytes} bytes at most.`);
  }
  const atMs = clock.now();
  const scheduledAtMs = scheduleOf(request, atMs);
  if (scheduledAtMs === undefined && request.scheduledTime !== undefined) {
    return failed(`ScheduledTime is "${request.scheduledTime}", which is no time in seconds since 1970.`);
  }
  const id = newId<ContactId>();
  const task = { request, voice, instance, id, flowArn: flow.arn, atMs, scheduledAtMs };
  await write({
    instance,
    id,
    atMs,
    facts: [
      { sequence: 1, stream: 'contact-events', payload: JSON.stringify(taskEvent(task, newEventId())) },
      { sequence: 2, stream: 'contact-records', payload: JSON.stringify(taskRecord(task)) },
    ],
  });
  return done({ contactId: id });
}

interface Task {
  readonly request: TaskRequest;
  readonly voice: Contact;
  readonly instance: Instance;
  readonly id: ContactId;
  readonly flowArn: string;
  readonly atMs: number;
  readonly scheduledAtMs: number | undefined;
}

/** A delay goes before a time, as only one of them is allowed. */
function scheduleOf({ delayMs, scheduledTime }: TaskRequest, nowMs: number): number | undefined {
  if (delayMs !== undefined) return nowMs + delayMs;
  const seconds = Number(scheduledTime);
  return scheduledTime !== undefined && Number.isSafeInteger(seconds) && seconds > 0 && seconds < 1e11
    ? seconds * 1000
    : undefined;
}

function taskEvent(
  { voice, instance: { tenant, id: instanceId }, id, atMs, ...task }: Task,
  eventId: string,
) {
  return {
    version: '0',
    id: eventId,
    'detail-type': 'Amazon Connect Contact Event',
    source: 'aws.connect',
    account: tenant.accountId,
    time: wholeSeconds(atMs),
    region: tenant.region,
    resources: [contactArn(tenant, instanceId, id), instanceArn(tenant, instanceId)],
    detail: {
      eventType: 'INITIATED',
      contactId: id,
      initialContactId: id,
      relatedContactId: voice.id,
      channel: 'TASK',
      instanceArn: instanceArn(tenant, instanceId),
      initiationMethod: 'FLOW',
      initiationTimestamp: new Date(atMs).toISOString(),
      ...(task.scheduledAtMs === undefined
        ? {}
        : { scheduledTimestamp: new Date(task.scheduledAtMs).toISOString() }),
      tags: { 'aws:connect:instanceId': instanceId },
    },
  };
}

/** In the shape of a contact record; `ContactFlowArn` says who was meant to take the task. */
function taskRecord({ request, voice, instance, id, atMs, scheduledAtMs, flowArn }: Task): object {
  const { tenant, id: instanceId } = instance;
  const queueId = voice.request.queueId;
  return {
    AWSAccountId: tenant.accountId,
    AWSContactTraceRecordFormatVersion: '2017-03-10',
    InstanceARN: instanceArn(tenant, instanceId),
    ContactId: id,
    InitialContactId: null,
    PreviousContactId: null,
    NextContactId: null,
    RelatedContactId: voice.id,
    ContactAssociationId: associationIdOf(voice),
    Channel: 'TASK',
    InitiationMethod: 'FLOW',
    InitiationTimestamp: wholeSeconds(atMs),
    ScheduledTimestamp: scheduledAtMs === undefined ? null : wholeSeconds(scheduledAtMs),
    DisconnectTimestamp: null,
    LastUpdateTimestamp: wholeSeconds(atMs),
    DisconnectReason: null,
    Name: request.name,
    Description: request.description ?? null,
    ContactFlowArn: flowArn,
    Attributes: Object.fromEntries(request.attributes),
    References: Object.entries(request.references).map(([Name, reference]) => ({
      Name,
      Type: memberOf(reference, 'Type') ?? 'STRING',
      Value: memberOf(reference, 'Value') ?? reference,
    })),
    Tags: { 'aws:connect:instanceId': instanceId },
    Agent: null,
    Queue: queueId
      ? { ARN: instanceResourceArn(tenant, instanceId, 'queue', queueId), EnqueueTimestamp: null }
      : null,
  };
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

const wholeSeconds = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19)}Z`;
