/** Lets somebody hear himself: a session whose far end is itself, joined with his. For the echo test of the agent's page. */
import type { AudioSession, MediaEngine } from '@ringback/media';

/** An echo under way; `end` frees it. May be called twice. */
export interface Echo {
  end(): Promise<void>;
}

/** @throws {NoMediaPort | MediaAtCapacity | BridgeRefused | MediaSessionClosed} */
export async function openEcho(engine: Pick<MediaEngine, 'openSession'>, audio: AudioSession): Promise<Echo> {
  const mirror = await engine.openSession({ beside: audio });
  let ended: Promise<unknown> | undefined;
  const end = async (): Promise<void> => {
    ended ??= mirror.close();
    await ended;
  };
  try {
    // What it sends arrives where it listens.
    await mirror.acceptAnswer(mirror.createOffer());
    await audio.bridge(mirror);
  } catch (error) {
    await end();
    throw error;
  }
  return { end };
}
