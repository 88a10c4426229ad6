// Keys to E.164, by country.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalizePhoneNumber } from './phone-number-input.ts';

const CASES: readonly (readonly [keys: string, country: string | undefined, expected: string | undefined])[] =
  [
    ['12065550100', undefined, '+12065550100'],
    ['0012065550100', undefined, '+12065550100'],
    ['02065550100', undefined, undefined],
    ['123', undefined, undefined],
    ['1234567890123456', undefined, undefined],
    ['', undefined, undefined],
    ['12*4567', undefined, undefined],
    ['2065550100', 'US', '+12065550100'],
    ['12065550100', 'us', '+12065550100'],
    ['1065550100', 'US', undefined],
    ['206555010', 'CA', undefined],
    ['07911123456', 'GB', '+447911123456'],
    ['0301234567', 'DE', '+49301234567'],
    ['0612345678', 'IT', '+390612345678'],
    ['0301234567', '+49', '+49301234567'],
    ['0301234567', 'XX', undefined],
    ['0301234567', '', undefined],
  ];

for (const [keys, country, expected] of CASES) {
  test(`phone number input › ${keys} in ${country ?? 'E.164'} is ${expected ?? 'refused'}`, () => {
    assert.equal(normalizePhoneNumber(keys, country), expected);
  });
}
