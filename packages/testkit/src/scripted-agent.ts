// An agent's page without a browser: signs in, speaks the agent socket, answers the softphone's offer, sends a tone and keeps what
// it hears. For tests and benchmarks against a running service.

import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { AgentAudio, type AgentIceServer, type AgentTransport } from './agent-audio.ts';

/** What the service tells of the page's state; shaped as connect-api's `DeskState`, of which tests read what they need. */
export interface AgentSnapshot {
  readonly version: number;
  readonly agent: { readonly id: string; readonly permissions: readonly string[] };
  readonly status: { readonly id: string; readonly name: string };
  readonly nextStatus?: { readonly name: string };
  readonly statuses: readonly { readonly id: string; readonly name: string; readonly type: string }[];
  readonly quickConnects: readonly { readonly id: string; readonly name: string; readonly type: string }[];
  readonly softphone: string;
  readonly isEchoing: boolean;
  readonly contact?: {
    readonly contactId: string;
    readonly state: string;
    readonly parties: readonly { readonly id: string; readonly label: string; readonly state: string }[];
    readonly preview?: { readonly until?: number; readonly actions: readonly string[] };
    readonly failure?: { readonly reason: string; readonly text: string };
    readonly [member: string]: unknown;
  };
}

export interface AgentSignIn {
  /** `http://host:port` of the service. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Id or alias; needed where there are several. */
  readonly instance?: string;
  /** Frequency of the tone that the agent speaks, Hz. */
  readonly toneHz?: number;
  /** Default `all`. */
  readonly transport?: AgentTransport;
}

/** A command was refused; `code` is the protocol's. */
export class CommandRefused extends Error {
  override readonly name = 'CommandRefused';
  readonly code: string;
  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

const protocol = 'ringback.agent.v1';
const newsWithinMs = 60_000;
/** Code of a command that had no open socket, or whose socket closed before its answer. */
const offline = 'OFFLINE';
/** Code with which an answer is refused that a newer offer has overtaken. */
const notNow = 'NOT_NOW';
/** Packets of audio come so often, ms. */
const packetMs = 20;
/** As the page looks whether its softphone has to be asked for again, ms. */
const softphoneLookEveryMs = 3_000;
/** As the page comes back: pauses between tries, ms; the last one repeats. */
const comeBackPausesMs = [250, 500, 1000, 2000];
/** Close codes after which a page must not come back by itself: signed out, and another window took over. */
const finalCloses = [4001, 4002];

interface Answer {
  readonly re: number;
  readonly ok?: true;
  readonly error?: { readonly code: string; readonly message: string };
}

interface Offer {
  readonly offerId: number;
  readonly sdp: string;
  readonly connection: 'new' | 'same';
  readonly iceServers: readonly AgentIceServer[];
}

/** A command under way on its socket. */
interface Asked {
  readonly socket: WebSocket;
  readonly settle: (answer: Omit<Answer, 're'>) => void;
}

/** What befalls an agent outside of any call is kept, and thrown by the next call that waits, at the latest by `close`. */
export class ScriptedAgent {
  /** Codes with which sockets of this agent were closed. */
  readonly closedWith: number[] = [];
  readonly cookie: string;
  readonly #url: string;
  readonly #audio: AgentAudio;
  readonly #asked = new Map<number, Asked>();
  readonly #watchers = new Set<() => void>();
  #socket: WebSocket | undefined;
  #snapshot: AgentSnapshot | undefined;
  #next = 1;
  #offerId: number | undefined;
  #softphoneLook: NodeJS.Timeout | undefined;
  #comesBack = false;
  #comingBack: Promise<void> | undefined;
  /** Why the last try to come back did not succeed; for the report of a wait in vain. */
  #notBackBecause: unknown;
  #failure: Error | undefined;

  constructor(url: string, cookie: string, toneHz: number, transport: AgentTransport = 'all') {
    this.#url = url;
    this.cookie = cookie;
    this.#audio = new AgentAudio(toneHz, (failure) => this.#failed(failure), transport);
  }

  /** µ-law payloads received, in order of arrival. */
  get heard(): readonly Buffer[] {
    return this.#audio.heard;
  }

