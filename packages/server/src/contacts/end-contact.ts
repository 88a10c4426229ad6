/** The one way a contact ends: hang up, free the media, commit the end with its events and record (docs/ending.md gives the order and why). */
import type { AgentView } from '@ringback/flow';
import type { Logger } from 'pino';
import type { Leg } from '../calls/leg.ts';
import type { Clock } from '../clock.ts';
import type { PhoneNumber } from '../ids.ts';
import { ContactNoLongerOwned } from '../store/advance-contacts.ts';
import type { AgentPart } from './agent-part.ts';
import type { ContactOutcome, RecordingOutcome, RtpOutcome } from './contact.ts';
import type { ContactRecording } from './contact-recording.ts';
import type { ContactDetection } from './detected-answer.ts';
import type { Ending } from './endings.ts';
import type { FlowHooks } from './flow-hooks.ts';
import type { OpenContact } from './open-contact.ts';
import type { StoryCard } from './story-card.ts';

/** What a contact holds that must be let go. */
export interface HeldByContact {
  leg?: Leg;
  /** Who answered, being found out or known; undefined without answering machine detection. */
  detection?: ContactDetection;
  /** Whom the customer was transferred to. */
  thirdParty?: Leg | undefined;
  /** Flows that run at certain moments, where a flow has set any. */
  hooks?: FlowHooks;
  /** Where a callback rings, if a flow said so. */
  callbackNumber?: PhoneNumber;
  /** Its place in a queue, and the agent who took it. */
  agentPart?: AgentPart;
  /** The agent as flows see him: who accepted it last, or whom it is transferred to. */
  agent?: AgentView;
  /** Its disconnect flow runs: the agent is gone, the customer is not. */
  isLeftByAgent?: true;
  /** What agents see of it, and how to take that away. */
  card?: StoryCard;
  hideCard?: () => void;
  /** What of the contact is recorded. */
  recording?: ContactRecording;
  /** Finishes the recording under way, if there is one. */
  finishRecording?: () => Promise<RecordingOutcome | undefined>;
}

export interface EndDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborted when this node must not wait for agents any more. */
  readonly stopWaiting?: AbortSignal;
  /** Told of each contact whose end was written here. */
  readonly contactEnded?: (ending: Ending) => void;
}

/**
 * Ends a contact. Called once per contact, by whoever runs its story.
 *
 * The time of the end is taken first, so that closing does not lengthen the call. The recording is finished
 * before the media closes, because the record names its file. If another node owns the contact by now, only
 * what is held here is let go: the end is that node's to write.
 */
export async function endContact(
  contact: OpenContact,
  ending: Ending,
  held: HeldByContact,
  deps: EndDeps,
): Promise<void> {
  const endedAtMs = ending.atMs ?? deps.clock.now();
  const log = deps.logger.child({ contactId: contact.current.id, instanceId: contact.current.instanceId });
  // Whatever fails in letting go, the end is written: a contact that stays open would keep its call slot.
  const letGo = async <Value>(what: string, work: () => Promise<Value> | undefined) => {
    try {
      return await work();
    } catch (error) {
      log.error({ err: error }, `${what} failed at the end of the contact`);
      return undefined;
    }
  };
  const { detection } = held;
  // Its event must be written before the contact's last ones, with what is known by now.
  if (detection) {
    await letGo('finishing detection', async () => {
      await detection.detection.finish();
      await detection.told;
    });
  }
  const recording = await letGo('finishing the recording', () => held.finishRecording?.());
  const stats = await letGo('closing the leg', () => held.leg?.close());
  await letGo('closing the leg of the third party', () => held.thirdParty?.close());
  const outcome: Partial<ContactOutcome> = {
    ...(recording ? { recordings: [...(contact.current.outcome.recordings ?? []), recording] } : {}),
    ...(stats ? { rtp: rtpOutcomeOf(stats) } : {}),
    ...queueOutcomeOf(contact, held, endedAtMs),
  };
  const { agentPart } = held;
  // Nobody is rung any more for a customer who has left.
  if (!agentPart?.agentId) await letGo('leaving the queue', () => agentPart?.end());
  try {
    // Its call ended under an owner that died; only after-contact work was left, which nobody does any more.
    if (contact.current.state === 'DISCONNECTED') await contact.completed(endedAtMs, {});
    else if (agentPart?.agentId) await endWithAgent(contact, ending, endedAtMs, outcome, agentPart, deps);
    else await contact.ended(ending, endedAtMs, outcome);
    deps.contactEnded?.(ending);
    const { disconnectReason, endCause, detail, sip } = ending;
    const { dialledAt, callId } = contact.current.outcome;
    log.info(
      { disconnectReason, endCause, detail, sipReason: sip?.reason, dialledAt, callId },
      'contact ended',
    );
  } catch (error) {
    if (error instanceof ContactNoLongerOwned) {
      log.warn({ err: error }, 'contact was taken over by another node; its end is written there');
      return;
    }
    // The row stays open; recovery, here or on another node, writes its end.
    log.error({ err: error }, 'the end of the contact could not be written; recovery will write it');
  } finally {
    agentPart?.close();
    held.hideCard?.();
  }
}

/**
 * The call is over at once, for the customer and for its slot; the contact is complete when the agent has ended
 * after-contact work, or when this node must stop waiting for that.
 */
async function endWithAgent(
  contact: OpenContact,
  ending: Ending,
  endedAtMs: number,
  outcome: Partial<ContactOutcome>,
  agentPart: AgentPart,
  deps: EndDeps,
): Promise<void> {
  await contact.disconnected(ending, endedAtMs, outcome);
  await agentPart.end();
  const work = await agentPart.work(deps.stopWaiting ?? never);
  const { agent } = contact.current.outcome;
  await contact.completed(
    deps.clock.now(),
    agent && work ? { agent: { ...agent, afterContactWork: work } } : {},
  );
}

/** Who hung up in the queue left it then. */
function queueOutcomeOf(
  contact: OpenContact,
  { agentPart }: HeldByContact,
  endedAtMs: number,
): Partial<ContactOutcome> {
  const { queue } = contact.current.outcome;
  if (!agentPart || !queue) return {};
  return {
    agentConnectionAttempts: agentPart.attempts,
    queue: { ...queue, dequeuedAtMs: queue.dequeuedAtMs ?? endedAtMs },
  };
}

const never = new AbortController().signal;

/** What the record tells of the leg. */
export function rtpOutcomeOf(stats: {
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly lost: number;
  readonly jitterMs: number;
  readonly roundTripMs: number | undefined;
}): RtpOutcome {
  return {
    packetsSent: stats.packetsSent,
    packetsReceived: stats.packetsReceived,
    packetsLost: stats.lost,
    jitterMs: Math.round(stats.jitterMs * 100) / 100,
    ...(stats.roundTripMs === undefined ? {} : { roundTripMs: Math.round(stats.roundTripMs) }),
  };
}
