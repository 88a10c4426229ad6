/** Durability, with real processes: the service is killed while it accepts contacts and is started again on the same data; the carrier lives on as the witness. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LimitExceededException, StopContactCommand } from '@aws-sdk/client-connect';
import { seededRandom } from '@ringback/testkit';
import { checkContacts, endCauseOf, loadPhones, openContactLoad } from './support/contact-load.ts';
import type { ServiceProcess } from './support/processes.ts';
import { type CallTarget, openServicePlace, type ServicePlace, startOf } from './support/service-place.ts';

const seed = Number(process.env.RINGBACK_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const kills = 10;
/** One more start is killed before it is ready, after every so many kills. */
const killedStartEvery = 4;
/** Longest life of the service under load, and of a start that is killed, ms. */
const longestLifeMs = 1500;
const longestStartMs = 2500;
/** Calls that must all fit at the end: each slot that leaked makes one of them fail. */
const slotsAtTheEnd = 6;
const ringsForEver = '+12065569999';
/** What a death of the service may make of any contact. */
const causesOfDeath = ['SERVICE_RESTARTED', 'DIAL_DELAY_EXCEEDED'];

describe(`a service that is killed (RINGBACK_TEST_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  let place: ServicePlace;
  let service: ServiceProcess;
  let target: CallTarget;

  before(async () => {
    place = await openServicePlace({ ...loadPhones, [ringsForEver]: [{ step: 'ring', forMs: 'forever' }] });
    service = await place.start();
    target = await place.createTarget();
    // A clean end leaves compiled code for the starts that follow.
    await service.end('SIGTERM');
    service = await place.start();
  });

  after(() => place?.close());

  it(`loses no contact, rings nobody twice and ends each contact once, over ${kills} kills`, async (t) => {
    const load = openContactLoad(place, target, { callers: 3, pauseMs: 80 });
    for (let kill = 1; kill <= kills; kill += 1) {
      const running = load.run();
      await sleep(random() * longestLifeMs);
      await service.end('SIGKILL');
      await running.stop();
      assertAudited(load.answered());
      if (kill % killedStartEvery === 0) {
        const starting = await place.startUnawaited();
        await sleep(random() * longestStartMs);
        await starting.end('SIGKILL');
      }
      service = await place.start();
      await load.repeatUnanswered();
    }

    const contacts = await load.ended();
    const ends = Map.groupBy(
      contacts,
      ({ record }) => `${record.DisconnectReason} ${endCauseOf(record) ?? ''}`,
    );
    for (const [end, list] of ends) t.diagnostic(`${list.length} ended ${end}`);
    checkContacts(contacts, place, causesOfDeath);
    const cutOff = contacts.filter(({ record }) => endCauseOf(record) === 'SERVICE_RESTARTED');
    assert.ok(cutOff.length > 0, 'some calls were cut off');
    assert.ok(cutOff.length < contacts.length, 'and others were lived to their end');
    await load.repeatAll();
  });

  /** A call that was answered stands in the audit log, however the service ended. */
  function assertAudited(contactIds: readonly string[]): void {
    const audited = new Set(
      place.audited().map((record) => (record.responseElements as { ContactId?: string } | null)?.ContactId),
    );
    assert.deepEqual(
      contactIds.filter((contactId) => !audited.has(contactId)),
      [],
    );
  }

  it('has all its call slots back', async () => {
    assert.deepEqual(await service.end('SIGTERM'), { code: 0, signal: null });
    service = await place.start({ concurrentActiveCalls: slotsAtTheEnd });
    const call = () => place.client.send(startOf(target, { token: randomUUID(), number: ringsForEver }));
    const answers = await Promise.all(Array.from({ length: slotsAtTheEnd }, call));
    await assert.rejects(call(), LimitExceededException);
    for (const { ContactId } of answers) {
      await place.client.send(new StopContactCommand({ InstanceId: target.instanceId, ContactId }));
    }
    assert.deepEqual(await service.end('SIGTERM'), { code: 0, signal: null });
  });
});