  /** Signs in and opens the socket; resolves with the first snapshot there. */
  static async signIn({ url, toneHz = 1000, transport, ...who }: AgentSignIn): Promise<ScriptedAgent> {
    const answer = await fetch(`${url}/_ringback/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify(who),
    });
    if (!answer.ok) throw new Error(`signing in: ${answer.status} ${await answer.text()}`);
    const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const agent = new ScriptedAgent(url, cookie, toneHz, transport);
    await agent.open();
    return agent;
  }

  /** Opens the socket, again after it closed. */
  async open(): Promise<void> {
    const socket = new WebSocket(`${this.#url.replace('http', 'ws')}/_ringback/agent-socket`, protocol, {
      headers: { cookie: this.cookie, origin: this.#url },
    });
    this.#socket = socket;
    this.#snapshot = undefined;
    socket.on('message', (data) => {
      this.#take(socket, String(data)).catch((error: unknown) => this.#failed(error));
    });
    socket.on('close', (code) => {
      this.closedWith.push(code);
      this.#refuseAskedOn(socket);
      if (socket === this.#socket && this.#comesBack && !finalCloses.includes(code)) this.#cameApart();
      this.#woken();
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response) =>
        reject(new Error(`the socket was refused: ${response.statusCode}`)),
      );
    });
    // From here on a socket that breaks closes, and that is all.
    socket.on('error', () => undefined);
    while (!this.#snapshot) await this.#newsOn(socket);
  }

  /** From now on comes back by itself, softphone and all, whenever the socket breaks; with the pauses of the page. */
  comeBackByItself(): void {
    this.#comesBack = true;
  }

  /** The newest snapshot. */
  get state(): AgentSnapshot {
    if (!this.#snapshot) throw new Error('There is no snapshot yet.');
    return this.#snapshot;
  }

  /** Resolves with the snapshot for which `isSo` holds. */
  async until(
    what: string,
    isSo: (state: AgentSnapshot) => boolean,
    withinMs = 60_000,
  ): Promise<AgentSnapshot> {
    const giveUpAtMs = performance.now() + withinMs;
    for (;;) {
      this.#throwFailure();
      if (this.#snapshot && isSo(this.#snapshot)) return this.#snapshot;
      const leftMs = giveUpAtMs - performance.now();
      if (leftMs <= 0)
        throw new Error(`never: ${what}; ${this.#condition()}`, { cause: this.#notBackBecause });
      await this.#news(leftMs);
    }
  }

  /** Resolves when so many more packets of audio have arrived. */
  async untilHeard(packets: number, withinMs = 60_000): Promise<void> {
    const enough = this.heard.length + packets;
    const giveUpAtMs = performance.now() + withinMs;
    while (this.heard.length < enough) {
      this.#throwFailure();
      if (performance.now() > giveUpAtMs) {
        throw new Error(`never: ${packets} packets of audio; ${this.#condition()}`);
      }
      await sleep(packetMs);
    }
  }

  #condition(): string {
    return `the page shows ${JSON.stringify(this.#snapshot)}, its connection is ${this.#audio.state}`;
  }

  /** Resolves when something happened, or after `withinMs`. */
  #news(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, withinMs);
      const watchers = this.#watchers;
      function done(): void {
        clearTimeout(timer);
        watchers.delete(done);
        resolve();
      }
      watchers.add(done);
    });
  }

  /** The same, on a socket that is open. Throws when it is not. */
  async #newsOn(socket: WebSocket | undefined): Promise<void> {
    if (socket?.readyState !== WebSocket.OPEN) throw new Error('The socket closed.');
    await this.#news(newsWithinMs);
  }

