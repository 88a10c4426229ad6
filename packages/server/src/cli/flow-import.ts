/** `ringback flow import`: brings exported flows into a running service, with their references mapped to what is there. */
import type { OperationInput } from '@ringback/connect-api';
import { type FlowType, parseFlow, validateFlow } from '@ringback/flow';
import { Command } from 'commander';
import { parse as parseYaml } from 'yaml';
import { idOf } from '../arn.ts';
import { type FlowReference, flowReferences, replaceReferences } from '../flows/flow-references.ts';
import { functionName } from '../flows/simulation/scenario-world.ts';
import { type ConnectClient, openConnectClient } from './connect-client.ts';
import { type ConnectionFlags, connectionOf, withConnection } from './connection-options.ts';
import { documentOf, type FlowFile, FlowFileUnusable, readFlowFile, readText } from './flow-files.ts';
import { flowTypeArgument } from './flow-types.ts';
import {
  findInstance,
  type InstanceResources,
  type NamedResource,
  readInstance,
} from './instance-resources.ts';
import type { Terminal } from './terminal.ts';

interface ImportOptions extends ConnectionFlags {
  readonly map?: string;
  readonly type?: FlowType;
  readonly keepUnmapped: boolean;
  readonly dryRun: boolean;
}

const help = `
Examples:
  ringback flow import welcome.json menu.json
      creates the flows, or updates those that have these names

  ringback flow import --dry-run exports/*.json
      says what would be created, updated and mapped, and what cannot be mapped

  ringback flow import --map map.yaml welcome.json
      ARNs, ids or names of there, to those of here:
        Claims queue: BasicQueue
        arn:aws:lambda:eu-west-1:123456789012:function:lookup: arn:aws:lambda:us-east-1:000000000000:function:lookup
        7bd5637b-01fd-4fe3-b1af-9a138606585f: Default customer queue

A reference goes to what the map says; else to the resource that has the name which the export keeps (displayName);
else it stays if the instance has it. ARNs of functions stay where nothing is said: configuration maps them to URLs.

Exit status: 0 when all were imported, 1 when not, 2 when a file cannot be used.`;

export function flowImportCommand(terminal: Terminal): Command {
  return withConnection(new Command('import'))
    .description('bring exported flows into a running service')
    .argument('<files...>', 'exported flows and modules, each as FILE or NAME=FILE')
    .option('--map <file>', 'YAML or JSON: references of there to those of here')
    .option('--type <type>', 'ContactFlowType, where a file does not say its own', flowTypeArgument)
    .option('--keep-unmapped', 'import flows although references could not be mapped', false)
    .option('--dry-run', 'change nothing; say what would be done', false)
    .addHelpText('after', help)
    .action(async (files: string[], options: ImportOptions) => {
      try {
        await importFlows(files, options, terminal);
      } catch (error) {
        if (!(error instanceof FlowFileUnusable)) throw error;
        terminal.complain(error.message);
        terminal.exitWith(2);
      }
    });
}

/** A flow on its way. */
interface Incoming {
  readonly file: FlowFile;
  readonly name: string;
  readonly type: FlowType;
  /** The document, whose references are replaced as they become known. */
  readonly document: unknown;
  /** What the export says of it beside its document. */
  readonly description: string | undefined;
  readonly moduleSettings: string | undefined;
}

type Mapping =
  | { readonly kind: 'mapped'; readonly reference: FlowReference; readonly by: string; readonly to: string }
  | { readonly kind: 'kept'; readonly reference: FlowReference }
  /** To a flow of this import that is not there yet. */
  | { readonly kind: 'awaited'; readonly reference: FlowReference; readonly name: string }
  /** `isListed`: whether the service says what it has of this kind. */
  | { readonly kind: 'unmapped'; readonly reference: FlowReference; readonly isListed: boolean };

async function importFlows(
  given: readonly string[],
  options: ImportOptions,
  terminal: Terminal,
): Promise<void> {
  const map = options.map === undefined ? new Map<string, string>() : readMap(options.map);
  const incoming = given.map((file) => incomingOf(readFlowFile(file, options.type)));
  refuseSameNames(incoming);
  const client = openConnectClient(connectionOf(options, terminal.env));
  const resources = await readInstance(client, await findInstance(client, options.instance));
  const present = new Map(resources.byKind);

  // Flows that others of this import name come first, so that there is something to point at.
  let left: readonly Incoming[] = incoming;
  while (left.length > 0) {
    const waiting = new Set(left.filter((flow) => !isPresent(flow, present)).map(({ name }) => name));
    const others = (flow: Incoming): ReadonlySet<string> =>
      new Set([...waiting].filter((name) => name !== flow.name));
    const ready = left.filter((flow) =>
      mappingsOf(flow, map, present, others(flow)).every(({ kind }) => kind !== 'awaited'),
    );
    // In a circle nobody is ready: the first one is saved as it is, so that the others find it, and finished at last.
    const now = ready.length > 0 ? ready : left.filter((flow) => !isPresent(flow, present)).slice(0, 1);
    for (const flow of now) {
      const awaited = ready.length > 0 ? new Set<string>() : others(flow);
      const created = await importFlow(flow, mappingsOf(flow, map, present, awaited), {
        options,
        client,
        resources,
        present,
        terminal,
      });
      if (created) add(present, flow, created);
      // A draft of a circle is finished when the others are there.
      if (ready.length === 0 && created) left = [...left.filter((other) => other !== flow), flow];
      else left = left.filter((other) => other !== flow);
    }
  }
}

