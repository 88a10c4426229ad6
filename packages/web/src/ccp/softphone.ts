// The browser's end of the softphone: one RTCPeerConnection with PCMU, answered to the service's offers; microphone, speaker, levels and
// the quality of the network.

import type { DeskIceServer } from '@ringback/connect-api';
import { note } from './desk-log.ts';

/** An offer of the service, as it came. */
export interface SoftphoneOffer {
  readonly sdp: string;
  readonly iceServers: readonly DeskIceServer[];
  /** `same`: of the connection that the offer before made. */
  readonly connection: 'new' | 'same';
}

export interface SoftphoneQuality {
  readonly roundTripMs: number | undefined;
  readonly lossPercent: number;
  readonly jitterMs: number;
}

/** `inUse`: another program has it. `insecure`: browsers share it with HTTPS pages and this machine only. */
export type MicrophoneState = 'asking' | 'ready' | 'refused' | 'missing' | 'inUse' | 'insecure';

export interface SoftphoneListener {
  microphone(state: MicrophoneState): void;
  /** The connection is gone and does not heal by itself; `same`: an offer can mend it. */
  broken(wanted: 'new' | 'same'): void;
}

const microphoneKey = 'ringback.microphone';
const speakerKey = 'ringback.speaker';

/** Names of the errors of `getUserMedia`; any other means that it was not allowed. */
const whyNot: Readonly<Record<string, MicrophoneState>> = {
  NotFoundError: 'missing',
  NotReadableError: 'inUse',
};

export class Softphone {
  readonly #listener: SoftphoneListener;
  readonly #speaker = new Audio();
  #connection: RTCPeerConnection | undefined;
  #microphone: MediaStream | undefined;
  #context: AudioContext | undefined;
  #meter: AnalyserNode | undefined;
  #isTalking = false;
  #isClosed = false;
  #last = { received: 0, lost: 0 };

  constructor(listener: SoftphoneListener) {
    this.#listener = listener;
    this.#speaker.autoplay = true;
    const speakerId = localStorage.getItem(speakerKey);
    if (speakerId) void this.chooseSpeaker(speakerId);
  }

