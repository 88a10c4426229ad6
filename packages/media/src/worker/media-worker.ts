/**
 * The worker's side of the door: takes orders and questions, owns the sockets and the beat, and drives the sessions.
 */
import type { AmdSettings } from '../amd/amd-settings.ts';
import type { AmdEvent } from '../amd/answer-verdict.ts';
import { loadWebRtcVad, type WebRtcVadModule } from '../detect/webrtc-vad.ts';
import type { BridgeRefusal } from '../media-errors.ts';
import type { MediaEvent } from '../media-event.ts';
import type { RtpStats } from '../media-stats.ts';
import type { RecordingSummary } from '../recording/call-recorder.ts';
import { diskFailure } from '../recording/growing-wav-file.ts';
import { StretchBuffers } from '../recording/stretch-buffers.ts';
import { SdpUnusable } from '../sdp/sdp-unusable.ts';
import type { WebRtcOptions } from '../webrtc-session.ts';
import { Bridge, MOST_MEMBERS } from './bridge.ts';
import type {
  ExchangeKind,
  Exchanges,
  FromWorker,
  Order,
  Question,
  Refusal,
  SessionSetup,
  ToWorker,
  WorkerSetup,
} from './messages.ts';
import { NoPortLeft, PortPool } from './port-pool.ts';
import { ReportSocket } from './report-socket.ts';
import { RtpSession, type SessionWay, type SessionWorld } from './rtp-session.ts';
import { RtpSocket } from './rtp-socket.ts';
import { SessionAmd } from './session-amd.ts';
import { SessionTones } from './session-tones.ts';
import { type SteadyClock, Ticker } from './ticker.ts';
import { openPeer, type Peer } from './webrtc-peer.ts';

/** What the worker's thread gives it. */
export interface WorkerSurroundings {
  clock: SteadyClock;
  /** Random 32-bit number. */
  random(): number;
  post(message: FromWorker): void;
  /** CPU time of this thread since its start, µs, and the share of time its loop was busy. */
  usage(): { cpuMicros: number; eventLoopUtilization: number };
  /** Ends the thread. */
  exit(): void;
}

/** A question that is answered with a refusal. */
class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.error);
    this.refusal = refusal;
  }
}

/** How a session's packets travel. */
type Transport = { kind: 'rtp'; rtp: RtpSocket; reports: ReportSocket } | { kind: 'webRtc'; peer: Peer };

interface Carried {
  id: number;
  session: RtpSession;
  transport: Transport;
  bridge: Bridge | undefined;
  /** A bug met in this session was already told. */
  isFaulty: boolean;
  /** Detection under way or over; undefined where none was asked for. */
  amd: SessionAmd | 'starting' | 'stopping' | undefined;
  tones: SessionTones | undefined;
}

/** Load is told each second, over the last five. */
const TICKS_BETWEEN_LOADS = 50;
const LOAD_TICKS = 250;

/** The source of packets that came through DTLS; never an address. */
const PEER_HOST = 'peer';
const PEER_PORT = 1;

export class MediaWorker {
  readonly #surroundings: WorkerSurroundings;
  readonly #ports: PortPool;
  readonly #ticker: Ticker;
  readonly #prompts = new Map<string, Uint8Array>();
  readonly #carried = new Map<number, Carried>();
  readonly #bridges = new Set<Bridge>();
  readonly #stretchBuffers = new StretchBuffers();
  #vad: Promise<WebRtcVadModule> | undefined;
  readonly #webRtc: WebRtcOptions & { host: string };
  readonly #hostV6: string | undefined;
  #loadAtMs = 0;
  #loadCpuMicros = 0;
  #closedPacketsSent = 0;
  #closedPacketsReceived = 0;

  constructor(setup: WorkerSetup, surroundings: WorkerSurroundings) {
    this.#surroundings = surroundings;
    const { first, last } = setup.ports;
    this.#webRtc = { ...setup.webRtc, host: setup.webRtc.host ?? setup.host };
    this.#hostV6 = setup.hostV6;
    this.#ports = new PortPool(setup.host, first, last, surroundings.random());
    this.#ticker = new Ticker(surroundings.clock, (tick) => this.#tick(tick));
  }

  take(message: ToWorker): void {
    if (message.kind === 'question') void this.#answer(message);
    else this.#obey(message);
  }

