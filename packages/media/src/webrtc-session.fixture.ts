/**
 * A browser's end of a WebRTC session for tests, on loopback: answers our offers, sends a tone, keeps what it hears.
 */
import { RTCPeerConnection, RtpHeader, RtpPacket, usePCMU } from 'werift';
import { decodeMulaw, encodeMulaw } from './codec/g711.ts';
import { keepHandshakeOrder } from './worker/handshake-order.ts';

export class TestBrowser {
  /** All µ-law payloads received, in order of arrival. */
  readonly heard: Buffer[] = [];
  /** Packets received, and those missing between them. */
  received = 0;
  lost = 0;
  #highest: number | undefined;
  readonly #connection = new RTCPeerConnection({
    codecs: { audio: [usePCMU()] },
    iceUseIpv4: false,
    iceUseIpv6: false,
    iceUseTcp: false,
    iceAdditionalHostAddresses: ['127.0.0.1'],
    iceInterfaceAddresses: { udp4: '127.0.0.1' },
  });
  readonly #tone: Uint8Array;
  #sequence = 65_000;
  #timer: NodeJS.Timeout | undefined;
  #hasStood = false;

  constructor(hz: number) {
    this.#tone = encodeMulaw(
      Int16Array.from({ length: 8_000 }, (_, n) => 8_000 * Math.sin((2 * Math.PI * hz * n) / 8_000)),
    );
    this.#connection.onTrack.subscribe((track) => {
      track.onReceiveRtp.subscribe(({ header, payload }) => {
        this.#count(header.sequenceNumber);
        this.heard.push(Buffer.from(payload));
      });
    });
  }

  /** Takes an offer and answers it, the way browsers with named candidates do: no address in it. */
  async answer(offer: string): Promise<string> {
    await this.#connection.setRemoteDescription({ type: 'offer', sdp: offer });
    // Browsers take repeats as they come; this library does so only behind an order.
    if (!this.#hasStood) keepHandshakeOrder(this.#connection);
    for (const transceiver of this.#connection.getTransceivers()) transceiver.direction = 'sendrecv';
    await this.#connection.setLocalDescription(await this.#connection.createAnswer());
    if (this.#hasStood) {
      // This library, as a browser, has to be told to begin after a restart.
      for (const transport of this.#connection.iceTransports) void transport.start();
    }
    this.#hasStood = true;
    const sdp = this.#connection.localDescription?.sdp ?? '';
    return sdp.replace(/(a=candidate:\S+ \d+ udp \d+) 127\.0\.0\.1/g, '$1 7c1b0f6e.local');
  }

  #count(sequence: number): void {
    const ahead = this.#highest === undefined ? 1 : ((sequence - this.#highest) << 16) >> 16;
    if (ahead > 0) this.#highest = sequence;
    this.received += 1;
    this.lost += ahead > 0 ? ahead - 1 : -1;
  }

  /** Sends its tone from now on, by the clock: a starved machine delays packets and loses none. */
  speak(): void {
    const [transceiver] = this.#connection.getTransceivers();
    const startedAtMs = performance.now();
    let sent = 0;
    this.#timer = setInterval(() => {
      const due = Math.floor((performance.now() - startedAtMs) / 20);
      for (; sent < due; sent += 1) void transceiver?.sender.sendRtp(this.#packet());
    }, 20);
  }

  #packet(): Buffer {
    const at = (this.#sequence * 160) % 8_000;
    const header = new RtpHeader({
      sequenceNumber: this.#sequence & 0xffff,
      timestamp: this.#sequence * 160,
      payloadType: 0,
      ssrc: 7,
    });
    this.#sequence += 1;
    return new RtpPacket(header, Buffer.from(this.#tone.subarray(at, at + 160))).serialize();
  }

  /** The last second or less of what it heard, linear. */
  lastHeard(): Int16Array {
    return decodeMulaw(Buffer.concat(this.heard.slice(-50)));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#connection.close();
  }
}
