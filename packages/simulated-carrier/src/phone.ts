// One phone during one call: what it can do with the INVITE, the dialog and the media, and the one way its call ends.
// `run-phone.ts` decides what it does.
import { join } from 'node:path';
import {
  type Digit,
  DTMF_RELAY,
  type MediaEngine,
  type MediaEvent,
  type MediaSession,
  type PlaySource,
  type RtpStats,
  SdpUnusable,
  writeDtmfRelay,
} from '@ringback/media';
import {
  bodyOf,
  type Clock,
  type DialogEnd,
  type IncomingInvite,
  type InDialogReply,
  type InviteDialog,
  InviteNotPending,
  type SipBody,
  type SipRequest,
} from '@ringback/sip';
import { abortable, sleep, untilAborted } from './abortable.ts';
import { type ClipName, promptOf } from './clips.ts';
import type { DigestGate } from './digest-gate.ts';
import type { CallEnding, CallParty, PhoneCall, PhoneEventDetail } from './phone-event.ts';
import type { KeyWay, Tone } from './phone-scenario.ts';
import { recordingFileName } from './recording-file-name.ts';

/** What all phones of a carrier share. */
export interface PhoneSurroundings {
  readonly media: MediaEngine;
  readonly clock: Clock;
  readonly gate: DigestGate;
  /** Folder for a recording of each call; it exists. */
  readonly recordingsDirectory: string | undefined;
  /** Something broke that does not end the call. */
  reportFault(error: unknown, call: PhoneCall): void;
}

export interface PhoneSetup {
  readonly call: PhoneCall;
  readonly invite: IncomingInvite;
  readonly surroundings: PhoneSurroundings;
  readonly listensForPrompts: boolean;
  readonly note: (detail: PhoneEventDetail) => void;
}

/** A media line with SRTP (RFC 3711). */
const OFFERS_SRTP = /^m=audio \d+ RTP\/SAVP /m;

/** Length of a key and of the gap after it, and of the pause that a comma stands for, ms. */
const KEY_MS = 100;
const COMMA_MS = 2_000;

/** Silence that ends a prompt, ms. */
const PROMPT_END_SILENCE_MS = 1_000;

/** A caller unheard for so long is gone, as when its process was killed, ms. */
const MEDIA_TIMEOUT_MS = 60_000;

/** Nobody rings longer: a caller killed meanwhile never cancels. Above the proxies' timer C (RFC 3261 §16.6), ms. */
const LONGEST_RING_MS = 300_000;

/** Why everything the phone was doing stopped. */
class CallOver extends Error {
  override readonly name = 'CallOver';
  readonly by: CallParty;
  readonly how: CallEnding;
  constructor(by: CallParty, how: CallEnding) {
    super(`the call is over: ${how} by ${by}`);
    this.by = by;
    this.how = how;
  }
}

export class Phone {
  readonly #setup: PhoneSetup;
  readonly #call = new AbortController();
  #end: CallOver | undefined;
  #dialog: InviteDialog | undefined;
  #session: MediaSession | undefined;
  /** Our SDP answer: the same one in 183 and 200. */
  #sdpAnswer: SipBody | undefined;
  #recording: string | undefined;
  #answeredAtMs = 0;
  /** Prompts that ended and that no step has waited for yet. */
  #promptsEnded = 0;
  #promptEnded: (() => void) | undefined;

