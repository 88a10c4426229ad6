// The embedded database from nothing to ready, told in order: where it lives, which programs, a cluster, a server of our
// own, and proof that nobody else owns it. The service's start-up calls this unless RINGBACK_DATABASE_URL is set.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BinaryPackage, findBinaryPackage, type PostgresBinaries, prepareBinaries } from './binaries.ts';
import { ensureCluster, removeUnfinished } from './cluster.ts';
import { DataDirectoryInUse, EmbeddedPostgresFailed, reasonOf } from './errors.ts';
import { clusterDirectoryOf, type DatabaseHome, openHome, openSocketDirectory } from './home.ts';
import { askSocket, type OwnershipSession } from './ownership.ts';
import {
  findRunningPostmaster,
  type Postmaster,
  recordedPid,
  removeStaleLocks,
  startPostmaster,
  stopLeftRunning,
} from './postmaster.ts';
import { openServerLog, type ServerLog } from './server-log.ts';
import { DATABASE_NAME, DATABASE_USER, SOCKET_PORT, serverArguments } from './settings.ts';

/** Where faults that nobody awaits are told; a pino logger fits. */
export interface SupervisorLog {
  warn(fields: object, message: string): void;
}

/** What `startEmbeddedPostgres` needs. */
export interface EmbeddedPostgresOptions {
  /** RINGBACK_DATA_DIR. The database goes into its `postgres` directory, or where a file in that points. */
  readonly dataDir: string;
  /** Sentences for the operator: what takes long, and what is placed elsewhere and why. */
  readonly onProgress: (message: string) => void;
  readonly log: SupervisorLog;
  /**
   * Called once if the session that owns the data directory is lost, e.g. because the server crashed. Somebody else may
   * own it from now on, so the service must stop writing and end.
   */
  readonly onOwnershipLost: (reason: string) => void;
  /** Longest wait for an earlier server to finish its shutdown, ms. Default 20 000. */
  readonly takeOverTimeoutMs?: number;
  /** Places for a root service whose database user cannot reach the data directory or the programs. */
  readonly systemRoots?: readonly string[];
  /** The npm package with the programs. Default: the one installed for this platform. */
  readonly binaryPackage?: BinaryPackage;
}

/** A running database that this process owns. */
export interface EmbeddedPostgres {
  /** How to connect; fits `openDatabase`. */
  readonly address: {
    readonly kind: 'embedded';
    readonly socketDirectory: string;
    readonly port: number;
    readonly user: string;
    readonly database: string;
  };
  /** The same as a URL, for psql and other programs. */
  readonly connectionString: string;
  /** Process id of the server. */
  readonly pid: number;
  /** Where the files are. */
  readonly directory: string;
  /** Stops the server: open transactions are rolled back, everything committed is on disk. May be called twice. */
  close(): Promise<void>;
}

export const DEFAULT_SYSTEM_ROOTS = ['/var/lib/ringback', '/var/tmp/ringback'];
const DEFAULT_TAKE_OVER_TIMEOUT_MS = 20_000;

/** A killed owner's session ends within milliseconds; whoever still owns after this long is alive. */
const DYING_OWNER_GRACE_MS = 2_000;

/** A server that nobody owned for this long after its start was not just started by another service. */
const UNOWNED_AGE_MS = 3_000;

/** A server that cannot start may be kept from it by the last processes of a killed one; it is tried again this long. */
const START_RETRY_MS = 3_000;
const START_RETRY_PAUSE_MS = 250;

/** Replaying the log after a crash may take long, but not for ever. */
const RECOVERY_TIMEOUT_MS = 300_000;

const POLL_MS = 25;

