// An agent's page without a browser: signs in, speaks the agent socket, answers the softphone's offer, sends a tone and keeps what
// it hears. For tests and benchmarks against a running service.

import { RTCPeerConnection, RtpHeader, RtpPacket, usePCMU } from 'werift';
import { WebSocket } from 'ws';

/** What the service tells of the page's state; shaped as connect-api's `DeskState`, of which tests read what they need. */
export interface AgentSnapshot {
  readonly version: number;
  readonly status: { readonly id: string; readonly name: string };
  readonly nextStatus?: { readonly name: string };
  readonly statuses: readonly { readonly id: string; readonly name: string; readonly type: string }[];
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
const samplesPerPacket = 160;

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

  constructor(url: string, cookie: string, toneHz: number) {
    this.#url = url;
    this.cookie = cookie;
    this.#tone = mulawTone(toneHz);
  }

  /** Signs in and opens the socket; resolves with the first snapshot there. */
  static async signIn({ url, username, password, toneHz = 1000 }: AgentSignIn): Promise<ScriptedAgent> {
    const answer = await fetch(`${url}/_ringback/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify({ username, password }),
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
      this.#woken();
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response) =>
        reject(new Error(`the socket was refused: ${response.statusCode}`)),
      );
    });
    await this.until('the first snapshot', () => true);
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
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, leftMs);
        const watchers = this.#watchers;
        function done(): void {
          clearTimeout(timer);
          watchers.delete(done);
          resolve();
        }
        watchers.add(done);
      });
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
    this.#speaking ??= setInterval(() => this.#sendPacket(), packetMs);
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
    this.silence();
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
      await this.do({ do: 'answer', offerId: message.offerId, sdp });
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
