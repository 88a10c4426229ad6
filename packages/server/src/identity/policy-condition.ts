/** The Condition block of a policy statement: which operators there are, and whether a request meets them. Used by policy.ts. */
import { BlockList, isIP } from 'node:net';
import { type Complain, readTexts } from './policy-texts.ts';
import { matcherOf, type TextMatcher } from './wildcard.ts';

/**
 * What a request offers under each condition key, keys in lower case. A value may have several names (an instance's id
 * and its ARN): it equals what one of its names equals. An absent key was not in the request.
 */
export interface ConditionContext {
  get(key: string): readonly string[] | undefined;
}

/** One operator on one key. All conditions of a statement must hold. */
export interface Condition {
  /** In lower case. */
  readonly key: string;
  readonly holds: (names: readonly string[] | undefined) => boolean;
}

interface Operator {
  /** Compiles one value of the policy; a text says what is wrong with it. */
  readonly compile: (value: string) => TextMatcher | string;
  /** Whether the operator asks that no value fits. */
  readonly sense: 'some fits' | 'none fits';
}

const exact = (value: string): TextMatcher => {
  return (text) => text === value;
};
const ignoringCase = (value: string): TextMatcher => {
  const wanted = value.toLowerCase();
  return (text) => text.toLowerCase() === wanted;
};
const like = (value: string): TextMatcher => matcherOf(value, 'kept');
const arnLike = (value: string): TextMatcher | string =>
  value.split(':').length >= 6 || value === '*' ? like(value) : `"${value}" is not an ARN`;
const bool = (value: string): TextMatcher | string =>
  value === 'true' || value === 'false' ? exact(value) : `"${value}" must be "true" or "false"`;

/** IAM User Guide, "Condition operators". Numeric and binary ones are left out: no key here holds such a value. */
const operators: Readonly<Record<string, Operator>> = {
  StringEquals: { compile: exact, sense: 'some fits' },
  StringNotEquals: { compile: exact, sense: 'none fits' },
  StringEqualsIgnoreCase: { compile: ignoringCase, sense: 'some fits' },
  StringNotEqualsIgnoreCase: { compile: ignoringCase, sense: 'none fits' },
  StringLike: { compile: like, sense: 'some fits' },
  StringNotLike: { compile: like, sense: 'none fits' },
  ArnEquals: { compile: arnLike, sense: 'some fits' },
  ArnLike: { compile: arnLike, sense: 'some fits' },
  ArnNotEquals: { compile: arnLike, sense: 'none fits' },
  ArnNotLike: { compile: arnLike, sense: 'none fits' },
  Bool: { compile: bool, sense: 'some fits' },
  DateLessThan: { compile: dateCompare((now, then) => now < then), sense: 'some fits' },
  DateLessThanEquals: { compile: dateCompare((now, then) => now <= then), sense: 'some fits' },
  DateGreaterThan: { compile: dateCompare((now, then) => now > then), sense: 'some fits' },
  DateGreaterThanEquals: { compile: dateCompare((now, then) => now >= then), sense: 'some fits' },
  IpAddress: { compile: addressRange, sense: 'some fits' },
  NotIpAddress: { compile: addressRange, sense: 'none fits' },
};

/** Keys that requests to this service offer (Service Authorization Reference; IAM User Guide, "Global condition keys"). */
export const conditionKeys = [
  'connect:InstanceId',
  'aws:username',
  'aws:userid',
  'aws:PrincipalArn',
  'aws:PrincipalAccount',
  'aws:PrincipalServiceName',
  'aws:SourceIp',
  'aws:SecureTransport',
  'aws:CurrentTime',
  'aws:RequestedRegion',
  'aws:UserAgent',
] as const;

const knownKeys = new Set<string>(conditionKeys.map((key) => key.toLowerCase()));

/** Whether all conditions hold. */
export function conditionHolds(conditions: readonly Condition[], context: ConditionContext): boolean {
  return conditions.every(({ key, holds }) => holds(context.get(key)));
}