/**
 * Starts the database of a data directory and takes ownership of it. If the server of a killed service still runs, it is
 * taken over: stopped cleanly and started again as ours.
 *
 * @throws {DataDirectoryInUse} another service owns it.
 * @throws {DataDirectoryUnusable} the directory cannot hold the database; nothing was deleted.
 * @throws {EmbeddedPostgresUnavailable} PostgreSQL cannot be run here.
 * @throws {EmbeddedPostgresFailed} PostgreSQL was run and failed.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const systemRoots = options.systemRoots ?? DEFAULT_SYSTEM_ROOTS;
  const { onProgress, log } = options;
  const binaryPackage = options.binaryPackage ?? (await findBinaryPackage());
  const home = await openHome({ dataDirectory: options.dataDir, systemRoots, onProgress });
  const copyRoots = home.user.kind === 'dropped' ? systemRoots : [join(home.directory, 'programs')];
  const binaries = await prepareBinaries({ binaryPackage, user: home.user, copyRoots, onProgress });
  await ensureCluster(home, binaries, onProgress);
  const socketDirectory = await openSocketDirectory(home);
  const serverLog = await openServerLog(home, (error) =>
    log.warn({ err: error }, 'Cannot limit the size of the database server’s log.'),
  );
  try {
    const place: Place = { home, binaries, socketDirectory, serverLog, options };
    const owned = await becomeOwner(place);
    return await serve(place, owned);
  } catch (error) {
    serverLog.close();
    throw error;
  }
}

interface Place {
  readonly home: DatabaseHome;
  readonly binaries: PostgresBinaries;
  readonly socketDirectory: string;
  readonly serverLog: ServerLog;
  readonly options: EmbeddedPostgresOptions;
}

interface OwnedServer {
  readonly postmaster: Postmaster;
  readonly pid: number;
  readonly session: OwnershipSession;
}

/** Looks, then either waits, refuses, takes over, or starts; until the server is ours or time is up. */
async function becomeOwner(place: Place): Promise<OwnedServer> {
  const startedAtMs = performance.now();
  const deadlineMs = startedAtMs + (place.options.takeOverTimeoutMs ?? DEFAULT_TAKE_OVER_TIMEOUT_MS);
  let waitingFor = '';
  let firstFailedStartMs: number | undefined;
  for (;;) {
    const answer = await askSocket(place.socketDirectory);
    if (answer.kind === 'accepts') {
      await considerRunningServer(place, answer.session, startedAtMs);
      waitingFor = 'a running server that no service owns';
    } else if (answer.kind === 'notNow') {
      waitingFor = `a running server that answers "${answer.reason}"`;
    } else if ((await findRunningPostmaster(place.home)) !== undefined) {
      waitingFor = 'a running server that does not answer';
    } else {
      const start = await startOwn(place);
      if (start.kind === 'owned') return start.server;
      waitingFor = 'a server that another service started at the same time';
      if (start.kind === 'ended') {
        firstFailedStartMs ??= performance.now();
        if (performance.now() - firstFailedStartMs > START_RETRY_MS) throw await didNotStart(place);
        await sleep(START_RETRY_PAUSE_MS);
      }
    }
    if (performance.now() > deadlineMs) {
      throw new EmbeddedPostgresFailed(
        `The database in ${place.home.directory} cannot be taken over: still waiting for ${waitingFor}. ` +
          `See ${place.serverLog.path}; stop that server, or choose another directory with RINGBACK_DATA_DIR`,
        '',
      );
    }
    await sleep(POLL_MS);
  }
}

/**
 * Refuses if a living service owns the server; stops the server if nobody does. Otherwise does nothing: an owner that
 * was just killed, or a service that has just started the server and has not taken the lock yet, needs another look.
 */
async function considerRunningServer(
  place: Place,
  session: OwnershipSession,
  startedAtMs: number,
): Promise<void> {
  try {
    const owner = await session.owner();
    if (owner !== undefined) {
      if (performance.now() - startedAtMs < DYING_OWNER_GRACE_MS) return;
      throw new DataDirectoryInUse(place.options.dataDir, owner);
    }
    if ((await session.serverAgeMs()) < UNOWNED_AGE_MS) return;
    if (!(await session.tryOwn())) return;
    const pid = await findRunningPostmaster(place.home);
    if (pid === undefined) return;
    place.options.onProgress('Taking over the database server that an earlier service left running.');
    await stopLeftRunning(pid, place.home, DEFAULT_TAKE_OVER_TIMEOUT_MS);
  } catch (error) {
    if (error instanceof DataDirectoryInUse) throw error;
    // The server went away under the questions, as one does whose service was just killed; the next look tells more.
    place.options.log.warn(
      { err: error },
      'A database server that was left running ended while it was asked.',
    );
  } finally {
    await session.close().catch(() => undefined);
  }
}

