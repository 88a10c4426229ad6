/** The agent's part of a contact as it begins: who has it, in which profile and hierarchy, and how the agent's side of the audio was. Pure but for the counters asked. */
import type { AgentView } from '@ringback/flow';
import { type AudioSession, MediaSessionClosed, type RtpStats } from '@ringback/media';
import { instanceResourceArn } from '../arn.ts';
import type { AgentSetUp } from '../routing/routing-directory.ts';
import type { Instance } from '../store/resource-store.ts';
import type { AgentOutcome, RtpOutcome } from './contact.ts';
import { rtpOutcomeOf } from './end-contact.ts';

/** What is known of an agent who takes a contact. */
export function agentOutcomeOf({ agent, profile, hierarchy }: AgentSetUp): AgentOutcome {
  return {
    agentId: agent.id,
    username: agent.username,
    routingProfile: { id: profile.id, name: profile.name },
    ...(hierarchy.length > 0
      ? { hierarchyGroups: hierarchy.map(({ level, id, name }) => ({ level, id, name })) }
      : {}),
  };
}

/** The agent as `$.Agent` shows him to flows. */
export function agentViewOf({ agent }: Pick<AgentSetUp, 'agent'>, { tenant, id }: Instance): AgentView {
  return {
    arn: instanceResourceArn(tenant, id, 'agent', agent.id),
    userName: agent.username,
    firstName: agent.identity.firstName,
    lastName: agent.identity.lastName,
  };
}

/** Measures a softphone, which is there before and after the contact: its counters at the beginning are taken off. */
export class AgentAudioMeter {
  #before: { readonly audio: AudioSession; readonly stats: RtpStats } | undefined;

  /** From now on; again after another softphone took its place. */
  async begin(audio: AudioSession | undefined): Promise<void> {
    const stats = audio && (await statsOf(audio));
    this.#before = audio && stats ? { audio, stats } : undefined;
  }

  /** Undefined where the softphone is gone, and its counters with it. */
  async outcome(): Promise<RtpOutcome | undefined> {
    const before = this.#before;
    const now = before && (await statsOf(before.audio));
    if (!before || !now) return undefined;
    return rtpOutcomeOf({
      ...now,
      packetsSent: now.packetsSent - before.stats.packetsSent,
      packetsReceived: now.packetsReceived - before.stats.packetsReceived,
      lost: Math.max(0, now.lost - before.stats.lost),
    });
  }
}

async function statsOf(audio: AudioSession): Promise<RtpStats | undefined> {
  try {
    return await audio.stats();
  } catch (error) {
    if (error instanceof MediaSessionClosed) return undefined;
    throw error;
  }
}
