/**
 * The worker's side of the door: takes orders and questions, owns the sockets and the beat, and drives the sessions.
 */
import type { Socket } from 'node:dgram';
import type { MediaEvent } from '../media-event.ts';
import type { RtpStats } from '../media-stats.ts';
import type { RecordingSummary } from '../recording/call-recorder.ts';
import { diskFailure } from '../recording/growing-wav-file.ts';
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
import { RtpSession } from './rtp-session.ts';
import { type SteadyClock, Ticker } from './ticker.ts';

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

interface Carried {
  id: number;
  session: RtpSession;
  socket: Socket;
  /** A bug met in this session was already told. */
  isFaulty: boolean;
}

export class MediaWorker {
  readonly #surroundings: WorkerSurroundings;
  readonly #ports: PortPool;
  readonly #ticker: Ticker;
  readonly #prompts = new Map<string, Uint8Array>();
  readonly #carried = new Map<number, Carried>();
  #closedPacketsSent = 0;
  #closedPacketsReceived = 0;

  constructor(setup: WorkerSetup, surroundings: WorkerSurroundings) {
    this.#surroundings = surroundings;
    const { first, last } = setup.ports;
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
    const session = this.#carried.get(order.session)?.session;
    if (session) obeyInSession(session, order);
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
      case 'close':
        return this.#close(question.ask.session);
      case 'stats':
        return this.#find(question.ask.session).stats();
      case 'startRecording':
        return this.#startRecording(question.ask.session, question.ask.path);
      case 'stopRecording':
        return this.#stopRecording(question.ask.session);
      case 'workerStats':
        return this.#stats();
      case 'shutDown':
        return this.#shutDown();
    }
  }

  async #open(setup: SessionSetup): Promise<{ port: number }> {
    const socket = await this.#ports.bind().catch((error: unknown) => {
      throw error instanceof NoPortLeft ? new Refused({ error: 'noPort', code: error.code }) : error;
    });
    const { post, random } = this.#surroundings;
    const id = setup.session;
    // Without a callback dgram drops the system's refusals without a word; one for all packets costs next to nothing.
    const sent = (error: Error | null): void => {
      if (error) session.sendFailed();
    };
    const session: RtpSession = new RtpSession(setup, {
      send: (packet, host, port) => socket.send(packet, port, host, sent),
      report: (event) => this.#report(id, event),
      playEnded: (play, outcome) => post({ kind: 'playEnded', session: id, play, outcome }),
      digitsEnded: (run, outcome) => post({ kind: 'digitsEnded', session: id, run, outcome }),
      promptBytes: (prompt) => this.#prompts.get(prompt),
      random,
      nextTick: () => this.#ticker.next,
    });
    const carried: Carried = { id, session, socket, isFaulty: false };
    socket.on('message', (datagram, source) => {
      try {
        session.receive(datagram, source.address, source.port, this.#surroundings.clock.nowMs());
      } catch (error) {
        this.#bug(carried, error);
      }
    });
    // An unconnected UDP socket has no errors but those of packets; without a listener one would end the thread.
    socket.on('error', () => session.sendFailed());
    this.#carried.set(id, carried);
    this.#ticker.start();
    return { port: socket.address().port };
  }

  async #close(id: number): Promise<RtpStats> {
    const carried = this.#carried.get(id);
    if (!carried) throw new Refused({ error: 'noSession' });
    const { session, socket } = carried;
    this.#carried.delete(id);
    if (this.#carried.size === 0) this.#ticker.stop();
    this.#ports.release(socket);
    session.close();
    const stats = session.stats();
    this.#closedPacketsSent += stats.packetsSent;
    this.#closedPacketsReceived += stats.packetsReceived;
    await session.stopRecording();
    return stats;
  }

  async #shutDown(): Promise<null> {
    this.#ticker.stop();
    await Promise.all([...this.#carried.keys()].map((session) => this.#close(session)));
    return null;
  }

  async #startRecording(id: number, path: string): Promise<null> {
    const started = await this.#find(id)
      .startRecording(path)
      .catch((error: unknown) => {
        const { code, message } = diskFailure(error);
        throw new Refused({ error: 'recordingFailed', path, code, detail: message });
      });
    if (started) return null;
    const detail = 'the session is already being recorded';
    throw new Refused({ error: 'recordingFailed', path, code: 'ALREADY_RECORDING', detail });
  }

  async #stopRecording(id: number): Promise<RecordingSummary> {
    const end = await this.#find(id).stopRecording();
    if (end?.kind === 'written') return end.summary;
    const path = end?.path ?? '';
    const code = end?.failure.code ?? 'NOT_RECORDING';
    const detail = end?.failure.message ?? 'the session is not being recorded';
    throw new Refused({ error: 'recordingFailed', path, code, detail });
  }

  #find(id: number): RtpSession {
    const carried = this.#carried.get(id);
    if (!carried) throw new Refused({ error: 'noSession' });
    return carried.session;
  }

  #tick(tick: number): void {
    for (const carried of this.#carried.values()) {
      try {
        carried.session.tick(tick);
      } catch (error) {
        this.#bug(carried, error);
      }
    }
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

  #stats(): Exchanges['workerStats']['answer'] {
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
      latenessMs: this.#ticker.lateness(),
    };
  }
}

function obeyInSession(session: RtpSession, order: Extract<Order, { session: number }>): void {
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
  }
}
