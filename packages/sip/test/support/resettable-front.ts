// The TCP front of a carrier whose connections a test can cut, as load balancers do: towards the carrier it keeps one connection.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface ResettableFront {
  /** TCP, on 127.0.0.1. */
  readonly port: number;
  /** Connections that were opened to it so far. */
  readonly connections: number;
  /** Cuts the caller's connections by RST. */
  reset(): void;
  close(): Promise<void>;
}

/** Passes the bytes of one connection at a time to and from `behindPort`, where somebody must listen when the first one comes. */
export async function openResettableFront(behindPort: number): Promise<ResettableFront> {
  let callers: Socket[] = [];
  let connections = 0;
  let behind: Socket | undefined;
  const connectBehind = (): Socket => {
    const socket = connect(behindPort, '127.0.0.1');
    socket.on('data', (bytes) => callers.at(-1)?.write(bytes));
    // What the carrier does with its side is the scenario's affair.
    socket.on('error', () => socket.destroy());
    return socket;
  };
  const server = createServer((caller) => {
    behind ??= connectBehind();
    connections += 1;
    callers.push(caller);
    caller.on('data', (bytes) => behind?.write(bytes));
    caller.on('error', () => caller.destroy());
  });
  const reset = (): void => {
    for (const caller of callers) caller.resetAndDestroy();
    callers = [];
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    reset,
    async close() {
      reset();
      behind?.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
