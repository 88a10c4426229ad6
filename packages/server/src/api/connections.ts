/** The open HTTP connections, of which there are so many at most: who opens one more takes the place of whoever has had nothing to say for longest. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ReachedLimit, type ReachedLimitDeps } from './reached-limit.ts';

export interface ConnectionsOptions extends ReachedLimitDeps {
  readonly most: number;
  /** Ends a new connection for which there is no room. */
  readonly refuse: (socket: Duplex) => void;
}

/** The request under way, with its answer; undefined between requests. */
type Connection = { underWay: { request: IncomingMessage; response: ServerResponse } | undefined };

/** A connection may give way while it waits for its client: for the rest of a request, for another one, or for an answer to be read. */
const givesWay = ({ underWay }: Connection): boolean =>
  !underWay?.request.complete || underWay.response.writableEnded;

export class Connections {
  readonly #most: number;
  readonly #refuse: ConnectionsOptions['refuse'];
  /** In the order of their latest requests, the oldest first; of those without one, of their beginnings. */
  readonly #open = new Map<Duplex, Connection>();
  /** Sockets of agents' pages, and what is on its way to be one: never in the way of others. */
  readonly #upgraded = new Set<Duplex>();
  readonly #limit: ReachedLimit;

  constructor({ most, refuse, ...deps }: ConnectionsOptions) {
    this.#most = most;
    this.#refuse = refuse;
    this.#limit = new ReachedLimit(
      `there are ${most} HTTP connections: for each new one the one that was silent for longest is cut; if these are clients that ` +
        'should be here, raise http.connections, else keep strangers from the port',
      deps,
    );
  }

  get size(): number {
    return this.#open.size + this.#upgraded.size;
  }

  /** How many were cut or refused. */
  get cut(): number {
    return this.#limit.times;
  }

  add(socket: Duplex): void {
    if (this.#open.has(socket) || this.#upgraded.has(socket) || socket.destroyed) return;
    if (this.size >= this.#most) this.#makeRoom();
    if (this.size >= this.#most) {
      // Each of them is waiting for us, or has an agent at its end.
      this.#refuse(socket);
      return;
    }
    this.#open.set(socket, { underWay: undefined });
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#upgraded.delete(socket);
    });
  }

  /** The TLS socket speaks for the plain one below it from now on. */
  replace(socket: Duplex, by: Duplex): void {
    if (this.#open.delete(socket)) this.add(by);
  }

  /** A request began on its connection. */
  took(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    // Fastify listens on both addresses of localhost, and tells of the second one's connections by their requests only.
    if (!this.#open.has(socket)) this.add(socket);
    const known = this.#open.get(socket);
    if (!known) return;
    const underWay = { request, response };
    known.underWay = underWay;
    response.once('close', () => {
      // An idle connection keeps nothing of its last request in memory.
      if (known.underWay === underWay) known.underWay = undefined;
    });
    this.#open.delete(socket);
    this.#open.set(socket, known);
  }

  upgraded(socket: Duplex): void {
    if (this.#open.delete(socket)) this.#upgraded.add(socket);
  }

  #makeRoom(): void {
    this.#limit.again();
    for (const [socket, connection] of this.#open) {
      if (!givesWay(connection)) continue;
      this.#open.delete(socket);
      socket.destroy();
      return;
    }
  }
}