  #cameApart(): void {
    this.#comingBack ??= this.#comeBack().finally(() => {
      this.#comingBack = undefined;
    });
  }

  async #comeBack(): Promise<void> {
    for (let tries = 0; this.#comesBack; tries += 1) {
      const pauseMs = comeBackPausesMs[Math.min(tries, comeBackPausesMs.length - 1)] ?? 0;
      await sleep(pauseMs * (0.75 + Math.random() / 2));
      if (!this.#comesBack) return;
      try {
        await this.open();
        await this.do({ do: 'softphone' });
        while (this.state.softphone !== 'connected') await this.#newsOn(this.#socket);
        return;
      } catch (error) {
        // Not there yet, or gone again: the next try tells.
        this.#notBackBecause = error;
      }
    }
  }

  /** Runs a command. @throws {CommandRefused} also where no socket is open, or it closes before the answer: `OFFLINE`. */
  async do(command: { readonly do: string; readonly [member: string]: unknown }): Promise<void> {
    this.#throwFailure();
    await this.#ask(this.#socket, command);
  }

  async #ask(
    socket: WebSocket | undefined,
    command: { readonly do: string; readonly [member: string]: unknown },
  ): Promise<void> {
    if (socket?.readyState !== WebSocket.OPEN) throw new CommandRefused(offline, 'The socket is not open.');
    const id = this.#next;
    this.#next += 1;
    const { error } = await new Promise<Omit<Answer, 're'>>((settle) => {
      this.#asked.set(id, { socket, settle });
      socket.send(JSON.stringify({ id, ...command }));
    });
    if (error) throw new CommandRefused(error.code, error.message);
  }

  #refuseAskedOn(socket: WebSocket): void {
    for (const [id, asked] of this.#asked) {
      if (asked.socket !== socket) continue;
      this.#asked.delete(id);
      asked.settle({ error: { code: offline, message: 'The connection broke.' } });
    }
  }

  /** Sends text as it is. */
  send(text: string | Buffer): void {
    this.#socket?.send(text);
  }

  /** Connects the softphone; resolves when the service says so. */
  async connectSoftphone(): Promise<void> {
    await this.do({ do: 'softphone' });
    await this.until('a connected softphone', ({ softphone }) => softphone === 'connected');
  }

  /** Chooses the first status of a type or name. */
  async setStatus(name: string): Promise<void> {
    const status = this.state.statuses.find((one) => one.name === name);
    if (!status) throw new Error(`There is no status ${name}.`);
    await this.do({ do: 'setStatus', statusId: status.id });
  }

  /** Sends the tone from now on. */
  speak(): void {
    this.#audio.speak();
  }

  silence(): void {
    this.#audio.silence();
  }

  /** Breaks the socket as a lost network does. */
  breakSocket(): void {
    this.#socket?.terminate();
  }

  /** Ends everything. @throws what befell the agent and was not thrown yet. */
  async close(): Promise<void> {
    this.#comesBack = false;
    clearTimeout(this.#softphoneLook);
    this.#socket?.terminate();
    await this.#comingBack;
    this.#socket?.removeAllListeners('close');
    this.#socket?.terminate();
    await this.#audio.close();
    this.#throwFailure();
  }

  #failed(failure: unknown): void {
    this.#failure ??= failure instanceof Error ? failure : new Error(String(failure));
    this.#woken();
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure;
  }

  /** Takes a message; what comes from a socket in whose place another is says nothing any more. */
  async #take(socket: WebSocket, text: string): Promise<void> {
    const message = JSON.parse(text) as
      | Answer
      | { readonly tell: 'state'; readonly state: AgentSnapshot }
      | (Offer & { readonly tell: 'offer' });
    if ('re' in message) {
      this.#asked.get(message.re)?.settle(message);
      this.#asked.delete(message.re);
    } else if (socket !== this.#socket) {
      return;
    } else if (message.tell === 'state') {
      this.#snapshot = message.state;
      this.#lookAtSoftphone();
      this.#woken();
    } else {
      await this.#takeOffer(socket, message);
    }
  }

  /** Answers where the offer came from, while it is the newest there. */
  async #takeOffer(socket: WebSocket, { offerId, sdp, connection, iceServers }: Offer): Promise<void> {
    this.#offerId = offerId;
    const isOver = (): boolean => socket !== this.#socket || offerId !== this.#offerId;
    let answer: string;
    try {
      answer = await this.#audio.answer(sdp, connection, iceServers);
    } catch (error) {
      // The offer after this one has closed the connection on which this one was being answered.
      if (isOver()) return;
      throw error;
    }
    if (isOver()) return;
    await this.#ask(socket, { do: 'answer', offerId, sdp: answer }).catch((error: unknown) => {
      // With its socket the offer is gone as well; a newer one makes the answer late.
      if (!(error instanceof CommandRefused) || (error.code !== offline && error.code !== notNow))
        throw error;
    });
  }

  /** As the page: a softphone that broke is asked for again, after a pause. */
  #lookAtSoftphone(): void {
    if (!this.#comesBack || this.#offerId === undefined || this.#softphoneLook) return;
    if (this.#snapshot?.softphone !== 'disconnected') return;
    this.#softphoneLook = setTimeout(() => {
      this.#softphoneLook = undefined;
      if (!this.#comesBack || this.#snapshot?.softphone !== 'disconnected') return;
      this.#ask(this.#socket, { do: 'softphone' }).catch((error: unknown) => {
        // Who comes back asks anyway.
        if (!(error instanceof CommandRefused) || error.code !== offline) this.#failed(error);
      });
    }, softphoneLookEveryMs);
  }

  #woken(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
