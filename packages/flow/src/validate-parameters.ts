// Checks the parameters of one action against what its file says they may be.

import type { ReportProblem } from './action-definition.ts';
import { numberOf } from './conditions.ts';
import { type Action, member } from './flow-document.ts';
import type { Choice, MapSpec, NumberSpec, ParameterSpec, TextSpec } from './parameter-spec.ts';
import { looksLikeReference, parseReference, parseTemplate, type Reference, rootKind } from './references.ts';
import type { ResourceLookup } from './validate-flow.ts';

/** Marks that templates leave for a deployment to fill in: %%NAME%%, {{name}}, ${NAME}, <<name>>, %Name%. */
const PLACEHOLDER =
  /%%[^%\s]{1,100}%%|\{\{[^{}]{1,200}\}\}|\$\{[^{}]{1,200}\}|<<[^<>]{1,200}>>|^%[A-Za-z][^%\s]{0,100}%$/;

interface Check {
  readonly action: Action;
  readonly resources: ResourceLookup | undefined;
  readonly report: ReportProblem;
}

/** Reports everything wrong with an action's parameters. */
export function checkParameters(
  specs: Readonly<Record<string, ParameterSpec>>,
  choice: Choice | undefined,
  action: Action,
  resources: ResourceLookup | undefined,
  report: ReportProblem,
): void {
  checkMembers({ action, resources, report }, specs, choice, action.parameters, 'Parameters');
}

function checkMembers(
  check: Check,
  specs: Readonly<Record<string, ParameterSpec>>,
  choice: Choice | undefined,
  value: object,
  path: string,
): void {
  for (const [name, entry] of Object.entries(value)) {
    if (entry === null || entry === undefined) continue;
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (spec === undefined) {
      check.report(
        'error',
        `${path}.${name}`,
        `Invalid Action property name. Path: ${full(check, `${path}.${name}`)}`,
        `Known here: ${Object.keys(specs).join(', ') || 'none'}.`,
      );
    } else checkValue(check, spec, entry, `${path}.${name}`);
  }
  for (const [name, spec] of Object.entries(specs)) {
    if (spec.required !== true || isPresent(value, name)) continue;
    check.report(
      'error',
      `${path}.${name}`,
      `Action is missing required property. Path: ${full(check, `${path}.${name}`)}`,
      `Give ${name}${expectation(spec)}.`,
    );
  }
  if (choice !== undefined) checkChoice(check, choice, value, path);
}

function checkChoice(check: Check, choice: Choice, value: object, path: string): void {
  const present = choice.of.filter((name) => isPresent(value, name));
  if (choice.rule !== 'atLeastOne' && present.length > 1) {
    check.report(
      'error',
      path,
      `Only one of these properties may be defined. Properties: [${present.join(', ')}]`,
      `Keep one of them. Path: ${full(check, path)}`,
    );
  }
  if (choice.rule !== 'atMostOne' && present.length === 0) {
    check.report(
      'error',
      path,
      `At least one of [${choice.of.join(', ')}] must be set`,
      `Give one of them. Path: ${full(check, path)}`,
    );
  }
}

function checkValue(check: Check, spec: ParameterSpec, value: unknown, path: string): void {
  switch (spec.kind) {
    case 'text':
      checkText(check, spec, value, path);
      return;
    case 'number':
      checkNumber(check, spec, value, path);
      return;
    case 'flag':
      if (!/^(?:true|false)$/i.test(String(value)) && !isReference(value)) {
        invalid(check, path, 'Write "True" or "False".');
      }
      return;
    case 'list':
      if (!Array.isArray(value)) {
        // One reference may stand for a whole list.
        if (!isReference(value)) invalid(check, path, 'Give a list.');
        return;
      }
      if (value.length < (spec.min ?? 0) || value.length > (spec.max ?? Number.POSITIVE_INFINITY)) {
        invalid(
          check,
          path,
          `Give ${spec.min ?? 0} to ${spec.max ?? 'any number of'} entries; there are ${value.length}.`,
        );
      }
      value.slice(0, 1_000).forEach((entry, index) => {
        checkValue(check, spec.of, entry, `${path}[${index}]`);
      });
      return;
    case 'map':
      checkMap(check, spec, value, path);
      return;
    case 'object':
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        invalid(check, path, `Give an object with ${Object.keys(spec.members).join(', ')}.`);
      } else checkMembers(check, spec.members, spec.choice, value, path);
      return;
    case 'free':
      checkFree(check, value, path);
  }
}

function checkMap(check: Check, { of: spec, required }: MapSpec, value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    invalid(check, path, 'Give an object of names and values.');
    return;
  }
  const entries = Object.entries(value);
  // An empty map says as little as none.
  if (entries.length === 0 && required === true) {
    check.report('error', path, `Empty value in ${path}`, 'Give at least one entry.');
  }
  for (const [key, entry] of entries) {
    if (key === '' || entry === '') {
      check.report(
        'error',
        `${path}.${key}`,
        `Empty value in ${path}`,
        'Empty names and values are refused.',
      );
    } else if (entry !== null) checkValue(check, spec, entry, `${path}.${key}`);
  }
}