/** Reads `Condition: { operator: { key: value or values } }`; every mistake is told with its path. */
export function readCondition(
  value: unknown,
  path: readonly string[],
  complain: Complain,
): readonly Condition[] {
  if (value === undefined) return [];
  const conditions: Condition[] = [];
  for (const [operator, keys, at] of entriesOf(value, path, complain)) {
    for (const [key, values, place] of entriesOf(keys, at, complain)) {
      if (!knownKeys.has(key.toLowerCase())) {
        complain(place, `the key "${key}" is not known here; keys are ${conditionKeys.join(', ')}`);
        continue;
      }
      const holds = readOperator(operator, values, at, place, complain);
      if (holds) conditions.push({ key: key.toLowerCase(), holds });
    }
  }
  return conditions;
}

function readOperator(
  operator: string,
  values: unknown,
  at: readonly string[],
  place: readonly string[],
  complain: Complain,
): Condition['holds'] | undefined {
  // YAML and JSON documents write true as a boolean where IAM wants text; both are taken.
  const texts = readTexts(typeof values === 'boolean' ? String(values) : values, place, complain);
  if (!texts) return undefined;
  if (operator === 'Null') return readNull(texts[0]?.text, place, complain);
  const isIfExists = operator.endsWith('IfExists');
  const name = isIfExists ? operator.slice(0, -'IfExists'.length) : operator;
  const known = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (!known) {
    complain(at, `the operator "${operator}" is not known here; operators are ${operatorNames()}`);
    return undefined;
  }
  const matchers: TextMatcher[] = [];
  for (const { text, at: where } of texts) {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how IAM writes a variable.
    const compiled = text.includes('${') ? 'policy variables (${…}) are not supported' : known.compile(text);
    if (typeof compiled === 'string') complain(where, compiled);
    else matchers.push(compiled);
  }
  const fits = (name: string): boolean => matchers.some((matches) => matches(name));
  return (names) => {
    // A negated operator holds for an absent key, any other does not, and IfExists always does (IAM User Guide).
    if (names === undefined) return isIfExists || known.sense === 'none fits';
    return names.some(fits) === (known.sense === 'some fits');
  };
}

function readNull(
  value: string | undefined,
  place: readonly string[],
  complain: Complain,
): Condition['holds'] | undefined {
  if (value !== 'true' && value !== 'false') {
    complain(place, 'Null takes "true" (the key is absent) or "false"');
    return undefined;
  }
  return (names) => (names === undefined) === (value === 'true');
}

function operatorNames(): string {
  return `${Object.keys(operators).join(', ')}, Null, each also with IfExists`;
}

function* entriesOf(
  value: unknown,
  path: readonly string[],
  complain: Complain,
): Generator<[key: string, value: unknown, path: readonly string[]]> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    complain(path, 'must be an object: { "StringEquals": { "connect:InstanceId": "…" } }');
    return;
  }
  for (const [key, item] of Object.entries(value)) yield [key, item, [...path, key]];
}

function dateCompare(holds: (now: number, then: number) => boolean): Operator['compile'] {
  return (value) => {
    const then = /^\d{4}-\d{2}-\d{2}(T[0-9:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(value)
      ? Date.parse(value)
      : Number.NaN;
    if (Number.isNaN(then)) return `"${value}" must be a time such as 2026-12-31T00:00:00Z`;
    return (text) => holds(Date.parse(text), then);
  };
}

function addressRange(value: string): TextMatcher | string {
  const [address = '', bits, ...more] = value.split('/');
  const version = isIP(address);
  const most = version === 4 ? 32 : 128;
  const prefix = bits === undefined ? most : Number(bits);
  if (!version || more.length > 0 || !/^\d{1,3}$/.test(bits ?? '0') || prefix > most) {
    return `"${value}" must be an address or a range such as 192.0.2.0/24`;
  }
  const range = new BlockList();
  range.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6');
  return (text) => {
    const plain = text.replace(/^::ffff:(?=\d+\.)/i, '');
    const family = isIP(plain);
    return family !== 0 && range.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  };
}
