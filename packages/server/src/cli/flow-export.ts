/** `ringback flow export`: writes flows of a running service to files, with the human names by which another instance can map them. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { idOf } from '../arn.ts';
import { flowReferences, noteDisplayName } from '../flows/flow-references.ts';
import { functionName } from '../flows/simulation/scenario-world.ts';
import { makeDirectories } from '../make-directories.ts';
import { type ConnectClient, openConnectClient } from './connect-client.ts';
import { type ConnectionFlags, connectionOf, withConnection } from './connection-options.ts';
import { FlowFileUnusable } from './flow-files.ts';
import {
  findInstance,
  type InstanceResources,
  type NamedResource,
  readInstance,
} from './instance-resources.ts';
import type { Terminal } from './terminal.ts';

interface ExportOptions extends ConnectionFlags {
  readonly out: string;
  readonly dryRun: boolean;
}

const help = `
Examples:
  ringback flow export                          all flows and modules, into the current directory
  ringback flow export --out flows Welcome      one flow, by name or id, as flows/Welcome.json
  ringback flow export --dry-run                says what would be written`;

export function flowExportCommand(terminal: Terminal): Command {
  return withConnection(new Command('export'))
    .description('write flows of a running service to files')
    .argument('[flows...]', 'names or ids; all when none is given')
    .option('--out <directory>', 'where the files go', '.')
    .option('--dry-run', 'write nothing; say what would be written', false)
    .addHelpText('after', help)
    .action((names: string[], options: ExportOptions) => exportFlows(names, options, terminal));
}

/** `Metadata.type` of an export by the API's type: camel case. */
function metadataType(type: string): string {
  return type.toLowerCase().replaceAll(/_(\w)/gu, (_, letter: string) => letter.toUpperCase());
}

async function exportFlows(
  names: readonly string[],
  options: ExportOptions,
  terminal: Terminal,
): Promise<void> {
  const client = openConnectClient(connectionOf(options, terminal.env));
  const resources = await readInstance(client, await findInstance(client, options.instance));
  const all = [
    ...(resources.byKind.get('flow') ?? []).map((flow) => ({ ...flow, kind: 'flow' as const })),
    ...(resources.byKind.get('module') ?? []).map((flow) => ({ ...flow, kind: 'module' as const })),
  ];
  for (const name of names) {
    if (all.some((flow) => isCalled(flow, name))) continue;
    terminal.complain(`There is no flow or module "${name}".`);
    terminal.exitWith(1);
  }
  const wanted = names.length === 0 ? all : all.filter((flow) => names.some((name) => isCalled(flow, name)));
  if (!options.dryRun) await written(options.out, () => makeDirectories(options.out, 0o777));
  const taken = new Set<string>();
  for (const flow of wanted) {
    const file = path.join(options.out, fileName(flow.name, taken));
    const { document, unnamed } = await read(client, resources, flow);
    const text = `${JSON.stringify(document, null, 2)}\n`;
    if (!options.dryRun) await written(file, () => writeFileSync(file, text));
    terminal.print(`${file}: ${flow.kind} "${flow.name}"`);
    for (const reference of unnamed)
      terminal.print(`    ${terminal.style('yellow', 'no name known:')} ${reference}`);
  }
}

/** @throws {FlowFileUnusable} what is wrong with the place, instead of the system's error. */
async function written(place: string, write: () => unknown): Promise<void> {
  try {
    await write();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new FlowFileUnusable(`${place} cannot be written (${code}); --out names another directory.`);
  }
}

async function read(
  client: ConnectClient,
  { instanceId, byKind }: InstanceResources,
  flow: NamedResource & { readonly kind: 'flow' | 'module' },
): Promise<{ document: unknown; unnamed: readonly string[] }> {
  const described =
    flow.kind === 'flow'
      ? (await client.call('DescribeContactFlow', { InstanceId: instanceId, ContactFlowId: flow.id }))
          .ContactFlow
      : (
          await client.call('DescribeContactFlowModule', {
            InstanceId: instanceId,
            ContactFlowModuleId: flow.id,
          })
        ).ContactFlowModule;
  const { Content, Type, Status, Description, Settings } = described as Readonly<Record<string, unknown>>;
  const document = JSON.parse(String(Content)) as Record<string, unknown>;
  const unnamed: string[] = [];
  for (const reference of flowReferences(document)) {
    const { kind, written } = reference;
    const id = idOf(written).replace(/:[^:]*$/u, '');
    const name =
      kind === 'lambda'
        ? functionName(written)
        : byKind
            .get(kind)
            ?.find((resource) => [resource.arn, resource.id].includes(written) || resource.id === id)?.name;
    if (name === undefined) unnamed.push(`${kind} ${written}`);
    else noteDisplayName(document, reference, name);
  }
  document.Metadata = {
    ...(document.Metadata as object | undefined),
    name: flow.name,
    ...(typeof Description === 'string' ? { description: Description } : {}),
    ...(typeof Type === 'string' ? { type: metadataType(Type) } : {}),
    // The contract of a module, which the API keeps beside its content.
    ...(typeof Settings === 'string' ? { moduleSettings: Settings } : {}),
    ...(typeof Status === 'string' ? { status: Status.toLowerCase() } : {}),
  };
  // Modules are told by their settings; the import has nothing else to know them by.
  if (flow.kind === 'module')
    document.Settings ??= { InputParameters: [], OutputParameters: [], Transitions: [] };
  return { document, unnamed };
}

function isCalled({ id, arn, name }: NamedResource, wanted: string): boolean {
  return [id, arn, name].includes(wanted);
}

/** A file name that every system takes, used once. */
function fileName(name: string, taken: Set<string>): string {
  const stem =
    name
      .replaceAll(/[^\p{L}\p{N} ._-]+/gu, '_')
      .replace(/^\.+/u, '_')
      .slice(0, 100)
      .trim() || 'flow';
  for (let count = 1; ; count += 1) {
    const candidate = `${stem}${count === 1 ? '' : ` ${count}`}.json`;
    if (taken.has(candidate.toLowerCase())) continue;
    taken.add(candidate.toLowerCase());
    return candidate;
  }
}
