// The softphone of a scripted agent: one connection with PCMU, answered to the service's offers; sends a tone, keeps what it hears.

import type { RTCPeerConnection } from 'werift';

/** A STUN or TURN server, as the service tells of it. */
export interface AgentIceServer {
  readonly urls: string;
  readonly username?: string;
  readonly credential?: string;
}

/** `relay`: only through TURN, as a browser behind a firewall. */
export type AgentTransport = 'all' | 'relay';

const packetMs = 20;
const samplesPerPacket = 160;

export class AgentAudio {
  /** µ-law payloads received, in order of arrival. */
  readonly heard: Buffer[] = [];
  readonly #toneHz: number;
  readonly #failed: (failure: unknown) => void;
  readonly #transport: AgentTransport;
  #connection: RTCPeerConnection | undefined;
  #sendPacket: (() => void) | undefined;
  #sequence = 0;
  #speaking: NodeJS.Timeout | undefined;

  /** @param failed told of what happens outside of any call. */
  constructor(toneHz: number, failed: (failure: unknown) => void, transport: AgentTransport = 'all') {
    this.#transport = transport;
    this.#toneHz = toneHz;
    this.#failed = failed;
  }

  /** The connection's state in WebRTC's words. */
  get state(): string {
    return this.#connection?.connectionState ?? 'not there yet';
  }

  /** Answers an offer of the service: of another connection, or one that mends the connection that is there. */
  async answer(
    offer: string,
    kind: 'new' | 'same',
    iceServers: readonly AgentIceServer[] = [],
  ): Promise<string> {
    const known = kind === 'same' ? this.#connection : undefined;
    const connection = known ?? (await this.#begin(iceServers));
    await connection.setRemoteDescription({ type: 'offer', sdp: offer });
    if (!known) {
      // Browsers take repeats as they come; this library does so only behind an order.
      const { keepHandshakeOrder } = await import('@ringback/media');
      keepHandshakeOrder(connection);
    }
    for (const transceiver of connection.getTransceivers()) transceiver.direction = 'sendrecv';
    await connection.setLocalDescription(await connection.createAnswer());
    if (known) {
      // This library, as a browser, has to be told to begin after a restart; where it fails, its state tells.
      for (const transport of connection.iceTransports) void transport.start().catch(() => undefined);
    }
    return connection.localDescription?.sdp ?? '';
  }

  /** Sends the tone from now on. */
  speak(): void {
    if (this.#speaking) return;
    // By the clock, so that a starved machine delays packets and loses none.
    const startedAtMs = performance.now();
    let sent = 0;
    this.#speaking = setInterval(() => {
      const due = Math.floor((performance.now() - startedAtMs) / packetMs);
      for (; sent < due; sent += 1) this.#sendPacket?.();
    }, packetMs);
  }

  silence(): void {
    clearInterval(this.#speaking);
    this.#speaking = undefined;
  }

  async close(): Promise<void> {
    this.silence();
    const connection = this.#connection;
    this.#connection = undefined;
    this.#sendPacket = undefined;
    await connection?.close();
  }

  async #begin(iceServers: readonly AgentIceServer[]): Promise<RTCPeerConnection> {
    // Only agents with a softphone need the library; most users of this package have none.
    const [{ RTCPeerConnection, RtpHeader, RtpPacket, usePCMU }, { encodeMulaw }] = await Promise.all([
      import('werift'),
      import('@ringback/media'),
    ]);
    const tone = encodeMulaw(
      Int16Array.from(
        { length: 8_000 },
        (_, n) => 8_000 * Math.sin((2 * Math.PI * this.#toneHz * n) / 8_000),
      ),
    );
    const former = this.#connection;
    const connection = new RTCPeerConnection({
      codecs: { audio: [usePCMU()] },
      iceUseIpv4: false,
      iceUseIpv6: false,
      iceUseTcp: false,
      iceAdditionalHostAddresses: ['127.0.0.1'],
      iceInterfaceAddresses: { udp4: '127.0.0.1' },
      iceServers: iceServers.map((server) => ({ ...server })),
      iceTransportPolicy: this.#transport,
    });
    this.#connection = connection;
    former?.close().catch(this.#failed);
    connection.onTrack.subscribe((track) => {
      track.onReceiveRtp.subscribe(({ payload }) => this.heard.push(Buffer.from(payload)));
    });
    this.#sendPacket = () => {
      if (connection.connectionState !== 'connected') return;
      const [transceiver] = connection.getTransceivers();
      const at = (this.#sequence * samplesPerPacket) % tone.length;
      const header = new RtpHeader({
        sequenceNumber: this.#sequence & 0xffff,
        timestamp: this.#sequence * samplesPerPacket,
        payloadType: 0,
        ssrc: 7,
      });
      this.#sequence += 1;
      const payload = Buffer.from(tone.subarray(at, at + samplesPerPacket));
      transceiver?.sender.sendRtp(new RtpPacket(header, payload).serialize()).catch((error: unknown) => {
        // A connection that closes meanwhile loses what was under way.
        if (connection === this.#connection && connection.connectionState === 'connected')
          this.#failed(error);
      });
    };
    return connection;
  }
}
