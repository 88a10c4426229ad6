/** Third parties and the death of the service, with real processes: it is killed with one on the line and one ringing, and the carrier lives on as the witness. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { DescribeContactCommand } from '@aws-sdk/client-connect';
import { type OpenState, openState } from '../src/store/open-state.ts';
import { type ContactRecord, endCauseOf } from './support/contact-load.ts';
import { hangUp, setAttributes, transferToNumber } from './support/flow-actions.ts';
import { type ServiceProcess, until } from './support/processes.ts';
import { type CallTarget, openServicePlace, type ServicePlace, startOf } from './support/service-place.ts';

/** One customer's third party answers, the other's rings. */
const customers = ['+12065571001', '+12065571002'] as const;
const thirdParties = ['+12065571011', '+12065571012'] as const;
const stays = [{ step: 'answer' }, { step: 'pause', forMs: 600_000 }];
const phones = {
  [customers[0]]: stays,
  [customers[1]]: stays,
  [thirdParties[0]]: stays,
  [thirdParties[1]]: [{ step: 'ring', forMs: 'forever' }],
};
/** A minute costs one unit of money, whoever is called. */
const caps = '{ spend: { perDay: 1000, pricesPerMinute: { "+": 1 }, reservedMinutes: 5 } }';
const microsPerMinute = 1_000_000;

describe('a service that is killed with third parties on the line', () => {
  let place: ServicePlace;
  let service: ServiceProcess;
  let state: OpenState | undefined;
  let target: CallTarget;
  let contactIds: string[];

  before(async () => {
    place = await openServicePlace(phones);
    service = await place.start({ caps });
    target = await place.createTarget();
    contactIds = await Promise.all(customers.map((number, n) => call(number, thirdParties[n] ?? '')));
  });

  after(async () => {
    await state?.close();
    await place?.close();
  });

  async function call(number: string, thirdParty: string): Promise<string> {
    const failures = ['CallFailed', 'ConnectionTimeLimitExceeded', 'NoMatchingError'];
    const flowId = await place.createFlow(target.instanceId, `To ${thirdParty}`, [
      transferToNumber(thirdParty, 'True', { ThirdPartyConnectionTimeLimitSeconds: '600' }, 'hang up'),
      ...failures.map((failed) => setAttributes(failed, { failed }, 'hang up')),
      hangUp,
    ]);
    const { ContactId } = await place.client.send(
      startOf({ ...target, flowId }, { token: randomUUID(), number }),
    );
    assert.ok(ContactId);
    return ContactId;
  }

  const database = async () => {
    state ??= await openState({
      dataDir: place.dataDir,
      databaseUrl: undefined,
      onProgress: () => undefined,
    });
    return state.database;
  };

  it('has committed each attempt before its INVITE left', async () => {
    const numbers = [...customers, ...thirdParties];
    await until(() => place.invites().length === numbers.length, 'four calls at the carrier');
    await until(() => place.answers().some(({ to }) => to === thirdParties[0]), 'the third party to answer');
    await service.end('SIGKILL');
    service = await place.start({ caps });

    const { rows } = await (await database()).query<{ contact_id: string; n: number; call_id: string }>(
      'SELECT contact_id, n, call_id FROM dial_attempt ORDER BY contact_id, n',
      [],
    );
    const callIdOf = (number: string) => place.invites().find(({ to }) => to === number)?.callId;
    for (const [n, contactId] of contactIds.entries()) {
      assert.deepEqual(
        rows.filter((row) => row.contact_id === contactId).map(({ n, call_id }) => [n, call_id]),
        [
          [1, callIdOf(customers[n] ?? '')],
          [2, callIdOf(thirdParties[n] ?? '')],
        ],
      );
    }
  });

  it('ends both contacts once, for the reason that it died, and dials nobody again', async () => {
    for (const contactId of contactIds) {
      const records = () =>
        (place.facts('contact-records') as ContactRecord[]).filter(
          ({ ContactId }) => ContactId === contactId,
        );
      await until(() => records().length > 0, `the record of contact ${contactId}`);
      const [record, ...more] = records();
      assert.deepEqual(more, []);
      assert.equal(record?.DisconnectReason, 'OTHER');
      assert.equal(record && endCauseOf(record), 'SERVICE_RESTARTED');
      assert.deepEqual(record?.Attributes, {}, 'the flow did not go on');
    }
    const dialled = place.invites().map(({ to }) => to);
    assert.deepEqual(dialled.toSorted(), [...customers, ...thirdParties], 'each was dialled once');
  });

  it('has settled what both legs of each cost, as long as the contact', async () => {
    let charged = 0;
    for (const ContactId of contactIds) {
      const { Contact } = await place.client.send(
        new DescribeContactCommand({ InstanceId: target.instanceId, ContactId }),
      );
      const { ConnectedToSystemTimestamp: from, DisconnectTimestamp: to } = Contact ?? {};
      assert.ok(from && to);
      charged += 2 * Math.max(1, Math.ceil((to.getTime() - from.getTime()) / 60_000)) * microsPerMinute;
    }
    const { rows } = await (await database()).query(
      `SELECT sum(reserved_micros)::bigint AS reserved, sum(charged_micros)::bigint AS charged,
              (SELECT count(*)::int FROM call_reservation) AS reservations FROM call_spend`,
      [],
    );
    assert.deepEqual(rows, [{ reserved: 0, charged, reservations: 0 }]);
  });
});
