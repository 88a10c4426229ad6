import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdir, readlink } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ReportSocket } from './report-socket.ts';

const host = '127.0.0.1';
const report = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 7);

async function openSockets(): Promise<number> {
  const names = await readdir('/proc/self/fd');
  const links = await Promise.all(
    names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => 'closed meanwhile')),
  );
  return links.filter((link) => link.startsWith('socket:')).length;
}

async function bound(t: TestContext) {
  const socket = createSocket('udp4');
  let isOpen = true;
  socket.once('close', () => {
    isOpen = false;
  });
  t.after(() => isOpen && socket.close());
  socket.bind({ address: host, port: 0 });
  await once(socket, 'listening');
  return socket;
}

describe('report socket', () => {
  it('sends the report that it was opened for', async (t) => {
    const far = await bound(t);
    const free = await bound(t);
    const { port } = free.address();
    await new Promise<void>((resolve) => free.close(resolve));
    const reports = new ReportSocket(host, port, () => undefined);
    reports.send(report, host, far.address().port);
    const [datagram, source] = await once(far, 'message');
    assert.deepEqual([[...datagram], source.port], [[...report], port]);
    reports.close();
  });

  it('goes on after a report that the system refuses to send', async (t) => {
    const far = await bound(t);
    const free = await bound(t);
    const { port } = free.address();
    await new Promise<void>((resolve) => free.close(resolve));
    const reports = new ReportSocket(host, port, () => undefined);
    t.after(() => reports.close());
    const { port: farPort } = far.address();
    reports.send(report, host, farPort);
    await once(far, 'message');
    // A broadcast, which needs a permission that the socket has not (EACCES).
    reports.send(report, '255.255.255.255', farPort);
    await turn();
    await turn();
    reports.send(report, host, farPort);
    await once(far, 'message');
  });

  it('sends from another port, and is answered there, where somebody else has its own', async (t) => {
    const far = await bound(t);
    const other = await bound(t);
    const heard = Promise.withResolvers<number[]>();
    const reports = new ReportSocket(host, other.address().port, (datagram) => heard.resolve([...datagram]));
    t.after(() => reports.close());
    reports.send(report, host, far.address().port);
    const [datagram, source] = await once(far, 'message');
    assert.deepEqual([...datagram], [...report]);
    assert.notEqual(source.port, other.address().port);
    far.send(report, source.port, host);
    assert.deepEqual(await heard.promise, [...report]);
  });

  it('keeps nothing open after its end, where somebody else has its port', async (t) => {
    if (process.platform !== 'linux') return t.skip('open sockets are counted in /proc');
    const other = await bound(t);
    const before = await openSockets();
    const all = Array.from(
      { length: 20 },
      () => new ReportSocket(host, other.address().port, () => undefined),
    );
    for (const reports of all) reports.send(report, host, 9);
    await turn();
    await turn();
    for (const reports of all) {
      reports.send(report, host, 9);
      reports.close();
    }
    await turn();
    await turn();
    assert.equal(await openSockets(), before);
    return undefined;
  });
});
