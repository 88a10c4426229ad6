// The embedded database as a service meets it, on real files and processes: who may start it, what a kill leaves, and
// what is refused.

import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { type BinaryPackage, findBinaryPackage } from './binaries.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './start-embedded-postgres.ts';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const onlyAsRoot = isRoot ? false : 'needs root';
const onlyOnLinux = process.platform === 'linux' ? false : 'reads /proc';
const ORDINARY_UID = 65_534;

/** Longest wait for another process to do what it must, ms. */
const PATIENCE_MS = 30_000;

const scratch: string[] = [];

const children: ChildProcess[] = [];

after(async () => {
  for (const child of children) await kill(child);
  for (const directory of scratch) await rm(directory, { recursive: true, force: true });
});

let template: Promise<string> | undefined;

/** A data directory with an untouched database in it: a copy, which is quicker made than a new one. */
async function existingDataDir(parent?: string): Promise<string> {
  template ??= makeTemplate();
  const dataDir = join(parent ?? (await newDirectory()), 'data');
  await run('cp', ['-a', await template, dataDir]);
  return dataDir;
}

async function makeTemplate(): Promise<string> {
  const dataDir = join(await newDirectory(), 'data');
  await (await start(dataDir)).close();
  return dataDir;
}

/** A directory to put a data directory in; others may pass through it, as through a home of mode 0755. */
async function newDirectory(mode = 0o755): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ringback-test-'));
  await chmod(directory, mode);
  scratch.push(directory);
  return directory;
}

async function start(
  dataDir: string,
  more: Partial<Parameters<typeof startEmbeddedPostgres>[0]> = {},
): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({
    dataDir,
    onProgress: () => undefined,
    log: { warn: () => undefined },
    onOwnershipLost: () => undefined,
    ...more,
  });
}

async function query(connectionString: string, text: string): Promise<Array<Record<string, unknown>>> {
  const client = new Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

interface ServiceEvent {
  readonly event: 'progress' | 'started' | 'lost' | 'closed' | 'failed';
  readonly pid: number;
  readonly directory: string;
  readonly connectionString: string;
  readonly name: string;
  readonly message: string;
}

/** The stand-in service in a process of its own, and the line that said how its start went. */
async function startService(
  dataDir: string,
  options: { readonly uid?: number; readonly binaryPackage?: BinaryPackage } = {},
): Promise<{ readonly child: ChildProcess; readonly outcome: ServiceEvent }> {
  const child = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('./service.fixture.ts', import.meta.url)),
      JSON.stringify({ dataDir, binaryPackage: options.binaryPackage }),
    ],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    },
  );
  children.push(child);
  assert.ok(child.stdout);
  for await (const line of createInterface({ input: child.stdout })) {
    const event: ServiceEvent = JSON.parse(line);
    if (event.event !== 'progress') return { child, outcome: event };
  }
  throw new Error('the service ended without a word');
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

