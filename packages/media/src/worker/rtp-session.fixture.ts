/**
 * A session on a bench for tests: ticks by hand, sent packets on a list, what it reports as lines of text.
 */
import assert from 'node:assert/strict';
import { decodeAlaw, decodeMulaw } from '../codec/g711.ts';
import type { MediaEvent } from '../media-event.ts';
import type { PlaySource } from '../play-source.ts';
import { StretchBuffers } from '../recording/stretch-buffers.ts';
import { emptyPacketView, type RtpPacketView, readRtpPacket, writeRtpHeader } from '../rtp/packet.ts';
import type { AudioCodec, NegotiatedMedia } from '../sdp/session-description.ts';
import type { SessionSetup } from './messages.ts';
import { RtpSession } from './rtp-session.ts';

export interface SentPacket extends RtpPacketView {
  tick: number;
  host: string;
  port: number;
  payload: Uint8Array;
  datagram: Uint8Array;
}

export class Bench {
  readonly sent: SentPacket[] = [];
  readonly reports: string[] = [];
  readonly reportsSent: { packet: Uint8Array; host: string; port: number }[] = [];
  /** Who the session says it hears alone; undefined: anyone. */
  hears: { host: string; port: number } | undefined;
  readonly prompts = new Map<string, Uint8Array>();
  readonly session: RtpSession;
  tickNumber = 0;
  /** Takes packets as they are instead of the list. */
  onWire: ((packet: Uint8Array) => void) | undefined;

  constructor(setup: Partial<SessionSetup> = {}, randoms: readonly number[] = [0xabcd, 0xfffe, 0xffffff00]) {
    const numbers = [...randoms];
    this.session = new RtpSession(
      {
        session: 1,
        speechSilenceMs: undefined,
        mediaTimeoutMs: 0,
        toneDigits: 'never',
        isV6: false,
        ...setup,
      },
      {
        way: {
          send: (packet, host, port) => this.#take(packet, host, port),
          hearOnly: (host, port) => {
            this.hears = { host, port };
          },
          hearAnyone: () => {
            this.hears = undefined;
          },
        },
        report: (event) => this.reports.push(lineOf(event)),
        playEnded: (play, outcome) =>
          this.reports.push(
            `play ${play} ${outcome.kind}${outcome.kind === 'stopped' ? ` by ${outcome.by}` : ''}`,
          ),
        digitsEnded: (run, outcome) => this.reports.push(`digits ${run} ${outcome}`),
        promptBytes: (prompt) => this.prompts.get(prompt),
        random: () => numbers.shift() ?? 1,
        nowMs: () => this.nowMs,
        sendReport: (packet, host, port) => this.reportsSent.push({ packet, host, port }),
        nextTick: () => this.tickNumber,
        stretchBuffers: new StretchBuffers(),
      },
    );
  }

  #take(packet: Uint8Array, host: string, port: number): void {
    if (this.onWire) {
      this.onWire(packet.slice());
      return;
    }
    const datagram = packet.slice();
    const view = emptyPacketView();
    assert.ok(readRtpPacket(datagram, view));
    const payload = datagram.subarray(view.payloadStart, view.payloadEnd);
    this.sent.push({ ...view, tick: this.tickNumber, host, port, payload, datagram });
  }

  get nowMs(): number {
    return this.tickNumber * 20;
  }

  tick(count = 1): void {
    for (let n = 0; n < count; n += 1) {
      this.session.tick(this.tickNumber);
      this.tickNumber += 1;
    }
  }

  play(
    sources: readonly PlaySource[],
    over: { play?: number; stopOnDigit?: boolean; forever?: boolean } = {},
  ): void {
    const { play = 1, stopOnDigit = false, forever = false } = over;
    this.session.play({ play, sources, stopOnDigit, repeat: forever ? 'forever' : 'once' });
  }

  hear(packet: Partial<RtpPacketView> & { payload?: Uint8Array; host?: string; port?: number } = {}): void {
    const { payload = new Uint8Array(160).fill(0xff), host = '192.0.2.7', port = 4_000 } = packet;
    const datagram = new Uint8Array(12 + payload.length);
    const { marker = false, payloadType = 0, sequenceNumber = 0, timestamp = 0, ssrc = 9 } = packet;
    writeRtpHeader(datagram, marker, payloadType, sequenceNumber & 0xffff, timestamp >>> 0, ssrc);
    datagram.set(payload, 12);
    this.session.receive(datagram, host, port, this.nowMs);
  }

  /** All audio sent, decoded, in order. */
  sentAudio(codec: AudioCodec = 'PCMU'): Int16Array {
    const decode = codec === 'PCMU' ? decodeMulaw : decodeAlaw;
    const audio = this.sent.filter(({ payloadType }) => payloadType === (codec === 'PCMU' ? 0 : 8));
    return Int16Array.from(audio.flatMap(({ payload }) => [...decode(payload)]));
  }
}

export function lineOf(event: MediaEvent): string {
  if (event.kind === 'digit') return `digit ${event.digit}`;
  return 'mediaTimeMs' in event ? `${event.kind} ${event.mediaTimeMs}` : event.kind;
}

export function agreed(over: Partial<NegotiatedMedia> = {}): NegotiatedMedia {
  return {
    remoteHost: '192.0.2.7',
    remotePort: 4_000,
    remoteRtcpPort: 4_001,
    srtp: undefined,
    codec: 'PCMU',
    payloadType: 0,
    telephoneEventPayloadType: 101,
    accepted: [
      { payloadType: 0, format: 'PCMU' },
      { payloadType: 8, format: 'PCMA' },
      { payloadType: 101, format: 'telephone-event' },
    ],
    direction: 'sendrecv',
    ...over,
  };
}

export function connected(setup: Partial<SessionSetup> = {}, over: Partial<NegotiatedMedia> = {}): Bench {
  const bench = new Bench(setup);
  bench.session.connect(agreed(over));
  return bench;
}
