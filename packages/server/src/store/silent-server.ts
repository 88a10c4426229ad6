/**
 * Ends connections to a database server that has gone without a word: a machine that lost its power or its network while a standby took
 * its name. TCP alone tries on for a quarter of an hour, and with it every statement on such a connection. Used by the pool.
 */
import type { Socket } from 'node:net';
import type { ClientBase } from 'pg';

/** Members of pg's client that all its kinds have. */
type Connected = ClientBase & { readonly connection: { readonly stream: Socket } };

/** The server did not answer a statement, and can no longer be expected to; classified by its code, as what TCP says in the end. */
export class ServerSilent extends Error {
  override readonly name = 'ServerSilent';
  readonly code = 'ETIMEDOUT';

  constructor(limitMs: number) {
    super(
      `The database server has not answered for ${limitMs} ms, longer than a statement may run; the connection was given up.`,
    );
  }
}

/** A connection on which nothing is asked may be silent for as long as it likes. */
export function endWhenSilent(client: ClientBase, limitMs: number): void {
  const { stream } = (client as Connected).connection;
  let bytesSettled = stream.bytesWritten;
  // Every statement is answered.
  client.on('drain', () => {
    bytesSettled = stream.bytesWritten;
  });
  stream.on('timeout', () => {
    const bytesRead = stream.bytesRead;
    // Timers come first in a process that was stopped for a while: an answer may lie there that it has yet to read.
    setImmediate(() => {
      if (stream.bytesWritten > bytesSettled && stream.bytesRead === bytesRead)
        stream.destroy(new ServerSilent(limitMs));
    });
  });
  limitSilence(client, limitMs);
}

/** Sets the limit anew; 0 for none, as for statements that may run as long as they take. Answers what it was. */
export function limitSilence(client: ClientBase, limitMs: number): number {
  const { stream } = (client as Connected).connection;
  const before = stream.timeout ?? 0;
  if (before !== limitMs) stream.setTimeout(limitMs);
  return before;
}
