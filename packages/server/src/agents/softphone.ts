/** The agent's telephone: one WebRTC connection with the agent's page, there before any call, so that an accepted call is heard at once. */
import type { MediaEngine, WebRtcSession } from '@ringback/media';
import type { Logger } from 'pino';

export type SoftphoneState = 'disconnected' | 'connecting' | 'connected';

/** An offer on its way to the page; the page's answer names it. */
export interface SoftphoneOffer {
  readonly offerId: number;
  readonly sdp: string;
}

export interface Softphone {
  readonly state: SoftphoneState;
  /** What calls are joined to; undefined until the page has answered an offer. */
  readonly audio: WebRtcSession | undefined;
  /**
   * Makes an offer: the first one, a fresh one after the page was loaded again, or one that mends the connection after
   * the network broke (ICE restart) while its session lives.
   *
   * @param page `new`: the page knows nothing of the connection that was; it gets another.
   */
  offer(page: 'new' | 'same'): Promise<SoftphoneOffer>;
  /**
   * Takes the page's answer; false when it answers an offer that is not the last.
   *
   * @throws {SdpUnusable}
   */
  answer(offerId: number, sdp: string): Promise<boolean>;
  close(): Promise<void>;
}

export interface SoftphoneEvents {
  /** Connected, or not any more. */
  changed(): void;
  /** Another session took the place of the one that calls were joined to. */
  replaced(audio: WebRtcSession): void;
}

export function openSoftphone(
  engine: Pick<MediaEngine, 'openWebRtcSession'>,
  events: SoftphoneEvents,
  logger: Logger,
): Softphone {
  let session: WebRtcSession | undefined;
  let state: SoftphoneState = 'disconnected';
  let lastOffer = 0;
  let hasAnswered = false;
  /** The session that listeners know. */
  let told: WebRtcSession | undefined;

  function become(next: SoftphoneState): void {
    if (state === next) return;
    state = next;
    events.changed();
  }

  async function open(): Promise<WebRtcSession> {
    const opened = await engine.openWebRtcSession({
      onEvent: (event) => {
        if (session !== opened) return;
        if (event.kind === 'fault') logger.warn({ fault: event.message }, 'the softphone broke');
        if (event.kind === 'connection') {
          become(
            event.state === 'failed'
              ? 'disconnected'
              : event.state === 'connected'
                ? 'connected'
                : 'connecting',
          );
          if (event.state === 'connected' && told !== opened) {
            told = opened;
            events.replaced(opened);
          }
        }
      },
    });
    return opened;
  }

  return {
    get state() {
      return state;
    },
    get audio() {
      return hasAnswered ? session : undefined;
    },
    async offer(page) {
      lastOffer += 1;
      const offerId = lastOffer;
      if (session && hasAnswered && page === 'same') {
        return { offerId, sdp: await session.restartIce() };
      }
      const former = session;
      const opened = await open();
      session = opened;
      hasAnswered = false;
      become('connecting');
      void former?.close();
      return { offerId, sdp: opened.offer };
    },
    async answer(offerId, sdp) {
      if (offerId !== lastOffer || !session) return false;
      await session.acceptAnswer(sdp);
      hasAnswered = true;
      return true;
    },
    async close() {
      const closing = session;
      session = undefined;
      hasAnswered = false;
      lastOffer += 1;
      become('disconnected');
      await closing?.close();
    },
  };
}
