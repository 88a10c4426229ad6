/**
 * One session inside a worker: decides, tick by tick, what leaves, and judges every datagram that arrives.
 * Owns no socket and no timer; both come in as calls, so tests drive it in virtual time.
 */
import { MULAW_TO_ALAW } from '../codec/g711.ts';
import { ALAW, type Law, lawOf, MULAW } from '../codec/law.ts';
import { ToneGenerator } from '../codec/tone-generator.ts';
import { TONE_LEVEL_DBM0, tonesOf } from '../dtmf/digit-tones.ts';
import { type KeyMethod, PressedOnce } from '../dtmf/pressed-once.ts';
import { ToneDigitDetector } from '../dtmf/tone-digit-detector.ts';
import type { MediaEvent } from '../media-event.ts';
import type { ToneDigits } from '../media-session.ts';
import type { RtpStats } from '../media-stats.ts';
import type { PlayOutcome, PlaySource } from '../play-source.ts';
import { CallRecorder, type RecordedTracks, type RecordingEnd } from '../recording/call-recorder.ts';
import type { OpenFile } from '../recording/growing-wav-file.ts';
import type { StretchBuffers } from '../recording/stretch-buffers.ts';
import { DigitReceiver } from '../rtp/digit-receiver.ts';
import { type DigitRun, DigitSender } from '../rtp/digit-sender.ts';
import type { FrameOrigin } from '../rtp/frame-origin.ts';
import { JitterBuffer } from '../rtp/jitter-buffer.ts';
import { emptyPacketView, RTP_HEADER_BYTES, readRtpPacket, writeRtpHeader } from '../rtp/packet.ts';
import { type PacketStanding, ReceptionStatistics } from '../rtp/reception-statistics.ts';
import { RtcpConversation } from '../rtp/rtcp-conversation.ts';
import { DIGITS, type Digit, TELEPHONE_EVENT_BYTES, writeTelephoneEvent } from '../rtp/telephone-event.ts';
import { addToTimestamp, nextSequence } from '../rtp/wrap.ts';
import type { NegotiatedMedia } from '../sdp/session-description.ts';
import { splitMasterKey } from '../srtp/sdes.ts';
import { SrtpContext } from '../srtp/srtp-context.ts';
import type { Bridge, BridgeVoice } from './bridge.ts';
import type { PlayOrder, SessionSetup } from './messages.ts';
import { FRAME_SAMPLES, PromptPlayer } from './prompt-player.ts';
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

/** Packets in the air at once: the system may hold a buffer while its queue is full. */
const SEND_BUFFERS = 4;

/** Strangers are refused here, and counted, for so long after the far end was found; then the system does it. 2 s. */
const TICKS_BEFORE_ALONE = 100;

/** Largest audio payload accepted, bytes (200 ms). */
const LARGEST_PAYLOAD = 1_600;

/** A sender quiet for so many ticks is taken to be silent (no packets while nobody speaks), 200 ms. */
const QUIET_TICKS = 10;

/** A source that was left comes back when so many of its packets come with none of the present one among them. */
const PACKETS_TO_RETURN = 3;

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

