import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { NoPortLeft, PortPool } from './port-pool.ts';

const HOST = '127.0.0.1';

/** The first of `count` ports that were all free a moment ago, even; looked for where nothing of ours has RTP, nor the system puts anybody. */
async function freeRange(count: number): Promise<number> {
  for (let first = 6_000 + 2 * (process.pid % 2_000); first < 65_000; first += count + 1) {
    const even = first + (first % 2);
    const sockets: Socket[] = [];
    try {
      for (let port = even; port < even + count; port += 1) {
        const socket = createSocket('udp4');
        sockets.push(socket);
        socket.bind(port, HOST);
        await once(socket, 'listening');
      }
      return even;
    } catch {
      // Taken by somebody; the next stretch.
    } finally {
      for (const socket of sockets) socket.close();
    }
  }
  throw new Error('no free ports on this machine');
}

describe('port pool', () => {
  it('hands out even ports from a rotating place, then says that none is left', async () => {
    const first = await freeRange(6);
    const pool = new PortPool(HOST, first - 1, first + 5, 1);
    const sockets = [await pool.bind(), await pool.bind(), await pool.bind()];
    assert.deepEqual(
      sockets.map((socket) => socket.address().port),
      [first + 2, first + 4, first],
    );
    await assert.rejects(pool.bind(), (error) => error instanceof NoPortLeft && error.code === 'EADDRINUSE');
    pool.release(sockets[1] as Socket);
    const again = await pool.bind();
    assert.equal(again.address().port, first + 4);
    for (const socket of [sockets[0], sockets[2], again]) pool.release(socket as Socket);
  });

  it('skips a port that somebody else holds', async () => {
    const first = await freeRange(4);
    const other = createSocket('udp4');
    other.bind(first, HOST);
    await once(other, 'listening');
    const pool = new PortPool(HOST, first, first + 3, 0);
    const socket = await pool.bind();
    assert.equal(socket.address().port, first + 2);
    pool.release(socket);
    other.close();
  });

  it('binds at once from several callers without handing out a port twice', async () => {
    const first = await freeRange(16);
    const pool = new PortPool(HOST, first, first + 15, 3);
    const sockets = await Promise.all(Array.from({ length: 8 }, () => pool.bind()));
    assert.equal(new Set(sockets.map((socket) => socket.address().port)).size, 8);
    for (const socket of sockets) pool.release(socket);
  });

  it('tells at once when the host is not ours', async () => {
    const pool = new PortPool('192.0.2.1', 20_000, 60_000, 0);
    await assert.rejects(
      pool.bind(),
      (error) => error instanceof NoPortLeft && error.code === 'EADDRNOTAVAIL',
    );
  });
});