type Start =
  | { readonly kind: 'owned'; readonly server: OwnedServer }
  /** Another service's server is there. */
  | { readonly kind: 'beaten' }
  /** Ours ended by itself, and there is no other. */
  | { readonly kind: 'ended' };

/** Starts a server and tries to own it. */
async function startOwn(place: Place): Promise<Start> {
  const { home, binaries, socketDirectory, serverLog } = place;
  await removeStaleLocks(home, socketDirectory);
  const postmaster = startPostmaster({
    program: binaries.postgres,
    args: serverArguments({ clusterDirectory: clusterDirectoryOf(home), socketDirectory }),
    home,
    logDescriptor: serverLog.descriptor,
  });
  try {
    const owned = await ownWhenReady(place, postmaster);
    if (owned !== undefined) {
      await owned.session.ensureDatabase();
      await removeUnfinished(home);
      return { kind: 'owned', server: owned };
    }
  } catch (error) {
    await postmaster.stop();
    throw error;
  }
  await postmaster.stop();
  return { kind: (await isAnyServerThere(place)) ? 'beaten' : 'ended' };
}

async function isAnyServerThere(place: Place): Promise<boolean> {
  if ((await findRunningPostmaster(place.home)) !== undefined) return true;
  const answer = await askSocket(place.socketDirectory);
  if (answer.kind === 'accepts') await answer.session.close();
  return answer.kind !== 'silent';
}

async function didNotStart({ home, serverLog }: Place): Promise<EmbeddedPostgresFailed> {
  return new EmbeddedPostgresFailed(
    `The database server in ${home.directory} does not start; its log is ${serverLog.path}`,
    await serverLog.written(),
  );
}

/** Undefined when our server ended, or when the lock was taken by someone else. */
async function ownWhenReady(place: Place, postmaster: Postmaster): Promise<OwnedServer | undefined> {
  const pid = await postmaster.pid;
  const deadlineMs = performance.now() + RECOVERY_TIMEOUT_MS;
  let hasSaidRecovering = false;
  while (!postmaster.hasEnded && pid !== undefined) {
    const answer = await askSocket(place.socketDirectory);
    if (answer.kind === 'accepts') {
      const { session } = answer;
      // Only a server that wrote its own process id down is ours; another service's may answer on the same socket.
      if ((await recordedPid(place.home)) === pid && (await session.tryOwn()))
        return { postmaster, pid, session };
      await session.close();
      return undefined;
    }
    if (performance.now() > deadlineMs) {
      throw new EmbeddedPostgresFailed(
        `The database server in ${place.home.directory} is not ready after ${RECOVERY_TIMEOUT_MS / 1000} s`,
        await place.serverLog.written(),
      );
    }
    if (
      answer.kind === 'notNow' &&
      !hasSaidRecovering &&
      performance.now() > deadlineMs - RECOVERY_TIMEOUT_MS + 2_000
    ) {
      hasSaidRecovering = true;
      place.options.onProgress('The database is recovering from an unclean end; this may take a while.');
    }
    await sleep(POLL_MS);
  }
  return undefined;
}

async function serve(place: Place, owned: OwnedServer): Promise<EmbeddedPostgres> {
  const { home, socketDirectory, serverLog, options } = place;
  const { postmaster, session, pid } = owned;
  let closing: Promise<void> | undefined;
  session.onLost((error) => {
    if (closing !== undefined) return;
    options.onOwnershipLost(
      `The connection that owns ${options.dataDir} was lost${error === undefined ? '' : `: ${error.message}`}. See ${serverLog.path}.`,
    );
  });
  const address = {
    kind: 'embedded',
    socketDirectory,
    port: SOCKET_PORT,
    user: DATABASE_USER,
    database: DATABASE_NAME,
  } as const;

  async function stop(): Promise<void> {
    // The lock is not given back first: until the server has ended, nobody else may own what it is still writing.
    await postmaster.stop();
    await session.close().catch((error: unknown) => {
      options.log.warn({ err: error }, `The owning session did not close cleanly: ${reasonOf(error)}`);
    });
    serverLog.close();
  }

  return {
    address,
    connectionString: `postgresql://${DATABASE_USER}@/${DATABASE_NAME}?host=${encodeURIComponent(socketDirectory)}&port=${SOCKET_PORT}`,
    pid,
    directory: home.directory,
    close() {
      closing ??= stop();
      return closing;
    },
  };
}
