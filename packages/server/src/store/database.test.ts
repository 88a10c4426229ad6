// The pool, transactions and migrations against a real PostgreSQL, started once for this file.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { Client } from 'pg';
import { bigintArray, booleanArray, integerArray, textArray, timeArray, uuidArray } from './binary-arrays.ts';
import { type Database, openDatabase } from './database.ts';
import {
  classifyDatabaseError,
  isConnectionError,
  isDataError,
  isUniqueViolation,
} from './database-errors.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres/start-embedded-postgres.ts';
import { migrate } from './migrate.ts';

interface Schema {
  thing: { id: number; name: string };
}

let scratch: string;
let server: EmbeddedPostgres;
let database: Database<Schema>;
const faults: Error[] = [];

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'ringback-test-'));
  server = await startEmbeddedPostgres({
    dataDir: join(scratch, 'data'),
    onProgress: () => undefined,
    log: { warn: () => undefined },
    onOwnershipLost: (reason) => assert.fail(reason),
  });
  database = await openDatabase<Schema>({
    address: server.address,
    onConnectionFault: (error) => faults.push(error),
  });
});

after(async () => {
  await database.close();
  await server.close();
  if (!server.directory.startsWith(scratch)) await rm(server.directory, { recursive: true });
  await rm(scratch, { recursive: true });
});

beforeEach(async () => {
  await database.query('DROP TABLE IF EXISTS thing, schema_migration, first, second, third');
  await database.query('CREATE TABLE thing (id bigint PRIMARY KEY, name text NOT NULL)');
});

describe('database › closing', () => {
  it('takes the end of its connections for no fault, whoever is faster', async () => {
    const heard: Error[] = [];
    const closing = await openDatabase<Schema>({
      address: server.address,
      onConnectionFault: (error) => heard.push(error),
    });
    const client = await closing.pool.connect();
    client.release();
    await closing.close();
    // What an embedded server says that stops before it has read the goodbye.
    client.emit('error', new Error('terminating connection due to administrator command'));
    assert.deepEqual(heard, []);
  });
});

