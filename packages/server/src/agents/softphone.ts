/** The agent's telephone: one WebRTC connection with the agent's page, there before any call, so that an accepted call is heard at once. */
import { type MediaEngine, MediaSessionClosed, type WebRtcSession } from '@ringback/media';
import type { Logger } from 'pino';

export type SoftphoneState = 'disconnected' | 'connecting' | 'connected';

/** An offer on its way to the page; the page's answer names it. */
export interface SoftphoneOffer {
  readonly offerId: number;
  readonly sdp: string;
  /** `same`: it mends the connection of the offer before. */
  readonly connection: 'new' | 'same';
}

export interface Softphone {
  readonly state: SoftphoneState;
  /** What calls are joined to; undefined until the page has answered an offer. */
  readonly audio: WebRtcSession | undefined;
  /**
   * Makes an offer: the first one, a fresh one after the page was loaded again, or one that mends the connection after
   * the network broke (ICE restart) where it has stood and its session lives. Undefined where the softphone was closed meanwhile.
   *
   * @param page `new`: the page has no use for the connection that was; it gets another.
   */
  offer(page: 'new' | 'same'): Promise<SoftphoneOffer | undefined>;
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
  let isClosed = false;
  /** Offers are made one after the other. */
  let offering: Promise<unknown> = Promise.resolve();
  /** The session that listeners know: it has stood. */
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
        if (event.kind === 'fault') {
          logger.warn({ fault: event.message }, 'the softphone broke');
          // Its page notices some seconds later; until then whatever its agent accepted could not be joined.
          become('disconnected');
        }
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

  async function makeOffer(page: 'new' | 'same'): Promise<SoftphoneOffer | undefined> {
    if (isClosed) return undefined;
    lastOffer += 1;
    const offerId = lastOffer;
    const former = session;
    // A restart of ICE mends nothing where the handshake never came to its end.
    if (former && former === told && page === 'same') {
      const sdp = await former.restartIce().catch(undefinedWhereClosed);
      if (sdp !== undefined) return { offerId, sdp, connection: 'same' };
    }
    const opened = await open();
    if (isClosed) {
      await opened.close();
      return undefined;
    }
    session = opened;
    hasAnswered = false;
    become('connecting');
    former?.close().catch((error: unknown) => {
      logger.warn({ err: error }, 'the softphone before could not be closed');
    });
    return { offerId, sdp: opened.offer, connection: 'new' };
  }

  return {
    get state() {
      return state;
    },
    get audio() {
      return hasAnswered ? session : undefined;
    },
    offer(page) {
      const made = offering.then(() => makeOffer(page));
      offering = made.catch(() => undefined);
      return made;
    },
    async answer(offerId, sdp) {
      const answered = session;
      if (offerId !== lastOffer || !answered) return false;
      try {
        await answered.acceptAnswer(sdp);
      } catch (error) {
        // Another offer has closed it meanwhile.
        if (session !== answered && error instanceof MediaSessionClosed) return false;
        throw error;
      }
      if (session !== answered) return false;
      hasAnswered = true;
      return true;
    },
    async close() {
      isClosed = true;
      const closing = session;
      session = undefined;
      hasAnswered = false;
      lastOffer += 1;
      become('disconnected');
      await closing?.close();
    },
  };
}

/** The media worker of a session may have died; such a session has nothing to mend. */
function undefinedWhereClosed(error: unknown): undefined {
  if (!(error instanceof MediaSessionClosed)) throw error;
}