  #obey(order: Order): void {
    if (order.kind === 'loadPrompt') {
      this.#prompts.set(order.prompt, new Uint8Array(order.bytes));
      return;
    }
    if (order.kind === 'unloadPrompt') {
      this.#prompts.delete(order.prompt);
      return;
    }
    // An order may cross the session's end on its way here; its end was already told then.
    const carried = this.#carried.get(order.session);
    if (!carried) return;
    if (order.kind === 'startAmd') void this.#startAmd(carried, order.settings);
    else if (order.kind === 'stopAmd') stopAmd(carried);
    else if (order.kind === 'startTones') this.#startTones(carried);
    else if (order.kind === 'stopTones') stopTones(carried);
    else obeyInSession(carried.session, order);
  }

  async #startAmd(carried: Carried, settings: AmdSettings): Promise<void> {
    const { id, session } = carried;
    const report = (event: AmdEvent): void => this.#report(id, { kind: 'amd', event });
    endAmd(carried);
    carried.amd = 'starting';
    try {
      this.#vad ??= loadWebRtcVad();
      const amd = new SessionAmd(session, await this.#vad, settings, report);
      // Meanwhile the session may have ended, or detection been stopped.
      if ((carried.amd as Carried['amd']) === 'stopping') amd.finish();
      else if (this.#carried.has(id)) carried.amd = amd;
      else amd.close();
    } catch (error) {
      report({ kind: 'failed', message: String(error) });
    }
  }

  #startTones(carried: Carried): void {
    stopTones(carried);
    carried.tones = new SessionTones(carried.session, (tone) =>
      this.#report(carried.id, { kind: 'networkTone', tone }),
    );
  }

  /** The border of the door: whatever goes wrong with a question becomes its refusal. */
  async #answer(question: Question): Promise<void> {
    const { request } = question;
    try {
      const answer = await this.#ask(question);
      this.#surroundings.post({ kind: 'answer', request, answer });
      if (question.question === 'shutDown') this.#surroundings.exit();
    } catch (error) {
      const refusal: Refusal =
        error instanceof Refused ? error.refusal : { error: 'unexpected', detail: String(error) };
      this.#surroundings.post({ kind: 'refusal', request, refusal });
    }
  }

  async #ask(question: Question): Promise<Exchanges[ExchangeKind]['answer']> {
    switch (question.question) {
      case 'open':
        return this.#open(question.ask);
      case 'openPeer':
        return this.#openPeer(question.ask);
      case 'peerAnswer':
        return this.#peerAnswer(question.ask.session, question.ask.sdp);
      case 'peerCandidate':
        await this.#peerOf(question.ask.session).addCandidate(question.ask.candidate);
        return null;
      case 'restartPeer':
        return { offer: await this.#peerOf(question.ask.session).restart() };
      case 'bridge':
        return this.#bridge(question.ask);
      case 'unbridge':
        return this.#unbridge(this.#find(question.ask.session));
      case 'close':
        return this.#close(question.ask.session);
      case 'stats':
        return this.#find(question.ask.session).session.stats();
      case 'startRecording':
        return this.#startRecording(question.ask);
      case 'pauseRecording':
        if (this.#find(question.ask.session).session.pauseRecording(question.ask.state)) return null;
        throw notRecording();
      case 'stopRecording':
        return this.#stopRecording(question.ask.session);
      case 'workerStats':
        return this.#stats(question.ask.latenessTicks);
      case 'shutDown':
        return this.#shutDown();
    }
  }

  async #open(setup: SessionSetup): Promise<{ port: number }> {
    const host = setup.isV6 ? this.#hostV6 : this.#ports.host;
    const socket = await this.#ports.bind(host).catch((error: unknown) => {
      throw error instanceof NoPortLeft ? new Refused({ error: 'noPort', code: error.code }) : error;
    });
    const rtp = new RtpSocket(socket, () => carried.session.sendFailed());
    const reports = new ReportSocket(host ?? this.#ports.host, rtp.port + 1, (datagram, host) =>
      carried.session.receiveReport(datagram, host, this.#surroundings.clock.nowMs()),
    );
    const carried: Carried = this.#carry(setup, { kind: 'rtp', rtp, reports }, rtp, (packet, host, port) =>
      reports.send(packet, host, port),
    );
    const { session } = carried;
    socket.on('message', (datagram, source) => {
      try {
        session.receive(datagram, source.address, source.port, this.#surroundings.clock.nowMs());
      } catch (error) {
        this.#bug(carried, error);
      }
    });
    return { port: rtp.port };
  }

  async #openPeer(setup: SessionSetup): Promise<{ offer: string }> {
    const id = setup.session;
    const peer = await openPeer(this.#webRtc, {
      receive: (datagram) => {
        const carried = this.#carried.get(id);
        if (!carried) return;
        try {
          carried.session.receive(datagram, PEER_HOST, PEER_PORT, this.#surroundings.clock.nowMs());
        } catch (error) {
          this.#bug(carried, error);
        }
      },
      changed: (state) => this.#report(id, { kind: 'connection', state }),
    }).catch(peerFailure);
    const carried = this.#carry(setup, { kind: 'webRtc', peer }, peer, undefined);
    carried.session.connect(peer.media);
    return { offer: peer.offer };
  }

  async #peerAnswer(id: number, sdp: string): Promise<null> {
    await this.#peerOf(id).accept(sdp).catch(peerFailure);
    return null;
  }

  #peerOf(id: number): Peer {
    const { transport } = this.#find(id);
    if (transport.kind !== 'webRtc')
      throw new Refused({ error: 'peerFailed', detail: 'it is no WebRTC session' });
    return transport.peer;
  }

  #carry(
    setup: SessionSetup,
    transport: Transport,
    way: SessionWay,
    sendReport: SessionWorld['sendReport'],
  ): Carried {
    const { post, random, clock } = this.#surroundings;
    const id = setup.session;
    const session = new RtpSession(setup, {
      way,
      sendReport,
      nowMs: () => clock.nowMs(),
      report: (event) => this.#report(id, event),
      playEnded: (play, outcome) => post({ kind: 'playEnded', session: id, play, outcome }),
      digitsEnded: (run, outcome) => post({ kind: 'digitsEnded', session: id, run, outcome }),
      promptBytes: (prompt) => this.#prompts.get(prompt),
      random,
      nextTick: () => this.#ticker.next,
      stretchBuffers: this.#stretchBuffers,
    });
    const carried: Carried = {
      id,
      session,
      transport,
      bridge: undefined,
      amd: undefined,
      tones: undefined,
      isFaulty: false,
    };
    this.#carried.set(id, carried);
    this.#ticker.start();
    return carried;
  }

  #bridge({ session, other, role }: Exchanges['bridge']['ask']): null {
    const first = this.#find(session);
    const second = this.#find(other);
    if (first.bridge && second.bridge && first.bridge !== second.bridge) throw bridgeRefused('twoBridges');
    const bridge = first.bridge ?? second.bridge ?? new Bridge();
    const joining = [first, second].filter((carried) => carried.bridge !== bridge).length;
    if (bridge.size + joining > MOST_MEMBERS) throw bridgeRefused('full');
    this.#bridges.add(bridge);
    if (!first.bridge) bridge.join(first.session, 'party', undefined);
    bridge.join(second.session, role, session);
    for (const carried of [first, second]) {
      carried.bridge = bridge;
      carried.session.setBridge(bridge);
    }
    return null;
  }

  #unbridge(carried: Carried): null {
    const { bridge } = carried;
    if (!bridge) return null;
    const isOver = bridge.size <= 2;
    for (const id of isOver ? bridge.members : [carried.id]) {
      bridge.leave(id);
      const member = this.#carried.get(id) ?? carried;
      member.bridge = undefined;
      member.session.setBridge(undefined);
    }
    if (isOver) this.#bridges.delete(bridge);
    return null;
  }

  async #close(id: number): Promise<RtpStats> {
    const carried = this.#carried.get(id);
    if (!carried) throw new Refused({ error: 'noSession', session: id });
    const { session, transport } = carried;
    this.#unbridge(carried);
    endAmd(carried);
    stopTones(carried);
    this.#carried.delete(id);
    if (this.#carried.size === 0) this.#ticker.stop();
    session.close();
    if (transport.kind === 'rtp') {
      this.#ports.release(transport.rtp.socket);
      transport.reports.close();
    }
    const stats = session.stats();
    this.#closedPacketsSent += stats.packetsSent;
    this.#closedPacketsReceived += stats.packetsReceived;
    await Promise.all([
      session.stopRecording(),
      transport.kind === 'webRtc' ? transport.peer.close() : undefined,
    ]);
    return stats;
  }

  async #shutDown(): Promise<null> {
    this.#ticker.stop();
    await Promise.all([...this.#carried.keys()].map((session) => this.#close(session)));
    return null;
  }

  async #startRecording({ session, path, tracks }: Exchanges['startRecording']['ask']): Promise<null> {
    const started = await this.#find(session)
      .session.startRecording(path, tracks)
      .catch((error: unknown) => {
        const { code, message } = diskFailure(error);
        throw new Refused({ error: 'recordingFailed', path, code, detail: message });
      });
    if (started) return null;
    const detail = 'the session is already being recorded';
    throw new Refused({ error: 'recordingFailed', path, code: 'ALREADY_RECORDING', detail });
  }

  async #stopRecording(id: number): Promise<RecordingSummary> {
    const end = await this.#find(id).session.stopRecording();
    if (end?.kind === 'written') return end.summary;
    if (!end) throw notRecording();
    const { path } = end;
    const { code, message: detail } = end.failure;
    throw new Refused({ error: 'recordingFailed', path, code, detail });
  }

  #find(id: number): Carried {
    const carried = this.#carried.get(id);
    if (!carried) throw new Refused({ error: 'noSession', session: id });
    return carried;
  }

  #tick(tick: number): void {
    if (tick % TICKS_BETWEEN_LOADS === 0) this.#tellLoad();
    // First everybody's frame, then the mixes of them: nobody hears a frame of the tick before.
    for (const bridge of this.#bridges) bridge.gather();
    for (const carried of this.#carried.values()) {
      try {
        carried.session.tick(tick);
      } catch (error) {
        this.#bug(carried, error);
      }
    }
  }

  #tellLoad(): void {
    const { clock, usage, post } = this.#surroundings;
    const nowMs = clock.nowMs();
    const { cpuMicros } = usage();
    const elapsedMicros = (nowMs - this.#loadAtMs) * 1_000;
    const cpuShare = elapsedMicros > 0 ? (cpuMicros - this.#loadCpuMicros) / elapsedMicros : 0;
    this.#loadAtMs = nowMs;
    this.#loadCpuMicros = cpuMicros;
    const lateness = this.#ticker.lateness(LOAD_TICKS).sort();
    const latenessP95Ms = lateness[Math.floor(lateness.length * 0.95)] ?? 0;
    post({ kind: 'load', session: 0, load: { cpuShare, latenessP95Ms } });
  }

  /** One session's bug must not end the calls beside it; told once, not fifty times a second. */
  #bug(carried: Carried, error: unknown): void {
    if (carried.isFaulty) return;
    carried.isFaulty = true;
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#report(carried.id, { kind: 'fault', message });
  }

  #report(session: number, event: MediaEvent): void {
    this.#surroundings.post({ kind: 'event', session, event });
  }

  #stats(latenessTicks: number): Exchanges['workerStats']['answer'] {
    let packetsSent = this.#closedPacketsSent;
    let packetsReceived = this.#closedPacketsReceived;
    for (const { session } of this.#carried.values()) {
      packetsSent += session.packetsSent;
      packetsReceived += session.packetsReceived;
    }
    return {
      sessions: this.#carried.size,
      ticks: this.#ticker.ticks,
      ticksSkipped: this.#ticker.skipped,
      packetsSent,
      packetsReceived,
      ...this.#surroundings.usage(),
      latenessMs: this.#ticker.lateness(latenessTicks),
    };
  }
}