  constructor(setup: PhoneSetup) {
    this.#setup = setup;
    const { cancelled } = setup.invite;
    cancelled.addEventListener('abort', () => this.#callerGone(cancelled.reason), { once: true });
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** @throws {Error} that says how the call ended */
  throwIfOver(): void {
    this.#call.signal.throwIfAborted();
  }

  async challenge(): Promise<void> {
    const { invite, surroundings, note } = this.#setup;
    const verdict = surroundings.gate.judge(invite.request);
    if (verdict.kind === 'refused') return this.reject(403);
    if (verdict.kind === 'admitted') return;
    invite.reject(407, undefined, {
      headers: verdict.challenges.map((challenge) => ['Proxy-Authenticate', challenge]),
    });
    note({ kind: 'challenged' });
    this.#finish('phone', 'challenged');
  }

  async ignore(): Promise<void> {
    this.#setup.invite.ignore();
    this.#setup.note({ kind: 'ignored' });
    this.#finish('phone', 'ignored');
  }

  async ring(forMs: number | 'forever'): Promise<void> {
    this.#setup.invite.provisional(180);
    this.#setup.note({ kind: 'ringing' });
    if (forMs === 'forever') await this.waitForCaller();
    else if (forMs > 0) await this.pause(forMs);
  }

  async progress(status: number, reason?: string): Promise<void> {
    this.#setup.invite.provisional(status, reason);
  }

  async sendEarlyMedia(): Promise<void> {
    const body = await this.#openMedia();
    this.#setup.invite.provisional(183, undefined, { body });
    this.#setup.note({ kind: 'earlyMedia' });
  }

  async answer(): Promise<void> {
    const body = this.#sdpAnswer ?? (await this.#openMedia());
    const dialog = await this.#setup.invite.answer({ body, onRequest: (request) => this.#reoffer(request) });
    this.#dialog = dialog;
    this.#answeredAtMs = this.#setup.surroundings.clock.now();
    this.#setup.note({ kind: 'answered' });
    void dialog.ended.then((end) => this.#dialogEnded(end));
    // The carrier may have been closed while the answer was under way.
    this.#call.signal.throwIfAborted();
  }

  async reject(status: number, reason?: string): Promise<void> {
    this.#setup.invite.reject(status, reason);
    this.#setup.note({ kind: 'rejected', status });
    this.#finish('phone', 'rejected');
  }

  async say(clip: ClipName, repeat: 'once' | 'forever' = 'once'): Promise<void> {
    await this.#play(clip, [{ prompt: promptOf(clip) }], repeat);
  }

  async play(tones: readonly Tone[]): Promise<void> {
    const sources = tones.map(({ frequenciesHz, levelDbm0, forMs }) => {
      const tone = levelDbm0 === undefined ? { frequenciesHz } : { frequenciesHz, levelDbm0 };
      return { tone, durationMs: forMs };
    });
    await this.#play('tones', sources, 'once');
  }

  async awaitPromptEnd(): Promise<void> {
    if (this.#promptsEnded === 0) {
      await abortable(this.#call.signal, (resolve) => {
        this.#promptEnded = resolve;
        return undefined;
      });
      this.#promptEnded = undefined;
    }
    this.#promptsEnded--;
  }

  async press(digits: string, by: KeyWay = 'rfc4733'): Promise<void> {
    this.#setup.note({ kind: 'pressed', digits });
    const { signal } = this.#call;
    if (by === 'info') await this.#pressByInfo(digits);
    else await this.#media.sendDigits(digits, { signal, ...(by === 'inband' ? { method: 'tones' } : {}) });
  }

  async #pressByInfo(digits: string): Promise<void> {
    if (this.#dialog === undefined) throw new Error('the scenario presses keys by INFO before the answer');
    for (const digit of digits) {
      if (digit === ',') {
        await this.pause(COMMA_MS);
        continue;
      }
      const content = writeDtmfRelay(digit.toUpperCase() as Digit, KEY_MS);
      await this.#dialog.sendInfo({ contentType: DTMF_RELAY, content });
      await this.pause(2 * KEY_MS);
    }
  }

  async hangUp(afterAnswerMs = 0): Promise<void> {
    const dueMs = this.#answeredAtMs + afterAnswerMs;
    const waitMs = dueMs - this.#setup.surroundings.clock.now();
    if (waitMs > 0) await this.pause(waitMs);
    this.#hangUp('phone', 'bye');
  }

  pause(forMs: number): Promise<void> {
    return sleep(this.#setup.surroundings.clock, forMs, this.#call.signal);
  }

  /** Goes on ringing or listening until the caller ends the call, which this throws. Ringing ends by itself, with 480. */
  async waitForCaller(): Promise<never> {
    if (this.#dialog === undefined && !this.isOver) {
      await this.pause(LONGEST_RING_MS);
      await this.reject(480);
    }
    return untilAborted(this.#call.signal);
  }

  /** Ends the call because the carrier closes. */
  shutDown(): void {
    this.#giveUp('phone', 'closed', 503);
  }

  /** Ends the call because the phone broke. */
  fail(error: unknown): void {
    this.#setup.note({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    this.#giveUp('fault', 'failed', 500);
    this.#setup.surroundings.reportFault(error, this.#setup.call);
  }

  /** Closes the media and reports the end; called once, by the story. */
  async close(): Promise<void> {
    const stats = await this.#closeMedia();
    const { by = 'fault', how = 'failed' } = this.#end ?? {};
    this.#setup.note({
      kind: 'ended',
      by,
      how,
      ...(this.#recording === undefined ? {} : { recording: this.#recording }),
      ...(stats === undefined
        ? {}
        : { packetsSent: stats.packetsSent, packetsReceived: stats.packetsReceived }),
    });
  }

  get #media(): MediaSession {
    if (this.#session === undefined) throw new Error('the scenario makes sound before earlyMedia or answer');
    return this.#session;
  }

  async #play(
    what: ClipName | 'tones',
    sources: readonly PlaySource[],
    repeat: 'once' | 'forever',
  ): Promise<void> {
    const { signal } = this.#call;
    this.#setup.note({ kind: 'saying', what });
    await this.#media.play(sources, { signal, repeat });
    signal.throwIfAborted();
    this.#setup.note({ kind: 'said', what });
  }

  /** Opens a session for the caller's offer and begins to send; resolves with the SDP answer. */
  async #openMedia(): Promise<SipBody> {
    const { invite, surroundings, listensForPrompts, call } = this.#setup;
    const offer = sdpOf(invite.request);
    // A call without offer would need one from us in the 200; no caller we simulate phones for does that.
    if (offer === undefined) return this.#refuseOffer();
    const session = await surroundings.media.openSession({
      ...(listensForPrompts ? { speechDetection: { silenceMs: PROMPT_END_SILENCE_MS } } : {}),
      mediaTimeoutMs: MEDIA_TIMEOUT_MS,
      // A phone speaks SRTP with whoever offers it.
      ...(OFFERS_SRTP.test(offer) ? { encryption: 'sdes' as const } : {}),
      onEvent: (event) => this.#hear(event),
    });
    this.#session = session;
    this.#call.signal.throwIfAborted();
    if (surroundings.recordingsDirectory !== undefined) {
      const path = join(surroundings.recordingsDirectory, recordingFileName(call.callId));
      await session.startRecording(path);
      this.#recording = path;
    }
    try {
      const content = await session.answerOffer(offer);
      this.#call.signal.throwIfAborted();
      this.#sdpAnswer = { contentType: SDP, content };
      return this.#sdpAnswer;
    } catch (error) {
      if (error instanceof SdpUnusable) return this.#refuseOffer();
      throw error;
    }
  }

  async #refuseOffer(): Promise<never> {
    await this.reject(488);
    throw this.#end ?? new Error('a refused call is over');
  }

