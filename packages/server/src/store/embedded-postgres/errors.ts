// Why the embedded database cannot be used. Each message names the path, the reason and what to do, because it is the
// last thing that the operator sees before the service ends.

/** No PostgreSQL program can be run here, whatever the data directory holds. */
export class EmbeddedPostgresUnavailable extends Error {
  override readonly name = 'EmbeddedPostgresUnavailable';

  constructor(reason: string, options?: ErrorOptions) {
    super(`${reason} ${URL_REMEDY}`, options);
  }
}

/** The data directory cannot hold our database as it is. Nothing in it was changed or deleted. */
export class DataDirectoryUnusable extends Error {
  override readonly name = 'DataDirectoryUnusable';
  readonly path: string;

  constructor(path: string, reason: string, remedy: string, options?: ErrorOptions) {
    super(`Cannot use ${path} for the database: ${reason}. ${remedy}`, options);
    this.path = path;
  }
}

/** Another running service owns the data directory. */
export class DataDirectoryInUse extends Error {
  override readonly name = 'DataDirectoryInUse';
  readonly path: string;

  constructor(path: string, owner: string) {
    super(
      `The data directory ${path} is in use by another Ringback (${owner}). ` +
        'Stop that one first, or give this one a directory of its own with RINGBACK_DATA_DIR, ' +
        'or let both share a PostgreSQL server with RINGBACK_DATABASE_URL.',
    );
    this.path = path;
  }
}

/** The database program was run and did not do its work; the message ends with what it printed. */
export class EmbeddedPostgresFailed extends Error {
  override readonly name = 'EmbeddedPostgresFailed';

  constructor(what: string, printed: string, options?: ErrorOptions) {
    const text = printed.trim();
    super(text === '' ? `${what}.` : `${what}. PostgreSQL said:\n${text}`, options);
  }
}

/** What to do when the embedded database is no choice. */
const URL_REMEDY =
  'Set RINGBACK_DATABASE_URL to a PostgreSQL server (15 or newer) to use that instead of the embedded database.';

/** The `code` of a system error, e.g. `ENOENT`; undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The text of anything thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
