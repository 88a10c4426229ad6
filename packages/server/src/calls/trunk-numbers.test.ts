// How numbers are written towards carriers.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PhoneNumber } from '../ids.ts';
import { e164, type NumberFormat, writeCaller, writeDestination } from './trunk-numbers.ts';

const seattle = '+12065550100' as PhoneNumber;
const london = '+442079460000' as PhoneNumber;
const satellite = '+881612345678' as PhoneNumber;

describe('trunk numbers', () => {
  const cases: [
    what: string,
    number: PhoneNumber,
    format: Partial<NumberFormat>,
    destination: string,
    caller: string,
  ][] = [
    ['E.164', seattle, {}, '+12065550100', '+12065550100'],
    ['plain', seattle, { format: 'plain' }, '12065550100', '12065550100'],
    ['national at home', seattle, { format: 'national', country: 'US' }, '2065550100', '2065550100'],
    [
      'national at home with its trunk prefix',
      london,
      { format: 'national', country: 'GB' },
      '02079460000',
      '02079460000',
    ],
    ['national abroad', london, { format: 'national', country: 'US' }, '011442079460000', '011442079460000'],
    [
      'national abroad from Europe',
      seattle,
      { format: 'national', country: 'DE' },
      '0012065550100',
      '0012065550100',
    ],
    [
      'without a plan',
      satellite,
      { format: 'national', country: 'US' },
      '011881612345678',
      '011881612345678',
    ],
    ['a prefix added', seattle, { add: '9' }, '9+12065550100', '+12065550100'],
    ['a prefix taken off', seattle, { strip: '+1' }, '2065550100', '+12065550100'],
    ['one that does not stand there', london, { strip: '+1' }, '+442079460000', '+442079460000'],
    ['both', seattle, { format: 'plain', strip: '1', add: '77' }, '772065550100', '12065550100'],
  ];
  for (const [what, number, format, destination, caller] of cases) {
    it(`writes ${what}`, () => {
      const numbers = { ...e164, ...format };
      assert.deepEqual(
        [writeDestination(number, numbers), writeCaller(number, numbers)],
        [destination, caller],
      );
    });
  }
});
