// The seam between SIP and byte streams: what TCP and TLS must offer. node:net and node:tls fill it in production, a network in
// memory in tests.
import type { NetworkAddress } from './datagram-network.ts';

export interface StreamNetwork {
  /**
   * Listens for connections. Port 0 picks a free one.
   *
   * @throws an error with a `code` such as EADDRINUSE when the address cannot be had
   */
  listen(options: {
    host: string;
    port: number;
    tls?: TlsListenOptions | undefined;
    /** Asked as soon as a peer connects, before any handshake; undefined closes the connection without a word. */
    admit(peer: NetworkAddress): Admission | undefined;
    onError(error: Error): void;
    /** Longest TLS handshake, ms. */
    handshakeTimeoutMs: number;
  }): Promise<StreamListener>;
  /** Starts a connection; the events tell whether it comes about. */
  connect(
    options: {
      host: string;
      port: number;
      /** The local address to leave from; absent: the system chooses. */
      localHost?: string | undefined;
      tls?: (TlsConnectOptions & { name: string }) | undefined;
    },
    events: StreamEvents,
  ): StreamSocket;
}

/** A peer that was let in. One of the two is called, once. */
export interface Admission {
  /** The connection is usable; on TLS after the handshake. */
  onConnected(socket: StreamSocket): StreamEvents;
  /** It ended before it was. */
  onFailed(): void;
}

export interface StreamListener {
  readonly host: string;
  readonly port: number;
  /** Stops listening; connections stay. */
  close(): Promise<void>;
}

export interface StreamSocket {
  readonly remote: NetworkAddress;
  readonly local: NetworkAddress;
  /** Bytes accepted by `write` that the system has not taken yet. */
  readonly queuedBytes: number;
  write(data: string | Uint8Array): void;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Closes now. `onClose` still comes. */
  destroy(): void;
}

export interface StreamEvents {
  /** Outgoing connections only; on TLS after the peer proved its name. */
  onOpen?(): void;
  onData(data: Uint8Array): void;
  /** Exactly once, at the end of a connection that opened or never did. */
  onClose(error: Error | undefined): void;
}

/** What an outgoing TLS connection proves and asks to be proved. */
export interface TlsConnectOptions {
  /** Trusted authorities, PEM. Default: those of Node. */
  readonly ca?: string | readonly string[];
  /** Our certificate chain and key, PEM, for peers that ask (mutual TLS). */
  readonly certificate?: TlsCertificate;
  /**
   * `strict` compares as RFC 5922 §7.2 says, where wildcards match nothing; `wildcard` lets `*.example.com` stand for one label, which
   * some carriers need. Default `strict`.
   */
  readonly names?: 'strict' | 'wildcard';
}

export interface TlsListenOptions {
  readonly certificate: TlsCertificate;
  /** Authorities for the certificates of clients, PEM. */
  readonly ca?: string | readonly string[];
  /** Whether clients must show a certificate that `ca` signed (mutual TLS). Default `unasked`. */
  readonly clientCertificates?: 'unasked' | 'required';
}

/** PEM text. */
export interface TlsCertificate {
  readonly cert: string;
  readonly key: string;
}
