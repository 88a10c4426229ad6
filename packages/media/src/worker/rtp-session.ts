/**
 * One session inside a worker: decides, tick by tick, what leaves, and judges every datagram that arrives.
 * Owns no socket and no timer; both come in as calls, so tests drive it in virtual time.
 */
import { MULAW_TO_ALAW } from '../codec/g711.ts';
import { ALAW, type Law, lawOf, MULAW } from '../codec/law.ts';
import { ToneGenerator } from '../codec/tone-generator.ts';
import { TONE_LEVEL_DBM0, tonesOf } from '../dtmf/digit-tones.ts';
import type { MediaEvent } from '../media-event.ts';
import type { RtpStats } from '../media-stats.ts';
import type { PlayOutcome, PlaySource } from '../play-source.ts';
import { CallRecorder, type RecordedTracks, type RecordingEnd } from '../recording/call-recorder.ts';
import type { OpenFile } from '../recording/growing-wav-file.ts';
import type { StretchBuffers } from '../recording/stretch-buffers.ts';
import { type DigitRun, DigitSender } from '../rtp/digit-sender.ts';
import type { FrameOrigin } from '../rtp/frame-origin.ts';
import { JitterBuffer } from '../rtp/jitter-buffer.ts';
import { emptyPacketView, readRtpPacket } from '../rtp/packet.ts';
import { RtcpConversation } from '../rtp/rtcp-conversation.ts';
import { DIGITS, type Digit, TELEPHONE_EVENT_BYTES } from '../rtp/telephone-event.ts';
import type { NegotiatedMedia } from '../sdp/session-description.ts';
import { splitMasterKey } from '../srtp/sdes.ts';
import { SrtpContext } from '../srtp/srtp-context.ts';
import type { Bridge, BridgeVoice } from './bridge.ts';
import { FollowedAddress } from './followed-address.ts';
import { HeardSource } from './heard-source.ts';
import type { PlayOrder, SessionSetup } from './messages.ts';
import { OutgoingStream } from './outgoing-stream.ts';
import { FRAME_SAMPLES, PromptPlayer } from './prompt-player.ts';
import { ReceivedKeys } from './received-keys.ts';
import { SessionSpeech } from './session-speech.ts';
import { TICK_MS } from './ticker.ts';

/** How a session's packets leave. */
export interface SessionWay {
  /** The buffer is overwritten a few ticks later. */
  send(packet: Uint8Array, host: string, port: number): void;
  /** The session would refuse packets of any other source: they need not be brought to it. */
  hearOnly(host: string, port: number): void;
  hearAnyone(): void;
}

/** What a session does to the world. */
export interface SessionWorld {
  way: SessionWay;
  report(event: MediaEvent): void;
  playEnded(play: number, outcome: PlayOutcome): void;
  digitsEnded(run: number, outcome: 'sent' | 'stopped'): void;
  promptBytes(prompt: string): Uint8Array | undefined;
  /** Random 32-bit number, for SSRC and the starts of sequence and time (RFC 3550 §5.1). */
  random(): number;
  /** Wall clock, ms since the epoch. */
  nowMs(): number;
  /** Sends an RTCP packet; undefined where the transport has reports of its own. */
  sendReport: ((packet: Uint8Array, host: string, port: number) => void) | undefined;
  /** Number of the tick that comes next. */
  nextTick(): number;
  /** Shared by the recordings of all sessions. */
  stretchBuffers: StretchBuffers;
}

/** Somebody who hears what is received, 160 linear samples a tick; silence where nothing came. The frame is reused. */
export interface AudioListener {
  hear(frame: Int16Array, origin: FrameOrigin): void;
}

const heardFrame = new Int16Array(FRAME_SAMPLES);
const ownFrame = new Uint8Array(FRAME_SAMPLES);

/** Largest audio payload accepted, bytes (200 ms). */
const LARGEST_PAYLOAD = 1_600;

/** A sender quiet for so many ticks is taken to be silent (no packets while nobody speaks), 200 ms. */
const QUIET_TICKS = 10;

