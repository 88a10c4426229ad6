/** IAM-style policy documents: read once with every mistake named by its path, then asked for each request. Pure. */
import { type Condition, type ConditionContext, conditionHolds, readCondition } from './policy-condition.ts';
import { type Complain, maxEntries, readTexts } from './policy-texts.ts';
import { matcherOf, type TextMatcher } from './wildcard.ts';

/** A checked policy, ready to be asked. */
export interface Policy {
  readonly statements: readonly Statement[];
}

interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly coversAction: TextMatcher;
  readonly coversResource: TextMatcher;
  readonly conditions: readonly Condition[];
}

/** One mistake in a document. */
export interface PolicyProblem {
  /** Steps from the document to the place, for example `['Statement', '0', 'Effect']`; empty for the whole. */
  readonly path: readonly string[];
  readonly message: string;
}

export type PolicyReading =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

/**
 * A resource that a request touches: its ARN, or the several names that a policy may know it by. A statement covers it
 * when it covers one of the names.
 */
export type ResourceNames = readonly [name: string, ...others: string[]];

export interface AccessRequest {
  /** `service:Operation`. */
  readonly action: string;
  /** All of them must be allowed. */
  readonly resources: readonly ResourceNames[];
  readonly context: ConditionContext;
}

/** `resource` is the first name of the resource that decided. */
export type Decision =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'explicit deny' | 'no statement allows it'; readonly resource: string };

/** The only language version there is; 2008-10-17 differs in policy variables alone, which are refused. */
const versions = ['2012-10-17', '2008-10-17'];
const documentKeys = ['Version', 'Id', 'Statement'];
const statementKeys = [
  'Sid',
  'Effect',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
] as const;

const actionPattern = /^(\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$/;
const resourcePattern = /^(\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+)$/;

/**
 * Decides a request as IAM does (IAM User Guide, "Policy evaluation logic"): a matching Deny wins, else every resource
 * needs a matching Allow, else it is refused.
 */
export function decide(policy: Policy, { action, resources, context }: AccessRequest): Decision {
  const relevant = policy.statements.filter(
    (statement) => statement.coversAction(action) && conditionHolds(statement.conditions, context),
  );
  const isCovered = (effect: Statement['effect'], names: ResourceNames): boolean =>
    relevant.some(
      (statement) => statement.effect === effect && names.some((name) => statement.coversResource(name)),
    );
  for (const names of resources) {
    if (isCovered('Deny', names)) return { kind: 'explicit deny', resource: names[0] };
  }
  for (const names of resources) {
    if (!isCovered('Allow', names)) return { kind: 'no statement allows it', resource: names[0] };
  }
  return { kind: 'allowed' };
}

/** Reads a document that was JSON or YAML. Whatever it is, the answer is a policy or all its problems. */
export function readPolicy(document: unknown): PolicyReading {
  const problems: PolicyProblem[] = [];
  const complain = (path: readonly string[], message: string): void => {
    problems.push({ path, message });
  };
  const statements = readDocument(document, complain);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, policy: { statements } };
}

/** A problem as one line: `Statement.0.Effect: …`. */
export function describePolicyProblem({ path, message }: PolicyProblem): string {
  return `${path.join('.') || '(policy)'}: ${message}`;
}

function readDocument(document: unknown, complain: Complain): readonly Statement[] {
  if (!isRecord(document)) {
    complain([], 'a policy is an object with Version and Statement');
    return [];
  }
  for (const key of Object.keys(document)) {
    if (!documentKeys.includes(key))
      complain([key], `unknown key "${key}"; a policy has Version, Id and Statement`);
  }
  const { Version: version, Statement: statement } = document;
  // Left out, it means 2008-10-17 to IAM; nothing that differs is supported, so nothing is lost.
  if (version !== undefined && !versions.includes(version as string)) {
    complain(['Version'], 'must be "2012-10-17"');
  }
  if (statement === undefined) {
    complain(['Statement'], 'is missing');
    return [];
  }
  const list = Array.isArray(statement) ? (statement as readonly unknown[]) : [statement];
  if (list.length > maxEntries) {
    complain(['Statement'], `has ${list.length} statements; ${maxEntries} are allowed`);
    return [];
  }
  return list.flatMap((item, index) => {
    const path = Array.isArray(statement) ? ['Statement', String(index)] : ['Statement'];
    return readStatement(item, path, complain);
  });
}

function readStatement(value: unknown, path: readonly string[], complain: Complain): readonly Statement[] {
  if (!isRecord(value)) {
    complain(path, 'a statement is an object with Effect, Action and Resource');
    return [];
  }
  for (const key of Object.keys(value)) {
    if (key === 'Principal' || key === 'NotPrincipal') {
      complain([...path, key], 'belongs in resource policies; this policy belongs to its access key');
    } else if (!(statementKeys as readonly string[]).includes(key)) {
      complain([...path, key], `unknown key "${key}"; a statement has ${statementKeys.join(', ')}`);
    }
  }
  if (value.Sid !== undefined && typeof value.Sid !== 'string')
    complain([...path, 'Sid'], 'must be a string');
  const effect = value.Effect;
  if (effect !== 'Allow' && effect !== 'Deny')
    complain([...path, 'Effect'], 'must be "Allow" or "Deny", spelled so');
  const actions = readPatterns(value, path, complain, {
    keys: ['Action', 'NotAction'],
    shape: actionPattern,
    example: '"connect:StartOutboundVoiceContact", "connect:List*" or "*"',
    letterCase: 'ignored',
  });
  const resources = readPatterns(value, path, complain, {
    keys: ['Resource', 'NotResource'],
    shape: resourcePattern,
    example: '"*" or an ARN such as "arn:aws:connect:us-east-1:000000000000:instance/*"',
    letterCase: 'kept',
  });
  const conditions = readCondition(value.Condition, [...path, 'Condition'], complain);
  if ((effect !== 'Allow' && effect !== 'Deny') || !actions || !resources) return [];
  return [{ effect, coversAction: actions, coversResource: resources, conditions }];
}

interface PatternRules {
  /** The key that lists what is covered, and the one that lists what is not. Exactly one must be there. */
  readonly keys: readonly [covered: string, notCovered: string];
  readonly shape: RegExp;
  readonly example: string;
  readonly letterCase: 'ignored' | 'kept';
}

function readPatterns(
  statement: Readonly<Record<string, unknown>>,
  path: readonly string[],
  complain: Complain,
  rules: PatternRules,
): TextMatcher | undefined {
  const [covered, notCovered] = rules.keys;
  const present = rules.keys.filter((key) => statement[key] !== undefined);
  const [key] = present;
  if (key === undefined || present.length > 1) {
    const place = key === undefined ? covered : notCovered;
    complain(
      [...path, place],
      key === undefined
        ? `${covered} or ${notCovered} is missing`
        : `${covered} and ${notCovered} exclude each other`,
    );
    return undefined;
  }
  const texts = readTexts(statement[key], [...path, key], complain);
  if (!texts) return undefined;
  const matchers: TextMatcher[] = [];
  for (const { text, at } of texts) {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how IAM writes a variable.
    if (text.includes('${')) complain(at, 'policy variables (${…}) are not supported');
    else if (!rules.shape.test(text)) complain(at, `"${text}" must be ${rules.example}`);
    else matchers.push(matcherOf(text, rules.letterCase));
  }
  const isListed: TextMatcher = (text) => matchers.some((matches) => matches(text));
  return key === covered ? isListed : (text) => !isListed(text);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
