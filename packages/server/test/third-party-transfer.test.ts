/** Flows that transfer the customer to a telephone number: a second leg over real SIP and RTP, heard by the first. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { rms } from '@ringback/media';
import { hangUp, say, setAttributes, transferToNumber as transfer } from './support/flow-actions.ts';
import { linesOf, startTestService, type TestService } from './support/test-service.ts';

/** Says hello as soon as it answers, then listens. */
const talker = '+12065550101';
/** Answers and hangs up after three seconds. */
const impatient = '+12065550130';
const busy = '+12065550120';
const neverAnswers = '+12065550121';

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service?.close());

describe('transfer to a telephone number', { concurrency: true }, () => {
  it('lets both hear each other, and goes on in the flow when the third party has hung up', async () => {
    const customer = '+12065550190';
    const contactId = await call(customer, [
      transfer(impatient, 'True', {}, 'back'),
      setAttributes('back', { came: 'back' }, 'hang up'),
      ...failures,
      hangUp,
    ]);
    const contact = await service.ended(contactId);
    assert.equal(contact.DisconnectReason, 'CONTACT_FLOW_DISCONNECT');
    const record = await service.record(contactId);
    assert.deepEqual(record.Attributes, { came: 'back' });
    assert.deepEqual(record.TransferredToEndpoint, { Type: 'TELEPHONE_NUMBER', Address: impatient });
    assert.ok(record.TransferCompletedTimestamp);
    assert.ok(callersOf(impatient).includes(customer), 'the third party sees the number of the customer');
  });

  it('ends the flow where it shall not continue, and the call when the third party hangs up', async () => {
    const contactId = await call('+12065550191', [
      transfer(impatient, 'False', {}, 'hang up'),
      ...failures,
      hangUp,
    ]);
    const contact = await service.ended(contactId);
    assert.equal(contact.DisconnectReason, 'THIRD_PARTY_DISCONNECT');
    assert.deepEqual((await service.record(contactId)).Attributes, {});
  });

  it('carries the voice of the third party to the customer, and hangs up on it with the customer', async () => {
    const contactId = await call(impatient, [transfer(talker, 'True', {}, 'hang up'), ...failures, hangUp]);
    const contact = await service.ended(contactId);
    assert.equal(contact.DisconnectReason, 'CUSTOMER_DISCONNECT');
    const heard = await service.phoneHeard(impatient);
    assert.ok(heard && rms(heard[0]) > 100, `the customer heard ${heard && rms(heard[0])}`);
  });

  it('takes the branch that says why it failed', async () => {
    for (const [number, more, branch] of [
      [busy, {}, 'CallFailed'],
      [neverAnswers, { ThirdPartyConnectionTimeLimitSeconds: '2' }, 'ConnectionTimeLimitExceeded'],
      ['+1911', {}, 'CallFailed'],
      [talker, { CallerId: { Number: '+12065550777' } }, 'NoMatchingError'],
    ] as const) {
      const contactId = await call(talker, [transfer(number, 'True', more, 'hang up'), ...failures, hangUp]);
      await service.ended(contactId);
      assert.deepEqual((await service.record(contactId)).Attributes, { failed: branch }, number);
    }
  });

  it('shows the caller ID that the flow names, if it is a number of the instance', async () => {
    const contactId = await call('+12065550192', [
      say('say', 'One moment.', 'transfer'),
      transfer(
        impatient,
        'True',
        {
          CallerId: { Number: '$.SystemEndpoint.Address', Name: 'Front desk' },
          ThirdPartyDTMFDigits: '1,2#',
        },
        'hang up',
      ),
      ...failures,
      hangUp,
    ]);
    const contact = await service.ended(contactId);
    assert.equal(contact.DisconnectReason, 'CONTACT_FLOW_DISCONNECT');
    assert.deepEqual((await service.record(contactId)).Attributes, {});
    assert.ok(callersOf(impatient).includes(contact.SystemEndpoint?.Address ?? '-'));
  });
});

async function call(number: string, actions: readonly object[]): Promise<string> {
  return service.call(number, await service.createFlow(actions));
}

/** The numbers that a phone of the simulated carrier saw calling. */
function callersOf(number: string): readonly unknown[] {
  return linesOf(path.join(service.dataDir, 'carrier', 'invites.jsonl'))
    .filter(({ kind, to }) => kind === 'invite' && to === number)
    .map(({ from }) => from);
}

/** Branches of `transfer` that tell which one was taken. */
const failures = ['CallFailed', 'ConnectionTimeLimitExceeded', 'NoMatchingError'].map((failed) =>
  setAttributes(failed, { failed }, 'hang up'),
);
