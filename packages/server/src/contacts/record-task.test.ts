// Tasks that flows create: what their event and record say, and which are refused.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Flow, parseFlow, type TaskRequest } from '@ringback/flow';
import { VirtualClock } from '@ringback/testkit';
import type { Instance } from '../store/resource-store.ts';
import { sampleContact, sampleInstanceId, sampleTenant } from '../test-support/sample-contact.ts';
import { recordTask, type TaskFacts } from './record-task.ts';

const voice = sampleContact();
const instance = { id: sampleInstanceId, alias: 'a', tenant: sampleTenant } as unknown as Instance;
const request: TaskRequest = {
  contactFlowId: 'claims',
  name: 'Claim of +12065550100',
  attributes: new Map([['tier', 'gold']]),
  references: { ticket: { Type: 'URL', Value: 'https://example.com/1' } },
};

async function record(more: Partial<TaskRequest> = {}) {
  const written: Parameters<TaskFacts>[0][] = [];
  const parsed = parseFlow({
    Version: '2019-10-30',
    StartAction: 'end',
    Actions: [{ Identifier: 'end', Type: 'EndFlowExecution' }],
  });
  assert.ok(parsed.ok);
  const flow: Flow = {
    document: parsed.flow,
    id: 'claims',
    arn: 'arn:claims',
    name: 'Claims',
    type: 'CONTACT_FLOW',
  };
  const clock = new VirtualClock();
  const result = await recordTask({ ...request, ...more }, voice, instance, {
    clock,
    flows: { find: async (_instance, reference) => (reference === 'claims' ? flow : undefined) },
    newEventId: () => 'event-1',
    write: async (task) => void written.push(task),
  });
  const [event, taskRecord] = (written[0]?.facts ?? []).map(({ payload }) => JSON.parse(payload));
  return { result, written, event, taskRecord, nowMs: clock.now() };
}

describe('a task of a flow', () => {
  it('is told of by an event and a record, related to the call', async () => {
    const { result, written, event, taskRecord } = await record({ description: 'Call back' });
    const [task] = written;
    assert.deepEqual(result, { kind: 'done', value: { contactId: task?.id } });
    assert.deepEqual(
      task?.facts.map(({ sequence, stream }) => [sequence, stream]),
      [
        [1, 'contact-events'],
        [2, 'contact-records'],
      ],
    );
    assert.deepEqual(
      [event.detail.eventType, event.detail.channel, event.detail.contactId, event.detail.relatedContactId],
      ['INITIATED', 'TASK', task?.id, voice.id],
    );
    assert.deepEqual(
      [taskRecord.Channel, taskRecord.Name, taskRecord.Description, taskRecord.ContactFlowArn],
      ['TASK', 'Claim of +12065550100', 'Call back', 'arn:claims'],
    );
    assert.equal(taskRecord.ContactAssociationId, voice.id);
    assert.deepEqual(taskRecord.Attributes, { tier: 'gold' });
    assert.deepEqual(taskRecord.References, [
      { Name: 'ticket', Type: 'URL', Value: 'https://example.com/1' },
    ]);
  });

  it('may begin later', async () => {
    const delayed = await record({ delayMs: 60_000 });
    assert.equal(delayed.event.detail.scheduledTimestamp, new Date(delayed.nowMs + 60_000).toISOString());
    const scheduled = await record({ scheduledTime: '1767225600' });
    assert.equal(scheduled.taskRecord.ScheduledTimestamp, '2026-01-01T00:00:00Z');
  });

  it('is refused without a flow, with one that is not there, and with what makes no sense', async () => {
    const { contactFlowId: _, ...withoutFlow } = request;
    for (const [more, why] of [
      [{ ...withoutFlow, contactFlowId: undefined, taskTemplateId: 't' }, /no task templates/],
      [{ contactFlowId: 'gone' }, /no published flow gone/],
      [{ scheduledTime: 'tomorrow' }, /no time in seconds/],
      [{ attributes: new Map([['a', 'x'.repeat(32_768)]]) }, /32768 bytes/],
    ] as const) {
      const { result, written } = await record(more as Partial<TaskRequest>);
      assert.equal(result.kind, 'failed');
      assert.match(result.kind === 'failed' ? result.detail : '', why);
      assert.deepEqual(written, []);
    }
  });
});
