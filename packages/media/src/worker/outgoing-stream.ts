/**
 * The stream that a session sends: its numbering, its packets, their encryption. Says how a packet is written, not what it
 * carries; that is for rtp-session.ts. Allocates nothing per packet.
 */
import type { Law } from '../codec/law.ts';
import type { EventPacket } from '../rtp/digit-sender.ts';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../rtp/packet.ts';
import { TELEPHONE_EVENT_BYTES, writeTelephoneEvent } from '../rtp/telephone-event.ts';
import { addToTimestamp, nextSequence } from '../rtp/wrap.ts';
import type { SrtpContext } from '../srtp/srtp-context.ts';
import { FRAME_SAMPLES } from './prompt-player.ts';

/** Packets in the air at once: the system may hold a buffer while its queue is full. */
const SEND_BUFFERS = 4;

function packetBuffers(payloadBytes: number): Uint8Array[] {
  return Array.from({ length: SEND_BUFFERS }, () => new Uint8Array(RTP_HEADER_BYTES + payloadBytes));
}

export class OutgoingStream {
  readonly ssrc: number;
  packetsSent = 0;
  octetsSent = 0;
  readonly #send: (packet: Uint8Array) => void;
  #sequence: number;
  readonly #timestampBase: number;
  #eventTimestamp = 0;
  #startsTalkspurt = true;
  #lastTick = -1;
  #encrypts: SrtpContext | undefined;
  readonly #audioPackets = packetBuffers(FRAME_SAMPLES);
  /** The payloads of the packets above: frames are made where they are sent from. */
  readonly #payloads = this.#audioPackets.map((packet) => packet.subarray(RTP_HEADER_BYTES));
  readonly #eventPackets = packetBuffers(TELEPHONE_EVENT_BYTES);

  /**
   * @param random 32-bit numbers, for SSRC and the starts of sequence and time (RFC 3550 §5.1).
   * @param send the buffer is overwritten a few ticks later.
   */
  constructor(random: () => number, send: (packet: Uint8Array) => void) {
    this.#send = send;
    this.ssrc = random() >>> 0;
    this.#sequence = random() & 0xffff;
    this.#timestampBase = random() >>> 0;
  }

  /** Packets are encrypted by this from now on; by none, they leave as they are. */
  encryptWith(context: SrtpContext | undefined): void {
    this.#encrypts = context;
    // Far from the wrap: were all packets before it lost, the far end would not know of the rollover (RFC 3711 §3.3.1).
    if (context && this.packetsSent === 0) this.#sequence &= 0x7fff;
  }

  timestampAt(tick: number): number {
    return addToTimestamp(this.#timestampBase, tick * FRAME_SAMPLES);
  }

  /** Where the audio of this tick is made, 160 samples; `sendAudio` sends it. Ticks that were left out begin a talkspurt. */
  frameAt(tick: number): Uint8Array {
    if (tick !== this.#lastTick + 1) this.#startsTalkspurt = true;
    this.#lastTick = tick;
    return this.#payloads[this.packetsSent % SEND_BUFFERS] as Uint8Array;
  }

  /** Nothing leaves in this tick. */
  sendNothing(): void {
    this.#startsTalkspurt = true;
  }

  sendAudio(payloadType: number, timestamp: number): void {
    const packet = this.#audioPackets[this.packetsSent % SEND_BUFFERS] as Uint8Array;
    const marker = this.#startsTalkspurt;
    this.#startsTalkspurt = false;
    this.#write(packet, marker, payloadType, timestamp, FRAME_SAMPLES);
  }

  sendSilence(payloadType: number, timestamp: number, law: Law): void {
    (this.#payloads[this.packetsSent % SEND_BUFFERS] as Uint8Array).fill(law.silence);
    this.sendAudio(payloadType, timestamp);
  }

  sendEvent(payloadType: number, timestamp: number, { event, isFirst, isEnd, duration }: EventPacket): void {
    // All packets of an event have the time of its beginning (RFC 4733 §2.4).
    if (isFirst) this.#eventTimestamp = timestamp;
    const packet = this.#eventPackets[this.packetsSent % SEND_BUFFERS] as Uint8Array;
    writeTelephoneEvent(packet, RTP_HEADER_BYTES, event, isEnd, duration);
    this.#startsTalkspurt = true;
    this.#write(packet, isFirst, payloadType, this.#eventTimestamp, TELEPHONE_EVENT_BYTES);
  }

  #write(packet: Uint8Array, marker: boolean, payloadType: number, timestamp: number, octets: number): void {
    writeRtpHeader(packet, marker, payloadType, this.#sequence, timestamp, this.ssrc);
    this.#sequence = nextSequence(this.#sequence);
    this.packetsSent += 1;
    this.octetsSent += octets;
    this.#send(this.#encrypts ? this.#encrypts.protect(packet) : packet);
  }

  /** A report on the stream as it travels. */
  protectReport(report: Uint8Array): Uint8Array {
    return this.#encrypts ? this.#encrypts.protectRtcp(report) : report;
  }
}
