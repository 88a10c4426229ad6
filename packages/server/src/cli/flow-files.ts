/** Flow documents in files, under the names by which other flows reach them. For `ringback flow run`, `lint` and `import`. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Flow, type FlowType, flowTypeOfMetadata, parseFlow } from '@ringback/flow';
import { idOf } from '../arn.ts';
import { flowReferences } from '../flows/flow-references.ts';

/** A file cannot be used; the message says which and why. */
export class FlowFileUnusable extends Error {
  override readonly name = 'FlowFileUnusable';
}

/** A flow from a file. */
export interface FlowFile {
  readonly file: string;
  readonly content: string;
  /** Its name, its id where one was given, and its file's name. */
  readonly names: readonly string[];
  readonly flow: Flow;
}

/** @throws {FlowFileUnusable} when it cannot be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new FlowFileUnusable(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/**
 * Reads a flow. `given` is a path, or `NAME=PATH` with the name, id or ARN by which other flows know it.
 *
 * @throws {FlowFileUnusable} when the file cannot be read or is no flow document.
 */
export function readFlowFile(given: string, type: FlowType | undefined): FlowFile {
  const { alias, file } = splitAlias(given);
  const content = readText(file);
  const parsed = parseFlow(content);
  if (!parsed.ok) {
    const [first] = parsed.problems;
    throw new FlowFileUnusable(
      `${file} is no flow: ${first?.message ?? 'it cannot be parsed'}. ringback flow lint ${file} says more.`,
    );
  }
  const { flow: document } = parsed;
  const stem = path.basename(file).replace(/\.json$/u, '');
  const written = nameInMetadata(content);
  const name = written ?? alias ?? stem;
  const isModule = document.settings !== undefined;
  return {
    file,
    content,
    names: [alias, written, stem].filter((entry) => entry !== undefined),
    flow: {
      document,
      id: alias ?? name,
      arn: alias?.startsWith('arn:') ? alias : `file:${file}`,
      name,
      type: isModule ? 'MODULE' : (flowTypeOfMetadata(document.metadataType) ?? type ?? 'CONTACT_FLOW'),
    },
  };
}

/** Finds flows among files: by name, id or ARN, or by the human name that the calling flow's export keeps of an id. */
export function flowFinder(files: readonly FlowFile[]): (reference: string) => Flow | undefined {
  const byName = new Map<string, Flow>();
  for (const { names, flow } of files) {
    for (const name of names) {
      for (const key of [name, idOf(name)]) if (!byName.has(key)) byName.set(key, flow);
    }
  }
  for (const { content } of files) {
    for (const { kind, written, displayName } of flowReferences(documentOf(content))) {
      const meant = displayName === undefined ? undefined : byName.get(displayName);
      if ((kind === 'flow' || kind === 'module') && meant && !byName.has(written)) byName.set(written, meant);
    }
  }
  return (reference) => {
    const plain = reference.startsWith('arn:') ? reference : reference.trim();
    // A version or alias may follow an id, as in `…:$LATEST`.
    const id = idOf(plain).replace(/:[^:]*$/u, '');
    return byName.get(plain) ?? byName.get(idOf(plain)) ?? byName.get(id);
  };
}

function splitAlias(given: string): { alias: string | undefined; file: string } {
  const equals = given.indexOf('=');
  return equals < 1
    ? { alias: undefined, file: given }
    : { alias: given.slice(0, equals), file: given.slice(equals + 1) };
}

/** `Metadata.name` of console exports; the language's parser has no use for it. */
export function nameInMetadata(content: string): string | undefined {
  const name = (documentOf(content) as { Metadata?: { name?: unknown } } | null)?.Metadata?.name;
  return typeof name === 'string' && name.trim() !== '' ? name.trim() : undefined;
}

/** The document of a file that was parsed before. */
export function documentOf(content: string): unknown {
  try {
    let value: unknown = JSON.parse(withoutMark(content));
    if (typeof value === 'string') value = JSON.parse(withoutMark(value));
    return value;
  } catch {
    // What no parser reads has no names either; whoever runs it is told why.
    return undefined;
  }
}

/** Without the byte-order mark that some editors leave. */
function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/u, '');
}
