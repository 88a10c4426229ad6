/**
 * The RTCP port of one session, the odd one above its RTP port (RFC 3550 §11). Opened with the first report to send: most
 * short calls never need it. A port that somebody else holds means a call without RTCP, no more.
 */
import { createSocket, type Socket } from 'node:dgram';
import { socketOptionsFor } from './port-pool.ts';

export class ReportSocket {
  readonly #host: string;
  readonly #port: number;
  readonly #heard: (datagram: Uint8Array, host: string) => void;
  #socket: Socket | undefined;
  #isOpen = false;
  #isOver = false;
  #unsent: (() => void) | undefined;

  constructor(host: string, port: number, heard: (datagram: Uint8Array, host: string) => void) {
    this.#host = host;
    this.#port = port;
    this.#heard = heard;
  }

  send(packet: Uint8Array, host: string, port: number): void {
    if (this.#isOver) return;
    const now = (): void => this.#socket?.send(packet, port, host, ignoreRefusal);
    if (this.#isOpen) now();
    else this.#unsent = now;
    this.#open();
  }

  close(): void {
    this.#isOver = true;
    if (this.#isOpen) this.#socket?.close();
  }

  #open(): void {
    if (this.#socket) return;
    const socket = createSocket(socketOptionsFor(this.#host));
    this.#socket = socket;
    socket.on('error', () => {
      // A packet refused by the system; or the port is another's: reports are extras.
      if (this.#isOpen) return;
      this.#isOver = true;
      socket.close();
    });
    socket.on('message', (datagram, source) => this.#heard(datagram, source.address));
    socket.bind({ address: this.#host, port: this.#port, exclusive: true }, () => {
      this.#isOpen = true;
      this.#unsent?.();
      this.#unsent = undefined;
      if (this.#isOver) socket.close();
    });
  }
}

/** Without a callback dgram would raise the refusal as an error of the socket. */
function ignoreRefusal(): void {
  // A lost report is made good by the next.
}
