/** Everything that agents need of one node, opened together: routing, sessions of pages, desks. Called by service.ts. */
import type { DeskIceServer, DeskQuickConnect } from '@ringback/connect-api';
import type { MediaEngine } from '@ringback/media';
import type { Logger } from 'pino';
import { idOf } from '../arn.ts';
import type { Clock } from '../clock.ts';
import type { Bus } from '../events/bus.ts';
import { type AgentSessions, openAgentSessions } from '../identity/agent-sessions.ts';
import { verifyPassword } from '../identity/passwords.ts';
import type { NodeId } from '../ids.ts';
import { openRouting, type Routing } from '../routing/routing.ts';
import {
  type AgentSetUp,
  openRoutingDirectory,
  queuesForTransfers,
  type RoutingDirectory,
} from '../routing/routing-directory.ts';
import { openAgentSessionStore } from '../store/agent-session-store.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import { setUpFingerprint } from '../store/routing-set-up-store.ts';
import { openRoutingStore } from '../store/routing-store.ts';
import type { RingbackDatabase } from '../store/schema.ts';
import { pageAbsenceMs } from './agent-desk.ts';
import { Desks } from './desks.ts';

export interface AgentSideOptions {
  readonly database: RingbackDatabase;
  readonly resources: ResourceStore;
  readonly media: MediaEngine;
  readonly node: NodeId;
  /** Whether a lease that ran out means that its node is dead (lease-watch.ts). */
  readonly mayJudgeNodes: () => boolean;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newEventId: () => string;
  readonly factsWritten: () => void;
  /** STUN and TURN servers for the agents' browsers. */
  readonly iceServers: readonly DeskIceServer[];
}

export interface OpenAgentSide {
  readonly routing: Routing;
  readonly directory: RoutingDirectory;
  readonly sessions: AgentSessions;
  readonly desks: Desks;
  close(): Promise<void>;
}

export function openAgentSide(options: AgentSideOptions): OpenAgentSide {
  const { database, resources, clock, logger } = options;
  const directory = openRoutingDirectory(resources, clock, (instanceId) =>
    setUpFingerprint(database, instanceId),
  );
  const routing = openRouting({
    node: options.node,
    mayJudgeNodes: options.mayJudgeNodes,
    store: openRoutingStore(database),
    directory,
    clock,
    bus: options.bus,
    logger,
    newEventId: options.newEventId,
    factsWritten: options.factsWritten,
    absenceMs: pageAbsenceMs,
  });
  const sessions = openAgentSessions({
    store: openAgentSessionStore(database),
    agents: resources.agents,
    verifyPassword,
    clock,
  });
  const desks = new Desks({
    routing,
    directory,
    sessions,
    media: options.media,
    quickConnects: (agent) => quickConnectsOf(resources, agent),
    permissions: (agent) => permissionsOfAgent(resources, agent),
    iceServers: options.iceServers,
    clock,
    logger,
  });
  return {
    routing,
    directory,
    sessions,
    desks,
    async close() {
      await desks.close();
      await routing.close();
    },
  };
}

/** What the agent may transfer to, himself left out. */
async function quickConnectsOf(resources: ResourceStore, setUp: AgentSetUp): Promise<DeskQuickConnect[]> {
  const { agent } = setUp;
  const found = await resources.quickConnects.ofQueues(agent.instanceId, queuesForTransfers(setUp));
  return found.flatMap(({ id, name, config }): DeskQuickConnect[] => {
    const { QuickConnectType: type, PhoneConfig, UserConfig } = config;
    if (type === 'FLOW' || (UserConfig && idOf(UserConfig.UserId) === agent.id)) return [];
    return [{ id, name, type, ...(PhoneConfig ? { phoneNumber: PhoneConfig.PhoneNumber } : {}) }];
  });
}

/** All that the agent's security profiles permit. */
async function permissionsOfAgent(
  resources: ResourceStore,
  { agent }: AgentSetUp,
): Promise<ReadonlySet<string>> {
  const profiles = await resources.securityProfiles.list(agent.instanceId);
  const own = new Set<string>(agent.securityProfileIds);
  return new Set(profiles.filter(({ id }) => own.has(id)).flatMap(({ permissions }) => permissions));
}
