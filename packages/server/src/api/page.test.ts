// Pages of List operations.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError } from '@ringback/connect-api';
import { pageOf } from './page.ts';

const items = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id }));

describe('page', () => {
  it('holds as many items as asked for, and leads to the next until there is none', () => {
    const first = pageOf(items, 2, undefined);
    assert.deepEqual(ids(first), ['a', 'b']);
    const second = pageOf(items, 2, first.nextToken);
    assert.deepEqual(ids(second), ['c', 'd']);
    const third = pageOf(items, 2, second.nextToken);
    assert.deepEqual(ids(third), ['e']);
    assert.equal(third.nextToken, undefined);
  });

  it('leads nowhere when it holds exactly the rest', () => {
    assert.equal(pageOf(items, 5, undefined).nextToken, undefined);
    assert.equal(pageOf(items, 100, undefined).nextToken, undefined);
    const { nextToken } = pageOf(items, 3, undefined);
    assert.equal(pageOf(items, 2, nextToken).nextToken, undefined);
    assert.deepEqual(pageOf([], 10, undefined), { items: [], nextToken: undefined });
  });

  it('neither repeats nor loses an item when others come and go between two pages', () => {
    const { nextToken } = pageOf(items, 2, undefined);
    const changed = ['a', 'aa', 'c', 'd'].map((id) => ({ id }));
    assert.deepEqual(ids(pageOf(changed, 10, nextToken)), ['c', 'd']);
    assert.deepEqual(ids(pageOf([{ id: 'a' }], 10, nextToken)), []);
  });

  it('gives out tokens that travel in a query string as they are', () => {
    const { nextToken } = pageOf([{ id: '??>>~~' }, { id: 'ÿ' }], 1, undefined);
    assert.match(nextToken ?? '', /^[A-Za-z0-9_-]+$/);
  });

  it('refuses a token that no page gave out', () => {
    for (const token of ['', 'x', 'YWZ0ZXI', '../../etc/passwd', 'null', '🐢']) {
      assert.throws(
        () => pageOf(items, 2, token),
        (error: unknown) => error instanceof ApiError && error.name === 'InvalidParameterException',
        token,
      );
    }
  });
});

const ids = (page: { readonly items: readonly { readonly id: string }[] }): string[] =>
  page.items.map(({ id }) => id);
