/**
 * The RTCP port of one session, the odd one above its RTP port (RFC 3550 §11). Opened with the first report to send: most
 * short calls never need it. Where somebody else holds that port, reports leave from one that the system chooses: the far end
 * learns what we hear, and one that answers where packets come from (RFC 4961) is heard too.
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
    if (!this.#socket) this.#open(this.#port);
  }

  close(): void {
    this.#isOver = true;
    if (this.#isOpen) this.#socket?.close();
  }

  /** @param port zero lets the system choose. */
  #open(port: number): void {
    const socket = createSocket(socketOptionsFor(this.#host));
    this.#socket = socket;
    socket.on('error', () => {
      // A packet that the system refused is made good by the next report.
      if (this.#isOpen) return;
      socket.close();
      if (port !== 0 && !this.#isOver) this.#open(0);
      else this.#isOver = true;
    });
    socket.on('message', (datagram, source) => this.#heard(datagram, source.address));
    socket.bind({ address: this.#host, port, exclusive: true }, () => {
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
