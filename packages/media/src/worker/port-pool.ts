/**
 * The RTP ports of one worker: binds an even port of the range, starting where the last search ended, and
 * skips ports that others hold.
 */
import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import { isIPv6 } from 'node:net';

/** The range has no port left, or the host cannot be bound at all; `code` tells which. */
export class NoPortLeft extends Error {
  readonly code: string;
  constructor(code: string) {
    super(`no RTP port can be bound (${code})`);
    this.name = 'NoPortLeft';
    this.code = code;
  }
}

/** Taken by another program, or by us without knowing; the next port may do. */
const SKIPPED_CODES = new Set(['EADDRINUSE', 'EACCES']);

/** Addresses are always numeric here; without this dgram would ask the resolver's code for each packet it sends. */
const lookup4: SocketOptions['lookup'] = (hostname, _options, callback) => callback(null, hostname, 4);
const lookup6: SocketOptions['lookup'] = (hostname, _options, callback) => callback(null, hostname, 6);

/** For a socket that is to be bound to `host`. */
export function socketOptionsFor(host: string): SocketOptions {
  return isIPv6(host) ? { type: 'udp6', lookup: lookup6, ipv6Only: true } : { type: 'udp4', lookup: lookup4 };
}

export class PortPool {
  readonly host: string;
  readonly #firstEven: number;
  readonly #count: number;
  readonly #held = new Set<number>();
  #next: number;

  /** @param startAt any number; the search begins at this place of the range. */
  constructor(host: string, first: number, last: number, startAt: number) {
    this.host = host;
    this.#firstEven = first + (first % 2);
    this.#count = Math.max(0, Math.floor((last - this.#firstEven) / 2) + 1);
    this.#next = this.#count === 0 ? 0 : startAt % this.#count;
  }

  /**
   * Binds a socket at `host`, by default the pool's. RTP takes the even port, the odd one above stays free for RTCP (RFC 3550 §11).
   *
   * @throws {NoPortLeft}
   */
  async bind(host = this.host): Promise<Socket> {
    for (let tried = 0; tried < this.#count; tried += 1) {
      const port = this.#firstEven + 2 * this.#next;
      this.#next = (this.#next + 1) % this.#count;
      if (this.#held.has(port)) continue;
      this.#held.add(port);
      const bound = await bindSocket(host, port);
      if (typeof bound !== 'string') return bound;
      this.#held.delete(port);
      if (!SKIPPED_CODES.has(bound)) throw new NoPortLeft(bound);
    }
    throw new NoPortLeft('EADDRINUSE');
  }

  /** Closes a socket of this pool and frees its port. */
  release(socket: Socket): void {
    const { port } = socket.address();
    socket.close();
    this.#held.delete(port);
  }
}

/** The bound socket, or the code of the error. */
function bindSocket(host: string, port: number): Promise<Socket | string> {
  return new Promise((resolve) => {
    const socket = createSocket(socketOptionsFor(host));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code ?? 'UNKNOWN');
    });
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}
