/** What an instance has that flows can name, read through the API's List operations. */
import type { ReferencedKind } from '../flows/flow-references.ts';
import { ConnectCallFailed } from './ask-signed.ts';
import type { ConnectClient } from './connect-client.ts';

export interface NamedResource {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
}

export interface InstanceResources {
  readonly instanceId: string;
  /** By kind; a kind is missing where the service does not list it. */
  readonly byKind: ReadonlyMap<ReferencedKind, readonly NamedResource[]>;
}

/** The command cannot know which instance is meant. */
export class InstanceUnknown extends Error {
  override readonly name = 'InstanceUnknown';
}

/** How each kind is listed: the operation, the member that holds the list, and its members. */
const lists = [
  ['queue', 'ListQueues', 'QueueSummaryList'],
  ['flow', 'ListContactFlows', 'ContactFlowSummaryList'],
  ['module', 'ListContactFlowModules', 'ContactFlowModulesSummaryList'],
  ['prompt', 'ListPrompts', 'PromptSummaryList'],
  ['hours', 'ListHoursOfOperations', 'HoursOfOperationSummaryList'],
  ['agent', 'ListUsers', 'UserSummaryList'],
] as const;

/** Refusals that mean "this service does not list those", and not "something is wrong". */
const notListed = new Set(['OperationNotImplementedException', 'UnknownOperationException']);

/**
 * Finds the instance by id, ARN or alias; the only one there is when none is named.
 *
 * @throws {InstanceUnknown} when there is none, or more than one to choose from.
 */
export async function findInstance(client: ConnectClient, named: string | undefined): Promise<string> {
  const instances = (
    await listAll((NextToken) => client.call('ListInstances', { NextToken }), 'InstanceSummaryList')
  ).map((entry) => ({
    id: String(entry.Id),
    arn: String(entry.Arn),
    alias: String(entry.InstanceAlias ?? ''),
  }));
  const meant =
    named === undefined
      ? instances
      : instances.filter(({ id, arn, alias }) => [id, arn, alias].includes(named));
  const [only] = meant;
  if (only && meant.length === 1) return only.id;
  const known = instances.map(({ id, alias }) => `  ${id} ${alias}`).join('\n');
  throw new InstanceUnknown(
    named === undefined
      ? `There are ${instances.length} instances; name one with --instance:\n${known}`
      : `There is no instance "${named}". There are:\n${known}`,
  );
}

/** Lists everything that flows can name. */
export async function readInstance(client: ConnectClient, instanceId: string): Promise<InstanceResources> {
  const byKind = new Map<ReferencedKind, readonly NamedResource[]>();
  for (const [kind, operation, member] of lists) {
    try {
      const entries = await listAll(
        (NextToken) => client.call(operation, { InstanceId: instanceId, NextToken }),
        member,
      );
      byKind.set(
        kind,
        entries.map((entry) => ({
          id: String(entry.Id),
          arn: String(entry.Arn),
          name: String(entry.Name ?? entry.Username ?? ''),
        })),
      );
    } catch (error) {
      if (!(error instanceof ConnectCallFailed) || !notListed.has(error.code)) throw error;
    }
  }
  return { instanceId, byKind };
}

async function listAll(
  page: (nextToken: string | undefined) => Promise<Readonly<Record<string, unknown>>>,
  member: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const all: Readonly<Record<string, unknown>>[] = [];
  let token: string | undefined;
  do {
    const answer = await page(token);
    const entries = answer[member];
    if (Array.isArray(entries)) all.push(...(entries as Readonly<Record<string, unknown>>[]));
    token = typeof answer.NextToken === 'string' && answer.NextToken !== '' ? answer.NextToken : undefined;
  } while (token !== undefined);
  return all;
}
