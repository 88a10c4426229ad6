/** Dials a customer while an agent listens: ringing, announcements, then the answer. A step of the stories in which the agent is there first. */
import type { AudioSession, MediaEngine } from '@ringback/media';
import type { AgentDesk } from '../agents/agent-desk.ts';
import { dial } from '../calls/dial.ts';
import { DialFailure } from '../calls/dial-failure.ts';
import { type JoinedAudio, joinAudio } from '../calls/join-audio.ts';
import type { Leg } from '../calls/leg.ts';
import { agentOutcomeOf } from './agent-outcome.ts';
import type { HeldByContact } from './end-contact.ts';
import { ContactEnded, type Ending } from './endings.ts';
import { inWords } from './failure-words.ts';
import type { OpenContact } from './open-contact.ts';
import type { OutboundContactDeps } from './outbound-contact.ts';
import { customerParty, type StoryCard } from './story-card.ts';

export interface DialForAgentParts {
  readonly contact: OpenContact;
  readonly held: HeldByContact;
  readonly card: StoryCard;
  readonly desk: AgentDesk;
  readonly media: MediaEngine;
  readonly deps: OutboundContactDeps;
}

/** The agent gave up before anybody answered (Administrator Guide: the originator cancels). */
const agentGaveUp: Ending = { disconnectReason: 'TELECOM_ORIGINATOR_CANCEL', endCause: 'AGENT_GAVE_UP' };

/** What the agent hears while the network plays nothing itself, or nothing that he is to hear (EARLY_MEDIA): 440 and 480 Hz, two seconds of six (ANSI T1.401). */
const ringing = [
  { tone: { frequenciesHz: [440, 480], levelDbm0: -19 }, durationMs: 2_000 },
  { silenceMs: 4_000 },
] as const;

/**
 * Dials, and resolves with the leg and how it is joined to the agent.
 *
 * @throws {DialFailure | ContactEnded} after it was shown to the agent in words.
 */
export async function dialForAgent(
  { contact, held, card, desk, media, deps }: DialForAgentParts,
  signal: AbortSignal,
): Promise<{ readonly leg: Leg; readonly joined: JoinedAudio | undefined }> {
  const { request } = contact.current;
  const giveUp = new AbortController();
  const heard = new AbortController();
  let early: Promise<JoinedAudio | undefined> = Promise.resolve(undefined);
  let ringingLeg: AudioSession | undefined;
  let rings = false;
  card.enter(
    { phase: 'DIALLING', parties: [customerParty(request.destination, 'connecting')] },
    {
      hangUp: async () => {
        giveUp.abort(new ContactEnded(agentGaveUp));
        return undefined;
      },
    },
  );
  // The page was loaded again: its new softphone hears what the one before heard.
  const stopListening = desk.onAudioReplaced((audio) => {
    if (ringingLeg) early = joinEarly(early, media, ringingLeg, desk, deps);
    if (rings && !heard.signal.aborted) void playRinging(audio, heard.signal, deps);
  });
  void desk.gone.then(() => giveUp.abort(new ContactEnded(agentGaveUp)));
  try {
    // Known whoever answers, and where nobody does: the record tells who called, and the after-contact work that follows.
    const setUp = await desk.setUp();
    if (setUp) {
      const { agent } = contact.current.outcome;
      contact.learned({
        agent: { ...agent, ...agentOutcomeOf(setUp.agent), joinedAtMs: deps.clock.now() },
      });
    }
    const instance = await deps.directory.instance(contact.current.instanceId);
    const hearsNetwork = instance?.earlyMediaEnabled ?? true;
    const ring = (): void => {
      if (!rings) void playRinging(desk.audio, heard.signal, deps);
      rings = true;
    };
    const dialByMs = deps.clock.now() + deps.maxDialDelayMs;
    await deps.gate.pass(dialByMs, AbortSignal.any([signal, giveUp.signal]));
    const leg = await dial(
      {
        destination: request.destination,
        source: request.source,
        account: contact.current.tenant,
        callerIdName: request.callerIdName,
        ringTimeoutMs: request.ringTimeoutMs,
        dialByMs,
        ...(desk.audio ? { beside: desk.audio } : {}),
      },
      {
        commitAttempt: (attempt) => contact.dialAttempted(attempt, dialByMs),
        opened: (session) => {
          if (!hearsNetwork) return;
          ringingLeg = session;
          early = joinEarly(early, media, session, desk, deps);
        },
        ringing: (ringStartedAtMs) => {
          contact.learned({ ringStartedAtMs });
          ring();
        },
        earlyMedia() {
          if (hearsNetwork) heard.abort();
          else ring();
        },
        digit: (digit) =>
          deps.observe?.({ kind: 'digit', atMs: deps.clock.now(), contactId: contact.current.id, digit }),
      },
      deps.dialling,
      AbortSignal.any([signal, giveUp.signal]),
    );
    held.leg = leg;
    await contact.connectedToSystem(leg.answeredAtMs);
    return { leg, joined: await early };
  } catch (error) {
    await (await early)?.part();
    if (giveUp.signal.aborted && !signal.aborted) throw giveUp.signal.reason;
    if (error instanceof DialFailure) {
      const { disconnectReason } = error.verdict;
      card.show({ failure: { reason: disconnectReason, text: inWords(disconnectReason) } });
    }
    throw error;
  } finally {
    stopListening();
    heard.abort();
  }
}

/**
 * The agent is joined to the call before it is answered, in place of the attempt before; without a softphone the conversation will say so.
 * Never rejects: nobody waits for it until somebody answers.
 */
async function joinEarly(
  before: Promise<JoinedAudio | undefined>,
  media: MediaEngine,
  session: AudioSession,
  desk: AgentDesk,
  { logger }: OutboundContactDeps,
): Promise<JoinedAudio | undefined> {
  try {
    await (await before)?.part();
    if (!desk.audio) return undefined;
    return await joinAudio(media, session, desk.audio);
  } catch (error) {
    logger.warn({ err: error }, 'the agent does not hear the ringing');
    return undefined;
  }
}

async function playRinging(
  audio: AudioSession | undefined,
  signal: AbortSignal,
  { logger }: OutboundContactDeps,
): Promise<void> {
  try {
    await audio?.play(ringing, { repeat: 'forever', signal });
  } catch (error) {
    logger.debug({ err: error }, 'no ringing for the agent');
  }
}
