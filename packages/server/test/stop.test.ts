/** How the service ends, with real processes: told to stop, refused a directory, and with its database taken away. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import {
  type ContactRecord,
  checkContacts,
  endCauseOf,
  loadPhones,
  openContactLoad,
} from './support/contact-load.ts';
import { isAlive, type ServiceProcess, until } from './support/processes.ts';
import { type CallTarget, openServicePlace, type ServicePlace, startOf } from './support/service-place.ts';

const ringsForEver = '+12065569999';
const ringsOn = '+12065569998';
const answersLate = '+12065568888';
const answersAtOnce = '+12065568887';

let place: ServicePlace;
let target: CallTarget;
let service: ServiceProcess;

before(async () => {
  place = await openServicePlace({
    ...loadPhones,
    [ringsForEver]: [{ step: 'ring', forMs: 'forever' }],
    [ringsOn]: [{ step: 'ring', forMs: 'forever' }],
    [answersLate]: [{ step: 'ring', forMs: 3000 }, { step: 'answer' }],
    [answersAtOnce]: [{ step: 'answer' }],
  });
  service = await place.start();
  target = await place.createTarget();
});

after(() => place?.close());

describe('a service whose database connections break', () => {
  it('loses no contact, rings nobody twice and needs no restart', async (t) => {
    const load = openContactLoad(place, target, { callers: 4, pauseMs: 20 });
    const running = load.run();
    for (let n = 0; n < 25; n += 1) {
      await sleep(80);
      await breakConnections();
    }
    await running.stop();
    await load.repeatUnanswered();
    const contacts = await load.ended();
    const ends = Map.groupBy(
      contacts,
      ({ record }) => `${record.DisconnectReason} ${endCauseOf(record) ?? ''}`,
    );
    for (const [end, list] of ends) t.diagnostic(`${list.length} ended ${end}`);
    checkContacts(contacts, place, []);
    await load.repeatAll();
  });

  /** Ends every connection of the service's pool in the middle of whatever it does; not the one that owns the directory. */
  async function breakConnections(): Promise<void> {
    const client = new Client({
      host: path.join(place.dataDir, 'postgres', 'socket'),
      user: 'ringback',
      database: 'ringback',
      application_name: 'test',
    });
    await client.connect();
    await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ringback'`,
    );
    await client.end();
  }
});

describe('a service that is stopped', () => {
  it('lives its calls to their end on SIGTERM, refuses new ones with 503, and takes its database along', async () => {
    const contactId = await call(answersLate);
    const databasePid = await place.databaseProcess();
    const exit = service.end('SIGTERM');
    await until(() => service.lines.some((line) => line.includes('"stopping"')), 'the service to notice');
    await assert.rejects(
      call(answersAtOnce),
      (error: Error & { $metadata?: { httpStatusCode?: number } }) => {
        assert.equal(error.name, 'ServiceUnavailableException');
        assert.equal(error.$metadata?.httpStatusCode, 503);
        return true;
      },
    );

    assert.deepEqual(await exit, { code: 0, signal: null });
    const [record] = recordsOf(contactId);
    assert.equal(record?.DisconnectReason, 'CONTACT_FLOW_DISCONNECT');
    assert.equal(record && endCauseOf(record), undefined);
    assert.ok(!isAlive(databasePid), 'the database ended with the service');
  });

  it('ends its calls in order, at once, where it is told again', async () => {
    service = await place.start();
    const contactId = await call(ringsOn);
    await until(() => place.invites().some((line) => line.to === ringsOn), 'the phone to ring');
    const exit = service.end('SIGTERM');
    await until(() => service.lines.some((line) => line.includes('"stopping"')), 'the service to notice');
    assert.deepEqual(recordsOf(contactId), []);
    await service.end('SIGTERM');
    assert.deepEqual(await exit, { code: 0, signal: null });
    const [record] = recordsOf(contactId);
    assert.equal(record && endCauseOf(record), 'SERVICE_DRAINED');
  });

  it('ends in order when its terminal closes, or somebody hopes that it reads its configuration again', async () => {
    service = await place.start();
    const databasePid = await place.databaseProcess();
    assert.deepEqual(await service.end('SIGHUP'), { code: 0, signal: null });
    assert.ok(!isAlive(databasePid), 'the database ended with the service');
  });

  it('refuses a second service on its data directory, and goes on', async () => {
    service = await place.start();
    const second = await place.startUnawaited({ env: { RINGBACK_HTTP_PORT: '0' } });
    assert.deepEqual(await second.exited, { code: 1, signal: null });
    const said = second.lines.join('\n');
    assert.match(said, /is in use by another Ringback/);
    assert.ok(said.includes(place.dataDir) && said.includes('RINGBACK_DATA_DIR'), said);
    assert.ok(said.includes(`process ${service.pid}`), 'it names the process that owns the directory');

    const contactId = await call(answersAtOnce);
    await until(() => recordsOf(contactId).length > 0, 'the call of the first service');
  });

  it('says so and ends when its database is killed; the next start ends what it had accepted', async () => {
    const contactId = await call(ringsForEver);
    await until(() => place.invites().some((line) => line.to === ringsForEver), 'the phone to ring');
    process.kill(await place.databaseProcess(), 'SIGKILL');
    assert.deepEqual(await service.exited, { code: 1, signal: null });
    assert.match(service.lines.join('\n'), /The connection that owns .* was lost/);
    assert.deepEqual(recordsOf(contactId), []);

    service = await place.start();
    await until(() => recordsOf(contactId).length > 0, 'the record of the call that was cut off');
    const [record] = recordsOf(contactId);
    assert.equal(record && endCauseOf(record), 'SERVICE_RESTARTED');
    assert.deepEqual(await service.end('SIGTERM'), { code: 0, signal: null });
  });

  it('ends in order when it is told to stop before it is ready', async () => {
    await service.end('SIGTERM');
    const starting = await place.startUnawaited();
    await until(() => starting.lines.some((line) => line.includes('Opening the media engine')), 'the start');
    const databasePid = await place.databaseProcess();
    assert.deepEqual(await starting.end('SIGTERM'), { code: 0, signal: null });
    assert.ok(!isAlive(databasePid), 'the database ended with the service');
  });
});

async function call(number: string): Promise<string> {
  const answer = await place.client.send(startOf(target, { token: randomUUID(), number }));
  assert.ok(answer.ContactId);
  return answer.ContactId;
}

function recordsOf(contactId: string): ContactRecord[] {
  const records = place.facts('contact-records') as readonly ContactRecord[];
  return records.filter((record) => record.ContactId === contactId);
}
