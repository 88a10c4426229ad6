// The real stream network: TCP through node:net, TLS through node:tls.
import {
  createServer as createTcpServer,
  isIP,
  type Server,
  type Socket,
  connect as tcpConnect,
} from 'node:net';
import {
  createServer as createTlsServer,
  type PeerCertificate,
  type TLSSocket,
  type TlsOptions,
  connect as tlsConnect,
} from 'node:tls';
import type { NetworkAddress } from './datagram-network.ts';
import type {
  Admission,
  StreamEvents,
  StreamListener,
  StreamNetwork,
  StreamSocket,
  TlsListenOptions,
} from './stream-network.ts';
import { matchesIdentity, sipIdentities, TlsNameMismatch } from './tls-identity.ts';

export const streamNetwork: StreamNetwork = {
  listen: (options) =>
    new Promise((resolve, reject) => {
      const { host, port, tls, admit, onError, handshakeTimeoutMs } = options;
      const server =
        tls === undefined ? tcpServer(admit) : tlsServer(listenOptions(tls), handshakeTimeoutMs, admit);
      server.once('error', reject);
      server.listen({ host, port, ipv6Only: isIP(host) === 6 }, () => {
        server.off('error', reject);
        server.on('error', onError);
        resolve(listenerOf(server, host));
      });
    }),

  connect: ({ host, port, localHost, tls }, events) => {
    const route = { host, port, ...(localHost === undefined ? {} : { localAddress: localHost }) };
    const socket =
      tls === undefined
        ? tcpConnect({ ...route, noDelay: true, keepAlive: true })
        : tlsConnect({
            ...route,
            ...(isIP(tls.name) === 0 ? { servername: tls.name } : {}),
            ...(tls.ca === undefined ? {} : { ca: mutableList(tls.ca) }),
            ...tls.certificate,
            minVersion: 'TLSv1.2',
            checkServerIdentity: (_host, certificate) => nameMismatch(tls.name, certificate, tls.names),
          });
    socket.setNoDelay(true);
    const opened = new NodeStream(socket, { host, port });
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => events.onOpen?.());
    follow(socket, events);
    return opened;
  },
};

function listenOptions(tls: TlsListenOptions): TlsOptions {
  const isRequired = tls.clientCertificates === 'required';
  return {
    ...tls.certificate,
    ...(tls.ca === undefined ? {} : { ca: mutableList(tls.ca) }),
    minVersion: 'TLSv1.2',
    requestCert: isRequired,
    rejectUnauthorized: isRequired,
  };
}

function mutableList(pem: string | readonly string[]): string | string[] {
  return typeof pem === 'string' ? pem : [...pem];
}

function nameMismatch(
  wanted: string,
  certificate: PeerCertificate,
  names: 'strict' | 'wildcard' | undefined,
): TlsNameMismatch | undefined {
  const identities = sipIdentities(certificate);
  return matchesIdentity(wanted, identities, names) ? undefined : new TlsNameMismatch(wanted, identities);
}

type Admit = (peer: NetworkAddress) => Admission | undefined;

function tcpServer(admit: Admit): Server {
  return createTcpServer({ noDelay: true, keepAlive: true }, (socket) => {
    const remote = remoteOf(socket);
    const admission = remote === undefined ? undefined : admit(remote);
    if (remote === undefined || admission === undefined) socket.destroy();
    else follow(socket, admission.onConnected(new NodeStream(socket, remote)));
  });
}

/** A peer is admitted when it connects, and followed once its handshake is done; node:tls gives the two different sockets. */
function tlsServer(options: TlsOptions, handshakeTimeout: number, admit: Admit): Server {
  const shaking = new Map<string, Admission>();
  const server = createTlsServer({ ...options, handshakeTimeout, noDelay: true }, (socket) => {
    const remote = remoteOf(socket);
    const admission = remote === undefined ? undefined : shaking.get(keyOf(remote));
    if (remote === undefined || admission === undefined) {
      socket.destroy();
      return;
    }
    shaking.delete(keyOf(remote));
    follow(socket, admission.onConnected(new NodeStream(socket, remote)));
  });
  server.prependListener('connection', (raw: Socket) => {
    const remote = remoteOf(raw);
    const admission = remote === undefined ? undefined : admit(remote);
    if (remote === undefined || admission === undefined) {
      raw.destroy();
      return;
    }
    const key = keyOf(remote);
    shaking.set(key, admission);
    raw.once('close', () => {
      if (shaking.get(key) !== admission) return;
      shaking.delete(key);
      admission.onFailed();
    });
  });
  // Its socket is closed by node:tls; without a listener the error would be nobody's.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

function keyOf(address: NetworkAddress): string {
  return `${address.host} ${address.port}`;
}

function follow(socket: Socket | TLSSocket, events: StreamEvents): void {
  let failure: Error | undefined;
  socket.on('data', (data: Buffer) => events.onData(data));
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('close', () => events.onClose(failure));
}

/** Undefined when the peer is gone before anyone looked. */
function remoteOf(socket: Socket): NetworkAddress | undefined {
  const { remoteAddress, remotePort } = socket;
  return remoteAddress === undefined || remotePort === undefined
    ? undefined
    : { host: remoteAddress, port: remotePort };
}

function listenerOf(server: Server, host: string): StreamListener {
  const address = server.address();
  let closing: Promise<void> | undefined;
  return {
    host,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () => {
      // Connections are closed by whoever holds them; `close` would wait for them otherwise.
      closing ??= new Promise((closed) => {
        server.close();
        setImmediate(closed);
      });
      return closing;
    },
  };
}

class NodeStream implements StreamSocket {
  readonly remote: NetworkAddress;
  readonly #socket: Socket;

  constructor(socket: Socket, remote: NetworkAddress) {
    this.#socket = socket;
    this.remote = remote;
  }

  get local(): NetworkAddress {
    return { host: this.#socket.localAddress ?? '', port: this.#socket.localPort ?? 0 };
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  write(data: string | Uint8Array): void {
    this.#socket.write(data);
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
