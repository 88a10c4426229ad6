// Pages of List operations.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError } from '@ringback/connect-api';
import { pageOf } from './page.ts';

const items = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id }));

describe('page', () => {
  it('holds as many items as asked for, and leads to the next until there is none', () => {
    const first = pageOf(items, { MaxResults: 2 });
    assert.deepEqual(ids(first), ['a', 'b']);
    const second = pageOf(items, { MaxResults: 2, NextToken: first.nextToken });
    assert.deepEqual(ids(second), ['c', 'd']);
    const third = pageOf(items, { MaxResults: 2, NextToken: second.nextToken });
    assert.deepEqual(ids(third), ['e']);
    assert.equal(third.nextToken, undefined);
  });

  it('leads nowhere when it holds exactly the rest', () => {
    assert.equal(pageOf(items, { MaxResults: 5 }).nextToken, undefined);
    assert.equal(pageOf(items, { MaxResults: 100 }).nextToken, undefined);
    const { nextToken } = pageOf(items, { MaxResults: 3 });
    assert.equal(pageOf(items, { MaxResults: 2, NextToken: nextToken }).nextToken, undefined);
    assert.deepEqual(pageOf([], { MaxResults: 10 }), { items: [], nextToken: undefined });
  });

  it('neither repeats nor loses an item when others come and go between two pages', () => {
    const { nextToken } = pageOf(items, { MaxResults: 2 });
    const changed = ['a', 'aa', 'c', 'd'].map((id) => ({ id }));
    assert.deepEqual(ids(pageOf(changed, { MaxResults: 10, NextToken: nextToken })), ['c', 'd']);
    assert.deepEqual(ids(pageOf([{ id: 'a' }], { MaxResults: 10, NextToken: nextToken })), []);
  });

  it('gives out tokens that travel in a query string as they are', () => {
    const { nextToken } = pageOf([{ id: '??>>~~' }, { id: 'ÿ' }], { MaxResults: 1 });
    assert.match(nextToken ?? '', /^[A-Za-z0-9_-]+$/);
  });

  it('refuses a token that no page gave out', () => {
    for (const token of ['', 'x', 'YWZ0ZXI', '../../etc/passwd', 'null', '🐢']) {
      assert.throws(
        () => pageOf(items, { MaxResults: 2, NextToken: token }),
        (error: unknown) => error instanceof ApiError && error.name === 'InvalidParameterException',
        token,
      );
    }
  });
});

const ids = (page: { readonly items: readonly { readonly id: string }[] }): string[] =>
  page.items.map(({ id }) => id);
