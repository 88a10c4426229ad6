// Finds the operation that a method and a path stand for. Routes are compiled once into one tree per method; a
// literal segment wins over a label, and a label takes exactly one segment.

import { serializationException } from './errors.ts';
import { pathLabels } from './operation.ts';
import { operationGroups, operations } from './operations.ts';
import { uncontractedRoutes } from './uncontracted-routes.ts';

/** Name of an operation that has a contract in this package. */
export type OperationName = keyof typeof operations;

/** What a route stands for. `operation` may be one that has no contract here: see `isOperationName`. */
export type RouteMatch = {
  readonly operation: string;
  /** Label name → decoded value. */
  readonly pathParameters: Readonly<Record<string, string>>;
};

/** What a generated page about the service's operations needs to know of each. */
export type OperationListing = {
  readonly name: string;
  /** Such as `contacts`. */
  readonly group: string;
  /** Whether the operation changes anything, judged by its name. */
  readonly access: 'read' | 'write';
  /** Without a contract the operation is known by its route alone. */
  readonly hasContract: boolean;
};

type Route = { readonly operation: string; readonly labels: readonly string[] };

type RouteNode = {
  readonly literals: Map<string, RouteNode>;
  label: RouteNode | undefined;
  route: Route | undefined;
};

/** Whether an operation of the service has a contract in this package. */
export function isOperationName(name: string): name is OperationName {
  return Object.hasOwn(operations, name);
}

const routesByMethod = compileRoutes();

/** Routes without labels by path and method: the one that is called most is among them, and needs no taking apart. */
const fixedRoutes = compileFixedRoutes();

/**
 * The operation that a request line stands for, or undefined when the service has none.
 *
 * @param rawPath path as sent: percent-encoded, without the query. Labels are decoded only after routing, so that
 * an ARN's `%2F` stays inside its label.
 * @throws {ApiError} SerializationException when a label is not valid percent-encoded UTF-8.
 */
export function matchRoute(method: string, rawPath: string): RouteMatch | undefined {
  const fixed = fixedRoutes.get(rawPath)?.get(method);
  if (fixed !== undefined) return fixed;
  const root = routesByMethod.get(method);
  if (root === undefined || !rawPath.startsWith('/')) return undefined;
  const segments = rawPath.split('/');
  const taken: string[] = [];
  const route = descend(root, segments, 1, taken);
  if (route === undefined) return undefined;
  const pathParameters: Record<string, string> = {};
  for (const [index, label] of route.labels.entries()) {
    pathParameters[label] = decodeLabel(label, taken[index] ?? '');
  }
  return { operation: route.operation, pathParameters };
}

/** Every operation of the service that this package knows, sorted by name. */
export function listOperations(): readonly OperationListing[] {
  return allRoutes()
    .map(({ name, group }): OperationListing => {
      const access = /^(Batch)?(List|Describe|Get|Search)/.test(name) ? 'read' : 'write';
      return { name, group, access, hasContract: isOperationName(name) };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Tries the literal branch first and comes back for the label; templates are short, so this stays cheap. */
function descend(
  node: RouteNode,
  segments: readonly string[],
  depth: number,
  taken: string[],
): Route | undefined {
  if (depth === segments.length) return node.route;
  const segment = segments[depth] ?? '';
  const literal = node.literals.get(segment);
  if (literal !== undefined) {
    const found = descend(literal, segments, depth + 1, taken);
    if (found !== undefined) return found;
  }
  if (node.label === undefined || segment === '') return undefined;
  taken.push(segment);
  const found = descend(node.label, segments, depth + 1, taken);
  if (found === undefined) taken.pop();
  return found;
}

function decodeLabel(label: string, raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    // decodeURIComponent fails in one way only: the escapes are not UTF-8.
    throw serializationException(`The path holds a value for ${label} that is not percent-encoded UTF-8.`);
  }
}

type NamedRoute = {
  readonly name: string;
  readonly group: string;
  readonly method: string;
  readonly path: string;
};

function allRoutes(): readonly NamedRoute[] {
  const routes: NamedRoute[] = [];
  for (const [group, members] of Object.entries(operationGroups)) {
    for (const { name, method, path } of Object.values(members)) routes.push({ name, group, method, path });
  }
  for (const [group, lines] of Object.entries(uncontractedRoutes)) {
    for (const line of lines) {
      const [name = '', method = '', path = ''] = line.split(' ');
      routes.push({ name, group, method, path });
    }
  }
  return routes;
}

function compileFixedRoutes(): ReadonlyMap<string, ReadonlyMap<string, RouteMatch>> {
  const byPath = new Map<string, Map<string, RouteMatch>>();
  for (const { name, method, path } of allRoutes()) {
    if (path.includes('{')) continue;
    const byMethod = byPath.get(path) ?? new Map<string, RouteMatch>();
    byPath.set(path, byMethod.set(method, { operation: name, pathParameters: {} }));
  }
  return byPath;
}

function compileRoutes(): ReadonlyMap<string, RouteNode> {
  const roots = new Map<string, RouteNode>();
  for (const { name, method, path } of allRoutes()) {
    let node = roots.get(method) ?? emptyNode();
    roots.set(method, node);
    for (const segment of path.split('/').slice(1)) node = childOf(node, segment);
    if (node.route !== undefined) throw new Error(`${name} and ${node.route.operation} have the same route`);
    node.route = { operation: name, labels: pathLabels(path) };
  }
  return roots;
}

function childOf(node: RouteNode, segment: string): RouteNode {
  if (segment.startsWith('{')) {
    node.label ??= emptyNode();
    return node.label;
  }
  const child = node.literals.get(segment) ?? emptyNode();
  node.literals.set(segment, child);
  return child;
}

function emptyNode(): RouteNode {
  return { literals: new Map(), label: undefined, route: undefined };
}