const NOT_ACCEPTED = 0;
const ACCEPTED_PCMU = 1;
const ACCEPTED_PCMA = 2;
const ACCEPTED_EVENT = 3;
const ACCEPTED_NOISE = 4;

/** Comfort noise has a number of its own (RFC 3389 §4), which gateways use whether it was agreed on or not. */
const NOISE_PAYLOAD_TYPE = 13;

const ACCEPTED_CODES = {
  PCMU: ACCEPTED_PCMU,
  PCMA: ACCEPTED_PCMA,
  'telephone-event': ACCEPTED_EVENT,
} as const;

export class RtpSession implements BridgeVoice {
  readonly id: number;
  isOnHold = false;
  isMuted = false;
  readonly #world: SessionWorld;
  readonly #player: PromptPlayer;
  readonly #digitSender: DigitSender;
  readonly #mediaTimeoutTicks: number;

  // Joined with others. The jitter buffer lives as long as somebody may listen.
  #bridge: Bridge | undefined;
  #jitter: JitterBuffer | undefined;
  #concealedBefore = 0;
  readonly #listeners = new Set<AudioListener>();
  #law: Law = MULAW;
  #holdMusic: PromptPlayer | undefined;

  // Agreed by SDP, then followed by address (symmetric RTP).
  #media: NegotiatedMedia | undefined;
  readonly #accepted = new Uint8Array(128);
  readonly #farEnd = new FollowedAddress();
  #decrypts: SrtpContext | undefined;

  readonly #rtcp: RtcpConversation;

  readonly #stream: OutgoingStream;
  /** Where the audio of this tick is made. */
  #frame: Uint8Array;
  #digitTones: ToneGenerator | undefined;
  #sendFailures = 0;

  // Receiving.
  readonly #packet = emptyPacketView();
  readonly #source = new HeardSource(() => this.#sourceChanged());
  readonly #keys: ReceivedKeys;
  #octetsReceived = 0;
  #malformed = 0;
  #unexpected = 0;
  #refused = 0;
  #firstReceivedAtMs: number | undefined;
  #lastReceivedAtMs: number | undefined;
  #ticksSinceHeard = 0;
  #isLost = false;

  readonly #speech: SessionSpeech | undefined;
  #recorder: CallRecorder | undefined;
  #isOpeningRecorder = false;
  #isClosed = false;