interface ImportContext {
  readonly options: ImportOptions;
  readonly client: ConnectClient;
  readonly resources: InstanceResources;
  readonly present: ReadonlyMap<string, readonly NamedResource[]>;
  readonly terminal: Terminal;
}

/** Creates or updates one flow; gives the new one. */
async function importFlow(
  flow: Incoming,
  mappings: readonly Mapping[],
  { options, client, resources, present, terminal }: ImportContext,
): Promise<NamedResource | undefined> {
  const unmapped = mappings.filter(({ kind }) => kind === 'unmapped');
  const isDraft = mappings.some(({ kind }) => kind === 'awaited');
  const existing = listOf(flow, present).find(({ name }) => name === flow.name);
  replaceReferences(
    flow.document,
    mappings.flatMap((mapping) => (mapping.kind === 'mapped' ? [mapping] : [])),
  );
  const verb = existing ? 'updates' : isDraft ? 'saves' : 'creates';
  const isRefused = unmapped.length > 0 && !options.keepUnmapped;
  terminal.print(
    `${flow.file.file}: ${isRefused ? terminal.style('red', 'is not imported') : terminal.style('green', verb)} ${nounOf(flow)} "${flow.name}"`,
  );
  for (const mapping of mappings) terminal.print(`    ${describeMapping(mapping, terminal)}`);
  if (isTypeGuessed(flow, options)) {
    terminal.print(`    The file does not say its type, so ${flow.type} is taken; --type says another.`);
  }
  if (isRefused) {
    terminal.print('    Name what they are here in a file for --map, or keep them with --keep-unmapped.');
    terminal.exitWith(1);
    return undefined;
  }
  if (options.dryRun) {
    warnOfErrors(flow, terminal);
    return existing ? undefined : { id: flow.name, arn: flow.name, name: flow.name };
  }
  try {
    const content = JSON.stringify(flow.document);
    if (existing) {
      await update(client, resources.instanceId, flow, existing.id, content);
      return undefined;
    }
    return await create(client, resources.instanceId, flow, content, isDraft ? 'SAVED' : 'PUBLISHED');
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ConnectCallFailed') throw error;
    terminal.complain(`${flow.file.file}: ${error.message}`);
    terminal.exitWith(1);
    return undefined;
  }
}

async function create(
  client: ConnectClient,
  InstanceId: string,
  { name: Name, type, description: Description, moduleSettings: Settings }: Incoming,
  Content: string,
  Status: 'SAVED' | 'PUBLISHED',
): Promise<NamedResource> {
  if (type === 'MODULE') {
    const answer = await client.call('CreateContactFlowModule', {
      InstanceId,
      Name,
      Description,
      Content,
      Settings,
    });
    return { id: String(answer.Id), arn: String(answer.Arn), name: Name };
  }
  const answer = await client.call('CreateContactFlow', {
    InstanceId,
    Name,
    Description,
    Type: type as OperationInput<'CreateContactFlow'>['Type'],
    Content,
    Status,
  });
  return { id: String(answer.ContactFlowId), arn: String(answer.ContactFlowArn), name: Name };
}

async function update(
  client: ConnectClient,
  InstanceId: string,
  { type, moduleSettings: Settings }: Incoming,
  id: string,
  Content: string,
): Promise<void> {
  if (type === 'MODULE')
    await client.call('UpdateContactFlowModuleContent', {
      InstanceId,
      ContactFlowModuleId: id,
      Content,
      Settings,
    });
  else await client.call('UpdateContactFlowContent', { InstanceId, ContactFlowId: id, Content });
}

function mappingsOf(
  { document }: Incoming,
  map: ReadonlyMap<string, string>,
  present: ReadonlyMap<string, readonly NamedResource[]>,
  awaited: ReadonlySet<string>,
): readonly Mapping[] {
  return flowReferences(document).map((reference): Mapping => {
    const { kind, written, displayName } = reference;
    const list = present.get(kind);
    const find = (named: string): NamedResource | undefined =>
      list?.find(({ id, arn, name }) => id === named || arn === named || name === named);
    const said =
      map.get(written) ??
      map.get(idOf(written)) ??
      (displayName === undefined ? undefined : map.get(displayName));
    const target = said ?? displayName;
    const found = target === undefined ? undefined : find(target);
    if (found) {
      const isThere = found.arn === written || found.id === written;
      return isThere
        ? { kind: 'kept', reference }
        : { kind: 'mapped', reference, by: found.arn, to: found.name };
    }
    if (target !== undefined && awaited.has(target)) return { kind: 'awaited', reference, name: target };
    if (kind === 'lambda') {
      return said === undefined
        ? { kind: 'kept', reference }
        : { kind: 'mapped', reference, by: said, to: functionName(said) };
    }
    if (find(written) ?? find(idOf(written))) return { kind: 'kept', reference };
    // An ARN of the map that the service does not list: whoever wrote it knows better.
    if (said?.startsWith('arn:')) return { kind: 'mapped', reference, by: said, to: said };
    return { kind: 'unmapped', reference, isListed: list !== undefined };
  });
}

