// When a connection to the database is given up: never for an answer that has come and was not yet read.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { endWhenSilent, ServerSilent } from './silent-server.ts';

function connected() {
  const given: Error[] = [];
  const stream = Object.assign(new EventEmitter(), {
    bytesWritten: 0,
    bytesRead: 0,
    timeout: 0,
    setTimeout: () => undefined,
    destroy: (error: Error) => void given.push(error),
  });
  const client = Object.assign(new EventEmitter(), { connection: { stream } });
  endWhenSilent(client as unknown as ClientBase, 20_000);
  return { stream, client, given };
}

describe('a silent database server', () => {
  it('is given up only while it owes an answer', async () => {
    const { stream, client, given } = connected();
    stream.emit('timeout');
    await setImmediate();
    assert.equal(given.length, 0);
    stream.bytesWritten = 10;
    client.emit('drain');
    stream.emit('timeout');
    await setImmediate();
    assert.equal(given.length, 0);
    stream.bytesWritten = 20;
    stream.emit('timeout');
    await setImmediate();
    assert.ok(given[0] instanceof ServerSilent);
  });

  it('has not been silent where this process was stopped, and has yet to read its answer', async () => {
    const { stream, given } = connected();
    stream.bytesWritten = 10;
    stream.emit('timeout');
    stream.bytesRead = 5;
    await setImmediate();
    assert.equal(given.length, 0);
  });
});
