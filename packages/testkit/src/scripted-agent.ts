// An agent's page without a browser: signs in, speaks the agent socket, answers the softphone's offer, sends a tone and keeps what
// it hears. For tests and benchmarks against a running service.

import { setTimeout as sleep } from 'node:timers/promises';
import { RTCPeerConnection, RtpHeader, RtpPacket, usePCMU } from 'werift';
import { WebSocket } from 'ws';

/** What the service tells of the page's state; shaped as connect-api's `DeskState`, of which tests read what they need. */
export interface AgentSnapshot {
  readonly version: number;
  readonly agent: { readonly permissions: readonly string[] };
  readonly status: { readonly id: string; readonly name: string };
  readonly nextStatus?: { readonly name: string };
  readonly statuses: readonly { readonly id: string; readonly name: string; readonly type: string }[];
  readonly quickConnects: readonly { readonly id: string; readonly name: string; readonly type: string }[];
  readonly softphone: string;
  readonly isEchoing: boolean;
  readonly contact?: {
    readonly contactId: string;
    readonly state: string;
    readonly parties: readonly { readonly id: string; readonly state: string }[];
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
const packetMs = 20;
const newsWithinMs = 60_000;
/** Why a command of a page that comes back was not answered. */
const offline = 'OFFLINE';
const samplesPerPacket = 160;
/** As the page comes back: pauses between tries, ms; the last one repeats. */
const comeBackPausesMs = [250, 500, 1000, 2000];
/** Close codes after which a page must not come back by itself: signed out, and another window took over. */
const finalCloses = [4001, 4002];

export class ScriptedAgent {
  /** µ-law payloads received, in order of arrival. */
  readonly heard: Buffer[] = [];
  /** Codes with which sockets of this agent were closed. */
  readonly closedWith: number[] = [];
  readonly cookie: string;
  readonly #url: string;
  readonly #tone: Uint8Array;
  readonly #answers = new Map<
    number,
    (answer: { ok?: true; error?: { code: string; message: string } }) => void
  >();
  readonly #watchers = new Set<() => void>();
  #socket: WebSocket | undefined;
  #connection: RTCPeerConnection | undefined;
  #snapshot: AgentSnapshot | undefined;
  #next = 1;
  #sequence = 0;
  #speaking: NodeJS.Timeout | undefined;
  #comesBack = false;
  #comingBack: Promise<void> | undefined;

  constructor(url: string, cookie: string, toneHz: number) {
    this.#url = url;
    this.cookie = cookie;
    this.#tone = mulawTone(toneHz);
  }

  /** Signs in and opens the socket; resolves with the first snapshot there. */
  static async signIn({ url, toneHz = 1000, ...who }: AgentSignIn): Promise<ScriptedAgent> {
    const answer = await fetch(`${url}/_ringback/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify(who),
    });
    if (!answer.ok) throw new Error(`signing in: ${answer.status} ${await answer.text()}`);
    const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const agent = new ScriptedAgent(url, cookie, toneHz);
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
    socket.on('message', (data) => void this.#take(JSON.parse(String(data))));
    socket.on('close', (code) => {
      this.closedWith.push(code);
      if (this.#comesBack && !finalCloses.includes(code)) this.#cameApart();
      this.#woken();
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response) =>
        reject(new Error(`the socket was refused: ${response.statusCode}`)),
      );
    });
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
    const giveUpAtMs = Date.now() + withinMs;
    for (;;) {
      if (this.#snapshot && isSo(this.#snapshot)) return this.#snapshot;
      const leftMs = giveUpAtMs - Date.now();
      if (leftMs <= 0) throw new Error(`never: ${what}; the page shows ${JSON.stringify(this.#snapshot)}`);
      await this.#news(leftMs);
    }
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
    for (const answer of this.#answers.values()) {
      answer({ error: { code: offline, message: 'The connection broke.' } });
    }
    this.#answers.clear();
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
      } catch {
        // Not there yet, or gone again: the next try tells.
      }
    }
  }

  /** Runs a command. @throws {CommandRefused} */
  async do(command: { readonly do: string; readonly [member: string]: unknown }): Promise<void> {
    const id = this.#next;
    this.#next += 1;
    const answer = await new Promise<{ ok?: true; error?: { code: string; message: string } }>((resolve) => {
      this.#answers.set(id, resolve);
      this.#socket?.send(JSON.stringify({ id, ...command }));
    });
    if (answer.error) throw new CommandRefused(answer.error.code, answer.error.message);
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
    if (this.#speaking) return;
    // By the clock, so that a starved machine delays packets and loses none.
    const startedAtMs = performance.now();
    let sent = 0;
    this.#speaking = setInterval(() => {
      const due = Math.floor((performance.now() - startedAtMs) / packetMs);
      for (; sent < due; sent += 1) this.#sendPacket();
    }, packetMs);
  }

  silence(): void {
    clearInterval(this.#speaking);
    this.#speaking = undefined;
  }

  /** Breaks the socket as a lost network does. */
  breakSocket(): void {
    this.#socket?.terminate();
  }

  async close(): Promise<void> {
    this.#comesBack = false;
    this.silence();
    await this.#comingBack;
    this.#socket?.removeAllListeners('close');
    this.#socket?.terminate();
    await this.#connection?.close();
  }

  async #take(message: {
    readonly re?: number;
    readonly tell?: string;
    readonly state?: AgentSnapshot;
    readonly offerId?: number;
    readonly sdp?: string;
    readonly ok?: true;
    readonly error?: { code: string; message: string };
  }): Promise<void> {
    if (message.re !== undefined) {
      this.#answers.get(message.re)?.(message);
      this.#answers.delete(message.re);
    } else if (message.tell === 'state') {
      this.#snapshot = message.state;
      this.#woken();
    } else if (message.tell === 'offer' && message.sdp !== undefined) {
      const sdp = await this.#answer(message.sdp);
      await this.do({ do: 'answer', offerId: message.offerId, sdp }).catch((error: unknown) => {
        // With the socket the offer is gone as well.
        if (!(error instanceof CommandRefused) || error.code !== offline) throw error;
      });
    }
  }

