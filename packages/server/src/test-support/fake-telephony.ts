/** A user agent and a media engine that do nothing by themselves: tests answer, ring, press keys and hang up. */
import {
  type AmdEvent,
  type Digit,
  type MediaEngine,
  type MediaEvent,
  type MediaSession,
  type MediaSessionOptions,
  type NetworkTone,
  NO_STATS,
  type PlayOptions,
  type PlayOutcome,
  type RtpStats,
  type SendDigitsOptions,
} from '@ringback/media';
import {
  type DialogEnd,
  InviteCancelled,
  type InviteDialog,
  InviteRejected,
  newCounters,
  type OutgoingInvite,
  type OutgoingInviteRequest,
  type ProbeOutcome,
  type ProbeRequest,
  type Registration,
  type RegistrationRequest,
  reasonPhrase,
  type SipBody,
  SipHeaders,
  type SipResponse,
  type TransferOutcome,
  type UserAgent,
} from '@ringback/sip';
import type { VirtualClock } from '@ringback/testkit';

/** What happened, in order, for assertions across fakes. */
export type Journal = string[];

export function sipResponse(
  status: number,
  headers: readonly (readonly [string, string])[] = [],
): SipResponse {
  return {
    kind: 'response',
    status,
    reason: reasonPhrase(status),
    headers: SipHeaders.of(headers),
    body: '',
  };
}

/** One INVITE that left; a test plays its far end. */
export class FakeCall implements OutgoingInvite {
  readonly request: OutgoingInviteRequest;
  readonly answered: Promise<InviteDialog>;
  readonly dialog: FakeDialog;
  isCancelled = false;
  /** A phone that answers although it was cancelled gives no end of its own here; see `answer` and `reject`. */
  endsWhenCancelled = true;
  readonly #settle: PromiseWithResolvers<InviteDialog> = Promise.withResolvers();
  readonly #journal: Journal;

  constructor(request: OutgoingInviteRequest, journal: Journal) {
    this.request = request;
    this.answered = this.#settle.promise;
    this.answered.catch(() => undefined);
    this.dialog = new FakeDialog(request.callId, journal);
    this.#journal = journal;
  }

  get callId(): string {
    return this.request.callId;
  }

  provisional(status: number): void {
    this.request.onProvisional?.(sipResponse(status), undefined);
  }

  /** 183 with SDP. */
  earlyMedia(): void {
    this.provisional(183);
    this.request.onEarlyMedia?.({
      status: 183,
      body: { contentType: 'application/sdp', content: 'early' },
      remoteTag: 'theirs',
      isReliable: false,
    });
  }

  answer(sdp: string | undefined = 'answer'): FakeDialog {
    this.dialog.remoteBody =
      sdp === undefined || sdp === '' ? undefined : { contentType: 'application/sdp', content: sdp };
    this.#settle.resolve(this.dialog);
    return this.dialog;
  }

  reject(status: number, headers?: readonly (readonly [string, string])[]): void {
    this.fail(new InviteRejected(sipResponse(status, headers)));
  }

  fail(error: Error): void {
    this.#settle.reject(error);
  }

  cancel(): void {
    this.isCancelled = true;
    this.#journal.push(`CANCEL ${this.callId}`);
    if (this.endsWhenCancelled) this.fail(new InviteCancelled());
  }
}

export class FakeDialog implements InviteDialog {
  readonly callId: string;
  readonly localTag = 'ours';
  readonly remoteTag = 'theirs';
  remoteBody: InviteDialog['remoteBody'];
  readonly ended: Promise<DialogEnd>;
  readonly #end: PromiseWithResolvers<DialogEnd> = Promise.withResolvers();
  readonly #journal: Journal;
  #isOver = false;

  constructor(callId: string, journal: Journal) {
    this.callId = callId;
    this.ended = this.#end.promise;
    this.#journal = journal;
  }

  end(end: DialogEnd): void {
    this.#isOver = true;
    this.#end.resolve(end);
  }

