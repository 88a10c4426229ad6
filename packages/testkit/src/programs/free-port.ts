// Ports of loopback for programs that must be told one, and start a moment after it was found free.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import process from 'node:process';

/**
 * Below the ports that systems hand out where anybody will do (Linux: from 32768), and where nothing of ours has RTP: in the moment before
 * the program starts, only who asks for this very port could take it.
 */
const firstPort = 2_000;
const portCount = 3_000;
/** Test files run in processes side by side, so each begins at a place of its own; hardly one needs more. */
const portsOfProcess = 16;

/** Goes on from port to port: what was sent to a program that is gone reaches none that came after it. */
let next = (process.pid * portsOfProcess) % portCount;

/** A port that nobody has at this moment, neither of UDP nor of TCP. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < portCount; tried += 1) {
    const port = firstPort + next;
    next = (next + 1) % portCount;
    if ((await isUdpFree(port)) && (await isTcpFree(port))) return port;
  }
  throw new Error(
    `All ports from ${firstPort} to ${firstPort + portCount - 1} are taken; end what holds them.`,
  );
}

async function isUdpFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  const isBound = once(socket, 'listening').then(
    () => true,
    () => false,
  );
  socket.bind(port, '127.0.0.1');
  const isFree = await isBound;
  socket.close();
  return isFree;
}

async function isTcpFree(port: number): Promise<boolean> {
  const server = createServer();
  const isListening = once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.listen(port, '127.0.0.1');
  const isFree = await isListening;
  if (isFree) await new Promise((resolve) => server.close(resolve));
  return isFree;
}
