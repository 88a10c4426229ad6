/** What Search operations share: conditions on texts, trees of conditions, filters on tags. Pure; the operation says which fields there are. */
import { invalidParameterException } from '@ringback/connect-api';

interface StringCondition {
  readonly FieldName?: string | undefined;
  readonly Value?: string | undefined;
  readonly ComparisonType?: 'STARTS_WITH' | 'CONTAINS' | 'EXACT' | undefined;
}

interface TagCondition {
  readonly TagKey?: string | undefined;
  readonly TagValue?: string | undefined;
}

interface TagFilter {
  readonly OrConditions?: readonly (readonly TagCondition[])[] | undefined;
  readonly AndConditions?: readonly TagCondition[] | undefined;
  readonly TagCondition?: TagCondition | undefined;
}

interface CriteriaNode<Node> {
  readonly OrConditions?: readonly Node[] | undefined;
  readonly AndConditions?: readonly Node[] | undefined;
  readonly StringCondition?: StringCondition | undefined;
}

export type Predicate<Item> = (item: Item) => boolean;

/** The searchable texts of a kind of resource, by the name that clients give them (any letter case). Of several, one must fit. */
export type SearchFields<Item> = Readonly<
  Record<string, (item: Item) => string | readonly string[] | undefined>
>;

/** Deepest nesting of conditions; the request's own limit of nesting allows no more than about thirty. */
const maxDepth = 32;

/**
 * Builds the test of a tree of conditions. All that a node holds must be met; one that holds nothing is met by everything.
 *
 * @param leaves tests of what a node holds besides `StringCondition`.
 * @throws {ApiError} InvalidParameterException for a field that cannot be searched.
 */
export function criteriaPredicate<Node extends CriteriaNode<Node>, Item>(
  root: Node | undefined,
  fields: SearchFields<Item>,
  leaves: (node: Node) => readonly Predicate<Item>[] = () => [],
): Predicate<Item> {
  const build = (node: Node, depth: number): Predicate<Item> => {
    if (depth > maxDepth) {
      throw invalidParameterException(`SearchCriteria nests conditions deeper than ${maxDepth} levels.`);
    }
    const tests = [...leaves(node)];
    if (node.StringCondition) tests.push(stringPredicate(node.StringCondition, fields));
    if (node.AndConditions) {
      const all = node.AndConditions.map((child) => build(child, depth + 1));
      tests.push(...all);
    }
    if (node.OrConditions && node.OrConditions.length > 0) {
      const any = node.OrConditions.map((child) => build(child, depth + 1));
      tests.push((item) => any.some((test) => test(item)));
    }
    return (item) => tests.every((test) => test(item));
  };
  return root === undefined ? () => true : build(root, 1);
}

/**
 * Beginning and part are found whatever the letter case; an exact value is compared as it is.
 *
 * @throws {ApiError} InvalidParameterException for a field that cannot be searched.
 */
export function stringPredicate<Item>(
  { FieldName, Value, ComparisonType }: StringCondition,
  fields: SearchFields<Item>,
): Predicate<Item> {
  const name = Object.keys(fields).find((known) => known.toLowerCase() === FieldName?.toLowerCase());
  const field = name === undefined ? undefined : fields[name];
  if (!field) {
    throw invalidParameterException(
      `FieldName "${(FieldName ?? '').slice(0, 64)}" cannot be searched; there are ${Object.keys(fields).join(', ')}.`,
    );
  }
  const wanted = Value ?? '';
  const folded = wanted.toLowerCase();
  const fits = testOf(ComparisonType ?? 'EXACT');
  return (item) => {
    const texts = field(item) ?? '';
    return typeof texts === 'string' ? fits(texts) : texts.some(fits);
  };

  function testOf(comparison: 'STARTS_WITH' | 'CONTAINS' | 'EXACT'): Predicate<string> {
    switch (comparison) {
      case 'EXACT':
        return (text) => text === wanted;
      case 'STARTS_WITH':
        return (text) => text.toLowerCase().startsWith(folded);
      case 'CONTAINS':
        return (text) => text.toLowerCase().includes(folded);
    }
  }
}

export type Tagged = { readonly tags: Readonly<Record<string, string>> };

/** A key with its value; without a value the key alone. */
export function tagPredicate({ TagKey, TagValue }: TagCondition): Predicate<Tagged> {
  const key = TagKey ?? '';
  return ({ tags }) => Object.hasOwn(tags, key) && (TagValue === undefined || tags[key] === TagValue);
}

/** All of `AndConditions`, or all of any list in `OrConditions`, or the one condition. */
export function tagFilterPredicate(filter: TagFilter | undefined): Predicate<Tagged> {
  const tests: Predicate<Tagged>[] = [];
  if (filter?.TagCondition) tests.push(tagPredicate(filter.TagCondition));
  for (const condition of filter?.AndConditions ?? []) tests.push(tagPredicate(condition));
  const either = filter?.OrConditions?.map((all) => all.map(tagPredicate));
  if (either && either.length > 0) {
    tests.push((item) => either.some((all) => all.every((test) => test(item))));
  }
  return (item) => tests.every((test) => test(item));
}

interface TagConditions {
  readonly TagConditions?: readonly TagCondition[] | undefined;
}

interface AttributeFilter<Conditions extends TagConditions> {
  readonly OrConditions?: readonly Conditions[] | undefined;
  readonly AndCondition?: Conditions | undefined;
  readonly TagCondition?: TagCondition | undefined;
}

/**
 * The other form of a filter: one of several lists of conditions, or one list, or one condition.
 *
 * @param more tests of what a list holds besides tags.
 * @throws {ApiError} InvalidParameterException for more than one of them.
 */
export function attributeFilterPredicate<Conditions extends TagConditions, Item extends Tagged>(
  filter: AttributeFilter<Conditions> | undefined,
  more: (conditions: Conditions) => readonly Predicate<Item>[] = () => [],
): Predicate<Item> {
  if (!filter) return () => true;
  const given = Object.keys(filter).filter((name) => filter[name as keyof typeof filter] !== undefined);
  if (given.length > 1) {
    throw invalidParameterException(`Of ${given.join(' and ')}, the filter takes one.`);
  }
  const allOf = (conditions: Conditions): Predicate<Item> => {
    const tests = [...(conditions.TagConditions ?? []).map(tagPredicate), ...more(conditions)];
    return (item) => tests.every((test) => test(item));
  };
  if (filter.OrConditions && filter.OrConditions.length > 0) {
    const either = filter.OrConditions.map(allOf);
    return (item) => either.some((test) => test(item));
  }
  if (filter.AndCondition) return allOf(filter.AndCondition);
  return filter.TagCondition ? tagPredicate(filter.TagCondition) : () => true;
}
