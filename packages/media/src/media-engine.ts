/**
 * The door of the package: an RTP engine in worker threads. Opens sessions, keeps the prompts, counts.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { availableParallelism } from 'node:os';
import type { AudioSession, EngineAudioSession, SessionHome } from './audio-session.ts';
import {
  MediaAtCapacity,
  MediaEngineClosed,
  MediaSessionClosed,
  NoMediaPort,
  PeerFailed,
} from './media-errors.ts';
import { EngineSession, type MediaSession, type MediaSessionOptions } from './media-session.ts';
import type { EngineStats } from './media-stats.ts';
import type { AudioCodec } from './sdp/session-description.ts';
import {
  EngineWebRtcSession,
  type WebRtcOptions,
  type WebRtcSession,
  type WebRtcSessionOptions,
} from './webrtc-session.ts';
import { IDLE, isOverloaded, type WorkerLoad } from './worker/admission.ts';
import type { SessionSetup } from './worker/messages.ts';
import { TICK_MS } from './worker/ticker.ts';
import { QuestionRefused, WorkerLink } from './worker-link.ts';

export interface MediaEngineOptions {
  /** Numeric IPv4 address that RTP sockets are bound to. */
  host: string;
  /** Numeric IPv6 address for sessions of `family: 6`. Default: there can be none. */
  hostV6?: string;
  /** Numeric IPv4 address that our SDP names, where a router translates it to `host`. Ports must stay the same on the way. Default: `host`. */
  announcedHost?: string;
  /** The same for sessions of `family: 6`. */
  announcedHostV6?: string;
  /** RTP port range, both ends included. Sessions take the even ports; those held by others are skipped. */
  ports: { first: number; last: number };
  /** Worker threads; the range is shared out among them. Default: one less than the machine has cores, 1 … 16. */
  workers?: number;
  /** Most sessions at once. Default: as many as ports. */
  maxSessions?: number;
  /** How browsers reach the engine's WebRTC sessions. */
  webRtc?: WebRtcOptions;
  /** Told of what nobody awaits. Default: a process warning. */
  onFault?: (fault: MediaFault) => void;
}

/**
 * `workerDied`: its sessions got a `fault` event, another worker takes its place. `consumerFailed`: an `onEvent` threw.
 * `libraryFailed`: the WebRTC library threw where nobody could catch it; the calls go on.
 */
export interface MediaFault {
  kind: 'workerDied' | 'consumerFailed' | 'libraryFailed';
  message: string;
  error: unknown;
}

export interface MediaEngine {
  /** Whether sessions of `family: 6` can be opened. */
  readonly hasIPv6: boolean;
  /** Copies a prompt (8 kHz µ-law) into memory shared with the workers. Known ids are left as they are. */
  loadPrompt(id: string, mulaw: Uint8Array): void;
  hasPrompt(id: string): boolean;
  /** Forgets a prompt; where it is playing it plays on. */
  unloadPrompt(id: string): void;
  /** @throws {NoMediaPort} · {MediaEngineClosed} · {MediaAtCapacity} · {RangeError} no codec, or a time that is none. */
  openSession(options?: MediaSessionOptions): Promise<MediaSession>;
  /**
   * Opens a session with a browser and makes its offer.
   *
   * @throws {PeerFailed} · {MediaEngineClosed} · {MediaAtCapacity} · {RangeError}
   */
  openWebRtcSession(options?: WebRtcSessionOptions): Promise<WebRtcSession>;
  /**
   * Counters, and the lateness of the last `latenessMs` of ticks (default and most: a minute).
   *
   * @throws {MediaEngineClosed}
   */
  stats(options?: { latenessMs?: number }): Promise<EngineStats>;
  /** Closes all sessions and ends the threads. May be called twice. */
  close(): Promise<void>;
}

/** Master key and salt (RFC 4568 §6.1). */
const SRTP_KEY_BYTES = 30;

const DEFAULT_CODECS: readonly AudioCodec[] = ['PCMU', 'PCMA'];

/** One worker's place: the thread in it may be replaced, its ports stay. */
interface Berth {
  name: string;
  ports: { first: number; last: number };
  link: WorkerLink;
  sessions: Map<number, EngineAudioSession>;
  /** As the worker last told. */
  load: WorkerLoad;
  /** Sessions being opened, counted so that a burst spreads over the workers. */
  opening: number;
}