  constructor(setup: SessionSetup, world: SessionWorld) {
    this.id = setup.session;
    this.#world = world;
    this.#player = new PromptPlayer(
      (prompt) => world.promptBytes(prompt),
      (play, outcome) => world.playEnded(play, outcome),
    );
    this.#digitSender = new DigitSender((run, outcome) => world.digitsEnded(run, outcome));
    this.#mediaTimeoutTicks = Math.ceil(setup.mediaTimeoutMs / TICK_MS);
    this.#stream = new OutgoingStream(world.random, (packet) =>
      world.way.send(packet, this.#farEnd.host, this.#farEnd.port),
    );
    this.#frame = this.#stream.frameAt(0);
    this.#rtcp = new RtcpConversation(this.#stream.ssrc, world.random);
    this.#keys = new ReceivedKeys(setup.toneDigits, {
      addListener: (listener) => this.addListener(listener),
      removeListener: (listener) => this.removeListener(listener),
      nowMs: () => world.nowMs(),
      pressed: (digit, atMs) => {
        world.report({ kind: 'digit', digit, atMs });
        this.#player.digitPressed();
      },
    });
    if (setup.speechSilenceMs !== undefined) {
      this.#speech = new SessionSpeech(setup.speechSilenceMs, (kind, mediaTimeMs) =>
        world.report({ kind, mediaTimeMs }),
      );
    }
  }

  /**
   * Takes what was agreed and begins to send. Again with another agreement: a 200 after a 183, or a re-offer; the
   * stream's own numbering goes on, and a new remote address is followed afresh.
   */
  connect(media: NegotiatedMedia): void {
    const before = this.#media;
    this.#media = media;
    this.#accepted.fill(NOT_ACCEPTED);
    for (const { payloadType, format } of media.accepted)
      this.#accepted[payloadType] = ACCEPTED_CODES[format];
    if (this.#accepted[NOISE_PAYLOAD_TYPE] === NOT_ACCEPTED)
      this.#accepted[NOISE_PAYLOAD_TYPE] = ACCEPTED_NOISE;
    this.#agreeOnKeys(before?.srtp, media.srtp);
    this.#keys.agreed(media.telephoneEventPayloadType === undefined ? 'none' : 'telephone-events');
    const law = lawOf(media.codec);
    if (this.#jitter && law !== this.#law) {
      this.#concealedBefore += this.#jitter.concealed;
      this.#jitter = new JitterBuffer(law);
    }
    this.#law = law;
    if (!this.#farEnd.agree(media.remoteHost, media.remotePort, media.remoteRtcpPort)) return;
    this.#world.way.hearAnyone();
    this.#ticksSinceHeard = 0;
  }

  /** Contexts live as long as their key: another answer with the same one must not start its count again. */
  #agreeOnKeys(before: NegotiatedMedia['srtp'], agreed: NegotiatedMedia['srtp']): void {
    if (!agreed) {
      this.#stream.encryptWith(undefined);
      this.#decrypts = undefined;
      return;
    }
    const { suite, ours, theirs } = agreed;
    const tagBytes = suite === 'AES_CM_128_HMAC_SHA1_80' ? 10 : 4;
    const contextOf = (masterKey: string, followed?: SrtpContext): SrtpContext => {
      const { key, salt } = splitMasterKey(masterKey);
      return new SrtpContext(key, salt, tagBytes, followed);
    };
    if (before?.suite !== suite || before.ours !== ours) this.#stream.encryptWith(contextOf(ours));
    if (before?.suite !== suite || before.theirs !== theirs)
      this.#decrypts = contextOf(theirs, this.#decrypts);
  }

  play(order: PlayOrder): void {
    this.#player.start(order);
  }

  stopPlay(play: number): void {
    this.#player.stopPlay(play);
  }

  sendDigits(run: DigitRun): void {
    this.#digitSender.add(run);
  }

  stopDigits(run: number): void {
    this.#digitSender.stop(run);
  }

  /** A key came by SIP INFO. */
  pressed(digit: Digit): void {
    this.#keys.hearInfo(digit);
  }

  /** Law of the frames that `gather` fills. */
  get law(): Law {
    return this.#law;
  }

  /** Takes part in a bridge from now on, or in none. */
  setBridge(bridge: Bridge | undefined): void {
    this.#bridge = bridge;
    if (bridge) this.#jitter ??= new JitterBuffer(this.#law);
    else this.#dropIdleBuffer();
  }

  #dropIdleBuffer(): void {
    if (this.#bridge || this.#listeners.size > 0) return;
    this.#concealedBefore += this.#jitter?.concealed ?? 0;
    this.#jitter = undefined;
  }

  gather(frame: Uint8Array): boolean {
    const jitter = this.#jitter;
    if (!jitter) return false;
    const origin = jitter.pull(frame);
    if (this.#listeners.size > 0) this.#letListen(frame, origin);
    return origin !== 'absent';
  }

  /** Lets somebody hear each 20 ms of received audio from now on, evened out by the jitter buffer. */
  addListener(listener: AudioListener): void {
    this.#listeners.add(listener);
    this.#jitter ??= new JitterBuffer(this.#law);
  }

  removeListener(listener: AudioListener): void {
    this.#listeners.delete(listener);
    this.#dropIdleBuffer();
  }

  hold(music: readonly PlaySource[]): void {
    this.isOnHold = true;
    this.#holdMusic ??= new PromptPlayer(
      (prompt) => this.#world.promptBytes(prompt),
      () => undefined,
    );
    this.#holdMusic.start({ play: 0, sources: music, repeat: 'forever', stopOnDigit: false });
  }

  resume(): void {
    this.isOnHold = false;
    this.#holdMusic = undefined;
  }

  /** Sends what this tick has to send. */
  tick(tick: number): void {
    const media = this.#media;
    if (!media) {
      this.#recorder?.tick(tick * FRAME_SAMPLES, undefined, MULAW, FRAME_SAMPLES);
      return;
    }
    this.#ticksSinceHeard += 1;
    if (this.#ticksSinceHeard > QUIET_TICKS) this.#speech?.guess(FRAME_SAMPLES);
    // In a bridge the frame was gathered with those of the others.
    if (!this.#bridge && this.#listeners.size > 0) this.gather(ownFrame);

    const stream = this.#stream;
    this.#frame = stream.frameAt(tick);
    const timestamp = stream.timestampAt(tick);
    const isPlaying = this.#player.nextFrame(this.#frame);
    let hasSound = isPlaying ? this.#toLaw() : this.#listen();
    const maySend = media.direction === 'sendrecv' || media.direction === 'sendonly';
    // Digits take the place of audio; what plays meanwhile is lost to the far end, its time goes on.
    const isDigit = this.#digitSender.tick();
    const isEvent = isDigit && this.#goesAsEvent(media);
    if (isDigit && !isEvent) hasSound = this.#makeTones();
    if (!maySend) stream.sendNothing();
    else if (isEvent) this.#sendEvent(media, timestamp);
    else if (hasSound) stream.sendAudio(media.payloadType, timestamp);
    else stream.sendSilence(media.payloadType, timestamp, this.#law);

    if (this.#recorder) {
      const recorded = hasSound && maySend && !isEvent ? this.#frame : undefined;
      this.#recorder.tick(tick * FRAME_SAMPLES, recorded, this.#law, FRAME_SAMPLES);
    }
    if (isPlaying) this.#player.frameSent();
    if (this.#farEnd.tick()) this.#world.way.hearOnly(this.#farEnd.host, this.#farEnd.port);
    this.#watchMedia(media);
    if (this.#rtcp.tick()) this.#sendReport(timestamp, 'regular');
  }

  /** Takes a datagram that came on the RTCP port. */
  receiveReport(datagram: Uint8Array, host: string, nowMs: number): void {
    const report = this.#decrypts ? this.#decrypts.unprotectRtcp(datagram) : datagram;
    // The port may be any: NATs give RTCP one of its own.
    if (report && host === this.#farEnd.host) this.#rtcp.hear(report, nowMs);
    else this.#rtcp.refused += 1;
  }

  /** Judges one datagram from a source and takes what it carries. */
  receive(received: Uint8Array, host: string, port: number, nowMs: number): void {
    const packet = this.#packet;
    // Before anything is believed of it; a stranger without the key cannot even be latched on to.
    const datagram = this.#decrypts ? this.#decrypts.unprotect(received) : received;
    if (!datagram) {
      this.#refused += 1;
      return;
    }
    // Port 0 can be forged, and could never be answered.
    if (port === 0 || !readRtpPacket(datagram, packet)) {
      this.#malformed += 1;
      return;
    }
    if (this.#farEnd.isElsewhere(host, port)) {
      this.#refused += 1;
      return;
    }
    const format = this.#accepted[packet.payloadType] as number;
    if (format === NOT_ACCEPTED) {
      this.#unexpected += 1;
      return;
    }
    const payloadBytes = packet.payloadEnd - packet.payloadStart;
    if (!isPayloadSize(format, payloadBytes)) {
      this.#malformed += 1;
      return;
    }
    this.#farEnd.heard(host, port);
    const isEvent = format === ACCEPTED_EVENT;
    const standing = isEvent ? this.#source.event(packet) : this.#source.audio(packet, nowMs);
    if (standing === 'duplicate' || standing === 'jump') return;
    this.#octetsReceived += payloadBytes;
    this.#heardAt(nowMs);
    if (isEvent) this.#keys.hearEvent(datagram, packet, nowMs);
    else if (format === ACCEPTED_NOISE) this.#jitter?.putNoise(datagram[packet.payloadStart] as number);
    else this.#hearAudio(datagram, format === ACCEPTED_PCMU, standing === 'late', nowMs);
  }

  /** The system did not take a packet. */
  sendFailed(): void {
    this.#sendFailures += 1;
  }

  get packetsSent(): number {
    return this.#stream.packetsSent;
  }

  get packetsReceived(): number {
    return this.#source.reception.received;
  }

  stats(): RtpStats {
    return {
      packetsSent: this.#stream.packetsSent,
      octetsSent: this.#stream.octetsSent,
      packetsReceived: this.#source.reception.received,
      octetsReceived: this.#octetsReceived,
      lost: this.#source.reception.lost,
      outOfOrder: this.#source.reception.outOfOrder,
      duplicates: this.#source.reception.duplicates,
      jitterMs: this.#source.reception.jitterMs,
      malformed: this.#malformed,
      unexpected: this.#unexpected,
      refused: this.#refused,
      digitsRefused: this.#keys.refused,
      sendFailures: this.#sendFailures,
      concealedFrames: this.#concealedBefore + (this.#jitter?.concealed ?? 0),
      playoutDelayMs: this.#jitter?.delayMs ?? 0,
      rtcpSent: this.#rtcp.sent,
      rtcpReceived: this.#rtcp.received,
      rtcpRefused: this.#rtcp.refused + this.#rtcp.malformed,
      roundTripMs: this.#rtcp.roundTripMs,
      longestRoundTripMs: this.#rtcp.longestRoundTripMs,
      remoteLost: this.#rtcp.remote?.lost,
      remoteJitterMs: this.#rtcp.remote?.jitterMs,
      firstReceivedAtMs: this.#firstReceivedAtMs,
      lastReceivedAtMs: this.#lastReceivedAtMs,
    };
  }

  /**
   * Starts a recording; false when one is already under way.
   *
   * @throws the system's error when the file cannot be created.
   */
  async startRecording(path: string, tracks: RecordedTracks, openFile?: OpenFile): Promise<boolean> {
    if (this.#recorder || this.#isOpeningRecorder) return false;
    this.#isOpeningRecorder = true;
    try {
      const recorder = await CallRecorder.start({
        path,
        tracks,
        law: this.#law,
        position: () => this.#world.nextTick() * FRAME_SAMPLES,
        failed: ({ code, message }) => this.#world.report({ kind: 'recordingFailed', path, code, message }),
        buffers: this.#world.stretchBuffers,
        openFile,
      });
      // The call may have ended while the file was opened; an empty recording is then what it was.
      if (this.#isClosed) await recorder.stop();
      else this.#recorder = recorder;
    } finally {
      this.#isOpeningRecorder = false;
    }
    return true;
  }

  /** Pauses the recording, or goes on with it; false when there is none. */
  pauseRecording(state: 'paused' | 'recording'): boolean {
    if (state === 'paused') this.#recorder?.pause();
    else this.#recorder?.resume();
    return this.#recorder !== undefined;
  }

  /** Ends the recording; undefined when there is none. */
  async stopRecording(): Promise<RecordingEnd | undefined> {
    const recorder = this.#recorder;
    this.#recorder = undefined;
    return recorder?.stop();
  }

  /** Ends everything under way; after this the session is neither ticked nor fed. */
  close(): void {
    this.#isClosed = true;
    if (this.#rtcp.sent > 0 && this.#media)
      this.#sendReport(this.#stream.timestampAt(this.#world.nextTick()), 'goodbye');
    this.#player.stop('close');
    this.#digitSender.stopAll();
  }

  /** What is sent while nothing plays: hold music, or those in the bridge. Fills `#frame` in the law of this session. */
  #listen(): boolean {
    if (this.isOnHold) {
      const music = this.#holdMusic;
      if (!music?.nextFrame(this.#frame)) return false;
      music.frameSent();
      return this.#toLaw();
    }
    return this.#bridge?.mix(this.id, this.#frame, this.#law) ?? false;
  }

  /** Turns the µ-law frame of a player into the law of this session. */
  #toLaw(): true {
    if (this.#law === MULAW) return true;
    const frame = this.#frame;
    for (let i = 0; i < FRAME_SAMPLES; i += 1) frame[i] = MULAW_TO_ALAW[frame[i] as number] as number;
    return true;
  }

  /** Fills the frame with the tones of the digit being sent; false in the pause after it. */
  #makeTones(): boolean {
    const { event, isFirst, isPause } = this.#digitSender.packet;
    if (isFirst) {
      const digit = DIGITS[event] as Digit;
      this.#digitTones = new ToneGenerator({ frequenciesHz: tonesOf(digit), levelDbm0: TONE_LEVEL_DBM0 });
    }
    // What began as telephone-event was heard as one.
    if (isPause || !this.#digitTones) return false;
    this.#digitTones.fill(this.#frame, FRAME_SAMPLES);
    return this.#toLaw();
  }

  /** Not where telephone-events were agreed away after the digits had been ordered. */
  #goesAsEvent({ telephoneEventPayloadType }: NegotiatedMedia): boolean {
    return telephoneEventPayloadType !== undefined && this.#digitSender.packet.method === 'telephone-event';
  }

  #sendEvent(media: NegotiatedMedia, timestamp: number): void {
    if (media.telephoneEventPayloadType === undefined) return;
    this.#digitTones = undefined;
    this.#stream.sendEvent(media.telephoneEventPayloadType, timestamp, this.#digitSender.packet);
  }

  #letListen(frame: Uint8Array, origin: FrameOrigin): void {
    const { toLinear } = this.#law;
    for (let i = 0; i < FRAME_SAMPLES; i += 1) heardFrame[i] = toLinear[frame[i] as number] as number;
    for (const listener of this.#listeners) listener.hear(heardFrame, origin);
  }

  #sendReport(rtpTimestamp: number, kind: 'regular' | 'goodbye'): void {
    const { sendReport } = this.#world;
    const { host, rtcpPort } = this.#farEnd;
    if (!sendReport || rtcpPort === 0) return;
    const own = { rtpTimestamp, packets: this.#stream.packetsSent, octets: this.#stream.octetsSent };
    const report = this.#rtcp.report(this.#world.nowMs(), own, this.#source.reception, kind);
    sendReport(this.#stream.protectReport(report), host, rtcpPort);
  }

  #sourceChanged(): void {
    this.#speech?.restart();
    this.#recorder?.timeline.forgetAnchor();
    this.#jitter?.restart();
  }

  #heardAt(nowMs: number): void {
    this.#ticksSinceHeard = 0;
    this.#isLost = false;
    this.#lastReceivedAtMs = nowMs;
    if (this.#firstReceivedAtMs !== undefined) return;
    this.#firstReceivedAtMs = nowMs;
    this.#world.report({ kind: 'mediaStarted' });
  }

  #hearAudio(datagram: Uint8Array, isMulaw: boolean, isLate: boolean, nowMs: number): void {
    const { payloadStart, payloadEnd, timestamp } = this.#packet;
    const law = isMulaw ? MULAW : ALAW;
    this.#recorder?.received(timestamp, datagram, payloadStart, payloadEnd, law);
    const convert = law === this.#law ? undefined : law.toOther;
    this.#jitter?.put(timestamp, datagram, payloadStart, payloadEnd, convert, nowMs);
    if (!isLate) this.#speech?.hear(timestamp, datagram, payloadStart, payloadEnd, law);
  }

  /** Counted in ticks done, not in wall time: a stalled worker must not take its own absence for the far end's. */
  #watchMedia(media: NegotiatedMedia): void {
    if (this.#mediaTimeoutTicks === 0 || this.#isLost) return;
    // Who holds us may have music for us, or nothing at all.
    if (media.direction !== 'sendrecv') this.#ticksSinceHeard = 0;
    if (this.#ticksSinceHeard < this.#mediaTimeoutTicks) return;
    this.#isLost = true;
    this.#world.report({ kind: 'mediaLost' });
  }
}

function isPayloadSize(format: number, bytes: number): boolean {
  if (format === ACCEPTED_EVENT) return bytes >= TELEPHONE_EVENT_BYTES;
  return bytes > 0 && bytes <= LARGEST_PAYLOAD;
}
