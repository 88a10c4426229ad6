import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { PortPool, socketOptionsFor } from './port-pool.ts';
import { RtpSocket } from './rtp-socket.ts';

const HOST = '127.0.0.1';

async function bound(t: TestContext): Promise<Socket> {
  const socket = createSocket(socketOptionsFor('127.0.0.1'));
  t.after(() => socket.close());
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  return socket;
}

async function rtpSocket(t: TestContext): Promise<{ rtp: RtpSocket; heard: string[]; refusals: number }> {
  const pool = new PortPool(HOST, 20_000, 59_999, process.pid);
  const socket = await pool.bind();
  t.after(() => pool.release(socket));
  const bench = {
    rtp: new RtpSocket(socket, () => {
      bench.refusals += 1;
    }),
    heard: [] as string[],
    refusals: 0,
  };
  socket.on('message', (datagram) => bench.heard.push(String(datagram)));
  return bench;
}

/** Loopback delivers while sending, so what came before the last of these came before it. */
async function say(from: Socket, text: string, to: RtpSocket): Promise<void> {
  await new Promise((resolve) => from.send(text, to.port, HOST, resolve));
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('RTP socket', () => {
  it('sends, hears anyone and hears another alone in the same turn, as a worker that makes up for a stall does', async (t) => {
    const { rtp, refusals } = await rtpSocket(t);
    const [far, moved] = [await bound(t), await bound(t)];
    const came = Promise.all([once(far, 'message'), once(moved, 'message')]);
    rtp.hearOnly(HOST, far.address().port);
    rtp.send(Buffer.from('at once'), HOST, far.address().port);
    rtp.hearAnyone();
    rtp.hearOnly(HOST, moved.address().port);
    rtp.send(Buffer.from('moved'), HOST, moved.address().port);
    assert.deepEqual(
      (await came).map(([datagram]) => String(datagram)),
      ['at once', 'moved'],
    );
    assert.equal(refusals, 0);
  });

  it('hears one source alone, sends to it, and hears everybody again', async (t) => {
    const { rtp, heard } = await rtpSocket(t);
    const [far, stranger] = [await bound(t), await bound(t)];
    rtp.hearOnly(HOST, far.address().port);
    await turn();
    await say(stranger, 'stranger', rtp);
    const first = once(rtp.socket, 'message');
    await say(far, 'far end', rtp);
    await first;
    assert.deepEqual(heard, ['far end']);

    const answer = once(far, 'message');
    rtp.send(Buffer.from('answer'), HOST, far.address().port);
    assert.equal(String((await answer)[0]), 'answer');

    rtp.hearAnyone();
    const third = once(rtp.socket, 'message');
    await say(stranger, 'new far end', rtp);
    await third;
    const moved = once(stranger, 'message');
    rtp.send(Buffer.from('moved'), HOST, stranger.address().port);
    assert.equal(String((await moved)[0]), 'moved');
    assert.deepEqual(heard, ['far end', 'new far end']);
  });

  it('tells of each packet of a row that the system refuses, but for the first few', async (t) => {
    const bench = await rtpSocket(t);
    const far = await bound(t);
    const packet = Buffer.alloc(172);
    // A socket on loopback cannot reach beyond it.
    const fail = async (): Promise<void> => {
      bench.rtp.send(packet, '192.0.2.7', 4_000);
      await turn();
    };
    for (let n = 0; n < 10; n += 1) await fail();
    assert.equal(bench.refusals, 10);
    for (let n = 0; n < 5; n += 1) {
      bench.rtp.send(packet, HOST, far.address().port);
      await turn();
    }
    for (let n = 0; n < 40; n += 1) await fail();
    assert.ok(bench.refusals >= 10 + 25 && bench.refusals < 50, String(bench.refusals));
  });

  it('tells that the far end has closed its port', async (t) => {
    const bench = await rtpSocket(t);
    const far = createSocket('udp4');
    await new Promise<void>((resolve) => far.bind(0, HOST, resolve));
    const { port } = far.address();
    bench.rtp.hearOnly(HOST, port);
    await turn();
    far.close();
    for (let n = 0; bench.refusals === 0 && n < 10_000; n += 1) {
      bench.rtp.send(Buffer.alloc(172), HOST, port);
      await turn();
    }
    assert.ok(bench.refusals > 0);
  });
});
