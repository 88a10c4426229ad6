// The other end for tests of phones: an exchange with its carrier, and callers that dial, hear, speak and hang up.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type MediaEngine,
  type MediaEvent,
  type MediaSession,
  openMediaEngine,
  readWav,
} from '@ringback/media';
import { type InviteDialog, openUserAgent, type SipResponse, type UserAgent } from '@ringback/sip';
import { openSimulatedCarrier, type PhoneEvent, type SimulatedCarrier } from '../src/index.ts';

/** Far above anything that happens here on a busy machine. */
const PATIENCE_MS = 30_000;

export interface SipLine {
  readonly direction: 'sent' | 'received';
  readonly callId: string;
  readonly startLine: string;
}

export interface DialOptions {
  credentials?: { username: string; password: string };
  /** SDP to offer instead of the session's. */
  offer?: string;
  /** Reports speech in what the caller hears. */
  listens?: boolean;
}

export class Exchange {
  readonly carrier: SimulatedCarrier;
  readonly callers: UserAgent;
  readonly media: MediaEngine;
  /** Holds `invites.jsonl` and `phones/`. */
  readonly folder: string;
  readonly events: PhoneEvent[];
  /** Every SIP message at the carrier: direction, Call-ID, start line. */
  readonly messages: SipLine[];
  #nextCall = 1;
  #watchers = new Set<() => void>();

  private constructor(
    parts: Pick<Exchange, 'carrier' | 'callers' | 'media' | 'folder' | 'events' | 'messages'>,
    watchers: Set<() => void>,
  ) {
    this.carrier = parts.carrier;
    this.callers = parts.callers;
    this.media = parts.media;
    this.folder = parts.folder;
    this.events = parts.events;
    this.messages = parts.messages;
    this.#watchers = watchers;
  }

  /** @param rtpPorts a range for this test file alone */
  static async open(rtpPorts: { first: number; last: number }, scenarios?: unknown): Promise<Exchange> {
    const folder = await mkdtemp(join(tmpdir(), 'simulated-carrier-'));
    const media = await openMediaEngine({ host: '127.0.0.1', ports: rtpPorts });
    const events: PhoneEvent[] = [];
    const messages: SipLine[] = [];
    const watchers = new Set<() => void>();
    const carrier = await openSimulatedCarrier({
      sipPort: 0,
      media,
      inviteLogFile: join(folder, 'invites.jsonl'),
      phoneRecordingsDirectory: join(folder, 'phones'),
      scenarios,
      onPhoneEvent: (event) => {
        events.push(event);
        for (const watch of watchers) watch();
      },
      onSipTrace: (entry) => {
        const { direction, message } = entry;
        const [startLine = ''] = entry.text().split('\r\n', 1);
        messages.push({ direction, callId: message.headers.callId, startLine });
        for (const watch of watchers) watch();
      },
    });
    const callers = await openUserAgent({ host: '127.0.0.1', port: 0 });
    return new Exchange({ carrier, callers, media, folder, events, messages }, watchers);
  }

