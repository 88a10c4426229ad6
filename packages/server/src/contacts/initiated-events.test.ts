import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { InstanceId } from '../ids.ts';
import { spelledOut } from '../store/alike-facts.ts';
import {
  sampleContact,
  sampleInstanceId,
  sampleRequest,
  sampleTenant,
} from '../test-support/sample-contact.ts';
import type { Contact, ContactRequest } from './contact.ts';
import { contactEvent } from './contact-events.ts';
import { InitiatedEvents } from './initiated-events.ts';

const text = fc.oneof(fc.constantFrom('a', 'b', '"\\\n', '9999-12-31T23:59:59.999Z'), fc.string());

/** Every member, so that one that is added is tested too. */
const anyRequest: fc.Arbitrary<ContactRequest> = fc.record(
  {
    initiationMethod: fc.constantFrom('API', 'CALLBACK', 'OUTBOUND', 'TRANSFER', 'QUEUE_TRANSFER', 'MONITOR'),
    initialContactId: text,
    previousContactId: text,
    associationId: text,
    destination: fc.stringMatching(/^\+[1-9]\d{1,14}$/),
    source: fc.constantFrom('+12065550199', '+12065550198'),
    callerIdName: text,
    contactFlowId: text,
    queueId: fc.constantFrom('q', 'r'),
    queueName: text,
    name: text,
    description: text,
    references: fc.dictionary(text, fc.record({ type: fc.constant('URL' as const), value: text })),
    relatedContactId: text,
    agentId: text,
    callback: fc.record({ notBeforeMs: fc.nat(), attemptsLeft: fc.nat(9), retryDelayMs: fc.nat() }),
    campaignId: text,
    trafficType: fc.constantFrom('GENERAL', 'CAMPAIGN'),
    answerMachineDetection: fc.record({ awaitPrompt: fc.boolean() }),
    transfer: fc.record({ toAgentId: fc.uuid() }, { requiredKeys: [] }),
    monitor: fc.record({
      agentId: fc.uuid(),
      capabilities: fc.subarray(['SILENT_MONITOR', 'BARGE'] as const),
    }),
    preview: fc.record({
      postAcceptTimeoutSeconds: fc.nat(300),
      allowedUserActions: fc.subarray(['CALL', 'DISCARD'] as const),
    }),
    ringTimeoutMs: fc.nat(60_000),
  } satisfies Record<keyof Required<ContactRequest>, unknown>,
  { requiredKeys: ['destination', 'source', 'contactFlowId', 'references', 'trafficType', 'ringTimeoutMs'] },
) as unknown as fc.Arbitrary<ContactRequest>;

const anyContact: fc.Arbitrary<Contact> = fc
  .record({
    request: fc.oneof(fc.constant(sampleRequest), anyRequest),
    instanceId: fc.constantFrom(sampleInstanceId, '44444444-4444-4444-8444-444444444444' as InstanceId),
    tenant: fc.constantFrom(sampleTenant, { ...sampleTenant, region: 'eu-west-2' }),
    attributes: fc.dictionary(text, text),
    initiatedAtMs: fc.integer({ min: 0, max: Date.UTC(2999, 0, 1) }),
  })
  .map((changes) => sampleContact(changes));

const destinations = [0, 1, 2, 3, 4, 5].map((n) => `+1206555010${n}` as ContactRequest['destination']);

describe('initiated events', () => {
  it('are those of contact events, whatever came before them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyContact, fc.integer({ min: 1, max: 4 })), { maxLength: 10 }),
        (runs) => {
          const events = new InitiatedEvents();
          for (const [contact, times] of runs) {
            for (let n = 0; n < times; n += 1) {
              const next = sampleContact({
                ...contact,
                id: sampleContact().id,
                initiatedAtMs: contact.initiatedAtMs + n * 777,
                attributes: n === 0 ? contact.attributes : { n: String(n) },
                request: {
                  ...contact.request,
                  destination: `${contact.request.destination}${n}` as ContactRequest['destination'],
                },
              });
              assert.equal(
                spelledOut(events.textOf(next, `event-${n}`, JSON.stringify(next.request))),
                JSON.stringify(contactEvent(next, 'INITIATED', next.initiatedAtMs, `event-${n}`)),
              );
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of contacts that are alike have one form, whatever others come between them', () => {
    const events = new InitiatedEvents();
    const flows = ['one', 'other'].map((name) => ({ ...sampleRequest, name }));
    const texts = [0, 1, 2, 3, 4, 5].map((n) => {
      const request = {
        ...(flows[n % 2] ?? sampleRequest),
        destination: destinations[n] ?? sampleRequest.destination,
      };
      const contact = sampleContact({ request, initiatedAtMs: n * 1000 });
      const text = events.textOf(contact, `event-${n}`, JSON.stringify(request));
      assert.equal(
        spelledOut(text),
        JSON.stringify(contactEvent(contact, 'INITIATED', n * 1000, `event-${n}`)),
      );
      return text;
    });
    const forms = texts.map((text) => (typeof text === 'string' ? undefined : text.form));
    assert.deepEqual(forms.slice(0, 2), [undefined, undefined]);
    assert.ok(forms[2] && forms[3] && forms[2] !== forms[3]);
    assert.ok(forms[4] === forms[2] && forms[5] === forms[3]);
  });
});
