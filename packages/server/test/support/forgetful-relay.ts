/** A UDP relay between two SIP sides that loses the first copy of every message; tests with it need every retransmission. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface ForgetfulRelay {
  /** What was lost, in order: `BYE`, `200 BYE`. */
  readonly lost: readonly string[];
  close(): Promise<void>;
}

/** Relays between the caller's and the callee's port on 127.0.0.1. */
export async function startForgetfulRelay(ports: {
  readonly port: number;
  readonly callerPort: number;
  readonly calleePort: number;
}): Promise<ForgetfulRelay> {
  const lost: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (datagram, from) => {
    const message = nameOf(datagram.toString('latin1'));
    if (!lost.includes(message)) {
      lost.push(message);
      return;
    }
    socket.send(datagram, from.port === ports.callerPort ? ports.calleePort : ports.callerPort, '127.0.0.1');
  });
  socket.bind(ports.port, '127.0.0.1');
  await once(socket, 'listening');
  return {
    lost,
    async close() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

/** `INVITE` for a request, `200 INVITE` for a response to one. */
function nameOf(message: string): string {
  const [, status] = /^SIP\/2\.0 (\d{3})/.exec(message) ?? [];
  const [, method = 'unknown'] = /^CSeq: *\d+ +(\w+)/im.exec(message) ?? [];
  return status ? `${status} ${method}` : method;
}