function notRecording(): Refused {
  const detail = 'the session is not being recorded';
  return new Refused({ error: 'recordingFailed', path: '', code: 'NOT_RECORDING', detail });
}

function bridgeRefused(reason: BridgeRefusal): Refused {
  return new Refused({ error: 'bridgeRefused', reason });
}

/** The library's error as a refusal; never returns. */
function peerFailure(error: unknown): never {
  if (error instanceof SdpUnusable) {
    throw new Refused({ error: 'sdpUnusable', reason: error.reason, detail: error.detail });
  }
  throw new Refused({ error: 'peerFailed', detail: error instanceof Error ? error.message : String(error) });
}

function stopAmd(carried: Carried): void {
  if (carried.amd === 'starting') carried.amd = 'stopping';
  else if (carried.amd instanceof SessionAmd) carried.amd.finish();
}

function endAmd(carried: Carried): void {
  if (carried.amd instanceof SessionAmd) carried.amd.close();
  carried.amd = undefined;
}

function stopTones(carried: Carried): void {
  carried.tones?.stop();
  carried.tones = undefined;
}

function obeyInSession(
  session: RtpSession,
  order: Exclude<
    Extract<Order, { session: number }>,
    { kind: 'startAmd' | 'stopAmd' | 'startTones' | 'stopTones' }
  >,
): void {
  switch (order.kind) {
    case 'connect':
      session.connect(order.media);
      return;
    case 'play':
      session.play(order.order);
      return;
    case 'stopPlay':
      session.stopPlay(order.play);
      return;
    case 'sendDigits':
      session.sendDigits(order.run);
      return;
    case 'stopDigits':
      session.stopDigits(order.run);
      return;
    case 'pressed':
      session.pressed(order.digit);
      return;
    case 'hold':
      session.hold(order.music);
      return;
    case 'resume':
      session.resume();
      return;
    case 'mute':
      session.isMuted = order.isMuted;
      return;
  }
}