function packetBuffers(payloadBytes: number): Uint8Array[] {
  return Array.from({ length: SEND_BUFFERS }, () => new Uint8Array(RTP_HEADER_BYTES + payloadBytes));
}

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
  #remoteHost = '';
  #remotePort = 0;
  #isLatched = false;
  #ticksLatched = 0;
  #encrypts: SrtpContext | undefined;
  #decrypts: SrtpContext | undefined;

  readonly #rtcp: RtcpConversation;
  /** The first RTP source has been followed, so RTCP is taken from its host only. */
  #rtcpPort = 0;

  // Sending.
  readonly #ssrc: number;
  #sequence: number;
  readonly #timestampBase: number;
  #eventTimestamp = 0;
  #digitTones: ToneGenerator | undefined;
  #startsTalkspurt = true;
  #lastTick = -1;
  readonly #audioPackets = packetBuffers(FRAME_SAMPLES);
  /** The payloads of the packets above: frames are made where they are sent from. */
  readonly #payloads = this.#audioPackets.map((packet) => packet.subarray(RTP_HEADER_BYTES));
  #frame = this.#payloads[0] as Uint8Array;
  readonly #eventPackets = packetBuffers(TELEPHONE_EVENT_BYTES);
  #packetsSent = 0;
  #octetsSent = 0;
  #sendFailures = 0;

  // Receiving.
  readonly #packet = emptyPacketView();
  readonly #reception = new ReceptionStatistics();
  readonly #digitReceiver = new DigitReceiver();
  readonly #pressedOnce = new PressedOnce();
  /** `never` once the far end has sent a telephone-event: it would be heard twice. */
  #toneDigitsWanted: ToneDigits;
  #toneDigits: ToneDigitDetector | undefined;
  #remoteSsrc = -1;
  /** The source before it; what comes of it late must not take its place. */
  #formerSsrc = -1;
  #returning = 0;
  #eventSsrc = -1;
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
    this.#ssrc = world.random() >>> 0;
    this.#sequence = world.random() & 0xffff;
    this.#timestampBase = world.random() >>> 0;
    this.#rtcp = new RtcpConversation(this.#ssrc, world.random);
    this.#toneDigitsWanted = setup.toneDigits;
    this.#listenForTones();
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
    this.#listenForTones();
    const law = lawOf(media.codec);
    if (this.#jitter && law !== this.#law) {
      this.#concealedBefore += this.#jitter.concealed;
      this.#jitter = new JitterBuffer(law);
    }
    this.#law = law;
    if (before?.remoteHost === media.remoteHost && before.remotePort === media.remotePort) return;
    this.#remoteHost = media.remoteHost;
    this.#remotePort = media.remotePort;
    this.#rtcpPort = media.remoteRtcpPort;
    this.#isLatched = false;
    this.#world.way.hearAnyone();
    this.#ticksSinceHeard = 0;
  }

  /** Contexts live as long as their key: another answer with the same one must not start its count again. */
  #agreeOnKeys(before: NegotiatedMedia['srtp'], agreed: NegotiatedMedia['srtp']): void {
    if (!agreed) {
      this.#encrypts = undefined;
      this.#decrypts = undefined;
      return;
    }
    const { suite, ours, theirs } = agreed;
    const tagBytes = suite === 'AES_CM_128_HMAC_SHA1_80' ? 10 : 4;
    const contextOf = (masterKey: string): SrtpContext => {
      const { key, salt } = splitMasterKey(masterKey);
      return new SrtpContext(key, salt, tagBytes);
    };
    if (before?.suite !== suite || before.ours !== ours) this.#encrypts = contextOf(ours);
    if (before?.suite !== suite || before.theirs !== theirs) this.#decrypts = contextOf(theirs);
    // Far from the wrap: were all packets before it lost, the far end would not know of the rollover (RFC 3711 §3.3.1).
    if (this.#packetsSent === 0) this.#sequence &= 0x7fff;
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
    this.#digitHeard(digit, 'info', this.#world.nowMs());
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
    if (tick !== this.#lastTick + 1) this.#startsTalkspurt = true;
    this.#lastTick = tick;
    this.#ticksSinceHeard += 1;
    if (this.#ticksSinceHeard > QUIET_TICKS) this.#speech?.guess(FRAME_SAMPLES);
    // In a bridge the frame was gathered with those of the others.
    if (!this.#bridge && this.#listeners.size > 0) this.gather(ownFrame);

    const place = this.#packetsSent % SEND_BUFFERS;
    this.#frame = this.#payloads[place] as Uint8Array;
    const sample = tick * FRAME_SAMPLES;
    const timestamp = addToTimestamp(this.#timestampBase, sample);
    const isPlaying = this.#player.nextFrame(this.#frame);
    let hasSound = isPlaying ? this.#toLaw() : this.#listen();
    const maySend = media.direction === 'sendrecv' || media.direction === 'sendonly';
    // Digits take the place of audio; what plays meanwhile is lost to the far end, its time goes on.
    const isDigit = this.#digitSender.tick();
    const isEvent = isDigit && this.#digitSender.packet.method === 'telephone-event';
    if (isDigit && !isEvent) hasSound = this.#makeTones();
    if (!maySend) this.#startsTalkspurt = true;
    else if (isEvent) this.#sendEvent(media, timestamp);
    else this.#sendAudio(media, timestamp, hasSound);

    if (this.#recorder) {
      const recorded = hasSound && maySend && !isEvent ? this.#frame : undefined;
      this.#recorder.tick(sample, recorded, this.#law, FRAME_SAMPLES);
    }
    if (isPlaying) this.#player.frameSent();
    this.#watchStrangers();
    this.#watchMedia(media);
    if (this.#rtcp.tick()) this.#sendReport(timestamp, 'regular');
  }

  /** Takes a datagram that came on the RTCP port. */
  receiveReport(datagram: Uint8Array, host: string, nowMs: number): void {
    // The port may be any: NATs give RTCP one of its own.
    const report = this.#decrypts ? this.#decrypts.unprotectRtcp(datagram) : datagram;
    if (report && host === this.#remoteHost) this.#rtcp.hear(report, nowMs);
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
    if (this.#isLatched && (port !== this.#remotePort || host !== this.#remoteHost)) {
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
    if (!this.#isLatched) this.#latch(host, port);
    const isEvent = format === ACCEPTED_EVENT;
    const arrivalMs = isEvent ? undefined : nowMs;
    const standing = this.#standing(isEvent, arrivalMs);
    if (standing === 'duplicate' || standing === 'jump') return;
    this.#octetsReceived += payloadBytes;
    this.#heardAt(nowMs);
    if (isEvent) this.#hearEvent(datagram, nowMs);
    else if (format === ACCEPTED_NOISE) this.#jitter?.putNoise(datagram[packet.payloadStart] as number);
    else this.#hearAudio(datagram, format === ACCEPTED_PCMU, standing === 'late', nowMs);
  }

  /** How the packet just read stands in its source, which becomes the one that is heard. */
  #standing(isEvent: boolean, arrivalMs: number | undefined): PacketStanding {
    const { ssrc, sequenceNumber, timestamp } = this.#packet;
    // Some gateways give their telephone-events a source of their own, in the middle of the audio's.
    if (isEvent && this.#remoteSsrc >= 0 && ssrc !== this.#remoteSsrc) {
      this.#reception.received += 1;
      return 'next';
    }
    if (ssrc !== this.#remoteSsrc && ssrc === this.#formerSsrc) {
      this.#returning += 1;
      if (this.#returning < PACKETS_TO_RETURN) {
        this.#reception.outOfOrder += 1;
        return 'duplicate';
      }
    }
    this.#returning = 0;
    const standing = this.#reception.record(ssrc, sequenceNumber, timestamp, arrivalMs);
    if (ssrc !== this.#remoteSsrc) this.#newSource(ssrc);
    return standing;
  }

  /** The system did not take a packet. */
  sendFailed(): void {
    this.#sendFailures += 1;
  }

  get packetsSent(): number {
    return this.#packetsSent;
  }

  get packetsReceived(): number {
    return this.#reception.received;
  }

  stats(): RtpStats {
    return {
      packetsSent: this.#packetsSent,
      octetsSent: this.#octetsSent,
      packetsReceived: this.#reception.received,
      octetsReceived: this.#octetsReceived,
      lost: this.#reception.lost,
      outOfOrder: this.#reception.outOfOrder,
      duplicates: this.#reception.duplicates,
      jitterMs: this.#reception.jitterMs,
      malformed: this.#malformed,
      unexpected: this.#unexpected,
      refused: this.#refused,
      digitsRefused: this.#digitReceiver.refused,
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
    if (this.#rtcp.sent > 0 && this.#media) this.#sendReport(this.#nowTimestamp(), 'goodbye');
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
    if (isPause) return false;
    if (isFirst || !this.#digitTones) {
      const digit = DIGITS[event] as Digit;
      this.#digitTones = new ToneGenerator({ frequenciesHz: tonesOf(digit), levelDbm0: TONE_LEVEL_DBM0 });
    }
    this.#digitTones.fill(this.#frame, FRAME_SAMPLES);
    return this.#toLaw();
  }

  #sendAudio(media: NegotiatedMedia, timestamp: number, hasSound: boolean): void {
    const packet = this.#audioPackets[this.#packetsSent % SEND_BUFFERS] as Uint8Array;
    if (!hasSound) this.#frame.fill(this.#law.silence);
    const marker = this.#startsTalkspurt;
    this.#startsTalkspurt = false;
    this.#send(packet, marker, media.payloadType, timestamp, FRAME_SAMPLES);
  }

  #sendEvent(media: NegotiatedMedia, timestamp: number): void {
    const { event, isFirst, isEnd, duration } = this.#digitSender.packet;
    // An offer may have gone without telephone-event since the digits were ordered.
    if (media.telephoneEventPayloadType === undefined) return;
    if (isFirst) this.#eventTimestamp = timestamp;
    const packet = this.#eventPackets[this.#packetsSent % SEND_BUFFERS] as Uint8Array;
    writeTelephoneEvent(packet, RTP_HEADER_BYTES, event, isEnd, duration);
    this.#startsTalkspurt = true;
    this.#send(packet, isFirst, media.telephoneEventPayloadType, this.#eventTimestamp, TELEPHONE_EVENT_BYTES);
  }

  #send(packet: Uint8Array, marker: boolean, payloadType: number, timestamp: number, octets: number): void {
    writeRtpHeader(packet, marker, payloadType, this.#sequence, timestamp, this.#ssrc);
    this.#sequence = nextSequence(this.#sequence);
    this.#packetsSent += 1;
    this.#octetsSent += octets;
    const wire = this.#encrypts ? this.#encrypts.protect(packet) : packet;
    this.#world.way.send(wire, this.#remoteHost, this.#remotePort);
  }

  #letListen(frame: Uint8Array, origin: FrameOrigin): void {
    const { toLinear } = this.#law;
    for (let i = 0; i < FRAME_SAMPLES; i += 1) heardFrame[i] = toLinear[frame[i] as number] as number;
    for (const listener of this.#listeners) listener.hear(heardFrame, origin);
  }

  #nowTimestamp(): number {
    return addToTimestamp(this.#timestampBase, this.#world.nextTick() * FRAME_SAMPLES);
  }

  #sendReport(rtpTimestamp: number, kind: 'regular' | 'goodbye'): void {
    const { sendReport } = this.#world;
    if (!sendReport || this.#rtcpPort === 0) return;
    const own = { rtpTimestamp, packets: this.#packetsSent, octets: this.#octetsSent };
    const report = this.#rtcp.report(this.#world.nowMs(), own, this.#reception, kind);
    const wire = this.#encrypts ? this.#encrypts.protectRtcp(report) : report;
    sendReport(wire, this.#remoteHost, this.#rtcpPort);
  }

  #latch(host: string, port: number): void {
    this.#isLatched = true;
    this.#ticksLatched = 0;
    // A NAT that moved RTP has moved RTCP too, most likely to the port beside it.
    if (host !== this.#remoteHost || port !== this.#remotePort) this.#rtcpPort = Math.min(65_535, port + 1);
    this.#remoteHost = host;
    this.#remotePort = port;
  }

  #newSource(ssrc: number): void {
    this.#formerSsrc = this.#remoteSsrc;
    this.#remoteSsrc = ssrc;
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

  #hearEvent(datagram: Uint8Array, nowMs: number): void {
    const { payloadStart, payloadEnd, timestamp, ssrc } = this.#packet;
    if (ssrc !== this.#eventSsrc) this.#digitReceiver.restart();
    this.#eventSsrc = ssrc;
    const digit = this.#digitReceiver.receive(datagram, payloadStart, payloadEnd, timestamp, nowMs);
    this.#toneDigitsWanted = 'never';
    this.#listenForTones();
    if (digit !== undefined) this.#digitHeard(digit, 'telephone-event', nowMs);
  }

  #listenForTones(): void {
    const isWanted =
      this.#toneDigitsWanted === 'always' ||
      (this.#toneDigitsWanted === 'withoutTelephoneEvents' &&
        this.#media !== undefined &&
        this.#media.telephoneEventPayloadType === undefined);
    if (isWanted === (this.#toneDigits !== undefined)) return;
    if (this.#toneDigits) {
      this.removeListener(this.#toneDigits);
      this.#toneDigits = undefined;
      return;
    }
    this.#toneDigits = new ToneDigitDetector((digit) =>
      this.#digitHeard(digit, 'tones', this.#world.nowMs()),
    );
    this.addListener(this.#toneDigits);
  }

  #digitHeard(digit: Digit, method: KeyMethod, nowMs: number): void {
    if (!this.#pressedOnce.isNew(digit, method, nowMs)) return;
    this.#world.report({ kind: 'digit', digit, atMs: nowMs });
    this.#player.digitPressed();
  }

  #hearAudio(datagram: Uint8Array, isMulaw: boolean, isLate: boolean, nowMs: number): void {
    const { payloadStart, payloadEnd, timestamp } = this.#packet;
    const law = isMulaw ? MULAW : ALAW;
    this.#recorder?.received(timestamp, datagram, payloadStart, payloadEnd, law);
    const convert = law === this.#law ? undefined : law.toOther;
    this.#jitter?.put(timestamp, datagram, payloadStart, payloadEnd, convert, nowMs);
    if (!isLate) this.#speech?.hear(timestamp, datagram, payloadStart, payloadEnd, law);
  }

  #watchStrangers(): void {
    if (!this.#isLatched || this.#ticksLatched > TICKS_BEFORE_ALONE) return;
    this.#ticksLatched += 1;
    if (this.#ticksLatched > TICKS_BEFORE_ALONE) this.#world.way.hearOnly(this.#remoteHost, this.#remotePort);
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
