// The real datagram network: UDP through node:dgram.
import { createSocket } from 'node:dgram';
import { lookup as lookupName } from 'node:dns';
import { isIP } from 'node:net';
import type { DatagramNetwork, DatagramSocket } from './datagram-network.ts';

/** Bursts of calls arrive faster than one turn of the event loop; the kernel caps this at its own limit. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string, family: number) => void;

/** Literal addresses skip the resolver and its thread pool; names go through it. */
function lookup(hostname: string, options: object, callback: LookupCallback): void {
  const family = isIP(hostname);
  if (family !== 0) callback(null, hostname, family);
  else lookupName(hostname, options as { family?: number }, callback as never);
}

export const udpNetwork: DatagramNetwork = {
  bind: ({ host, port, onDatagram, onError }) =>
    new Promise((resolve, reject) => {
      const socket = createSocket({
        type: isIP(host) === 6 ? 'udp6' : 'udp4',
        lookup: lookup as never,
        recvBufferSize: SOCKET_BUFFER_BYTES,
        sendBufferSize: SOCKET_BUFFER_BYTES,
      });
      socket.once('error', reject);
      socket.bind({ port, address: host, exclusive: true }, () => {
        socket.off('error', reject);
        socket.on('error', onError);
        socket.on('message', (data, remote) => onDatagram(data, { host: remote.address, port: remote.port }));
        const bound = socket.address();
        let closing: Promise<void> | undefined;
        const opened: DatagramSocket = {
          host,
          port: bound.port,
          send: (data, to, onFailure) => {
            if (closing !== undefined) return;
            socket.send(data, to.port, to.host, (error) => {
              if (error !== null) (onFailure ?? onError)(error);
            });
          },
          close: () => {
            closing ??= new Promise((closed) => {
              // dgram hands datagrams to the kernel in the next tick; a socket closed before that would drop them.
              setImmediate(() => socket.close(closed));
            });
            return closing;
          },
        };
        resolve(opened);
      });
    }),
};
