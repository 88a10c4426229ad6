/**
 * One browser connection through `werift`: ICE, DTLS and SRTP; plain RTP packets go in and come out. The only file
 * that knows the library, which is loaded with the first connection.
 */
import type { PeerState } from '../media-event.ts';
import { isUsableCandidate, withAnnouncedHost, withoutNamedCandidates } from '../sdp/candidates.ts';
import { SdpUnusable } from '../sdp/sdp-unusable.ts';
import { checkWebRtcAnswer, type NegotiatedMedia } from '../sdp/session-description.ts';
import type { WebRtcOptions } from '../webrtc-session.ts';
import { keepHandshakeOrder } from './handshake-order.ts';
import { prepareKeys } from './prepared-keys.ts';

/** What a connection tells. */
export interface PeerWorld {
  /** An RTP packet of the browser, decrypted. */
  receive(datagram: Uint8Array): void;
  changed(state: PeerState): void;
}

export interface Peer {
  readonly offer: string;
  /** What the session sends and accepts. */
  readonly media: NegotiatedMedia;
  /** @throws {SdpUnusable} */
  accept(answer: string): Promise<void>;
  addCandidate(candidate: string): Promise<void>;
  /** Another offer, with fresh ICE credentials. */
  restart(): Promise<string>;
  /** Encrypts and sends one RTP packet; dropped until the connection stands. */
  send(packet: Uint8Array): void;
  /** DTLS has said who is heard. */
  hearOnly(): void;
  hearAnyone(): void;
  close(): Promise<void>;
}

/** We offer one codec, the one of telephones, so that its bytes are only passed on. */
const PCMU_PAYLOAD_TYPE = 0;

const AGREED: NegotiatedMedia = {
  remoteHost: '',
  remotePort: 0,
  remoteRtcpPort: 0,
  codec: 'PCMU',
  payloadType: PCMU_PAYLOAD_TYPE,
  telephoneEventPayloadType: undefined,
  srtp: undefined,
  accepted: [{ payloadType: PCMU_PAYLOAD_TYPE, format: 'PCMU' }],
  direction: 'sendrecv',
};

/** States of the connection until it stands, then of ICE alone: the library tells of a break only there. */
const STATES: Record<string, PeerState | undefined> = {
  connecting: 'connecting',
  checking: 'connecting',
  connected: 'connected',
  disconnected: 'disconnected',
  failed: 'failed',
};

/** Opens a connection and makes its offer, with all candidates gathered. */
export async function openPeer(options: WebRtcOptions & { host: string }, world: PeerWorld): Promise<Peer> {
  const { RTCPeerConnection, usePCMU } = await import('werift');
  const { host, announcedHost = host, ports, iceServers = [], transportPolicy = 'all' } = options;
  const connection = new RTCPeerConnection({
    codecs: { audio: [usePCMU()] },
    // No address but the one we were told: the library would listen on every interface.
    iceUseIpv4: false,
    iceUseIpv6: false,
    iceUseTcp: false,
    iceAdditionalHostAddresses: [host],
    iceInterfaceAddresses: { udp4: host },
    iceServers: iceServers.map((server) => ({ ...server })),
    iceTransportPolicy: transportPolicy,
    ...(ports ? { icePortRange: [ports.first, ports.last] as [number, number] } : {}),
  });
  const transceiver = connection.addTransceiver('audio', { direction: 'sendrecv' });
  transceiver.onTrack.subscribe((track) => {
    track.onReceiveRtp.subscribe((packet) => world.receive(packet.serialize()));
  });
  let state: PeerState | undefined;
  let stoodOnce = false;
  let isRestarting = false;
  const changed = (): void => {
    const now = STATES[stoodOnce ? connection.iceConnectionState : connection.connectionState];
    if (now === undefined || now === state) return;
    if (now === 'connected') {
      stoodOnce = true;
      for (const transport of connection.dtlsTransports) prepareKeys(transport);
    }
    state = now;
    world.changed(now);
  };
  connection.connectionStateChange.subscribe(changed);
  connection.iceConnectionStateChange.subscribe(changed);

  const makeOffer = async (isRestart: boolean): Promise<string> => {
    const description = await connection.createOffer(isRestart ? { iceRestart: true } : {});
    await connection.setLocalDescription(description);
    const sdp = connection.localDescription?.sdp ?? description.sdp;
    return withAnnouncedHost(sdp, host, announcedHost);
  };

  let offer: string;
  try {
    offer = await makeOffer(false);
    keepHandshakeOrder(connection);
  } catch (error) {
    await connection.close();
    throw error;
  }
  return {
    offer,
    media: AGREED,
    async accept(answer) {
      checkWebRtcAnswer(answer);
      try {
        await connection.setRemoteDescription({ type: 'answer', sdp: withoutNamedCandidates(answer) });
      } catch (error) {
        throw new SdpUnusable('malformed', error instanceof Error ? error.message : String(error));
      }
      if (!isRestarting) return;
      isRestarting = false;
      // The library leaves ICE unstarted where DTLS already stands (0.25.2, `connect`).
      for (const transport of connection.iceTransports) void transport.start().catch(() => changed());
    },
    async addCandidate(candidate) {
      if (!isUsableCandidate(candidate)) return;
      await connection.addIceCandidate({ candidate, sdpMLineIndex: 0 });
    },
    restart() {
      isRestarting = stoodOnce;
      return makeOffer(true);
    },
    send(packet) {
      // The library keeps the packet for a moment; the session writes into its buffer again.
      void transceiver.sender.sendRtp(Buffer.from(packet));
    },
    hearOnly() {},
    hearAnyone() {},
    close: () => connection.close(),
  };
}
