/** Lets two sessions hear each other wherever they are carried: directly beside each other, else over a pair of relay sessions that speak RTP on loopback. Used by conversations. */
import {
  type AudioSession,
  BridgeRefused,
  type BridgeRole,
  type MediaEngine,
  MediaEngineClosed,
  MediaSessionClosed,
} from '@ringback/media';

/** Two sessions joined; `part` ends that and frees what carried it. May be called twice. */
export interface JoinedAudio {
  /** Who was joined to the hub. */
  readonly other: AudioSession;
  part(): Promise<void>;
  /** Gives `other` another role: a supervisor who listened barges in. */
  become(as: BridgeRole): Promise<void>;
}

/**
 * Joins `other` to `hub`, and so to everyone who is joined to `hub` already.
 *
 * Sessions of one worker are bridged there. A softphone is opened long before its calls, so its worker is often not
 * the customer's: then a relay session beside each of them carries the audio between the workers, at the price of one
 * more jitter buffer each way.
 *
 * @param as what `other` may do; `party` by default.
 * @throws {BridgeRefused} more parties than a bridge takes · {MediaSessionClosed} one of them ended meanwhile.
 */
export async function joinAudio(
  engine: MediaEngine,
  hub: AudioSession,
  other: AudioSession,
  as: BridgeRole = 'party',
): Promise<JoinedAudio> {
  try {
    await hub.bridge(other, { as });
    return { other, part: once(() => leaveBridge(other)), become: (role) => hub.bridge(other, { as: role }) };
  } catch (error) {
    if (!(error instanceof BridgeRefused) || error.reason !== 'otherWorker') throw error;
  }
  return relay(engine, hub, other, as);
}

/** A session that ended meanwhile, or whose worker dies at this moment, has left every bridge. */
async function leaveBridge(session: AudioSession): Promise<void> {
  try {
    await session.unbridge();
  } catch (error) {
    if (!(error instanceof MediaSessionClosed || error instanceof MediaEngineClosed)) throw error;
  }
}

async function relay(
  engine: MediaEngine,
  hub: AudioSession,
  other: AudioSession,
  as: BridgeRole,
): Promise<JoinedAudio> {
  const near = await engine.openSession({ beside: hub });
  let far: AudioSession | undefined;
  try {
    const opened = await engine.openSession({ beside: other });
    far = opened;
    await near.acceptAnswer(await opened.answerOffer(near.createOffer()));
    await Promise.all([hub.bridge(near, { as }), other.bridge(opened)]);
  } catch (error) {
    await Promise.all([near.close(), far?.close()]);
    throw error;
  }
  const relays = [near, far];
  return {
    other,
    become: (role) => hub.bridge(near, { as: role }),
    part: once(async () => {
      // Closing a session takes it out of its bridge.
      await Promise.all(relays.map((session) => session.close()));
    }),
  };
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