  /** A re-INVITE with an offer: hold, or media moved elsewhere. Everything else has a default in the user agent. */
  async #reoffer(request: SipRequest): Promise<InDialogReply | undefined> {
    const offer = request.method === 'INVITE' ? sdpOf(request) : undefined;
    if (offer === undefined) return undefined;
    try {
      const content = await this.#media.answerOffer(offer);
      return { status: 200, body: { contentType: SDP, content } };
    } catch (error) {
      if (error instanceof SdpUnusable) return { status: 488 };
      throw error;
    }
  }

  #hear(event: MediaEvent): void {
    const { note } = this.#setup;
    switch (event.kind) {
      case 'speechStarted':
        note({ kind: 'promptStarted', mediaTimeMs: event.mediaTimeMs });
        return;
      case 'speechEnded':
        note({ kind: 'promptEnded', mediaTimeMs: event.mediaTimeMs });
        this.#promptsEnded++;
        this.#promptEnded?.();
        return;
      case 'digit':
        note({ kind: 'heardDigit', digit: event.digit });
        return;
      case 'mediaLost':
        if (this.#dialog !== undefined) this.#hangUp('fault', 'mediaLost');
        return;
      case 'fault':
        if (!this.isOver) this.fail(new Error(event.message));
        return;
      case 'recordingFailed':
        this.#setup.surroundings.reportFault(
          new Error(`recording ${event.path} failed: ${event.message} (${event.code})`),
          this.#setup.call,
        );
        return;
      case 'mediaStarted':
        return;
    }
  }

  #callerGone(reason: unknown): void {
    const because = reason instanceof InviteNotPending ? reason.because : 'transportError';
    if (because === 'cancelled') {
      if (!this.isOver) this.#setup.note({ kind: 'cancel' });
      this.#finish('caller', 'cancel');
    } else {
      this.#finish('fault', because === 'closed' ? 'closed' : 'failed');
    }
  }

  #dialogEnded(end: DialogEnd): void {
    if (this.isOver) return;
    const by = end.by === 'remote' ? 'caller' : 'fault';
    this.#setup.note({ kind: 'bye', by, ...(end.reason === undefined ? {} : { reason: end.reason }) });
    this.#finish(by, end.by === 'remote' ? 'bye' : 'failed');
  }

  #hangUp(by: CallParty, how: CallEnding): void {
    if (this.isOver || this.#dialog === undefined) return;
    this.#setup.note({ kind: 'bye', by });
    this.#finish(by, how);
    // Not awaited: to the phone the call is over, and a caller that died leaves the BYE unanswered for half a minute.
    this.#dialog.bye().catch((error: unknown) => {
      this.#setup.surroundings.reportFault(error, this.#setup.call);
    });
  }

  /** BYE or a final response, whichever the call has come to. */
  #giveUp(by: CallParty, how: CallEnding, status: number): void {
    if (this.isOver) return;
    if (this.#dialog !== undefined) {
      this.#hangUp(by, how);
      return;
    }
    this.#finish(by, how);
    this.#setup.invite.reject(status);
  }

  #finish(by: CallParty, how: CallEnding): void {
    if (this.#end !== undefined) return;
    this.#end = new CallOver(by, how);
    this.#call.abort(this.#end);
  }

  async #closeMedia(): Promise<RtpStats | undefined> {
    try {
      return await this.#session?.close();
    } catch (error) {
      this.#setup.surroundings.reportFault(error, this.#setup.call);
      return undefined;
    }
  }
}

const SDP = 'application/sdp';

function sdpOf(request: SipRequest): string | undefined {
  const body = bodyOf(request);
  return body?.contentType.toLowerCase().startsWith(SDP) === true ? body.content : undefined;
}