function checkText(check: Check, spec: TextSpec, value: unknown, path: string): void {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    invalid(check, path, `Give a text${expectation(spec)}.`);
    return;
  }
  const text = String(value);
  if (text === '') {
    invalid(check, path, 'Empty texts are refused; leave the parameter out instead.');
    return;
  }
  if (checkPlaceholder(check, spec, text, path)) return;
  if (checkReferences(check, spec.references, text, path)) return;
  if (spec.maxLength !== undefined && text.length > spec.maxLength) {
    invalid(check, path, `At most ${spec.maxLength} characters; there are ${text.length}.`);
  }
  if (spec.values !== undefined && !spec.values.includes(text)) {
    invalid(check, path, `"${text}" is not one of: ${spec.values.join(', ')}.`);
  }
  if (spec.pattern !== undefined && !spec.pattern.test(text)) {
    invalid(check, path, `"${text}" does not fit${expectation(spec)}.`);
  }
  if (spec.resource !== undefined && check.resources?.find(spec.resource, text) === 'missing') {
    invalid(check, path, `There is no ${spec.resource} "${text}" in this instance.`);
  }
}

/** Reports a mark that was never filled in. A resource cannot be called that; in words it may even be meant. */
function checkPlaceholder(check: Check, spec: TextSpec, text: string, path: string): boolean {
  const mark = PLACEHOLDER.exec(text)?.[0];
  if (mark === undefined) return false;
  const refused = spec.resource !== undefined;
  check.report(
    refused ? 'error' : 'warning',
    path,
    refused
      ? `Invalid Action property value. Path: ${full(check, path)}`
      : `The value holds what looks like an unfilled placeholder. Path: ${full(check, path)}`,
    `Replace ${mark} by the real value: this document is a template that was not filled in.`,
  );
  return refused;
}

/** Checks the references in a text; true when the text has any, so that rules for static values do not apply. */
function checkReferences(check: Check, use: TextSpec['references'], text: string, path: string): boolean {
  if (use === 'inline') {
    const { parts } = parseTemplate(text);
    for (const part of parts) if (typeof part !== 'string') checkLeaf(check, part, path);
    return parts.some((part) => typeof part !== 'string');
  }
  const dynamic = looksLikeReference(text);
  if (!dynamic) {
    if (use === 'only') invalid(check, path, 'It has to be one reference, e.g. $.Attributes.name.');
    return use === 'only';
  }
  const reference = parseReference(text);
  if (use === 'static') invalid(check, path, 'References are not allowed here; write the value itself.');
  else if (reference === undefined)
    invalid(check, path, 'The reference must be the whole value, e.g. $.Attributes.name.');
  else if (rootKind(reference.root) === undefined) {
    invalid(
      check,
      path,
      `$.${reference.root} is no root of a reference; see $.Attributes, $.External, $.Queue …`,
    );
  } else checkLeaf(check, reference, path);
  return true;
}

function checkLeaf(check: Check, reference: Reference, path: string): void {
  if (reference.path.length === 0 && rootKind(reference.root) === 'branch') {
    invalid(check, path, `${reference.text} has no value of its own; name what is below it.`);
  }
}

function checkNumber(check: Check, spec: NumberSpec, value: unknown, path: string): void {
  if (typeof value === 'string' && looksLikeReference(value)) {
    checkReferences(check, spec.references, value, path);
    return;
  }
  const number = typeof value === 'number' ? value : typeof value === 'string' ? numberOf(value) : undefined;
  if (number === undefined) {
    invalid(check, path, `Give a number${expectation(spec)}.`);
  } else if (number < spec.min || number > spec.max) {
    if (spec.beyond === 'error')
      invalid(check, path, `${number} is out of range; give ${spec.min} to ${spec.max}.`);
    else {
      check.report(
        'warning',
        path,
        `Invalid Action property value. Path: ${full(check, path)}`,
        `${number} is out of range and will be cut; give ${spec.min} to ${spec.max}.`,
      );
    }
  }
}

/** Values whose shape is not looked into still must not be templates that were never filled in. */
function checkFree(check: Check, value: unknown, path: string): void {
  if (typeof value === 'string') {
    const mark = PLACEHOLDER.exec(value)?.[0];
    if (mark !== undefined) {
      check.report(
        'warning',
        path,
        `The value holds what looks like an unfilled placeholder. Path: ${full(check, path)}`,
        `Replace ${mark} by the real value.`,
      );
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, entry] of Object.entries(value)) checkFree(check, entry, `${path}.${key}`);
  }
}

function isReference(value: unknown): boolean {
  return typeof value === 'string' && looksLikeReference(value);
}

function isPresent(value: object, name: string): boolean {
  return (member(value, name) ?? undefined) !== undefined;
}

function expectation(spec: ParameterSpec): string {
  if (spec.kind === 'number') return `, ${spec.min} to ${spec.max}`;
  if (spec.kind !== 'text') return '';
  if (spec.values !== undefined) return `: one of ${spec.values.join(', ')}`;
  return spec.expected === undefined ? '' : `: ${spec.expected}`;
}

function invalid(check: Check, path: string, remedy: string): void {
  check.report('error', path, `Invalid Action property value. Path: ${full(check, path)}`, remedy);
}

function full(check: Check, path: string): string {
  return `Actions[${check.action.index}].${path}`;
}
