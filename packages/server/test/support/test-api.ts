/** The HTTP edge over a database of its own, without calls: for tests of operations on resources, through the official SDK. */
import { ConnectClient, type ConnectServiceException } from '@aws-sdk/client-connect';
import { operations } from '@ringback/connect-api';
import { type HttpServer, openHttpServer } from '../../src/api/http-server.ts';
import type { ApiDeps } from '../../src/api/operation.ts';
import { systemClock } from '../../src/clock.ts';
import { openInProcessBus } from '../../src/events/bus.ts';
import { openAuthentication } from '../../src/identity/authenticate.ts';
import { type InstanceId, type NodeId, newId } from '../../src/ids.ts';
import { openQuotas, type QuotaDefaults } from '../../src/policy/quotas.ts';
import { openRouting, type Routing } from '../../src/routing/routing.ts';
import { openRoutingDirectory } from '../../src/routing/routing-directory.ts';
import { openContactStore } from '../../src/store/contact-store.ts';
import { openDirectory } from '../../src/store/directory.ts';
import { openNodeStore } from '../../src/store/node-store.ts';
import { openResourceStore, type ResourceStore } from '../../src/store/resource-store.ts';
import { openRoutingStore } from '../../src/store/routing-store.ts';
import { capturedLogger } from '../../src/test-support/captured-logger.ts';
import { openTestDatabase, type TestDatabase } from '../../src/test-support/test-database.ts';

export interface TestApi {
  readonly client: ConnectClient;
  /** The seeded instance. */
  readonly instanceId: InstanceId;
  readonly resources: ResourceStore;
  readonly database: TestDatabase['database'];
  readonly routing: Routing;
  /** Rejections of operations that were not in their models; a test file asserts that there are none. */
  readonly unmodelled: readonly string[];
  close(): Promise<void>;
}

/** Starts it; `quotas` replaces limits of the instance. */
export async function openTestApi(quotas: QuotaDefaults['resources'] = {}): Promise<TestApi> {
  const test = await openTestDatabase();
  const resources = openResourceStore(test.database);
  const node = newId<NodeId>();
  await openNodeStore(test.database).register(node, { host: 'test' }, nodeLeaseMs);
  const routing = openRouting({
    node,
    store: openRoutingStore(test.database),
    directory: openRoutingDirectory(resources, systemClock),
    clock: systemClock,
    bus: openInProcessBus(),
    logger: capturedLogger().logger,
    newEventId: () => newId(),
    factsWritten: () => undefined,
  });
  const closeAll = async (): Promise<void> => {
    await routing.close();
    await test.close();
  };
  const accessKeys = { find: () => undefined, isOpenToAnyone: () => true, wasOpenToAnyone: true };
  let server: HttpServer;
  try {
    server = await openHttpServer({
      config: {
        http: { host: '127.0.0.1', port: 0, tls: undefined, connections: 100, unprovenMegabytes: 64 },
        region: 'us-east-1',
      },
      accessKeys,
      authenticate: openAuthentication({ accessKeys, clock: systemClock, region: 'us-east-1' }),
      audit: { record: () => Promise.resolve(), lost: 0, filesDeleted: 0, close: () => Promise.resolve() },
      api: onlyResources(test.database, resources, routing, quotas),
      clock: systemClock,
      logger: capturedLogger().logger,
      health: async () => ({ ok: true, parts: {} }),
      metrics: async () => ({ contentType: 'text/plain', text: '' }),
      throttle: { ask: () => 'allowed' },
      throttled: () => undefined,
      answered: () => undefined,
    });
  } catch (error) {
    await closeAll();
    throw error;
  }
  const client = new ConnectClient({
    endpoint: `http://127.0.0.1:${server.port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test-secret' },
    // Exceptions that clients repeat by themselves would only make the tests slow.
    maxAttempts: 1,
  });
  const unmodelled: string[] = [];
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        try {
          return await next(args);
        } catch (error) {
          const operation = commandName.replace(/Command$/, '') as keyof typeof operations;
          const { name } = error as ConnectServiceException;
          if (!(operations[operation].errors as readonly string[]).includes(name)) {
            unmodelled.push(`${operation}: ${String(error)}`);
          }
          throw error;
        }
      },
    { step: 'initialize' },
  );
  return {
    client,
    instanceId: test.instanceId,
    resources,
    database: test.database,
    routing,
    unmodelled,
    async close() {
      client.destroy();
      await server.close();
      await closeAll();
    },
  };
}

/** Longer than any test, ms. */
const nodeLeaseMs = 3_600_000;

/** An operation that needs more than what is stored and routed does not belong into such a test. */
function onlyResources(
  database: TestDatabase['database'],
  resources: ResourceStore,
  routing: Routing,
  quotas: QuotaDefaults['resources'],
): ApiDeps {
  const known: Partial<ApiDeps> = {
    clock: systemClock,
    directory: openDirectory(resources, systemClock),
    resources,
    contacts: openContactStore(database),
    routing,
    quotas: openQuotas({ rates: 'aws', resources: quotas }),
  };
  return new Proxy(known as ApiDeps, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (value === undefined) throw new Error(`The operation needs ${String(name)}, which this test lacks.`);
      return value;
    },
  });
}
