/** Judges the content of a flow before it is stored: a draft must be a flow document, what is published must be right and name things that exist. */
import {
  type FlowProblem,
  type FlowType,
  parseFlow,
  type ResourceKind,
  type ResourceLookup,
  validateFlow,
} from '@ringback/flow';
import { idOf, instanceArn } from '../arn.ts';
import type { Instance, ResourceStore } from '../store/resource-store.ts';

/** What the content is meant for. */
export type ContentPurpose = 'draft' | 'publication';

/** All errors of a content, each as one sentence for the caller; empty when it may be stored. */
export async function errorsOfContent(
  content: string,
  type: FlowType,
  purpose: ContentPurpose,
  instance: Instance,
  resources: ResourceStore,
): Promise<readonly string[]> {
  const parsed = parseFlow(content);
  if (!parsed.ok) return parsed.problems.map(describeProblem);
  // A saved draft may be unfinished, but must be a flow document (API reference, member Status).
  if (purpose === 'draft') return [];
  const lookup = await resourcesOfInstance(instance, resources);
  return validateFlow(parsed.flow, { type, resources: lookup })
    .filter((problem) => problem.severity === 'error')
    .map(describeProblem);
}

/** The service's sentence first, as clients may match it; then where it is and what would be right. */
function describeProblem({ message, path, actionIdentifier, remedy }: FlowProblem): string {
  const where = [
    actionIdentifier === undefined ? undefined : `action ${actionIdentifier}`,
    path && !message.includes(path) ? path : undefined,
  ].filter((part) => part !== undefined);
  return `${message}${where.length > 0 ? ` (${where.join(', ')})` : ''}. ${remedy}`;
}

/** How the ARN of each kind names it. Functions and bots are not the instance's, so they are not looked up. */
const arnKinds: Readonly<Partial<Record<ResourceKind, string>>> = {
  queue: 'queue',
  prompt: 'prompt',
  flow: 'contact-flow',
  module: 'flow-module',
  hoursOfOperation: 'operating-hours',
  agent: 'agent',
};

/** What exists at this moment. Things are known by id, by the instance's own ARN, and by name as the interpreter finds them. */
async function resourcesOfInstance(instance: Instance, resources: ResourceStore): Promise<ResourceLookup> {
  const [queues, prompts, flows, modules, hours, agents] = await Promise.all([
    resources.listQueues(instance.id),
    resources.listPrompts(instance.id),
    resources.listFlows(instance.id, 'flow'),
    resources.listFlows(instance.id, 'module'),
    resources.listHours(instance.id),
    resources.listAgents(instance.id),
  ]);
  const known: Readonly<Partial<Record<ResourceKind, ReadonlySet<string>>>> = {
    queue: idsOf(queues),
    prompt: namesOf(prompts),
    flow: namesOf(flows),
    module: namesOf(modules),
    hoursOfOperation: idsOf(hours),
    agent: idsOf(agents),
  };
  const ownArn = instanceArn(instance.tenant, instance.id);
  return {
    find(kind, reference) {
      const ids = known[kind];
      if (!ids) return 'unknown';
      const given = reference.trim();
      if (given.startsWith('arn:') && !given.startsWith(`${ownArn}/${arnKinds[kind]}/`)) return 'missing';
      // A flow may be named with a version or an alias: `:$LATEST`.
      const [id = ''] = idOf(given).split(':');
      return ids.has(id.toLowerCase()) || ids.has(given) ? 'exists' : 'missing';
    },
  };
}

const idsOf = (things: readonly { readonly id: string }[]): ReadonlySet<string> =>
  new Set(things.map(({ id }) => id));

const namesOf = (things: readonly { readonly id: string; readonly name: string }[]): ReadonlySet<string> =>
  new Set(things.flatMap(({ id, name }) => [id, name]));
