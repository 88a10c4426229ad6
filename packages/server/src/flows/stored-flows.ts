/** Stored flows as the interpreter wants them: found by id, ARN or name, parsed once per version. */
import { type Flow, type FlowType, parseFlow } from '@ringback/flow';
import { idOf, instanceResourceArn } from '../arn.ts';
import { type ContactFlowId, isUuid } from '../ids.ts';
import type { Directory } from '../store/directory.ts';
import type { Instance, ResourceStore, StoredFlow } from '../store/resource-store.ts';

export interface StoredFlows {
  /** A published, active flow of the instance by id, ARN (with or without `:$LATEST`) or name; undefined when there is none. */
  find(instance: Instance, reference: string): Promise<Flow | undefined>;
}

/** Most parsed flows kept; the oldest go first. */
const maxParsed = 1000;

export function openStoredFlows(directory: Directory, resources: ResourceStore): StoredFlows {
  const parsed = new Map<string, Flow>();

  async function load(instance: Instance, id: ContactFlowId): Promise<Flow | undefined> {
    const stored = await directory.flow(instance.id, id);
    if (stored?.status !== 'PUBLISHED' || stored.state !== 'ACTIVE') return undefined;
    const key = `${instance.id} ${id} ${stored.updatedAtMs}`;
    const known = parsed.get(key);
    if (known) return known;
    const flow = flowOf(instance, stored);
    parsed.set(key, flow);
    if (parsed.size > maxParsed) {
      const oldest = parsed.keys().next();
      if (!oldest.done) parsed.delete(oldest.value);
    }
    return flow;
  }

  return {
    async find(instance, reference) {
      const id = idOf(reference).replace(/:[^:]*$/, '');
      if (isUuid(id)) return load(instance, id as ContactFlowId);
      const named = (await resources.listFlows(instance.id)).find((flow) => flow.name === reference);
      return named && load(instance, named.id);
    },
  };
}

/** Stored content was validated before it was stored; if it no longer parses, the store was changed behind our back. */
function flowOf(instance: Instance, stored: StoredFlow): Flow {
  const result = parseFlow(stored.content);
  if (!result.ok) {
    throw new Error(`The stored flow ${stored.id} ("${stored.name}") cannot be parsed.`);
  }
  return {
    document: result.flow,
    id: stored.id,
    arn: instanceResourceArn(instance.tenant, instance.id, 'contact-flow', stored.id),
    name: stored.name,
    type: stored.type as FlowType,
  };
}