  async dial(number: string, options: DialOptions = {}): Promise<Caller> {
    const callId = `call-${this.#nextCall++}@test`;
    const heard: MediaEvent[] = [];
    const session = await this.media.openSession({
      ...(options.listens ? { speechDetection: { silenceMs: 500 } } : {}),
      onEvent: (event) => {
        heard.push(event);
        for (const watch of this.#watchers) watch();
      },
    });
    const provisional: SipResponse[] = [];
    const { endpoint } = this.carrier;
    const invite = this.callers.invite({
      target: endpoint,
      requestUri: `sip:${number}@${endpoint.host}:${endpoint.port}`,
      from: { uri: `sip:+12065559000@${endpoint.host}` },
      to: { uri: `sip:${number}@${endpoint.host}` },
      callId,
      body: { contentType: 'application/sdp', content: options.offer ?? session.createOffer() },
      onProvisional: (response) => {
        provisional.push(response);
        for (const watch of this.#watchers) watch();
      },
      ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    });
    return new Caller(this, { callId, session, invite, provisional, heard });
  }

  eventsOf(callId: string): PhoneEvent[] {
    return this.events.filter((event) => event.callId === callId);
  }

  async logOf(callId: string): Promise<Record<string, unknown>[]> {
    const text = await readFile(join(this.folder, 'invites.jsonl'), 'utf8');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    return lines.filter((line) => line.callId === callId);
  }

  /** Resolves with the first value that is not undefined; asked again whenever anything happens. */
  async until<T>(what: string, find: () => T | undefined): Promise<T> {
    const found = find();
    if (found !== undefined) return found;
    return new Promise((resolve, reject) => {
      const watch = () => {
        const now = find();
        if (now === undefined) return;
        this.#watchers.delete(watch);
        clearTimeout(timer);
        resolve(now);
      };
      const timer = setTimeout(() => {
        this.#watchers.delete(watch);
        reject(new Error(`${what} did not happen within ${PATIENCE_MS} ms`));
      }, PATIENCE_MS);
      this.#watchers.add(watch);
    });
  }

  async close(): Promise<void> {
    await this.carrier.close();
    await this.callers.close();
    await this.media.close();
    await rm(this.folder, { recursive: true });
  }
}

type CallerParts = {
  callId: string;
  session: MediaSession;
  invite: ReturnType<UserAgent['invite']>;
  provisional: SipResponse[];
  heard: MediaEvent[];
};

/** One call as its caller sees it. */
export class Caller {
  readonly callId: string;
  readonly session: MediaSession;
  readonly invite: CallerParts['invite'];
  readonly provisional: SipResponse[];
  /** Media events of the caller's side. */
  readonly heard: MediaEvent[];
  readonly #exchange: Exchange;

  constructor(exchange: Exchange, parts: CallerParts) {
    this.#exchange = exchange;
    this.callId = parts.callId;
    this.session = parts.session;
    this.invite = parts.invite;
    this.provisional = parts.provisional;
    this.heard = parts.heard;
  }

  /** Waits for the answer and connects the media. */
  async answered(): Promise<InviteDialog> {
    const dialog = await this.invite.answered;
    await this.session.acceptAnswer(dialog.remoteBody?.content ?? '');
    return dialog;
  }

  /** The final status of a call that is not answered. */
  async finalStatus(): Promise<number> {
    try {
      await this.invite.answered;
    } catch (error) {
      if (error instanceof Error && 'status' in error) return Number(error.status);
      throw error;
    } finally {
      await this.session.close();
    }
    throw new Error('the call was answered');
  }

  provisionalStatus(status: number): Promise<SipResponse> {
    return this.#exchange.until(`${status}`, () => this.provisional.find((each) => each.status === status));
  }

  phoneEvent<K extends PhoneEvent['kind']>(kind: K, count = 1): Promise<PhoneEvent & { kind: K }> {
    return this.#exchange.until(`${kind} at the phone`, () => {
      const found = this.#exchange.eventsOf(this.callId).filter((event) => event.kind === kind);
      return found[count - 1] as (PhoneEvent & { kind: K }) | undefined;
    });
  }

  mediaEvent<K extends MediaEvent['kind']>(kind: K, count = 1): Promise<MediaEvent & { kind: K }> {
    return this.#exchange.until(`${kind} at the caller`, () => {
      const found = this.heard.filter((event) => event.kind === kind);
      return found[count - 1] as (MediaEvent & { kind: K }) | undefined;
    });
  }

  get digits(): string {
    return this.heard.map((event) => (event.kind === 'digit' ? event.digit : '')).join('');
  }

  /** What phone and caller sent, from the phone's finished recording. */
  async recording(): Promise<{ received: Int16Array; sent: Int16Array }> {
    const { recording } = await this.phoneEvent('ended');
    if (recording === undefined) throw new Error('the phone recorded nothing');
    const [received, sent] = readWav(await readFile(recording)).channels;
    if (received === undefined || sent === undefined) throw new Error('the recording is not stereo');
    return { received, sent };
  }

  async hangUp(): Promise<void> {
    await (await this.invite.answered).bye();
    await this.session.close();
  }
}