async function untilGone(pid: number): Promise<void> {
  await until(async () => {
    try {
      // A zombie that nobody has reaped has no command line and counts as gone.
      return (await readFile(`/proc/${pid}/cmdline`, 'utf8')) === '';
    } catch {
      return true;
    }
  }, `process ${pid} to end`);
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain for ${what}`);
    await sleep(50);
  }
}

describe('embedded database › a life', () => {
  it('starts empty, keeps what was committed over a restart, and is durable, UTF-8 and off the network', async () => {
    const dataDir = join(await newDirectory(), 'data');
    const told: string[] = [];
    const first = await start(dataDir, { onProgress: (message) => told.push(message) });
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /^Creating the database in .*data\/postgres/);
    await query(first.connectionString, `CREATE TABLE kept AS SELECT 'é' AS text`);
    const [settings] = await query(
      first.connectionString,
      `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
              current_setting('listen_addresses') AS addresses, current_setting('server_encoding') AS encoding,
              current_setting('jit') AS jit, current_setting('TimeZone') AS zone, current_database() AS database`,
    );
    assert.deepEqual(settings, {
      fsync: 'on',
      commit: 'on',
      addresses: '',
      encoding: 'UTF8',
      jit: 'off',
      zone: 'UTC',
      database: 'ringback',
    });
    await Promise.all([first.close(), first.close()]);
    await untilGone(first.pid);

    const second = await start(dataDir, { onProgress: (message) => told.push(message) });
    assert.deepEqual(await query(second.connectionString, 'SELECT text FROM kept'), [{ text: 'é' }]);
    assert.equal(told.length, 1);
    await second.close();
  });

  it('lets no other user reach the files or the socket', async () => {
    const database = await start(await existingDataDir());
    for (const directory of ['', 'cluster', 'socket', 'log']) {
      assert.equal((await stat(join(database.directory, directory))).mode & 0o077, 0, directory);
    }
    await database.close();
  });

  it('takes a path that is too long for a socket, with quotes and commas in it', async () => {
    const dataDir = join(await newDirectory(), `${'long'.repeat(25)} "it's", é`);
    const database = await start(dataDir);
    assert.ok(Buffer.byteLength(database.address.socketDirectory) < 90);
    assert.deepEqual(await query(database.connectionString, 'SELECT 1 AS one'), [{ one: 1 }]);
    await database.close();
    await rm(database.address.socketDirectory, { recursive: true });
  });

  it('puts the socket under a short path with quotes and commas', async () => {
    const database = await start(join(await newDirectory(), `a,"b" 'c'`));
    assert.ok(database.address.socketDirectory.includes(`a,"b" 'c'`));
    assert.deepEqual(await query(database.connectionString, 'SELECT 1 AS one'), [{ one: 1 }]);
    await database.close();
  });
});

describe('embedded database › after a kill', { skip: onlyOnLinux }, () => {
  it('ends with its service, and the next start has everything committed', async () => {
    const dataDir = await existingDataDir();
    const { child, outcome } = await startService(dataDir);
    assert.equal(outcome.event, 'started', outcome.message);
    await query(outcome.connectionString, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await kill(child);
    await untilGone(outcome.pid);
    const next = await start(dataDir);
    assert.deepEqual(await query(next.connectionString, 'SELECT answer FROM kept'), [{ answer: 42 }]);
    await next.close();
  });

  it('starts at once after a kill, while the old server is still shutting down', async () => {
    const dataDir = await existingDataDir();
    const { child, outcome } = await startService(dataDir);
    assert.equal(outcome.event, 'started', outcome.message);
    child.kill('SIGKILL');
    const next = await start(dataDir);
    assert.notEqual(next.pid, outcome.pid);
    await next.close();
  });

  it('recovers when service and server were killed together', async () => {
    const dataDir = await existingDataDir();
    const { child, outcome } = await startService(dataDir);
    assert.equal(outcome.event, 'started', outcome.message);
    await query(outcome.connectionString, 'CREATE TABLE kept AS SELECT 42 AS answer');
    process.kill(outcome.pid, 'SIGKILL');
    await kill(child);
    const next = await start(dataDir);
    assert.deepEqual(await query(next.connectionString, 'SELECT answer FROM kept'), [{ answer: 42 }]);
    await next.close();
  });

  it('takes over a server that was left running', async () => {
    const dataDir = await existingDataDir();
    const { child, outcome } = await startService(dataDir);
    assert.equal(outcome.event, 'started', outcome.message);
    await query(outcome.connectionString, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await killWatchers(outcome.pid);
    await kill(child);
    assert.deepEqual(await query(outcome.connectionString, 'SELECT answer FROM kept'), [{ answer: 42 }]);
    const told: string[] = [];
    const next = await start(dataDir, { onProgress: (message) => told.push(message) });
    await untilGone(outcome.pid);
    assert.deepEqual(told, ['Taking over the database server that an earlier service left running.']);
    assert.deepEqual(await query(next.connectionString, 'SELECT answer FROM kept'), [{ answer: 42 }]);
    await next.close();
  });

  it('starts although the old process id now belongs to another program of the same user', async () => {
    const dataDir = await existingDataDir();
    const first = await start(dataDir);
    const { uid, gid } = await stat(join(first.directory, 'cluster'));
    await first.close();
    const other = spawn('sleep', ['60'], isRoot ? { uid, gid } : {});
    children.push(other);
    const pidFile = join(first.directory, 'cluster', 'postmaster.pid');
    await writeFile(pidFile, `${other.pid}\n${join(first.directory, 'cluster')}\n1\n5432\n\n\n\nready\n`);
    await chown(pidFile, uid, gid);
    const next = await start(dataDir);
    await next.close();
  });

  it('makes good a first start that was killed', async () => {
    const dataDir = await existingDataDir();
    const first = await start(dataDir);
    await first.close();
    // What a kill during initdb leaves: a marked home, a part of a cluster under another name, and no cluster.
    await rm(join(first.directory, 'cluster', 'global'), { recursive: true });
    await rm(join(first.directory, 'unfinished-0123'), { recursive: true, force: true });
    await cp(join(first.directory, 'cluster'), join(first.directory, 'unfinished-0123'), { recursive: true });
    await rm(join(first.directory, 'cluster'), { recursive: true });
    const anHourAgo = Date.now() / 1_000 - 3_600;
    await utimes(join(first.directory, 'unfinished-0123'), anHourAgo, anHourAgo);
    // And what another first start is at work on.
    await mkdir(join(first.directory, 'unfinished-4567'));
    const next = await start(dataDir);
    assert.deepEqual(await query(next.connectionString, 'SELECT 1 AS one'), [{ one: 1 }]);
    assert.deepEqual((await readdir(first.directory)).sort(), [
      'cluster',
      'log',
      'ringback-database.json',
      'socket',
      'unfinished-4567',
    ]);
    await next.close();
  });

  it('gives up on a server that neither answers nor ends, and says what to do', async () => {
    const dataDir = await existingDataDir();
    const { outcome } = await startService(dataDir);
    assert.equal(outcome.event, 'started', outcome.message);
    process.kill(outcome.pid, 'SIGSTOP');
    await assert.rejects(start(dataDir, { takeOverTimeoutMs: 100 }), {
      name: 'EmbeddedPostgresFailed',
      message: /cannot be taken over: still waiting for a running server.*RINGBACK_DATA_DIR/,
    });
    process.kill(outcome.pid, 'SIGCONT');
  });

  it('is out of reach of a Ctrl-C that is meant for the service', async () => {
    const database = await start(await existingDataDir());
    assert.notEqual(await processGroupOf(database.pid), await processGroupOf(process.pid));
    await database.close();
  });

  it('says so when the session that owns the directory is lost, and still closes', async () => {
    let tellLost: (reason: string) => void = () => undefined;
    const lost = new Promise<string>((resolve) => {
      tellLost = resolve;
    });
    const database = await start(await existingDataDir(), { onOwnershipLost: tellLost });
    await query(
      database.connectionString,
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'`,
    );
    assert.match(await lost, /^The connection that owns .* was lost/);
    await database.close();
    await untilGone(database.pid);
  });
});