  async bye(options: { reason?: string } = {}): Promise<void> {
    if (this.#isOver) return;
    this.#journal.push(`BYE ${this.callId}${options.reason ? ` (${options.reason})` : ''}`);
    this.end({ by: 'local' });
  }

  /** Status that INFO requests are answered with. */
  infoStatus = 200;

  async sendInfo(body: SipBody): Promise<SipResponse> {
    this.#journal.push(`INFO ${body.content.replaceAll('\r\n', ' ').trim()}`);
    return sipResponse(this.infoStatus);
  }

  reinvite(): Promise<SipBody | undefined> {
    return Promise.reject(new Error('not in these tests'));
  }

  update(): Promise<SipBody | undefined> {
    return Promise.reject(new Error('not in these tests'));
  }

  refer(): Promise<TransferOutcome> {
    return Promise.reject(new Error('not in these tests'));
  }
}

export class FakeUserAgent implements UserAgent {
  readonly endpoint = { host: '127.0.0.1', port: 5060, transport: 'udp' } as const;
  readonly endpoints = [this.endpoint];
  readonly counters = newCounters();
  readonly activity = {
    clientTransactions: 0,
    serverTransactions: 0,
    dialogs: 0,
    pendingCalls: 0,
    lateAnswers: 0,
  };
  readonly calls: FakeCall[] = [];
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  invite(request: OutgoingInviteRequest): FakeCall {
    this.#journal.push(`INVITE ${request.callId} to ${request.target.host}:${request.target.port}`);
    const call = new FakeCall(request, this.#journal);
    this.calls.push(call);
    return call;
  }

  /** The latest call. */
  get call(): FakeCall {
    const call = this.calls.at(-1);
    if (!call) throw new Error('No INVITE has left.');
    return call;
  }

  /** Who answers OPTIONS, by host. */
  readonly answersProbes = new Set<string>();
  /** Whether the removal of a registration is answered. */
  registrarAnswers = true;
  /** Registrations asked for, in order. */
  readonly registrations: RegistrationRequest[] = [];

  async probe({ target, timeoutMs = 0 }: ProbeRequest): Promise<ProbeOutcome> {
    if (!this.answersProbes.has(target.host)) return { kind: 'silent', waitedMs: timeoutMs };
    return { kind: 'answered', response: sipResponse(200), roundTripMs: 1 };
  }

  register(request: RegistrationRequest): Registration {
    this.registrations.push(request);
    return {
      status: { kind: 'registering' },
      close: () => {
        this.#journal.push(`unregister ${request.addressOfRecord}`);
        return this.registrarAnswers ? Promise.resolve() : new Promise(() => undefined);
      },
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const stats: RtpStats = {
  ...NO_STATS,
  packetsSent: 100,
  octetsSent: 16_000,
  packetsReceived: 90,
  octetsReceived: 14_400,
  lost: 10,
  jitterMs: 1.23456,
};

/** A session whose prompts last `promptMs` of virtual time. */
export class FakeMediaSession implements MediaSession {
  readonly id = 1;
  readonly localHost = '127.0.0.1';
  readonly localPort = 20_000;
  promptMs = 1000;
  readonly played: string[] = [];
  refusesAnswer: Error | undefined;
  /** What was taken as answer to our offers. */
  readonly answers: string[] = [];
  recordingFault: Error | undefined;
  isClosed = false;
  /** What the session tells while it closes. */
  onClose: () => void = () => undefined;
  readonly #clock: VirtualClock;
  readonly #journal: Journal;
  readonly #onEvent: (event: MediaEvent) => void;
  #stopPlaying: ((outcome: PlayOutcome) => void) | undefined;
  #stopsOnDigit = false;

  constructor(clock: VirtualClock, journal: Journal, onEvent: (event: MediaEvent) => void) {
    this.#clock = clock;
    this.#journal = journal;
    this.#onEvent = onEvent;
  }

  pressed(digit: Digit): void {
    this.press(digit);
  }

  press(digit: Digit): void {
    this.#onEvent({ kind: 'digit', digit, atMs: this.#clock.now() });
    if (this.#stopsOnDigit) this.#stopPlaying?.({ kind: 'stopped', by: 'digit' });
  }

  lose(): void {
    this.#onEvent({ kind: 'mediaLost' });
  }

  /** As when the worker that carries the session dies. */
  break(message: string): void {
    this.#onEvent({ kind: 'fault', message });
    this.#stopPlaying?.({ kind: 'stopped', by: 'close' });
  }

  createOffer(): string {
    return 'offer';
  }

  async acceptAnswer(sdp: string): Promise<void> {
    if (this.refusesAnswer) throw this.refusesAnswer;
    this.answers.push(sdp);
  }

  async answerOffer(sdp: string): Promise<string> {
    if (this.refusesAnswer) throw this.refusesAnswer;
    return `answer to ${sdp}`;
  }

  play(source: Parameters<MediaSession['play']>[0], options: PlayOptions = {}): Promise<PlayOutcome> {
    this.played.push(JSON.stringify(source));
    this.#stopsOnDigit = options.stopOnDigit === true;
    return new Promise((resolve) => {
      const stop = (outcome: PlayOutcome): void => {
        this.#clock.clearTimeout(timer);
        this.#stopPlaying = undefined;
        resolve(outcome);
      };
      const timer = this.#clock.setTimeout(() => stop({ kind: 'finished' }), this.promptMs);
      this.#stopPlaying = stop;
      options.signal?.addEventListener('abort', () => stop({ kind: 'stopped', by: 'signal' }), {
        once: true,
      });
    });
  }

  async sendDigits(digits: string, { method, commaMs }: SendDigitsOptions = {}): Promise<void> {
    this.#journal.push(`digits ${digits} as ${method ?? 'agreed'}, commas of ${commaMs} ms`);
  }

  async bridge(): Promise<void> {}
  async unbridge(): Promise<void> {}
  hold(): void {}
  resume(): void {}
  mute(): void {}
  unmute(): void {}

  startAmd(): void {
    this.#journal.push('detection starts');
  }

  /** Tells what answering machine detection found. */
  detect(event: AmdEvent): void {
    this.#onEvent({ kind: 'amd', event });
  }

  stopAmd(): void {
    this.#journal.push('detection stops');
  }

  startTones(): void {
    this.#journal.push('listens for tones');
  }

  /** Tells of a tone that the network played. */
  hearTone(tone: NetworkTone): void {
    this.#onEvent({ kind: 'networkTone', tone });
  }

  stopTones(): void {
    this.#journal.push('listens for tones no more');
  }

  async pauseRecording(): Promise<void> {}
  async resumeRecording(): Promise<void> {}

  async startRecording(): Promise<void> {
    this.#journal.push('recording starts');
  }

  async stopRecording(): ReturnType<MediaSession['stopRecording']> {
    this.#journal.push('recording stops');
    if (this.recordingFault) throw this.recordingFault;
    return { path: '', durationMs: 0, bytes: 0, pauses: [] };
  }

  async stats(): Promise<RtpStats> {
    return stats;
  }

  async close(): Promise<RtpStats> {
    if (!this.isClosed) {
      this.#journal.push('media closes');
      this.onClose();
    }
    this.isClosed = true;
    return stats;
  }
}

export class FakeMediaEngine implements MediaEngine {
  readonly sessions: FakeMediaSession[] = [];
  /** What each session was asked for. */
  readonly asked: MediaSessionOptions[] = [];
  fault: Error | undefined;
  hasIPv6 = false;
  readonly #clock: VirtualClock;
  readonly #journal: Journal;

  constructor(clock: VirtualClock, journal: Journal) {
    this.#clock = clock;
    this.#journal = journal;
  }

  /** The latest session. */
  get session(): FakeMediaSession {
    const session = this.sessions.at(-1);
    if (!session) throw new Error('No media session was opened.');
    return session;
  }

  async openSession(options: Parameters<MediaEngine['openSession']>[0] = {}): Promise<FakeMediaSession> {
    if (this.fault) throw this.fault;
    const session = new FakeMediaSession(this.#clock, this.#journal, options.onEvent ?? (() => undefined));
    this.asked.push(options);
    this.sessions.push(session);
    return session;
  }

  openWebRtcSession(): ReturnType<MediaEngine['openWebRtcSession']> {
    return Promise.reject(new Error('not in these tests'));
  }

  loadPrompt(): void {}
  hasPrompt(): boolean {
    return true;
  }
  unloadPrompt(): void {}
  stats(): ReturnType<MediaEngine['stats']> {
    return Promise.reject(new Error('not in these tests'));
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
