/** Where a flow document names resources of its instance, and how to write other names there. Pure; for moving flows between instances. */

/** Kinds of resource that a flow may name. */
export type ReferencedKind = 'queue' | 'flow' | 'module' | 'prompt' | 'hours' | 'lambda' | 'agent';

/** One place that names a resource. */
export interface FlowReference {
  readonly kind: ReferencedKind;
  readonly actionIdentifier: string;
  /** Keys below `Parameters`. */
  readonly path: readonly string[];
  /** ARN or id as written. */
  readonly written: string;
  /** Its name in the instance that it came from, where the export says. */
  readonly displayName: string | undefined;
}

type JsonObject = Record<string, unknown>;

/** Parts of an ARN that name the kind. */
const kindByArnPart: ReadonlyMap<string, ReferencedKind> = new Map([
  ['queue', 'queue'],
  ['contact-flow', 'flow'],
  ['flow-module', 'module'],
  ['prompt', 'prompt'],
  ['operating-hours', 'hours'],
  ['agent', 'agent'],
]);

/** Parameters that hold an id without saying of what. */
const kindByParameter: ReadonlyMap<string, ReferencedKind> = new Map([
  ['QueueId', 'queue'],
  ['ContactFlowId', 'flow'],
  ['FlowModuleId', 'module'],
  ['PromptId', 'prompt'],
  ['HoursOfOperationId', 'hours'],
  ['LambdaFunctionARN', 'lambda'],
  ['AgentId', 'agent'],
]);

/** Where older exports keep the human name: member of the action's metadata. */
const olderNames: Readonly<Partial<Record<ReferencedKind, readonly string[]>>> = {
  queue: ['queue'],
  flow: ['contactFlow'],
  prompt: ['promptName', 'audio'],
  hours: ['hours', 'hoursOfOperation'],
  lambda: ['lambda'],
};

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?::\$?\w+)?$/iu;

/** All places where the document names a resource; dynamic references (`$.…`) are not places. */
export function flowReferences(document: unknown): readonly FlowReference[] {
  const found: FlowReference[] = [];
  for (const action of actionsOf(document)) {
    const identifier = String(action.Identifier);
    const walk = (value: unknown, path: readonly string[]): void => {
      if (typeof value === 'string') {
        const kind = kindOf(value, path);
        if (kind) {
          const displayName = displayNameOf(metadataOf(document, identifier), kind, path);
          found.push({ kind, actionIdentifier: identifier, path, written: value, displayName });
        }
      } else if (typeof value === 'object' && value !== null) {
        for (const [key, member] of Object.entries(value)) walk(member, [...path, key]);
      }
    };
    walk(action.Parameters, []);
  }
  return found;
}

/** Writes other names at some places; the document itself is changed. */
export function replaceReferences(
  document: unknown,
  replacements: readonly { readonly reference: FlowReference; readonly by: string }[],
): void {
  const actions = new Map(actionsOf(document).map((action) => [String(action.Identifier), action]));
  for (const { reference, by } of replacements) {
    let holder: unknown = actions.get(reference.actionIdentifier)?.Parameters;
    for (const key of reference.path.slice(0, -1)) holder = own(holder, key);
    const last = reference.path.at(-1);
    if (isObject(holder) && last !== undefined && Object.hasOwn(holder, last)) holder[last] = by;
  }
}

/** Notes the human name of a place in the document's metadata, as the console's exports do. */
export function noteDisplayName(document: unknown, reference: FlowReference, displayName: string): void {
  if (!isObject(document)) return;
  const path = ['Metadata', 'ActionMetadata', reference.actionIdentifier, 'parameters', ...reference.path];
  let holder: JsonObject = document;
  for (const key of path) {
    const next = own(holder, key);
    if (isObject(next)) holder = next;
    else {
      const made: JsonObject = {};
      // Not by assignment, since an identifier may be called __proto__.
      Object.defineProperty(holder, key, {
        value: made,
        enumerable: true,
        writable: true,
        configurable: true,
      });
      holder = made;
    }
  }
  holder.displayName = displayName;
}

function kindOf(value: string, path: readonly string[]): ReferencedKind | undefined {
  if (value.startsWith('$')) return undefined;
  if (/^arn:[^:]*:lambda:/u.test(value)) return 'lambda';
  const part = /^arn:[^:]*:connect:[^:]*:[^:]*:instance\/[^/]+\/([a-z-]+)\//u.exec(value)?.[1];
  if (part !== undefined) return kindByArnPart.get(part);
  const parameter = path.at(-1) ?? '';
  if (kindByParameter.get(parameter) === 'lambda') return 'lambda';
  if (!uuid.test(value)) return undefined;
  return path[0] === 'EventHooks' ? 'flow' : kindByParameter.get(parameter);
}

function displayNameOf(metadata: unknown, kind: ReferencedKind, path: readonly string[]): string | undefined {
  const entry = path.reduce<unknown>(own, own(metadata, 'parameters'));
  // Exports write it as an object or as a list of one.
  const newer = textOf(own(Array.isArray(entry) ? entry[0] : entry, 'displayName'));
  if (newer !== undefined) return newer;
  for (const member of olderNames[kind] ?? []) {
    const older = own(metadata, member);
    const text = textOf(older) ?? textOf(own(older, 'text')) ?? textOf(own(older, 'name'));
    if (text !== undefined) return text;
  }
  return undefined;
}

function actionsOf(document: unknown): readonly JsonObject[] {
  const actions = own(document, 'Actions');
  return Array.isArray(actions) ? actions.filter(isObject) : [];
}

function metadataOf(document: unknown, identifier: string): unknown {
  return own(own(own(document, 'Metadata'), 'ActionMetadata'), identifier);
}

function own(holder: unknown, key: string): unknown {
  if (Array.isArray(holder)) return holder[Number(key)];
  return isObject(holder) && Object.hasOwn(holder, key) ? holder[key] : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
