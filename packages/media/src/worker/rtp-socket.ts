/**
 * The RTP socket of one session: sends its packets, tells of those that the system refused, and lets the system keep
 * strangers out once the far end is known. Owns the socket between the port pool's binding and its release.
 */
import type { Socket } from 'node:dgram';

/**
 * dgram tells of a refused packet only where it is given a callback, which costs a sixth of the sending. So it is asked
 * about one packet in so many, and about each as long as packets are refused.
 */
const PACKETS_PER_QUESTION = 16;

export class RtpSocket {
  readonly socket: Socket;
  readonly #refused: () => void;
  #isConnected = false;
  #unasked = 0;

  /**
   * @param socket bound to a port that was asked for: one that the system chose is lost by `hearAnyone`.
   * @param refused called for a packet that the system did not take, or that the far end's machine sent back (ICMP).
   */
  constructor(socket: Socket, refused: () => void) {
    this.socket = socket;
    this.#refused = refused;
    // Unconnected, a UDP socket has no errors but those of packets; without a listener one would end the thread.
    socket.on('error', refused);
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** Sends to an address, which must be the one of `hearOnly` where that holds. */
  send(packet: Uint8Array, host: string, port: number): void {
    this.#unasked -= 1;
    const told = this.#unasked < 0 ? this.#told : undefined;
    // The system looks up the way to a connected address once, not for each packet.
    if (this.#isConnected) this.socket.send(packet, told);
    else this.socket.send(packet, port, host, told);
  }

  /** From now on the system drops what others send; their packets cost us nothing and are not counted. */
  hearOnly(host: string, port: number): void {
    this.hearAnyone();
    // Where the system refuses, everybody goes on being heard, and packets go on having an address.
    this.socket.connect(port, host, () => undefined);
    // The address is numeric and looked up at once. Its callback would be late: a worker that is behind sends the packets of
    // several ticks in one go.
    this.#isConnected = hasPeer(this.socket);
  }

  hearAnyone(): void {
    if (this.#isConnected) this.socket.disconnect();
    this.#isConnected = false;
  }

  readonly #told = (error: Error | null): void => {
    if (error) this.#refused();
    this.#unasked = error ? 0 : PACKETS_PER_QUESTION - 1;
  };
}

function hasPeer(socket: Socket): boolean {
  try {
    socket.remoteAddress();
    return true;
  } catch {
    // Node knows no other way of asking.
    return false;
  }
}
