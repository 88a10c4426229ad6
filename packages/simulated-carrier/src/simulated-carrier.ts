// Opens the carrier: a SIP user agent on loopback where every number is a phone, each call performed by its scenario.
import { randomBytes } from 'node:crypto';
import { type MediaEngine, type MediaFault, openMediaEngine } from '@ringback/media';
import {
  type Clock,
  type IncomingInvite,
  openUserAgent,
  type SipEndpoint,
  type SipFault,
  type SipTraceEntry,
  systemClock,
  type TlsCertificate,
  type UserAgent,
} from '@ringback/sip';
import { loadClips } from './clips.ts';
import { numberOf } from './dialled-number.ts';
import { DigestGate } from './digest-gate.ts';
import { InviteLog } from './invite-log.ts';
import { makeFolder } from './make-folder.ts';
import { Phone, type PhoneSurroundings } from './phone.ts';
import type { PhoneCall, PhoneEvent, PhoneEventDetail } from './phone-event.ts';
import { listensForPrompts } from './phone-scenario.ts';
import { runPhone } from './run-phone.ts';
import { readScenarioFile, readScenarios, type ScenarioBook, scenarioFor } from './scenario-book.ts';

export interface SimulatedCarrierOptions {
  /** A loopback address, 127.0.0.0/8. Default 127.0.0.1. */
  host?: string;
  /** 0 = any free port. */
  sipPort: number;
  /** Listens with TLS beside UDP, on any free port; see `tlsEndpoint`. */
  tls?: TlsCertificate;
  /** RTP ports of the carrier's own media engine. Default 10000–19999. */
  rtpPorts?: { first: number; last: number };
  /** An engine to share; it is not closed with the carrier, and `rtpPorts` is not used. */
  media?: MediaEngine;
  /** A file that gets a JSON line for each INVITE before its first response, and for how each call went on. */
  inviteLogFile?: string;
  /** A folder that gets a stereo WAV of each call with media, named by `recordingFileName`: left is what the phone heard. */
  phoneRecordingsDirectory?: string;
  /** JSON; see the package's README. Its numbers go before the magic ones. */
  scenarioFile?: string;
  /** The same as a value; goes before the file. */
  scenarios?: unknown;
  clock?: Clock;
  onPhoneEvent?: (event: PhoneEvent) => void;
  onSipTrace?: (entry: SipTraceEntry) => void;
  /** What goes wrong where nobody awaits. Default: a process warning. */
  onFault?: (fault: CarrierFault) => void;
}

export type CarrierFault =
  | { readonly kind: 'sip'; readonly fault: SipFault }
  | { readonly kind: 'media'; readonly fault: MediaFault }
  | { readonly kind: 'phone'; readonly callId: string; readonly error: unknown };

/** Counts since the carrier was opened; `active` is now. */
export interface CallCounters {
  readonly invites: number;
  readonly challenged: number;
  readonly answered: number;
  readonly rejected: number;
  readonly cancelled: number;
  readonly ignored: number;
  readonly failed: number;
  readonly ended: number;
  readonly active: number;
}

export interface SimulatedCarrier {
  /** Where INVITEs go. */
  readonly endpoint: SipEndpoint;
  /** Where they go with TLS; undefined where there is no certificate. */
  readonly tlsEndpoint: SipEndpoint | undefined;
  readonly calls: CallCounters;
  /** Hangs up every call, finishes the recordings and frees the ports; idempotent. */
  close(): Promise<void>;
}

const DEFAULT_RTP_PORTS = { first: 10_000, last: 19_999 };

/**
 * @throws {RangeError} for a host beyond loopback: a phone that answers anybody would send RTP to whom anybody names
 * @throws {ScenarioUnusable} with every mistake in the scenarios
 * @throws {SipPortUnavailable} · the system's error when the log or the folder cannot be made
 */
export async function openSimulatedCarrier(options: SimulatedCarrierOptions): Promise<SimulatedCarrier> {
  const { host = '127.0.0.1' } = options;
  if (!/^127(\.\d{1,3}){3}$/.test(host)) {
    throw new RangeError(`the simulated carrier listens on loopback only (127.0.0.1), not on ${host}`);
  }
  const books: ScenarioBook[] = [];
  if (options.scenarios !== undefined) books.push(readScenarios(options.scenarios));
  if (options.scenarioFile !== undefined) books.push(readScenarioFile(options.scenarioFile));
  const exchange = new Exchange(options, host, books);
  await exchange.open();
  return exchange;
}