  /** Asks for the microphone; the browser asks the agent the first time. */
  async openMicrophone(deviceId = localStorage.getItem(microphoneKey) ?? ''): Promise<boolean> {
    if (!navigator.mediaDevices) {
      this.#listener.microphone('insecure');
      return false;
    }
    this.#listener.microphone('asking');
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: {
          ...(deviceId === '' ? {} : { deviceId }),
          echoCancellation: true,
          noiseSuppression: true,
          autoGainControl: true,
        },
      });
      if (this.#isClosed) {
        // The page was left while the browser asked.
        for (const track of stream.getTracks()) track.stop();
        return false;
      }
      this.#stopMicrophone();
      this.#microphone = stream;
      // Unplugged: whatever else there is, takes its place.
      for (const track of stream.getAudioTracks()) track.onended = () => void this.openMicrophone('');
      if (deviceId !== '') localStorage.setItem(microphoneKey, deviceId);
      this.#measure(stream);
      await this.#feed();
      this.#listener.microphone('ready');
      return true;
    } catch (error) {
      const name = error instanceof DOMException ? error.name : '';
      note('microphone_not_shared', { name });
      this.#listener.microphone(whyNot[name] ?? 'refused');
      return false;
    }
  }

  /** Answers an offer of the service: of another connection, or one that mends the connection that is there. */
  async answer({ sdp, iceServers, connection: kind }: SoftphoneOffer): Promise<string> {
    const known = kind === 'same' ? this.#connection : undefined;
    const connection = known ?? this.#begin(iceServers);
    await connection.setRemoteDescription({ type: 'offer', sdp });
    const [transceiver] = connection.getTransceivers();
    if (transceiver) transceiver.direction = 'sendrecv';
    await this.#feed();
    await connection.setLocalDescription();
    await gathered(connection);
    return connection.localDescription?.sdp ?? '';
  }

  /** Sends the microphone only while somebody is there to hear it. */
  async talk(isTalking: boolean): Promise<void> {
    if (this.#isTalking === isTalking) return;
    this.#isTalking = isTalking;
    await this.#feed();
  }

  /** Loudness of the microphone, 0 to 1. */
  level(): number {
    if (!this.#meter) return 0;
    const samples = new Float32Array(this.#meter.fftSize);
    this.#meter.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return Math.min(1, Math.sqrt(power) * 4);
  }

  async quality(): Promise<SoftphoneQuality | undefined> {
    if (this.#connection?.connectionState !== 'connected') return undefined;
    let roundTripMs: number | undefined;
    let jitterMs = 0;
    let received = 0;
    let lost = 0;
    for (const report of (await this.#connection.getStats()).values()) {
      if (report.type === 'candidate-pair' && report.nominated && report.currentRoundTripTime !== undefined) {
        roundTripMs = report.currentRoundTripTime * 1000;
      }
      if (report.type === 'inbound-rtp') {
        jitterMs = (report.jitter ?? 0) * 1000;
        received = report.packetsReceived ?? 0;
        lost = report.packetsLost ?? 0;
      }
    }
    const since = { received: received - this.#last.received, lost: Math.max(0, lost - this.#last.lost) };
    this.#last = { received, lost };
    const all = since.received + since.lost;
    return { roundTripMs, jitterMs, lossPercent: all > 0 ? (100 * since.lost) / all : 0 };
  }

  async devices(): Promise<{
    readonly microphones: MediaDeviceInfo[];
    readonly speakers: MediaDeviceInfo[];
  }> {
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    return {
      microphones: all.filter(({ kind }) => kind === 'audioinput'),
      speakers: all.filter(({ kind }) => kind === 'audiooutput'),
    };
  }

  get microphoneId(): string {
    return this.#microphone?.getAudioTracks()[0]?.getSettings().deviceId ?? '';
  }

  get speakerId(): string {
    return localStorage.getItem(speakerKey) ?? '';
  }

  async chooseSpeaker(deviceId: string): Promise<void> {
    try {
      await this.#speaker.setSinkId(deviceId);
      localStorage.setItem(speakerKey, deviceId);
    } catch (error) {
      note('speaker not usable', { error: String(error) });
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#stopMicrophone();
    this.#connection?.close();
    this.#connection = undefined;
    this.#speaker.srcObject = null;
  }

  #begin(iceServers: readonly DeskIceServer[]): RTCPeerConnection {
    this.#connection?.close();
    const connection = new RTCPeerConnection({ iceServers: [...iceServers] });
    this.#connection = connection;
    this.#last = { received: 0, lost: 0 };
    connection.ontrack = ({ track }) => {
      this.#speaker.srcObject = new MediaStream([track]);
      void this.#speaker
        .play()
        .catch((error: unknown) => note('audio waits for a click', { error: String(error) }));
    };
    connection.onconnectionstatechange = () => {
      note('softphone', { state: connection.connectionState });
      if (connection !== this.#connection || connection.connectionState !== 'failed') return;
      // ICE can be begun again; a handshake that failed cannot.
      const [sender] = connection.getSenders();
      this.#listener.broken(sender?.transport?.state === 'failed' ? 'new' : 'same');
    };
    return connection;
  }

  async #feed(): Promise<void> {
    const [sender] = this.#connection?.getSenders() ?? [];
    const track = this.#microphone?.getAudioTracks()[0] ?? null;
    await sender?.replaceTrack(this.#isTalking ? track : null);
  }

  #measure(stream: MediaStream): void {
    const context = new AudioContext();
    const meter = context.createAnalyser();
    meter.fftSize = 1024;
    context.createMediaStreamSource(stream).connect(meter);
    this.#context = context;
    this.#meter = meter;
  }

  #stopMicrophone(): void {
    for (const track of this.#microphone?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    void this.#context?.close();
    this.#context = undefined;
    this.#meter = undefined;
  }
}

/** Waits for the candidates, a second at most: the service learns this end's address from its checks as well. */
async function gathered(connection: RTCPeerConnection): Promise<void> {
  if (connection.iceGatheringState === 'complete') return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, 1000);
    connection.onicegatheringstatechange = () => {
      if (connection.iceGatheringState !== 'complete') return;
      clearTimeout(timer);
      resolve();
    };
  });
}
