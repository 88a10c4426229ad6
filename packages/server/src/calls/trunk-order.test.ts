// Which trunk comes first: route, health, priority, weight.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@ringback/testkit';
import { type Trunk, trunkOf } from './trunk.ts';
import { orderTrunks } from './trunk-order.ts';

const trunk = (name: string, more: Partial<Trunk> = {}): Trunk =>
  trunkOf({ name, servers: [{ host: '10.0.0.1' }], domain: 'carrier.example', ...more });

function ordered(trunks: readonly Trunk[], country = 'US', sideLined: readonly string[] = []): string[][] {
  const groups = orderTrunks(trunks, {
    country,
    isSideLined: ({ name }) => sideLined.includes(name),
    random: () => 0,
  });
  return groups.map((group) => group.map(({ name }) => name));
}

describe('trunk order', () => {
  const us = trunk('us', { countries: new Set(['US', 'CA']) });
  const gb = trunk('gb', { countries: new Set(['GB']) });
  const any = trunk('any');

  it('goes by route: who names the country, then who names none; others never', () => {
    assert.deepEqual(ordered([any, us, gb]), [['us'], ['any']]);
    assert.deepEqual(ordered([any, us, gb], 'GB'), [['gb'], ['any']]);
    assert.deepEqual(ordered([us, gb], 'FR'), []);
  });

  it('goes by priority within a route, however the file is ordered', () => {
    const trunks = [trunk('c', { priority: 20 }), trunk('a', { priority: 3 }), trunk('b', { priority: 3 })];
    assert.deepEqual(ordered(trunks), [['a', 'b'], ['c']]);
  });

  it('puts side-lined trunks behind all others, and keeps them', () => {
    const trunks = [trunk('a', { priority: 1 }), trunk('b', { priority: 2 }), us];
    assert.deepEqual(ordered(trunks, 'US', ['us', 'a']), [['b'], ['us'], ['a']]);
  });

  it('draws by weight among equals', () => {
    const trunks = [
      trunk('heavy', { weight: 3 }),
      trunk('light', { weight: 1 }),
      trunk('none', { weight: 0 }),
    ];
    const random = seededRandom(7);
    const first = new Map<string, number>();
    for (let draw = 0; draw < 4_000; draw += 1) {
      const [group] = orderTrunks(trunks, { country: 'US', isSideLined: () => false, random });
      assert.equal(group?.length, 3);
      const name = group?.[0]?.name ?? '';
      first.set(name, (first.get(name) ?? 0) + 1);
    }
    const heavy = (first.get('heavy') ?? 0) / 4_000;
    assert.ok(heavy > 0.72 && heavy < 0.78, `three of four: ${heavy}`);
    assert.equal(first.get('none'), undefined);
  });

  it('keeps the order of the file where no weight tells them apart', () => {
    assert.deepEqual(ordered([trunk('x', { weight: 0 }), trunk('y', { weight: 0 })]), [['x', 'y']]);
  });
});
