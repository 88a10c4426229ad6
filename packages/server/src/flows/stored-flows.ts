/** Stored flows and modules as the interpreter wants them: found by id, ARN or name, parsed once per content. */
import { type Flow, type FlowType, parseFlow } from '@ringback/flow';
import { idOf, instanceResourceArn } from '../arn.ts';
import { type ContactFlowId, isUuid } from '../ids.ts';
import type { Directory } from '../store/directory.ts';
import type { FlowKind, StoredFlow } from '../store/flow-store.ts';
import type { Instance, ResourceStore } from '../store/resource-store.ts';

export interface StoredFlows {
  /**
   * A published, active flow or module of the instance by id, ARN or name; undefined when there is none. Id and ARN may
   * end in `:$LATEST`, in the number of a version, or for a module in the name of an alias.
   */
  find(instance: Instance, reference: string, kind: FlowKind): Promise<Flow | undefined>;
}

/** Most parsed flows kept; the oldest go first. */
const maxParsed = 1000;

export function openStoredFlows(directory: Directory, resources: ResourceStore): StoredFlows {
  const parsed = new Map<string, { readonly content: string; readonly flow: Flow }>();

  async function load(
    instance: Instance,
    id: ContactFlowId,
    kind: FlowKind,
    version: string,
  ): Promise<Flow | undefined> {
    const stored = await directory[kind](instance.id, id);
    if (stored?.status !== 'PUBLISHED' || stored.state !== 'ACTIVE') return undefined;
    const content =
      version === latest ? stored.content : await contentOfVersion(resources, stored, kind, version);
    if (content === undefined) return undefined;
    const key = `${instance.id} ${id} ${version}`;
    const known = parsed.get(key);
    if (known?.content === content && known.flow.name === stored.name) return known.flow;
    const flow = flowOf(instance, stored, content);
    parsed.delete(key);
    parsed.set(key, { content, flow });
    if (parsed.size > maxParsed) {
      const oldest = parsed.keys().next();
      if (!oldest.done) parsed.delete(oldest.value);
    }
    return flow;
  }

  return {
    async find(instance, reference, kind) {
      const [id = '', version = latest] = idOf(reference).split(':');
      if (isUuid(id)) return load(instance, id.toLowerCase() as ContactFlowId, kind, version);
      const flows = await resources.listFlows(instance.id, kind);
      const named = flows.find((flow) => flow.name === reference);
      return named && load(instance, named.id, kind, latest);
    },
  };
}

const latest = '$LATEST';

async function contentOfVersion(
  resources: ResourceStore,
  flow: StoredFlow,
  kind: FlowKind,
  version: string,
): Promise<string | undefined> {
  const isNumber = /^[1-9][0-9]{0,8}$/.test(version);
  const number = isNumber
    ? Number(version)
    : kind === 'module'
      ? (await resources.findAlias(flow, { name: version }))?.version
      : undefined;
  return number === undefined ? undefined : (await resources.findVersion(flow, number))?.content;
}

/** Stored content was validated before it was stored; if it no longer parses, the store was changed behind our back. */
function flowOf(instance: Instance, stored: StoredFlow, content: string): Flow {
  const result = parseFlow(content);
  if (!result.ok) {
    throw new Error(`The stored flow ${stored.id} ("${stored.name}") cannot be parsed.`);
  }
  const kind = stored.type === 'MODULE' ? 'flow-module' : 'contact-flow';
  return {
    document: result.flow,
    id: stored.id,
    arn: instanceResourceArn(instance.tenant, instance.id, kind, stored.id),
    name: stored.name,
    type: stored.type as FlowType,
  };
}
