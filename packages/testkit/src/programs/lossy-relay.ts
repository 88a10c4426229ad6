// A UDP relay between two SIP sides that loses the copies a test names, so that the sides must repeat themselves.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface LossyRelay {
  /** UDP, on 127.0.0.1. */
  readonly port: number;
  /** What was lost, in order: `BYE`, `200 BYE`. */
  readonly lost: readonly string[];
  close(): Promise<void>;
}

export interface LossyRelayOptions {
  /** Default: any free one. */
  readonly port?: number;
  /** One of the two sides that it relays between; whoever else speaks is the other. */
  readonly callerPort: number;
  readonly calleePort: number;
  /**
   * Whether a copy gets lost.
   *
   * @param message `INVITE` for a request, `200 INVITE` for a response to one
   * @param copy 1 for the first
   */
  loses(message: string, copy: number): boolean;
}

/** Relays between the caller's and the callee's port on 127.0.0.1. */
export async function startLossyRelay(options: LossyRelayOptions): Promise<LossyRelay> {
  const lost: string[] = [];
  const copies = new Map<string, number>();
  const socket = createSocket('udp4');
  socket.on('message', (datagram, from) => {
    const message = nameOf(datagram.toString('latin1'));
    const copy = (copies.get(message) ?? 0) + 1;
    copies.set(message, copy);
    if (options.loses(message, copy)) lost.push(message);
    else
      socket.send(
        datagram,
        from.port === options.callerPort ? options.calleePort : options.callerPort,
        '127.0.0.1',
      );
  });
  socket.bind(options.port ?? 0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    lost,
    async close() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function nameOf(message: string): string {
  const [, status] = /^SIP\/2\.0 (\d{3})/.exec(message) ?? [];
  const [, method = 'unknown'] = /^CSeq: *\d+ +(\w+)/im.exec(message) ?? [];
  return status ? `${status} ${method}` : method;
}
