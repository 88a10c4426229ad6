import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError } from '@ringback/connect-api';
import { attributeFilterPredicate, criteriaPredicate, tagFilterPredicate } from './search-criteria.ts';

interface Node {
  OrConditions?: Node[];
  AndConditions?: Node[];
  StringCondition?: {
    FieldName?: string;
    Value?: string;
    ComparisonType?: 'STARTS_WITH' | 'CONTAINS' | 'EXACT';
  };
}

const fields = { name: (item: { name: string }) => item.name };
const items = ['apple', 'Apricot', 'pear'].map((name) => ({ name }));
const found = (criteria: Node | undefined): string[] =>
  items.filter(criteriaPredicate(criteria, fields)).map(({ name }) => name);
const starting = (Value: string): Node => ({
  StringCondition: { FieldName: 'name', Value, ComparisonType: 'STARTS_WITH' },
});

describe('search criteria', () => {
  it('joins nested conditions', () => {
    const table: [Node | undefined, string[]][] = [
      [undefined, ['apple', 'Apricot', 'pear']],
      [{}, ['apple', 'Apricot', 'pear']],
      [{ OrConditions: [] }, ['apple', 'Apricot', 'pear']],
      [starting('AP'), ['apple', 'Apricot']],
      [{ StringCondition: { FieldName: 'NAME', Value: 'pear' } }, ['pear']],
      [{ StringCondition: { FieldName: 'name', Value: 'Pear' } }, []],
      [
        { OrConditions: [starting('pe'), { AndConditions: [starting('ap'), starting('apr')] }] },
        ['Apricot', 'pear'],
      ],
      [{ ...starting('ap'), OrConditions: [starting('apr'), starting('pe')] }, ['Apricot']],
    ];
    for (const [criteria, expected] of table)
      assert.deepEqual(found(criteria), expected, JSON.stringify(criteria));
  });

  it('refuses unknown fields, also those of objects, and bottomless nesting', () => {
    const refused = (criteria: Node) =>
      assert.throws(
        () => found(criteria),
        (error) => error instanceof ApiError && error.name === 'InvalidParameterException',
      );
    for (const FieldName of ['colour', '__proto__', 'toString', '', undefined]) {
      refused({ StringCondition: { ...(FieldName === undefined ? {} : { FieldName }), Value: 'x' } });
    }
    let deep: Node = starting('a');
    for (let depth = 0; depth < 40; depth += 1) deep = { AndConditions: [deep] };
    refused(deep);
  });

  it('sees own tags only', () => {
    const tagged = { tags: { colour: 'red' } };
    const table: [Parameters<typeof tagFilterPredicate>[0], boolean][] = [
      [undefined, true],
      [{ TagCondition: { TagKey: 'colour' } }, true],
      [{ TagCondition: { TagKey: 'colour', TagValue: 'blue' } }, false],
      [{ TagCondition: { TagKey: 'toString' } }, false],
      [{ OrConditions: [[{ TagKey: 'size' }], [{ TagKey: 'colour', TagValue: 'red' }]] }, true],
      [{ OrConditions: [[{ TagKey: 'size' }, { TagKey: 'colour' }]] }, false],
    ];
    for (const [filter, expected] of table) {
      assert.equal(tagFilterPredicate(filter)(tagged), expected, JSON.stringify(filter));
    }
  });

  it('takes one form of an attribute filter, not several', () => {
    const tagged = { tags: { colour: 'red' } };
    const red = { TagKey: 'colour', TagValue: 'red' };
    assert.equal(attributeFilterPredicate({ AndCondition: { TagConditions: [red] } })(tagged), true);
    assert.throws(
      () => attributeFilterPredicate({ TagCondition: red, AndCondition: { TagConditions: [red] } }),
      (error) => error instanceof ApiError && /takes one/.test(error.message),
    );
  });
});