describe('database › queries', () => {
  it('runs named statements, plain ones and kysely on one pool', async () => {
    const insert = { name: 'insert-thing', text: 'INSERT INTO thing (id, name) VALUES ($1, $2)' };
    assert.equal((await database.query(insert, [1, 'one'])).rowCount, 1);
    assert.equal((await database.query(insert, [2, 'two'])).rowCount, 1);
    const { rows } = await database.query<{ name: string }>('SELECT name FROM thing ORDER BY id');
    assert.deepEqual(rows, [{ name: 'one' }, { name: 'two' }]);
    assert.deepEqual(await database.kysely.selectFrom('thing').selectAll().where('id', '=', 2).execute(), [
      { id: 2, name: 'two' },
    ]);
  });

  it('reads 64-bit integers as numbers, alone and in arrays, and refuses to lose digits', async () => {
    const { rows } = await database.query(
      `SELECT 9007199254740991::bigint AS largest, ARRAY[1::bigint, NULL] AS list, 1.50::numeric AS exact`,
    );
    assert.deepEqual(rows, [{ largest: 9_007_199_254_740_991, list: [1, null], exact: '1.50' }]);
    await assert.rejects(database.query('SELECT 9007199254740992::bigint'), RangeError);
    assert.equal((await database.query('SELECT 1')).rowCount, 1, 'the connection is still good');
  });

  it('reads timestamps as dates of the right instant', async () => {
    const { rows } = await database.query(`SELECT timestamptz '2026-11-22 10:00:00.123+02' AS at`);
    assert.deepEqual(rows, [{ at: new Date('2026-11-22T08:00:00.123Z') }]);
  });

  it('reads every spelling that the database has for a timestamp', async () => {
    const { rows } = await database.query(
      `SELECT timestamptz '1999-12-31 23:59:59+00' AS whole, timestamptz '2026-01-02 03:04:05.6+00' AS tenths,
              timestamptz '2026-01-02 03:04:05.678901+00' AS micros, timestamptz '0050-01-02 03:04:05+00' AS old,
              timestamptz '12345-01-02 03:04:05+00' AS far, timestamptz '0044-03-15 12:00:00+00 BC' AS before,
              timestamptz 'infinity' AS never`,
    );
    assert.deepEqual(rows, [
      {
        whole: new Date('1999-12-31T23:59:59.000Z'),
        tenths: new Date('2026-01-02T03:04:05.600Z'),
        micros: new Date('2026-01-02T03:04:05.678Z'),
        old: new Date('0050-01-02T03:04:05.000Z'),
        far: new Date('+012345-01-02T03:04:05.000Z'),
        before: new Date('-000043-03-15T12:00:00.000Z'),
        never: Number.POSITIVE_INFINITY,
      },
    ]);
  });

  it('takes arrays in binary form, with NULL for what is absent', async () => {
    const atMs = Date.UTC(1999, 0, 1, 0, 0, 0, 5);
    const { rows } = await database.query(
      `SELECT $1::uuid[] AS ids, $2::bigint[] AS numbers, $3::boolean[] AS truths, $4::timestamptz[] AS times,
              $5::text[] AS texts, $6::int[] AS none`,
      [
        uuidArray(['00112233-4455-6677-8899-AABBccddeeff', undefined]),
        bigintArray([-5_000_000_000, 9_007_199_254_740_991]),
        booleanArray([true, false]),
        timeArray([atMs, undefined]),
        textArray(['"Grüße", {x}', undefined, '']),
        integerArray([]),
      ],
    );
    assert.deepEqual(rows, [
      {
        ids: ['00112233-4455-6677-8899-aabbccddeeff', null],
        numbers: [-5_000_000_000, 9_007_199_254_740_991],
        truths: [true, false],
        times: [new Date(atMs), null],
        texts: ['"Grüße", {x}', null, ''],
        none: [],
      },
    ]);
  });

  it('stops a statement that runs too long', async () => {
    const hasty = await openDatabase<Schema>({ address: server.address, statementTimeoutMs: 50 });
    await assert.rejects(hasty.query('SELECT pg_sleep(30)'), { code: '57014' });
    await hasty.close();
    await hasty.close();
  });

  it('opens by URL as well, and says what is wrong without showing the password', async () => {
    const byUrl = await openDatabase<Schema>({ address: { kind: 'url', url: server.connectionString } });
    assert.equal((await byUrl.query('SELECT 1')).rowCount, 1);
    await byUrl.close();
    const url = 'postgresql://someone:secret@127.0.0.1:1/nowhere';
    await assert.rejects(openDatabase({ address: { kind: 'url', url } }), (error: Error) => {
      assert.equal(error.name, 'DatabaseUnusable');
      assert.match(error.message, /127\.0\.0\.1:1\/nowhere.*ECONNREFUSED.*RINGBACK_DATABASE_URL/s);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });

  it('refuses a database that takes no writes, as a standby', async () => {
    await database.query('ALTER DATABASE template1 SET default_transaction_read_only = on');
    const standby = openDatabase({ address: { ...server.address, database: 'template1' } });
    await assert.rejects(standby, { name: 'DatabaseUnusable', message: /takes no writes: it is a standby/ });
  });

  it('refuses a database that is not UTF-8', async () => {
    await database.query(`CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0`);
    const url = server.connectionString.replace('/ringback?', '/latin?');
    await assert.rejects(openDatabase({ address: { kind: 'url', url } }), {
      name: 'DatabaseUnusable',
      message: /LATIN1/,
    });
  });
});

describe('database › transactions', () => {
  it('commits named statements and kysely together, and rolls both back together', async () => {
    const write = async (id: number, outcome: 'keep' | 'throw'): Promise<void> => {
      await database.withTransaction(async (transaction) => {
        await transaction.query('INSERT INTO thing (id, name) VALUES ($1, $2)', [id, 'raw']);
        await transaction.kysely
          .insertInto('thing')
          .values({ id: id + 1, name: 'built' })
          .execute();
        const seenOutside = await database.query('SELECT FROM thing WHERE id >= $1', [id]);
        assert.equal(seenOutside.rowCount, 0);
        if (outcome === 'throw') throw new Error('changed my mind');
      });
    };
    await write(1, 'keep');
    await assert.rejects(write(11, 'throw'), /changed my mind/);
    const { rows } = await database.query('SELECT id FROM thing ORDER BY id');
    assert.deepEqual(rows, [{ id: 1 }, { id: 2 }]);
  });

  it('does not pass for committed when a statement’s error was hidden', async () => {
    const hidden = database.withTransaction(async (transaction) => {
      await transaction.query(`INSERT INTO thing VALUES (1, 'one')`);
      await transaction.query('SELECT 1/0').catch(() => undefined);
    });
    await assert.rejects(hidden, { name: 'TransactionRolledBack' });
    assert.equal((await database.query('SELECT FROM thing')).rowCount, 0);
  });

  it('survives a connection that is cut in mid-transaction, and replaces it', async () => {
    faults.length = 0;
    const cut = database.withTransaction(async (transaction) => {
      await transaction.query('SELECT pg_terminate_backend(pg_backend_pid())');
    });
    await assert.rejects(cut, (error) => isConnectionError(error) && !isDataError(error));
    assert.ok(faults.length > 0);
    assert.equal((await database.query('SELECT 1')).rowCount, 1);
  });
});

describe('database › lost connections', () => {
  it('makes a read again whose connection was cut, a write never', async () => {
    const cuts: string[] = [];
    const cutter = new Client({
      host: server.address.socketDirectory,
      port: server.address.port,
      user: server.address.user,
      database: server.address.database,
    });
    await cutter.connect();
    // Each statement waits for a lock until it has been seen and its connection cut; made again, it gets the lock.
    await cutter.query('SELECT pg_advisory_lock(1)');
    async function cutFirst(statement: string): Promise<void> {
      const cut = async (): Promise<boolean> => {
        const { rows } = await cutter.query<{ cut: boolean }>(
          `SELECT pg_terminate_backend(pid) AS cut FROM pg_stat_activity WHERE query ILIKE $1 AND wait_event_type = 'Lock'`,
          [statement],
        );
        return rows.length > 0;
      };
      while (!(await cut()));
      cuts.push(statement);
      await cutter.query('SELECT pg_advisory_unlock(1)');
    }
    const [read] = await Promise.all([
      database.kysely
        .selectNoFrom(sql<string>`concat('read', pg_advisory_xact_lock(1))`.as('text'))
        .execute(),
      cutFirst('select concat(%'),
    ]);
    assert.deepEqual(read, [{ text: 'read' }]);
    await cutter.query('SELECT pg_advisory_lock(1)');
    const [plain] = await Promise.all([
      database.query(`SELECT concat('plain', pg_advisory_xact_lock(1)) AS text`),
      cutFirst('select concat(%'),
    ]);
    assert.deepEqual(plain.rows, [{ text: 'plain' }]);
    await cutter.query('SELECT pg_advisory_lock(1)');
    const write = database.query('INSERT INTO thing SELECT 1, pg_advisory_xact_lock(1)::text');
    await Promise.all([assert.rejects(write, isConnectionError), cutFirst('insert into thing%')]);
    await cutter.end();
    assert.equal(cuts.length, 3);
    assert.equal((await database.query('SELECT FROM thing')).rowCount, 0);
  });

  it('gives up connections to a server that is gone without a word, and asks the one that took its place', async (t) => {
    const relays: Socket[] = [];
    let isGone = false;
    // Stands before the server, and takes all that is sent without an end once that is gone.
    const relay = createServer((near) => {
      const far = connect(join(server.address.socketDirectory, `.s.PGSQL.${server.address.port}`));
      relays.push(near, far);
      const isOld = !isGone;
      near.on('data', (chunk) => !(isOld && isGone) && far.write(chunk));
      far.on('data', (chunk) => near.write(chunk));
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.on('close', () => far.destroy());
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    const { port } = relay.address() as AddressInfo;
    const { user, database: name } = server.address;
    const remote = await openDatabase<Schema>({
      address: { kind: 'url', url: `postgres://${user}@127.0.0.1:${port}/${name}` },
      ...{ poolSize: 2, silenceMs: 2_000, onConnectionFault: () => undefined },
    });
    t.after(async () => {
      await remote.close();
      for (const socket of relays) socket.destroy();
      await new Promise((resolve) => relay.close(resolve));
    });
    const inTime = (work: Promise<unknown>) =>
      Promise.race([work, delay(20_000, 'too late', { ref: false })]);
    const limits: (number | undefined)[] = [];
    remote.pool.once('acquire', (client) => {
      const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
      client.on('drain', () => limits.push(stream.timeout));
    });
    await remote.withTransaction(async ({ query, liftTimeLimits }) => {
      await query('SELECT 1');
      assert.equal(limits.at(-1), 2_000);
      await liftTimeLimits();
      await query('SELECT 1');
      assert.equal(limits.at(-1), 0, 'a server that works on it for long is not gone');
    });
    await remote.query('SELECT 1');
    assert.equal(limits.at(-1), 2_000);
    await Promise.all([remote.query('SELECT 1'), remote.query('SELECT 1')]);
    isGone = true;
    const write = inTime(remote.query(`INSERT INTO thing VALUES (1, 'one')`));
    await assert.rejects(write, isConnectionError);
    const transaction = inTime(remote.withTransaction(({ query }) => query('SELECT 1')));
    await assert.rejects(transaction, isConnectionError);
    assert.equal(await inTime(remote.query('SELECT 1').then(({ rowCount }) => rowCount)), 1);
  });

  it('refuses a kysely transaction, which would not stay on one connection', async () => {
    await assert.rejects(
      database.kysely.transaction().execute(async () => 'ran'),
      /Use withTransaction/,
    );
  });
});

describe('database › errors', () => {
  async function failureOf(text: string, values?: readonly unknown[]): Promise<unknown> {
    return database.query(text, values).then(
      () => assert.fail('the query succeeded'),
      (error: unknown) => error,
    );
  }

  it('sorts data errors, conflicts, lost connections and our own mistakes', async () => {
    await database.query(`INSERT INTO thing VALUES (1, 'one')`);
    const duplicate = await failureOf(`INSERT INTO thing VALUES (1, 'one')`);
    assert.equal(classifyDatabaseError(duplicate), 'data');
    assert.ok(isUniqueViolation(duplicate) && isUniqueViolation(duplicate, 'thing_pkey'));
    assert.ok(!isUniqueViolation(duplicate, 'thing_name_key'));
    assert.equal(classifyDatabaseError(await failureOf('SELECT $1::text', ['\u0000'])), 'data');
    assert.equal(classifyDatabaseError(await failureOf(`SELECT 'x'::int`)), 'data');
    assert.equal(
      classifyDatabaseError(await failureOf('SELECT pg_terminate_backend(pg_backend_pid())')),
      'connection',
    );
    assert.equal(classifyDatabaseError(await failureOf('SELECT FROM nowhere')), 'other');
    assert.equal(classifyDatabaseError(new TypeError('ours')), 'other');
    assert.equal(classifyDatabaseError('not even an error'), 'other');
    const refused = await new Client({ host: scratch, port: 1, user: 'x', ssl: false })
      .connect()
      .catch((error) => error);
    assert.equal(classifyDatabaseError(refused), 'connection');
  });

  it('knows a deadlock as a conflict', async () => {
    await database.query(`INSERT INTO thing VALUES (1, 'one'), (2, 'two')`);
    const lock = 'SELECT FROM thing WHERE id = $1 FOR UPDATE';
    let arrived = 0;
    let bothArrived: () => void = () => undefined;
    const both = new Promise<void>((resolve) => {
      bothArrived = resolve;
    });
    const crossing = (first: number, second: number): Promise<void> =>
      database.withTransaction(async (transaction) => {
        await transaction.query(lock, [first]);
        arrived += 1;
        if (arrived === 2) bothArrived();
        await both;
        await transaction.query(lock, [second]);
      });
    const ends = await Promise.allSettled([crossing(1, 2), crossing(2, 1)]);
    const failures = ends.flatMap((end) =>
      end.status === 'rejected' ? [classifyDatabaseError(end.reason)] : [],
    );
    assert.deepEqual(failures, ['conflict']);
  });
});

describe('migrations', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(scratch, 'migrations-'));
  });

  async function put(name: string, sql: string): Promise<void> {
    await writeFile(join(directory, name), sql);
  }

  async function tableExists(name: string): Promise<boolean> {
    return (await database.query('SELECT FROM pg_tables WHERE tablename = $1', [name])).rowCount === 1;
  }

  it('applies what is missing in the order of names, once', async () => {
    await put(
      '202601020000-second.sql',
      'CREATE TABLE second AS SELECT * FROM first; INSERT INTO second VALUES (2);',
    );
    await put('202601010000-first.sql', 'CREATE TABLE first AS SELECT 1 AS id');
    const told: string[] = [];
    const names = await migrate({ pool: database.pool, directory, onMigration: (name) => told.push(name) });
    assert.deepEqual(names, ['202601010000-first.sql', '202601020000-second.sql']);
    assert.deepEqual(told, names);
    await put('202601030000-third.sql', 'CREATE TABLE third ()');
    assert.deepEqual(await migrate({ pool: database.pool, directory }), ['202601030000-third.sql']);
    assert.deepEqual(await migrate({ pool: database.pool, directory }), []);
    assert.deepEqual((await database.query('SELECT id FROM second ORDER BY id')).rows, [
      { id: 1 },
      { id: 2 },
    ]);
  });

  it('rolls back a file that fails, keeps those before it, and names file and line', async () => {
    await put('202601010000-first.sql', 'CREATE TABLE first ()');
    await put('202601020000-second.sql', 'CREATE TABLE second ();\n\nCREATE TABEL third ();');
    await assert.rejects(migrate({ pool: database.pool, directory }), {
      name: 'MigrationFailed',
      migration: '202601020000-second.sql',
      message: /202601020000-second\.sql failed.*TABEL.*\(line 3\)/,
    });
    assert.deepEqual([await tableExists('first'), await tableExists('second')], [true, false]);
    await put('202601020000-second.sql', 'CREATE TABLE second ()');
    assert.deepEqual(await migrate({ pool: database.pool, directory }), ['202601020000-second.sql']);
  });

  it('refuses a changed file, but not one with other line ends', async () => {
    await put('202601010000-first.sql', 'CREATE TABLE first\n();\n');
    await migrate({ pool: database.pool, directory });
    await put('202601010000-first.sql', 'CREATE TABLE first\r\n();\r\n');
    assert.deepEqual(await migrate({ pool: database.pool, directory }), []);
    await put('202601010000-first.sql', 'CREATE TABLE first (id int)');
    await assert.rejects(migrate({ pool: database.pool, directory }), {
      name: 'MigrationRefused',
      message: /202601010000-first\.sql was applied .* and has been changed since/,
    });
  });

  it('refuses a database that a newer version has migrated', async () => {
    await put('202601010000-first.sql', 'CREATE TABLE first ()');
    await put('202609090000-future.sql', 'SELECT 1');
    await migrate({ pool: database.pool, directory });
    await rename(join(directory, '202609090000-future.sql'), join(scratch, 'future.sql'));
    await put('202601020000-second.sql', 'CREATE TABLE second ()');
    await assert.rejects(migrate({ pool: database.pool, directory }), {
      name: 'MigrationRefused',
      message: /newer Ringback: it has 202609090000-future\.sql/,
    });
    assert.equal(await tableExists('second'), false);
  });

  it('refuses a misnamed file and ignores what is not SQL', async () => {
    await put('readme.md', 'hello');
    await mkdir(join(directory, 'drafts'));
    assert.deepEqual(await migrate({ pool: database.pool, directory }), []);
    await put('2026-first.sql', 'SELECT 1');
    await assert.rejects(migrate({ pool: database.pool, directory }), {
      name: 'MigrationRefused',
      message: /YYYYMMDDHHMM-title\.sql/,
    });
  });

  it('is safe for several processes at once, and takes longer than an ordinary statement may', async () => {
    await put('202601010000-first.sql', 'SELECT pg_sleep(0.3); CREATE TABLE first ()');
    await put('202601020000-second.sql', 'CREATE TABLE second ()');
    const databases = await Promise.all(
      [1, 2, 3].map(() =>
        openDatabase<Schema>({ address: server.address, poolSize: 1, statementTimeoutMs: 100 }),
      ),
    );
    const applied = await Promise.all(databases.map(({ pool }) => migrate({ pool, directory })));
    assert.deepEqual(applied.flat().sort(), ['202601010000-first.sql', '202601020000-second.sql']);
    await assert.rejects(databases[0]?.query('SELECT pg_sleep(30)') ?? Promise.resolve(), { code: '57014' });
    await Promise.all(databases.map((each) => each.close()));
  });
});
