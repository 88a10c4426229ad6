import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { it } from 'node:test';
import { freePort } from './free-port.ts';

it('a free port › is another each time, and passes those that somebody has for UDP or TCP', async () => {
  const first = await freePort();
  const udp = createSocket('udp4');
  const tcp = createServer();
  // Where somebody else has one of them, it is taken all the same.
  const taken = [once(udp, 'listening'), once(tcp, 'listening')].map((one) => one.catch(() => undefined));
  udp.bind(first + 1, '127.0.0.1');
  tcp.listen(first + 2, '127.0.0.1');
  await Promise.all(taken);
  const others = [await freePort(), await freePort()];
  udp.close();
  tcp.close();
  assert.equal(new Set([first, ...others]).size, 3);
  assert.deepEqual(
    others.filter((port) => port === first + 1 || port === first + 2),
    [],
  );
});