  #woken(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  async #answer(offer: string): Promise<string> {
    const former = this.#connection;
    const connection = new RTCPeerConnection({
      codecs: { audio: [usePCMU()] },
      iceUseIpv4: false,
      iceUseIpv6: false,
      iceUseTcp: false,
      iceAdditionalHostAddresses: ['127.0.0.1'],
      iceInterfaceAddresses: { udp4: '127.0.0.1' },
    });
    this.#connection = connection;
    void former?.close();
    connection.onTrack.subscribe((track) => {
      track.onReceiveRtp.subscribe(({ payload }) => this.heard.push(Buffer.from(payload)));
    });
    await connection.setRemoteDescription({ type: 'offer', sdp: offer });
    for (const transceiver of connection.getTransceivers()) transceiver.direction = 'sendrecv';
    await connection.setLocalDescription(await connection.createAnswer());
    return connection.localDescription?.sdp ?? '';
  }

  #sendPacket(): void {
    const [transceiver] = this.#connection?.getTransceivers() ?? [];
    const at = (this.#sequence * samplesPerPacket) % this.#tone.length;
    const header = new RtpHeader({
      sequenceNumber: this.#sequence & 0xffff,
      timestamp: this.#sequence * samplesPerPacket,
      payloadType: 0,
      ssrc: 7,
    });
    this.#sequence += 1;
    const payload = Buffer.from(this.#tone.subarray(at, at + samplesPerPacket));
    void transceiver?.sender.sendRtp(new RtpPacket(header, payload).serialize());
  }
}

/** One second of a tone in µ-law (ITU-T G.711). */
function mulawTone(hz: number): Uint8Array {
  return Uint8Array.from({ length: 8000 }, (_, n) =>
    mulawOf(Math.round(8000 * Math.sin((2 * Math.PI * hz * n) / 8000))),
  );
}

function mulawOf(sample: number): number {
  const bias = 0x84;
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), 32_635) + bias;
  const exponent = Math.max(0, 31 - Math.clz32(magnitude) - 7);
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}
