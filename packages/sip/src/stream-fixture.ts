// A stream network in memory for protocol tests: connections under the virtual clock that open, stall, reset and refuse when told to.
import type { VirtualClock } from '@ringback/testkit';
import type { NetworkAddress } from './transport/datagram-network.ts';
import type {
  StreamEvents,
  StreamListener,
  StreamNetwork,
  StreamSocket,
} from './transport/stream-network.ts';

type ListenOptions = Parameters<StreamNetwork['listen']>[0];
type ConnectOptions = Parameters<StreamNetwork['connect']>[0];

/** One end of a connection in memory. */
export class MemoryStream implements StreamSocket {
  readonly local: NetworkAddress;
  readonly remote: NetworkAddress;
  readonly written: string[] = [];
  queuedBytes = 0;
  events: StreamEvents | undefined;
  other: MemoryStream | undefined;
  isGone = false;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock, local: NetworkAddress, remote: NetworkAddress) {
    this.#clock = clock;
    this.local = local;
    this.remote = remote;
  }

  write(data: string | Uint8Array): void {
    const bytes = Buffer.from(data as string);
    this.written.push(bytes.toString('latin1'));
    this.#later(() => {
      if (this.other?.isGone === false) this.other.events?.onData(bytes);
    });
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    this.#later(() => {
      this.leave(undefined);
      this.other?.leave(undefined);
    });
  }

  /** What a host does that crashed and came back: the next thing heard of it is a reset. */
  reset(): void {
    const error = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    this.leave(error);
    this.other?.leave(error);
  }

  leave(error: Error | undefined): void {
    if (this.isGone) return;
    this.isGone = true;
    this.events?.onClose(error);
  }

  #later(run: () => void): void {
    this.#clock.setTimeout(run, 0);
  }
}

export class InMemoryStreams implements StreamNetwork {
  /** Every connection that came about, from the side that opened it. */
  readonly connections: MemoryStream[] = [];
  /** Hosts that swallow whatever is sent to them. */
  readonly silentHosts = new Set<string>();
  attempts = 0;
  readonly #clock: VirtualClock;
  readonly #listeners = new Map<string, ListenOptions>();
  #nextPort = 50_000;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  async listen(options: ListenOptions): Promise<StreamListener> {
    const port = options.port === 0 ? this.#nextPort++ : options.port;
    const key = `${options.host} ${port}`;
    if (this.#listeners.has(key)) {
      throw Object.assign(new Error(`listen EADDRINUSE ${key}`), { code: 'EADDRINUSE' });
    }
    this.#listeners.set(key, options);
    return { host: options.host, port, close: async () => void this.#listeners.delete(key) };
  }

  connect({ host, port, localHost }: ConnectOptions, events: StreamEvents): MemoryStream {
    this.attempts++;
    const local = { host: localHost ?? '10.9.9.9', port: this.#nextPort++ };
    const remote = { host, port };
    const near = new MemoryStream(this.#clock, local, remote);
    near.events = events;
    this.#clock.setTimeout(() => {
      if (near.isGone || this.silentHosts.has(host)) return;
      const admission = this.#listeners.get(`${host} ${port}`)?.admit(local);
      if (admission === undefined) {
        near.leave(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
        return;
      }
      const far = new MemoryStream(this.#clock, remote, local);
      near.other = far;
      far.other = near;
      this.connections.push(near);
      far.events = admission.onConnected(far);
      events.onOpen?.();
    }, 0);
    return near;
  }
}

/** A peer on a stream that says exactly what it is told to. */
export function rawConnection(
  streams: InMemoryStreams,
  to: NetworkAddress,
  localHost: string,
): { socket: MemoryStream; received: () => string; closed: () => boolean } {
  let received = '';
  let isClosed = false;
  const socket = streams.connect(
    { ...to, localHost },
    {
      onData: (data) => {
        received += Buffer.from(data).toString('latin1');
      },
      onClose: () => {
        isClosed = true;
      },
    },
  );
  return { socket, received: () => received, closed: () => isClosed };
}