describe('embedded database › ownership', () => {
  it('refuses a second service while the first lives, and lets it in afterwards', async () => {
    const dataDir = await existingDataDir();
    const first = await start(dataDir);
    await assert.rejects(start(dataDir), {
      name: 'DataDirectoryInUse',
      message: new RegExp(`${dataDir}.*process ${process.pid} on .*RINGBACK_DATA_DIR`),
    });
    assert.deepEqual(await query(first.connectionString, 'SELECT 1 AS one'), [{ one: 1 }]);
    await first.close();
    const second = await start(dataDir);
    await second.close();
  });

  it('lets exactly one of three services in when all start at once on a new directory', async () => {
    const dataDir = join(await newDirectory(), 'data');
    const services = await Promise.all([startService(dataDir), startService(dataDir), startService(dataDir)]);
    const outcomes = services.map(({ outcome }) =>
      outcome.event === 'failed' ? outcome.name : outcome.event,
    );
    assert.deepEqual(outcomes.sort(), ['DataDirectoryInUse', 'DataDirectoryInUse', 'started']);
    const winner = services.find(({ outcome }) => outcome.event === 'started');
    assert.ok(winner);
    assert.deepEqual(await query(winner.outcome.connectionString, 'SELECT 1 AS one'), [{ one: 1 }]);
    await Promise.all(services.map(({ child }) => kill(child)));
  });
});

