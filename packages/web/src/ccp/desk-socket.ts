// The page's connection with the service: sends commands, receives snapshots, comes back after a break. No rule of a call is here.

import type { DeskCommand, DeskMessage, DeskState, deskClose, deskProtocol } from '@ringback/connect-api';
import { note } from './desk-log.ts';
import { isSignedOut } from './session.ts';
import { SignsOfLife } from './signs-of-life.ts';
import type { SoftphoneOffer } from './softphone.ts';

/** Repeated here because the page takes only types from the contract; the compiler checks that they are the same. */
const protocol: typeof deskProtocol = 'ringback.agent.v1';
const closeCodes: typeof deskClose = { signedOut: 4001, replaced: 4002, restarting: 4003, protocol: 4004 };

export type ConnectionState = 'connecting' | 'open' | 'broken' | 'replaced' | 'signedOut';

export interface DeskListener {
  connection(state: ConnectionState): void;
  state(state: DeskState, receivedAt: number): void;
  /** `answer` goes where the offer came from; it rejects as `run` does. */
  offer(offer: SoftphoneOffer, answer: (sdp: string) => Promise<void>): void;
}

/**
 * A command was refused; the message is for the agent. Two codes are the page's own: `OFFLINE`, it was not sent; `UNANSWERED`, the
 * connection broke before the answer.
 */
export class Refused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Pauses between tries to come back, ms; the last one repeats. It is what an agent may lose after the service is there
 * again, which is to be less than 5 s in all.
 */
const pausesMs = [250, 500, 1000, 2000];

/** So long a connection has to open, ms: one that a proxy or a network swallows would take minutes to fail. */
const openWithinMs = 10_000;

/** How often the page looks whether the service still gives signs of life. */
const lookEveryMs = 5000;

export class DeskSocket {
  readonly #listener: DeskListener;
  readonly #waiting = new Map<number, PromiseWithResolvers<void>>();
  #socket: WebSocket | undefined;
  #next = 1;
  #tries = 0;
  #triedAtMs = 0;
  #timer = 0;
  #life = new SignsOfLife(Date.now());
  readonly #looking: number;
  #isClosed = false;

  constructor(listener: DeskListener) {
    this.#listener = listener;
    this.#looking = window.setInterval(() => this.#look(), lookEveryMs);
    this.#open();
  }

  /** Resolves when the service has done it. @throws {Refused} */
  run(command: DeskCommand): Promise<void> {
    return this.#runOn(this.#socket, command);
  }

  #runOn(socket: WebSocket | undefined, command: DeskCommand): Promise<void> {
    if (socket?.readyState !== WebSocket.OPEN) {
      return Promise.reject(new Refused('OFFLINE', 'The connection is broken; it is being made again.'));
    }
    const id = this.#next;
    this.#next += 1;
    const answered = Promise.withResolvers<void>();
    this.#waiting.set(id, answered);
    if (command.do !== 'ping') note('command', command.do === 'answer' ? { do: 'answer' } : command);
    socket.send(JSON.stringify({ id, ...command }));
    return answered.promise;
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#looking);
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
  }

  #open(): void {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/_ringback/agent-socket`, protocol);
    this.#socket = socket;
    this.#triedAtMs = Date.now();
    this.#listener.connection('connecting');
    let wasOpen = false;
    socket.onopen = () => {
      note('socket open');
      wasOpen = true;
      this.#life = new SignsOfLife(Date.now());
      this.#tries = 0;
      this.#listener.connection('open');
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      this.#life.heard(Date.now());
      this.#take(socket, JSON.parse(String(data)) as DeskMessage);
    };
    socket.onclose = ({ code }) => {
      if (this.#socket !== socket) return;
      note('socket closed', { code });
      this.#leaveUnanswered();
      if (this.#isClosed) return;
      if (code === closeCodes.replaced) this.#listener.connection('replaced');
      else if (code === closeCodes.signedOut) this.#listener.connection('signedOut');
      else if (wasOpen) this.#comeBack();
      else void this.#comeBackOrSignIn();
    };
  }

  /** A network that is gone closes nothing: after a while without a sign of life another connection is made. */
  #look(): void {
    const socket = this.#socket;
    if (socket?.readyState === WebSocket.CONNECTING) {
      if (Date.now() - this.#triedAtMs >= openWithinMs) this.#giveUp(socket, 'socket does not open');
    } else if (socket?.readyState === WebSocket.OPEN) {
      const verdict = this.#life.look(Date.now());
      if (verdict === 'ask') void this.#runOn(socket, { do: 'ping' }).catch(() => undefined);
      if (verdict === 'gone') this.#giveUp(socket, 'socket silent');
    }
  }

  #giveUp(socket: WebSocket, why: string): void {
    note(why);
    // Its closing may take as long as its silence; whatever it still says is not heard.
    this.#socket = undefined;
    socket.close();
    this.#leaveUnanswered();
    this.#comeBack();
  }

  #leaveUnanswered(): void {
    for (const { reject } of this.#waiting.values()) {
      reject(new Refused('UNANSWERED', 'The connection broke; look whether it was done.'));
    }
    this.#waiting.clear();
  }

  /** A browser does not tell why a socket was refused; the service does, when it is asked. */
  async #comeBackOrSignIn(): Promise<void> {
    const mustSignIn = await isSignedOut();
    if (this.#isClosed) return;
    if (mustSignIn) this.#listener.connection('signedOut');
    else this.#comeBack();
  }

  #comeBack(): void {
    this.#listener.connection('broken');
    const pauseMs = pausesMs[Math.min(this.#tries, pausesMs.length - 1)] ?? 2000;
    this.#tries += 1;
    this.#timer = window.setTimeout(() => this.#open(), pauseMs * (0.75 + Math.random() / 2));
  }

  #take(socket: WebSocket, message: DeskMessage): void {
    if ('re' in message) {
      const answered = this.#waiting.get(message.re);
      this.#waiting.delete(message.re);
      if ('error' in message) {
        note('refused', message.error);
        answered?.reject(new Refused(message.error.code, message.error.message));
      } else {
        answered?.resolve();
      }
    } else if (message.tell === 'state') {
      note('snapshot', message.state);
      this.#listener.state(message.state, Date.now());
    } else {
      const { offerId } = message;
      this.#listener.offer(message, (sdp) => this.#runOn(socket, { do: 'answer', offerId, sdp }));
    }
  }
}
