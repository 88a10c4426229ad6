// The settings of the embedded server, passed on its command line at each start, so that a new version of ours also
// changes the databases that exist. Durability is never traded away.

/** Path parts and limits that the settings depend on. */
export interface ServerPaths {
  readonly clusterDirectory: string;
  readonly socketDirectory: string;
}

/** Part of the socket's file name only: the server has no TCP port. */
export const SOCKET_PORT = 5432;

/** Superuser of the embedded database; there are no others, and no passwords: the socket's directory is private. */
export const DATABASE_USER = 'ringback';

/** Where our tables are. */
export const DATABASE_NAME = 'ringback';

/** Arguments of `postgres`. */
export function serverArguments(paths: ServerPaths): readonly string[] {
  const settings: Record<string, string | number> = {
    listen_addresses: '',
    // A list, hence the quotes: a comma in the path would end its first entry.
    unix_socket_directories: `"${paths.socketDirectory.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    port: SOCKET_PORT,
    max_connections: 60,
    shared_buffers: '64MB',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    max_wal_size: '512MB',
    min_wal_size: '64MB',
    checkpoint_timeout: '10min',
    checkpoint_completion_target: 0.9,
    // Our statements are short; compiling or spreading them over processes costs more than it saves, and parallel
    // workers need /dev/shm, which containers keep small.
    jit: 'off',
    max_parallel_workers_per_gather: 0,
    max_parallel_maintenance_workers: 0,
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Statements, their values and the DETAIL of an error hold telephone numbers, so none of them is logged.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_checkpoints: 'off',
    log_line_prefix: '%m [%p] ',
    logging_collector: 'off',
    log_destination: 'stderr',
  };
  return [
    '-D',
    paths.clusterDirectory,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}