function describeMapping(mapping: Mapping, { style }: Terminal): string {
  const { reference } = mapping;
  const from = `${reference.kind} ${reference.displayName ?? reference.written}`;
  const where = style('dim', `[${reference.actionIdentifier}]`);
  switch (mapping.kind) {
    case 'mapped':
      return `${from} → ${mapping.to} ${where}`;
    case 'kept':
      return `${from} stays ${where}`;
    case 'awaited':
      return `${from} → ${mapping.name}, when it is there ${where}`;
    case 'unmapped': {
      const id = reference.displayName === undefined ? '' : ` (${reference.written})`;
      const why = mapping.isListed ? '' : `; the service does not list its ${pluralOf[reference.kind]}`;
      return `${style('red', 'not mapped:')} ${from}${id}${why} ${where}`;
    }
  }
}

const pluralOf: Readonly<Record<FlowReference['kind'], string>> = {
  queue: 'queues',
  flow: 'flows',
  module: 'modules',
  prompt: 'prompts',
  hours: 'hours of operation',
  lambda: 'functions',
  agent: 'agents',
};

/** Nothing is sent in a dry run, so that the service could say no. */
function warnOfErrors({ document, type, file }: Incoming, terminal: Terminal): void {
  const parsed = parseFlow(JSON.stringify(document));
  const problems = parsed.ok ? validateFlow(parsed.flow, { type }) : parsed.problems;
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  if (errors === 0) return;
  terminal.print(
    `    ${errors} error(s) would make the service refuse it; see ringback flow lint ${file.file}`,
  );
  terminal.exitWith(1);
}

/** Older exports do not say what they are. */
const isTypeGuessed = ({ file: { flow }, type }: Incoming, options: ImportOptions): boolean =>
  type !== 'MODULE' && options.type === undefined && flow.document.metadataType === undefined;

function incomingOf(file: FlowFile): Incoming {
  const document = documentOf(file.content);
  const { Metadata: metadata } = document as { Metadata?: unknown };
  return {
    file,
    name: file.flow.name,
    type: file.flow.type,
    document,
    description: textMember(metadata, 'description'),
    moduleSettings: textMember(metadata, 'moduleSettings'),
  };
}

function textMember(holder: unknown, key: string): string | undefined {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, key)) return undefined;
  const value = (holder as Readonly<Record<string, unknown>>)[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function refuseSameNames(incoming: readonly Incoming[]): void {
  const byName = Map.groupBy(incoming, (flow) => `${nounOf(flow)} "${flow.name}"`);
  for (const [name, flows] of byName) {
    if (flows.length < 2) continue;
    const files = flows.map(({ file }) => file.file).join(', ');
    throw new FlowFileUnusable(`${files} are all the ${name}; give one of them another name, as NAME=FILE.`);
  }
}

function readMap(file: string): ReadonlyMap<string, string> {
  let value: unknown;
  try {
    value = parseYaml(readText(file));
  } catch (error) {
    if (error instanceof FlowFileUnusable) throw error;
    throw new FlowFileUnusable(
      `${file} is neither YAML nor JSON: ${error instanceof Error ? error.message : error}`,
    );
  }
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entries.length === 0 || entries.some(([, to]) => typeof to !== 'string')) {
    throw new FlowFileUnusable(
      `${file} must map references to references, each on a line: "Claims queue: BasicQueue".`,
    );
  }
  return new Map(entries as [string, string][]);
}

function add(present: Map<string, readonly NamedResource[]>, flow: Incoming, created: NamedResource): void {
  present.set(kindOf(flow), [...listOf(flow, present), created]);
}

const kindOf = ({ type }: Incoming): 'flow' | 'module' => (type === 'MODULE' ? 'module' : 'flow');
const nounOf = ({ type }: Incoming): string => (type === 'MODULE' ? 'module' : `${type} flow`);
const listOf = (flow: Incoming, present: ReadonlyMap<string, readonly NamedResource[]>) =>
  present.get(kindOf(flow)) ?? [];
const isPresent = (flow: Incoming, present: ReadonlyMap<string, readonly NamedResource[]>): boolean =>
  listOf(flow, present).some(({ name }) => name === flow.name);
