/** What accepting a request must look up, kept in memory for a moment: instances, queues, numbers, flows and prompts. */
import type { Tenant } from '../arn.ts';
import type { Clock } from '../clock.ts';
import type { ContactFlowId, InstanceId, PhoneNumber, QueueId } from '../ids.ts';
import type { FlowKind, StoredFlow } from './flow-store.ts';
import type { PromptSummary } from './prompt-store.ts';
import type { Queue } from './queue-store.ts';
import type { Instance, OwnPhoneNumber, ResourceStore } from './resource-store.ts';

/** A promise only where something has to be read first: waiting for what is known costs a request more than looking it up. */
export type Known<Value> = Value | Promise<Value>;

export interface Directory {
  instance(id: InstanceId): Known<Instance | undefined>;
  queue(instanceId: InstanceId, id: QueueId): Known<Queue | undefined>;
  phoneNumber(tenant: Tenant, e164: string): Known<OwnPhoneNumber | undefined>;
  flow(instanceId: InstanceId, id: ContactFlowId): Known<StoredFlow | undefined>;
  module(instanceId: InstanceId, id: ContactFlowId): Known<StoredFlow | undefined>;
  /** The instance's prompts by id and by name; a name that looks like an id loses. */
  prompts(instanceId: InstanceId): Known<ReadonlyMap<string, PromptSummary>>;
  /** Forgets everything, so that a change made here is seen by the next request. */
  forget(): void;
}

/** Longest time that another node's change stays unseen, ms. */
const keptForMs = 1000;

/** Most entries of one kind; the oldest go first. */
const maxEntries = 10_000;

export function openDirectory(store: ResourceStore, clock: Clock): Directory {
  const instances = remembered(clock, (id: InstanceId) => store.findInstance(id));
  const queues = remembered(clock, async (id: InstanceId) => {
    const list = await store.listQueues(id);
    return new Map(list.map((queue) => [queue.id, queue]));
  });
  const numbers = remembered(clock, async (key: string) => {
    const [accountId = '', region = ''] = key.split(' ');
    const list = await store.listPhoneNumbers({ accountId: accountId as Tenant['accountId'], region });
    return new Map<PhoneNumber, OwnPhoneNumber>(list.map((number) => [number.e164, number]));
  });
  const flows = remembered(clock, (key: string) => {
    const [kind, instanceId, flowId] = key.split(' ');
    return store.findFlow(instanceId as InstanceId, flowId as ContactFlowId, kind as FlowKind);
  });
  const prompts = remembered(clock, async (id: InstanceId) => {
    const list = await store.listPrompts(id);
    return new Map<string, PromptSummary>([
      ...list.map((prompt) => [prompt.name, prompt] as const),
      ...list.map((prompt) => [prompt.id, prompt] as const),
    ]);
  });
  return {
    instance: (id) => instances.get(id),
    queue: (instanceId, id) => memberOf(queues.get(instanceId), id),
    phoneNumber: (tenant, e164) =>
      memberOf(numbers.get(`${tenant.accountId} ${tenant.region}`), e164 as PhoneNumber),
    flow: (instanceId, id) => flows.get(`flow ${instanceId} ${id}`),
    module: (instanceId, id) => flows.get(`module ${instanceId} ${id}`),
    prompts: (instanceId) => prompts.get(instanceId),
    forget() {
      for (const cache of [instances, queues, numbers, flows, prompts]) cache.clear();
    },
  };
}

function memberOf<Key, Value>(members: Known<ReadonlyMap<Key, Value>>, key: Key): Known<Value | undefined> {
  return members instanceof Promise ? members.then((read) => read.get(key)) : members.get(key);
}

/** Remembers what was read, failed reads excepted. Concurrent askers share one read. */
function remembered<Key, Value>(clock: Clock, read: (key: Key) => Promise<Value>) {
  const entries = new Map<Key, { value: Known<Value>; readonly untilMs: number }>();
  return {
    get(key: Key): Known<Value> {
      const nowMs = clock.now();
      const known = entries.get(key);
      if (known && known.untilMs > nowMs) return known.value;
      const value = read(key);
      const entry: { value: Known<Value>; readonly untilMs: number } = { value, untilMs: nowMs + keptForMs };
      entries.delete(key);
      entries.set(key, entry);
      if (entries.size > maxEntries) {
        const oldest = entries.keys().next();
        if (!oldest.done) entries.delete(oldest.value);
      }
      value.then(
        (found) => {
          entry.value = found;
        },
        () => {
          if (entries.get(key) === entry) entries.delete(key);
        },
      );
      return value;
    },
    clear(): void {
      entries.clear();
    },
  };
}