/**
 * Starts the worker threads. An engine keeps the process alive until it is closed.
 *
 * @throws {RangeError} for a host that is no numeric address of its family, or a range without an even port for each worker.
 */
export async function openMediaEngine(options: MediaEngineOptions): Promise<MediaEngine> {
  const engine = new ThreadedMediaEngine(options);
  // The first answer says that the threads have loaded their code.
  await engine.stats();
  return engine;
}

class ThreadedMediaEngine implements MediaEngine {
  readonly #host: string;
  readonly #hostV6: string | undefined;
  readonly #announced: { readonly v4: string; readonly v6: string | undefined };
  readonly #webRtc: WebRtcOptions;
  readonly #maxSessions: number;
  readonly #onFault: (fault: MediaFault) => void;
  readonly #prompts = new Map<string, SharedArrayBuffer>();
  readonly #berths: Berth[];
  readonly #refused = { sessions: 0, load: 0 };
  #nextSession = 1;
  #closing: Promise<void> | undefined;

  constructor(options: MediaEngineOptions) {
    const { host, hostV6, ports, workers = workersForMachine(ports) } = options;
    const shares = sharePorts(ports, workers);
    const { announcedHost = host, announcedHostV6 = hostV6 } = options;
    for (const address of [host, announcedHost]) {
      if (!isIPv4(address))
        throw new RangeError(`media host ${JSON.stringify(address)} is not a numeric IPv4 address`);
    }
    for (const address of [hostV6, announcedHostV6]) {
      if (address !== undefined && !isIPv6(address))
        throw new RangeError(`media host ${JSON.stringify(address)} is not a numeric IPv6 address`);
    }
    this.#host = host;
    this.#hostV6 = hostV6;
    this.#announced = { v4: announcedHost, v6: announcedHostV6 };
    this.#webRtc = options.webRtc ?? {};
    this.#maxSessions = options.maxSessions ?? Number.POSITIVE_INFINITY;
    this.#onFault =
      options.onFault ??
      ((fault) => process.emitWarning(fault.message, { type: 'MediaFault', code: fault.kind }));
    this.#berths = shares.map((share, index) => {
      const name = `media-${index}`;
      const sessions = new Map<number, EngineAudioSession>();
      return {
        name,
        ports: share,
        sessions,
        load: IDLE,
        opening: 0,
        link: this.#startThread(index, name, share),
      };
    });
  }

  get hasIPv6(): boolean {
    return this.#hostV6 !== undefined;
  }

  loadPrompt(id: string, mulaw: Uint8Array): void {
    this.#mustBeOpen();
    if (this.#prompts.has(id)) return;
    const bytes = new SharedArrayBuffer(mulaw.length);
    new Uint8Array(bytes).set(mulaw);
    this.#prompts.set(id, bytes);
    for (const { link } of this.#berths) link.order({ kind: 'loadPrompt', prompt: id, bytes });
  }

  hasPrompt(id: string): boolean {
    return this.#prompts.has(id);
  }

  unloadPrompt(id: string): void {
    if (!this.#prompts.delete(id)) return;
    for (const { link } of this.#berths) link.order({ kind: 'unloadPrompt', prompt: id });
  }

  async openSession(options: MediaSessionOptions = {}): Promise<MediaSession> {
    return this.#open(options, (berth) => this.#openIn(berth, options));
  }

  async openWebRtcSession(options: WebRtcSessionOptions = {}): Promise<WebRtcSession> {
    return this.#open(options, (berth) => this.#openPeerIn(berth, options));
  }

  async #open<T>(
    options: MediaSessionOptions | WebRtcSessionOptions,
    openIn: (berth: Berth) => Promise<T>,
  ): Promise<T> {
    this.#mustBeOpen();
    checkSessionOptions(options);
    const berth = this.#berthFor(options.beside);
    berth.opening += 1;
    try {
      return await openIn(berth);
    } finally {
      berth.opening -= 1;
    }
  }

  /** The worker of the session to be beside, else the least loaded one. */
  #berthFor(beside: AudioSession | undefined): Berth {
    const load = (berth: Berth): number => berth.sessions.size + berth.opening;
    const total = this.#berths.reduce((sum, berth) => sum + load(berth), 0);
    if (total >= this.#maxSessions) {
      this.#refused.sessions += 1;
      throw new MediaAtCapacity('sessions', this.#maxSessions);
    }
    if (beside) {
      const berth = this.#berths.find(({ sessions }) => sessions.get(beside.id) === beside);
      if (!berth) throw new MediaSessionClosed(beside.id);
      // It completes a call that is under way, and there is no other place for it.
      return berth;
    }
    const alive = this.#berths.filter(({ link }) => link.isAlive);
    if (alive.length === 0) throw new MediaEngineClosed('every media worker has died');
    const [fit, ...others] = alive.filter((berth) => !isOverloaded(berth.load, load(berth)));
    if (!fit) {
      this.#refused.load += 1;
      throw new MediaAtCapacity('load', total);
    }
    return others.reduce((least, each) => (load(each) < load(least) ? each : least), fit);
  }

  async stats({ latenessMs = 60_000 }: { latenessMs?: number } = {}): Promise<EngineStats> {
    this.#mustBeOpen();
    const ask = { latenessTicks: Math.ceil(latenessMs / TICK_MS) };
    const parts = await Promise.all(this.#berths.map(({ link }) => link.ask('workerStats', ask)));
    const sum = (read: (part: (typeof parts)[number]) => number): number =>
      parts.reduce((total, part) => total + read(part), 0);
    const lateness = parts.flatMap(({ latenessMs }) => [...latenessMs]).sort((a, b) => a - b);
    return {
      sessions: sum(({ sessions }) => sessions),
      tickLatenessMs: {
        p50: percentile(lateness, 0.5),
        p95: percentile(lateness, 0.95),
        p99: percentile(lateness, 0.99),
        max: percentile(lateness, 1),
      },
      ticks: sum(({ ticks }) => ticks),
      ticksSkipped: sum(({ ticksSkipped }) => ticksSkipped),
      packetsSent: sum(({ packetsSent }) => packetsSent),
      packetsReceived: sum(({ packetsReceived }) => packetsReceived),
      cpuMicros: sum(({ cpuMicros }) => cpuMicros),
      refused: { ...this.#refused },
      workers: parts.map(({ sessions, cpuMicros, eventLoopUtilization }, index) => ({
        sessions,
        cpuMicros,
        eventLoopUtilization,
        cpuShare: this.#berths[index]?.load.cpuShare ?? 0,
      })),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all(this.#berths.map(({ link }) => link.shutDown()));
    for (const { sessions } of this.#berths) {
      for (const session of sessions.values()) session.orphaned();
    }
  }

  async #openIn(berth: Berth, options: MediaSessionOptions): Promise<MediaSession> {
    const host = options.family === 6 ? this.#hostV6 : this.#host;
    if (host === undefined) throw new RangeError('the engine has no IPv6 address for a session of family 6');
    const setup = this.#setup(options);
    const { port } = await berth.link.ask('open', setup).catch((error: unknown) => {
      if (!(error instanceof QuestionRefused) || error.refusal.error !== 'noPort') throw error;
      throw new NoMediaPort(host, berth.ports.first, berth.ports.last, error.refusal.code);
    });
    const codecs = options.codecs ?? DEFAULT_CODECS;
    // Below 2^47: a random number that fits the origin line and a double.
    const local = {
      host: (options.family === 6 ? this.#announced.v6 : this.#announced.v4) ?? host,
      port,
      codecs,
      originId: randomInt(1, 2 ** 47),
      ...(options.encryption === 'sdes' ? { srtpKey: randomBytes(SRTP_KEY_BYTES).toString('base64') } : {}),
    };
    const session = new EngineSession(setup.session, local, this.#homeIn(berth), options.onEvent);
    berth.sessions.set(session.id, session);
    return session;
  }

  async #openPeerIn(berth: Berth, options: WebRtcSessionOptions): Promise<WebRtcSession> {
    const setup = this.#setup(options);
    const { offer } = await berth.link.ask('openPeer', setup).catch((error: unknown) => {
      if (!(error instanceof QuestionRefused) || error.refusal.error !== 'peerFailed') throw error;
      throw new PeerFailed(error.refusal.detail);
    });
    const session = new EngineWebRtcSession(setup.session, offer, this.#homeIn(berth), options.onEvent);
    berth.sessions.set(session.id, session);
    return session;
  }

  #setup(options: MediaSessionOptions | WebRtcSessionOptions): SessionSetup {
    const session = this.#nextSession;
    this.#nextSession += 1;
    return {
      session,
      speechSilenceMs: options.speechDetection?.silenceMs,
      mediaTimeoutMs: options.mediaTimeoutMs ?? 0,
      isV6: 'family' in options && options.family === 6,
      toneDigits: ('toneDigits' in options && options.toneDigits) || 'never',
    };
  }

  #homeIn(berth: Berth): SessionHome {
    return {
      link: berth.link,
      hasPrompt: (prompt: string) => this.#prompts.has(prompt),
      forget: (session: number) => {
        berth.sessions.delete(session);
        // A worker without sessions tells nothing more.
        if (berth.sessions.size === 0) berth.load = IDLE;
      },
      consumerFailed: (error: unknown) =>
        this.#onFault({ kind: 'consumerFailed', message: `onEvent threw: ${String(error)}`, error }),
    };
  }

  #startThread(index: number, name: string, ports: { first: number; last: number }): WorkerLink {
    const link = new WorkerLink(
      name,
      { host: this.#host, hostV6: this.#hostV6, ports, webRtc: this.#webRtc },
      (notice) => {
        const berth = this.#berths[index];
        if (notice.kind === 'libraryFault') {
          this.#onFault({ kind: 'libraryFailed', message: notice.message, error: undefined });
        } else if (notice.kind === 'load') {
          if (berth) berth.load = notice.load;
        } else berth?.sessions.get(notice.session)?.take(notice);
      },
      (error) => this.#threadDied(index, error),
    );
    for (const [prompt, bytes] of this.#prompts) link.order({ kind: 'loadPrompt', prompt, bytes });
    return link;
  }

  #threadDied(index: number, error: Error): void {
    const berth = this.#berths[index];
    if (!berth || this.#closing) return;
    if (berth.link.hasAnswered) berth.link = this.#startThread(index, berth.name, berth.ports);
    for (const session of [...berth.sessions.values()]) session.orphaned(error.message);
    this.#onFault({ kind: 'workerDied', message: error.message, error });
  }

  #mustBeOpen(): void {
    if (this.#closing) throw new MediaEngineClosed();
  }
}

function checkSessionOptions(options: MediaSessionOptions | WebRtcSessionOptions): void {
  const { speechDetection, mediaTimeoutMs = 0 } = options;
  if ('codecs' in options && options.codecs?.length === 0)
    throw new RangeError('a media session needs at least one codec');
  const silenceMs = speechDetection?.silenceMs ?? 1;
  if (!(silenceMs > 0 && silenceMs < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`silence of ${silenceMs} ms cannot end speech`);
  }
  if (!(mediaTimeoutMs >= 0)) throw new RangeError(`media timeout of ${mediaTimeoutMs} ms: use 0 or more`);
}

/** One core is left to the process itself; a small range of ports feeds few workers. */
function workersForMachine({ first, last }: { first: number; last: number }): number {
  return Math.max(1, Math.min(16, availableParallelism() - 1, Math.floor((last - first) / 2)));
}

/** Splits the range into one part a worker, each with as many even ports as the others, or one more. */
function sharePorts(
  range: { first: number; last: number },
  workers: number,
): { first: number; last: number }[] {
  const { first, last } = range;
  if (!Number.isInteger(workers) || workers < 1 || workers > 64) {
    throw new RangeError(`${workers} media workers: use 1 … 64`);
  }
  if (!Number.isInteger(first) || !Number.isInteger(last) || first < 1 || last > 65_535) {
    throw new RangeError(`RTP port range ${first}-${last} is not within 1-65535`);
  }
  const firstEven = first + (first % 2);
  const evenPorts = Math.floor((last - firstEven) / 2) + 1;
  if (evenPorts < workers) {
    throw new RangeError(`RTP port range ${first}-${last} has too few even ports for ${workers} workers`);
  }
  return Array.from({ length: workers }, (_, index) => {
    const from = firstEven + 2 * Math.floor((evenPorts * index) / workers);
    const to = firstEven + 2 * Math.floor((evenPorts * (index + 1)) / workers) - 1;
    return { first: from, last: Math.min(to, last) };
  });
}

/** The value below which the share of the sorted values lies; 0 for none. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
