import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  getCountries,
  getCountryCallingCode,
  getExampleNumber,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max';
import examples from 'libphonenumber-js/mobile/examples';
import { ordinaryCountryOf } from './ordinary-numbers.ts';

const ordinaryTypes: ReadonlySet<string | undefined> = new Set([
  'FIXED_LINE',
  'MOBILE',
  'FIXED_LINE_OR_MOBILE',
]);
const callingCodes = [...new Set(getCountries().map((country) => getCountryCallingCode(country)))];

/** What libphonenumber says of a number of which we say something. */
function assertAgrees(e164: string, country: string): void {
  const parsed = parsePhoneNumberFromString(e164, { extract: false });
  assert.equal(parsed?.country, country, e164);
  assert.equal(parsed?.number, e164, e164);
  assert.ok(parsed?.isPossible(), e164);
  assert.ok(ordinaryTypes.has(parsed?.getType()), `${e164} is ${parsed?.getType()}`);
}

describe('ordinary numbers', () => {
  it('agree with libphonenumber on random numbers of every calling code', () => {
    let recognised = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...callingCodes),
        fc.stringMatching(/^\d{3,12}$/),
        (callingCode, national) => {
          const e164 = `+${callingCode}${national}`;
          const country = ordinaryCountryOf(e164);
          if (country === undefined) return;
          recognised += 1;
          assertAgrees(e164, country);
        },
      ),
      { numRuns: 20_000 },
    );
    assert.ok(recognised > 100, `only ${recognised} were recognised`);
  });

  it('agree with libphonenumber about the neighbours of real numbers, and recognise those of most countries', () => {
    let countriesRecognised = 0;
    for (const country of getCountries()) {
      const example = getExampleNumber(country, examples)?.number;
      if (!example) continue;
      if (ordinaryCountryOf(example) === country) countriesRecognised += 1;
      for (let at = 2; at < example.length; at += 1) {
        for (let digit = 0; digit <= 9; digit += 1) {
          const neighbour = `${example.slice(0, at)}${digit}${example.slice(at + 1)}`;
          const found = ordinaryCountryOf(neighbour);
          if (found !== undefined) assertAgrees(neighbour, found);
        }
      }
    }
    assert.ok(countriesRecognised > 150, `only ${countriesRecognised}`);
  });

  it('recognise North American subscribers, and leave free and dear numbers and other countries to libphonenumber', () => {
    assert.equal(ordinaryCountryOf('+12065550100'), 'US');
    for (const number of [
      '+18005550100',
      '+19005550100',
      '+15005550100',
      '+18765550123',
      '+1206555010',
      '+1911',
      '+',
    ])
      assert.equal(ordinaryCountryOf(number), undefined, number);
  });
});