class Exchange implements SimulatedCarrier {
  readonly #options: SimulatedCarrierOptions;
  readonly #host: string;
  readonly #books: readonly ScenarioBook[];
  readonly #clock: Clock;
  readonly #phones = new Map<Phone, Promise<void>>();
  readonly #counts = new Map<PhoneEvent['kind'], number>();
  #log: InviteLog | undefined;
  #surroundings: PhoneSurroundings | undefined;
  #userAgent: UserAgent | undefined;
  /** Undefined when the engine is somebody else's. */
  #ownMedia: MediaEngine | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: SimulatedCarrierOptions, host: string, books: readonly ScenarioBook[]) {
    this.#options = options;
    this.#host = host;
    this.#books = books;
    this.#clock = options.clock ?? systemClock;
  }

  async open(): Promise<void> {
    try {
      await this.#openParts();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  get endpoint(): SimulatedCarrier['endpoint'] {
    if (this.#userAgent === undefined) throw new Error('the carrier is not open');
    return this.#userAgent.endpoint;
  }

  get tlsEndpoint(): SimulatedCarrier['tlsEndpoint'] {
    return this.#userAgent?.endpoints.find(({ transport }) => transport === 'tls');
  }

  get calls(): CallCounters {
    const count = (kind: PhoneEvent['kind']) => this.#counts.get(kind) ?? 0;
    return {
      invites: count('invite'),
      challenged: count('challenged'),
      answered: count('answered'),
      rejected: count('rejected'),
      cancelled: count('cancel'),
      ignored: count('ignored'),
      failed: count('failed'),
      ended: count('ended'),
      active: this.#phones.size,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #openParts(): Promise<void> {
    const { inviteLogFile, phoneRecordingsDirectory, rtpPorts = DEFAULT_RTP_PORTS } = this.#options;
    if (inviteLogFile !== undefined) this.#log = new InviteLog(inviteLogFile);
    if (phoneRecordingsDirectory !== undefined) makeFolder(phoneRecordingsDirectory);
    if (this.#options.media === undefined) {
      this.#ownMedia = await openMediaEngine({
        host: this.#host,
        ports: rtpPorts,
        workers: 1,
        onFault: (fault) => this.#report({ kind: 'media', fault }),
      });
    }
    const media = this.#options.media ?? this.#ownMedia;
    if (media === undefined) throw new Error('a carrier has a media engine');
    await loadClips(media);
    this.#surroundings = {
      media,
      clock: this.#clock,
      gate: new DigestGate(randomBytes(32), () => this.#clock.now()),
      recordingsDirectory: phoneRecordingsDirectory,
      reportFault: (error, { callId }) => this.#report({ kind: 'phone', callId, error }),
    };
    const { onSipTrace, tls } = this.#options;
    this.#userAgent = await openUserAgent({
      host: this.#host,
      port: this.#options.sipPort,
      ...(tls === undefined
        ? {}
        : { alsoListen: [{ host: this.#host, port: 0, transport: 'tls', tls: { certificate: tls } }] }),
      clock: this.#clock,
      userAgentName: 'Ringback simulated carrier',
      onInvite: (invite) => this.#ring(invite),
      onFault: (fault) => this.#report({ kind: 'sip', fault }),
      ...(onSipTrace === undefined ? {} : { onTrace: onSipTrace }),
    });
  }

  /** Finds the phone and starts its story. The INVITE is in the log before this returns, and so before any response. */
  #ring(invite: IncomingInvite): void {
    const surroundings = this.#surroundings;
    if (surroundings === undefined || this.#closing !== undefined) {
      invite.reject(503);
      return;
    }
    const { headers, requestUri } = invite.request;
    const call: PhoneCall = {
      callId: headers.callId,
      from: numberOf(headers.from.uri),
      to: numberOf(requestUri),
    };
    const { source } = invite;
    this.#note(call, {
      kind: 'invite',
      source: `${source.host}:${source.port}`,
      cseq: headers.cseq.sequence,
    });
    const scenario = scenarioFor(call.to, this.#books);
    const phone = new Phone({
      call,
      invite,
      surroundings,
      listensForPrompts: listensForPrompts(scenario),
      note: (detail) => this.#note(call, detail),
    });
    // The first step has begun by now, but the story never ends before this function does.
    const story = runPhone(phone, scenario).finally(() => this.#phones.delete(phone));
    this.#phones.set(phone, story);
  }

  #note(call: PhoneCall, detail: PhoneEventDetail): void {
    const event: PhoneEvent = { atMs: this.#clock.now(), ...call, ...detail };
    this.#counts.set(event.kind, (this.#counts.get(event.kind) ?? 0) + 1);
    try {
      this.#log?.write(event);
    } catch (error) {
      // Without its line in the log an INVITE must not be answered as if nothing had happened; later lines may be missed.
      if (event.kind === 'invite') throw error;
      this.#report({ kind: 'phone', callId: call.callId, error });
    }
    try {
      this.#options.onPhoneEvent?.(event);
    } catch (error) {
      // The listener's bug must not end the call it was told about.
      this.#report({ kind: 'phone', callId: call.callId, error });
    }
  }

  #report(fault: CarrierFault): void {
    const { onFault } = this.#options;
    if (onFault !== undefined) onFault(fault);
    else process.emitWarning(describeFault(fault), { type: 'CarrierFault', code: fault.kind });
  }

  async #close(): Promise<void> {
    const stories = [...this.#phones.values()];
    for (const phone of this.#phones.keys()) phone.shutDown();
    await Promise.all(stories);
    await this.#userAgent?.close();
    await this.#ownMedia?.close();
    this.#log?.close();
  }
}

/** One line for people. */
export function describeFault(fault: CarrierFault): string {
  switch (fault.kind) {
    case 'phone':
      return `call ${fault.callId}: ${messageOf(fault.error)}`;
    case 'media':
      return `media: ${fault.fault.message}`;
    case 'sip':
      return `SIP: ${describeSipFault(fault.fault)}`;
  }
}

function describeSipFault(fault: SipFault): string {
  switch (fault.kind) {
    case 'malformedDatagram':
      return `${fault.count} malformed datagrams, the last from ${fault.source.host}:${fault.source.port}: ${fault.problem}`;
    case 'callbackFailed':
      return `${fault.callback} failed: ${messageOf(fault.error)}`;
    case 'sendFailed':
      return `could not send to ${fault.to.host}:${fault.to.port}: ${fault.error.message}`;
    case 'refreshFailed':
      return `call ${fault.callId}: its session could not be refreshed: ${messageOf(fault.error)}`;
    case 'unsigned':
      return `call ${fault.callId} went out unsigned: ${messageOf(fault.error)}`;
    case 'socketError':
      return fault.error.message;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