describe('embedded database › a data directory that is not ours', () => {
  it('refuses a file', async () => {
    const path = join(await newDirectory(), 'file');
    await writeFile(path, 'mine');
    await assert.rejects(start(path), { name: 'DataDirectoryUnusable', message: /file.*RINGBACK_DATA_DIR/s });
    await assert.rejects(start(join(path, 'below')), {
      name: 'DataDirectoryUnusable',
      message: /a part of the path is a file/,
    });
    assert.equal(await readFile(path, 'utf8'), 'mine');
  });

  it('refuses a place where nothing can be made', { skip: process.platform !== 'linux' }, () =>
    assert.rejects(start('/proc/ringback'), {
      name: 'DataDirectoryUnusable',
      message: /\/proc\/ringback .*cannot be made.*RINGBACK_DATA_DIR/s,
    }),
  );

  it('refuses another PostgreSQL’s data directory and a foreign "postgres" directory, and deletes nothing', async () => {
    const dataDir = await newDirectory();
    await writeFile(join(dataDir, 'PG_VERSION'), '17\n');
    await assert.rejects(start(dataDir), { name: 'DataDirectoryUnusable', message: /some other PostgreSQL/ });
    await rm(join(dataDir, 'PG_VERSION'));
    await mkdir(join(dataDir, 'postgres'));
    await writeFile(join(dataDir, 'postgres', 'thesis.txt'), 'mine');
    await assert.rejects(start(dataDir), {
      name: 'DataDirectoryUnusable',
      message: /not made by Ringback \(it holds thesis\.txt/,
    });
    assert.deepEqual(await readdir(join(dataDir, 'postgres')), ['thesis.txt']);
  });

  it('refuses another major version, a newer format, and a damaged cluster', async () => {
    const dataDir = await existingDataDir();
    const { directory, close } = await start(dataDir);
    await close();
    const version = join(directory, 'cluster', 'PG_VERSION');
    await writeFile(version, '16\n');
    await assert.rejects(start(dataDir), {
      name: 'DataDirectoryUnusable',
      message: /made by PostgreSQL 16, and PostgreSQL 17 is installed.*RINGBACK_DATABASE_URL/s,
    });
    await rm(version);
    await assert.rejects(start(dataDir), {
      name: 'DataDirectoryUnusable',
      message: /not a whole PostgreSQL/,
    });
    await writeFile(version, '17\n');
    await writeFile(join(directory, 'ringback-database.json'), '{"format":2}');
    await assert.rejects(start(dataDir), { name: 'DataDirectoryUnusable', message: /its format is 2/ });
  });

  it('shows what PostgreSQL says when it does not start', async () => {
    const dataDir = await existingDataDir();
    const { directory, close } = await start(dataDir);
    await close();
    await rm(join(directory, 'cluster', 'global', 'pg_control'));
    await assert.rejects(start(dataDir), {
      name: 'EmbeddedPostgresFailed',
      message: /PostgreSQL said:.*global\/pg_control/s,
    });
  });

  it('refuses a directory that an ordinary user may not write', { skip: onlyAsRoot }, async () => {
    const { child, outcome } = await startService(join(await newDirectory(), 'data'), { uid: ORDINARY_UID });
    await kill(child);
    assert.equal(outcome.name, 'DataDirectoryUnusable', outcome.message);
    assert.match(outcome.message, /may not read or write it/);
  });
});

describe('embedded database › users', { skip: onlyAsRoot }, () => {
  it('runs as an ordinary user’s own process', async () => {
    const home = await newDirectory(0o700);
    await chown(home, ORDINARY_UID, ORDINARY_UID);
    const { child, outcome } = await startService(join(home, 'data'), { uid: ORDINARY_UID });
    assert.equal(outcome.event, 'started', outcome.message);
    assert.equal(outcome.directory, join(home, 'data', 'postgres'));
    assert.equal((await stat(join(outcome.directory, 'cluster'))).uid, ORDINARY_UID);
    await kill(child);
    await untilGone(outcome.pid);
  });

  it('run by root, uses an ordinary user’s database as that user', async () => {
    const home = await newDirectory();
    await chown(home, ORDINARY_UID, ORDINARY_UID);
    const service = await startService(join(home, 'data'), { uid: ORDINARY_UID });
    assert.equal(service.outcome.event, 'started', service.outcome.message);
    await kill(service.child);
    const asRoot = await start(join(home, 'data'), { systemRoots: [] }).catch((error: Error) => error);
    // The ordinary user's data directory is closed to others, but it is still that user who must pass.
    assert.ok(!(asRoot instanceof Error), String(asRoot));
    assert.equal((await stat(join(asRoot.directory, 'log', 'postgres.log'))).uid, ORDINARY_UID);
    await asRoot.close();
    const again = await startService(join(home, 'data'), { uid: ORDINARY_UID });
    assert.equal(again.outcome.event, 'started', again.outcome.message);
    await kill(again.child);
  });

  it('run by root under a home that only root may enter, goes elsewhere, says where, and comes back to it', async () => {
    const dataDir = join(await newDirectory(0o700), 'data');
    const told: string[] = [];
    const first = await start(dataDir, { onProgress: (message) => told.push(message) });
    assert.ok(!first.directory.startsWith(dataDir));
    assert.ok(told[0]?.startsWith(`The database is in ${first.directory}, because`), told[0]);
    await query(first.connectionString, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.close();
    const second = await start(dataDir, { onProgress: (message) => told.push(message) });
    assert.equal(second.directory, first.directory);
    assert.ok(told.at(-1)?.startsWith(`The database is in ${first.directory}, as`), told.at(-1));
    assert.deepEqual(await query(second.connectionString, 'SELECT answer FROM kept'), [{ answer: 42 }]);
    await second.close();
    await rm(first.directory, { recursive: true });
    await assert.rejects(start(dataDir), { name: 'DataDirectoryUnusable', message: /where there is none/ });
  });

  it('run by root, does not take a copied data directory for the owner of a database that is elsewhere', async () => {
    const parent = await newDirectory(0o700);
    const [original, copy, moved] = ['original', 'copy', 'moved'].map((name) => join(parent, name));
    assert.ok(original && copy && moved);
    const first = await start(original);
    await first.close();
    await run('cp', ['-a', original, copy]);
    await assert.rejects(start(copy), {
      name: 'DataDirectoryUnusable',
      message: new RegExp(
        `${first.directory}, which is that of ${original}/postgres.*Copy that directory`,
        's',
      ),
    });

    const another = `${first.directory}-copy`;
    scratch.push(another);
    await run('cp', ['-a', first.directory, another]);
    await writeFile(join(copy, 'postgres', 'location.json'), JSON.stringify({ format: 1, path: another }));
    const second = await start(copy);
    assert.equal(second.directory, another);
    await second.close();

    await rename(original, moved);
    const third = await start(moved);
    assert.equal(third.directory, first.directory);
    await third.close();
    await run('cp', ['-a', moved, original]);
    await assert.rejects(start(original), { name: 'DataDirectoryUnusable', message: /that of .*moved/ });
    await rm(first.directory, { recursive: true });
  });

  it('run by root with programs that the user cannot reach, copies them where it can', async () => {
    const { nativeDirectory, version } = await findBinaryPackage();
    const closed = await newDirectory(0o700);
    await cp(nativeDirectory, join(closed, 'native'), { recursive: true, verbatimSymlinks: true });
    const systemRoot = join(await newDirectory(), 'system');
    const told: string[] = [];
    const options = {
      binaryPackage: { nativeDirectory: join(closed, 'native'), version },
      systemRoots: [systemRoot],
      onProgress: (message: string) => told.push(message),
    };
    const dataDir = await existingDataDir();
    const first = await start(dataDir, options);
    assert.ok(told[0]?.startsWith(`Copied PostgreSQL to ${systemRoot}`), told[0]);
    await first.close();
    told.length = 0;
    const second = await start(dataDir, options);
    assert.deepEqual(told, []);
    await second.close();
  });
});

describe('embedded database › programs', () => {
  it('copies them for an ordinary user who may not restore the links', { skip: onlyAsRoot }, async () => {
    const native = await nativeWithoutLinks();
    const home = await newDirectory();
    await chown(home, ORDINARY_UID, ORDINARY_UID);
    const { outcome } = await startService(join(home, 'data'), {
      uid: ORDINARY_UID,
      binaryPackage: { nativeDirectory: native, version: '17' },
    });
    assert.equal(outcome.event, 'started', outcome.message);
    const copies = await readdir(join(outcome.directory, 'programs'));
    assert.deepEqual(copies, ['postgres-binaries-17']);
  });

  it('restores the symbolic links that npm leaves out without install scripts', async () => {
    const nativeDirectory = await nativeWithoutLinks();
    const database = await start(await existingDataDir(), {
      binaryPackage: { nativeDirectory, version: '17' },
      systemRoots: [],
    });
    await database.close();
  });

  it('names RINGBACK_DATABASE_URL when the programs cannot be run', async () => {
    const native = join(await newDirectory(), 'native');
    await mkdir(native);
    const binaryPackage = { nativeDirectory: native, version: '0' };
    await assert.rejects(start(join(await newDirectory(), 'data'), { binaryPackage, systemRoots: [] }), {
      name: 'EmbeddedPostgresUnavailable',
      message: /cannot be run from .*RINGBACK_DATABASE_URL/s,
    });
  });
});

/** The programs as npm unpacks them when it runs no install scripts. */
async function nativeWithoutLinks(): Promise<string> {
  const { nativeDirectory } = await findBinaryPackage();
  const copy = join(await newDirectory(), 'native');
  await cp(nativeDirectory, copy, { recursive: true, verbatimSymlinks: true });
  for (const entry of await readdir(join(copy, 'lib'), { withFileTypes: true })) {
    if (entry.isSymbolicLink()) await rm(join(copy, 'lib', entry.name));
  }
  return copy;
}

/** Kills the shell that watches a server, and its children, before any of them can act on the end of another. */
async function killWatchers(serverPid: number): Promise<void> {
  const parent = await parentOf(serverPid);
  signalIfThere(parent, 'SIGSTOP');
  const stopped = new Set([parent]);
  // A child may have forked before it was stopped.
  for (let fresh = await childrenBeside(serverPid, parent); fresh.length > 0; ) {
    for (const pid of fresh) {
      signalIfThere(pid, 'SIGSTOP');
      stopped.add(pid);
    }
    fresh = (await childrenBeside(serverPid, parent)).filter((pid) => !stopped.has(pid));
  }
  for (const pid of stopped) signalIfThere(pid, 'SIGKILL');
}

/** What descends from a shell, but for the server and its own children. */
async function childrenBeside(serverPid: number, parent: number): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === serverPid) continue;
    const ancestors = await ancestorsOf(pid);
    if (ancestors.includes(parent) && !ancestors.includes(serverPid)) found.push(pid);
  }
  return found;
}

async function ancestorsOf(pid: number): Promise<readonly number[]> {
  const ancestors: number[] = [];
  for (let current = await parentOf(pid); current > 1; current = await parentOf(current))
    ancestors.push(current);
  return ancestors;
}

async function parentOf(pid: number): Promise<number> {
  return Number((await statusOf(pid))[1] ?? 0);
}

async function processGroupOf(pid: number): Promise<number> {
  return Number((await statusOf(pid))[2] ?? 0);
}

/** The fields of /proc/<pid>/stat after the name: state, parent, process group. Empty when the process is gone. */
async function statusOf(pid: number): Promise<readonly string[]> {
  try {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8');
    return status.slice(status.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** One that was seen a moment ago may have ended by itself. */
function signalIfThere(pid: number, signal: 'SIGSTOP' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
