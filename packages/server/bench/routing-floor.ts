/** A floor of agents on a database of its own, for the routing phases: routing as the service runs it, without calls. */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { systemClock } from '../src/clock.ts';
import { openInProcessBus } from '../src/events/bus.ts';
import { type ContactId, type InstanceId, type NodeId, newId, type QueueId } from '../src/ids.ts';
import { openRouting, type Routing } from '../src/routing/routing.ts';
import type { RoutedContact } from '../src/routing/routing-change.ts';
import { openRoutingDirectory } from '../src/routing/routing-directory.ts';
import { openNodeStore } from '../src/store/node-store.ts';
import { openResourceStore } from '../src/store/resource-store.ts';
import { setUpFingerprint } from '../src/store/routing-set-up-store.ts';
import { openRoutingStore } from '../src/store/routing-store.ts';
import type { RingbackDatabase } from '../src/store/schema.ts';
import { makeRoutingTeam, type RoutingTeam } from '../src/test-support/routing-team.ts';
import { openTestDatabase } from '../src/test-support/test-database.ts';

export interface RoutingFloor {
  readonly routing: Routing;
  readonly database: RingbackDatabase;
  readonly instanceId: InstanceId;
  readonly team: RoutingTeam;
  /** The queue that half of the agents serve, and the only one that the phases use. */
  readonly queueId: QueueId;
  newContact(): RoutedContact;
  /** What the log complained of. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

export async function openRoutingFloor(agentCount: number): Promise<RoutingFloor> {
  const server = await openTestDatabase();
  const { database, instanceId } = server;
  const node = newId<NodeId>();
  await openNodeStore(database).register(node, { host: 'bench' }, 24 * 3_600_000);
  const team = await makeRoutingTeam(database, instanceId, agentCount, () => 0.9);
  const complaints: string[] = [];
  const routing = openRouting({
    node,
    store: openRoutingStore(database),
    directory: openRoutingDirectory(openResourceStore(database), systemClock, (id) =>
      setUpFingerprint(database, id),
    ),
    clock: systemClock,
    bus: openInProcessBus(),
    logger: pino({ level: 'warn' }, { write: (line: string) => void complaints.push(line) }),
    newEventId: randomUUID,
    factsWritten: () => undefined,
  });
  return {
    routing,
    database,
    instanceId,
    team,
    queueId: team.queues[0] as QueueId,
    complaints,
    newContact: () => ({
      instanceId,
      contactId: newId<ContactId>(),
      epoch: 1,
      channel: 'VOICE',
      initiationMethod: 'API',
    }),
    async close() {
      await routing.close();
      await server.close();
    },
  };
}

/** Enqueues many contacts and resolves when all are committed. */
export async function fillQueue(floor: RoutingFloor, count: number): Promise<readonly RoutedContact[]> {
  const contacts = Array.from({ length: count }, () => floor.newContact());
  for (let from = 0; from < count; from += 1000) {
    await Promise.all(
      contacts
        .slice(from, from + 1000)
        .map((contact) => floor.routing.enqueue(contact, { kind: 'queue', queueId: floor.queueId })),
    );
  }
  return contacts;
}
