// The seam between SIP and the network: what a datagram transport must offer. node:dgram fills it in production, a network
// in memory in tests.

export interface NetworkAddress {
  readonly host: string;
  readonly port: number;
}

export interface DatagramNetwork {
  /**
   * Binds a socket. Port 0 picks a free one.
   *
   * @throws an error with a `code` such as EADDRINUSE when the address cannot be had
   */
  bind(options: {
    host: string;
    port: number;
    onDatagram(data: Uint8Array, from: NetworkAddress): void;
    onError(error: Error): void;
  }): Promise<DatagramSocket>;
}

export interface DatagramSocket {
  readonly host: string;
  readonly port: number;
  /** Sends one datagram. A failure known to belong to it is given to `onFailure`, else to the socket's `onError`. */
  send(data: Uint8Array, to: NetworkAddress, onFailure?: (error: Error) => void): void;
  /** Sends what is queued, then frees the port. */
  close(): Promise<void>;
}
