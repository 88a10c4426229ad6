import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { getCountries } from 'libphonenumber-js/max';
import { defaultCountries, judgeDestination } from './destination.ts';

const usEast1 = { countries: defaultCountries('us-east-1', 'simulated'), openPrefixes: [] };

describe('destination', () => {
  const cases: [number: string, expected: string][] = [
    ['+12065550100', 'allowed'],
    ['+12065550149', 'allowed'],
    ['+14165550123', 'allowed'],
    ['+15555550100', 'allowed'],
    ['+1555555010', 'malformed'],
    ['+12225550100', 'not allowed'],
    ['+442079460000', 'allowed'],
    ['+447700900123', 'not allowed'],
    ['+4411812345', 'not allowed'],
    ['+4915112345678', 'not allowed'],
    ['+18765550123', 'not allowed'],
    ['+1911', 'not allowed'],
    ['+1411', 'not allowed'],
    ['+112', 'not allowed'],
    ['+44110', 'not allowed'],
    ['+19005550123', 'not allowed'],
    ['+8816123456789', 'not allowed'],
    ['12065550100', 'malformed'],
    ['+02065550100', 'malformed'],
    ['+1206555010', 'malformed'],
    ['+1 206 555 0100', 'malformed'],
    ['+12065550100\n', 'malformed'],
    ['', 'malformed'],
  ];
  for (const [number, expected] of cases) {
    it(`${JSON.stringify(number)} is ${expected} from us-east-1`, () => {
      assert.equal(judgeDestination(number, usEast1).kind, expected);
    });
  }

  const costly: [number: string, what: string][] = [
    ['+870773111632', 'Inmarsat'],
    ['+8816123456789', 'Iridium'],
    ['+88213123456', 'an international network'],
    ['+883510000000094', 'an international network'],
    ['+88812345678', 'disaster relief'],
    ['+878101234567890', 'personal numbers'],
    ['+80812345678', 'international shared cost'],
    ['+979123456789', 'international premium rate'],
  ];
  for (const [number, what] of costly) {
    it(`${number} (${what}) is closed although every country is open, and its prefix opens it`, () => {
      const everywhere = { countries: new Set(getCountries()), openPrefixes: [] };
      assert.equal(judgeDestination(number, everywhere).kind, 'not allowed');
      const opened = judgeDestination(number, { ...usEast1, openPrefixes: [number.slice(0, 4)] });
      // Of disaster relief no plan says how long its numbers are.
      assert.equal(opened.kind, number.startsWith('+888') ? 'malformed' : 'allowed');
    });
  }

  const premium: [number: string, country: string, what: string][] = [
    ['+19005550123', 'US', 'premium rate'],
    ['+491805123456', 'DE', 'shared cost'],
    ['+448431234567', 'GB', 'premium rate'],
    ['+33899123456', 'FR', 'premium rate'],
    ['+15005550100', 'US', 'personal numbers'],
  ];
  for (const [number, country, what] of premium) {
    it(`${number} (${what}) is closed although ${country} is open`, () => {
      const policy = { countries: new Set([country]), openPrefixes: [] };
      assert.equal(judgeDestination(number, policy).kind, 'not allowed');
    });
  }

  it('a country that there is not opens nothing, and harms nothing', () => {
    const policy = { countries: new Set(['UK', 'GB']), openPrefixes: [] };
    assert.equal(judgeDestination('+4420', policy).kind, 'malformed');
    assert.equal(judgeDestination('+442079460000', policy).kind, 'allowed');
  });

  it('the Caribbean of the North American plan is closed until its countries are listed', () => {
    const areaCodes: Readonly<Record<string, string>> = {
      '242': 'BS',
      '246': 'BB',
      '264': 'AI',
      '268': 'AG',
      '284': 'VG',
      '340': 'VI',
      '345': 'KY',
      '441': 'BM',
      '473': 'GD',
      '649': 'TC',
      '658': 'JM',
      '664': 'MS',
      '721': 'SX',
      '758': 'LC',
      '767': 'DM',
      '784': 'VC',
      '809': 'DO',
      '829': 'DO',
      '849': 'DO',
      '868': 'TT',
      '869': 'KN',
      '876': 'JM',
    };
    for (const [areaCode, country] of Object.entries(areaCodes)) {
      const number = `+1${areaCode}2345678`;
      assert.equal(judgeDestination(number, usEast1).kind, 'not allowed', `${number} from us-east-1`);
      const listed = judgeDestination(number, { countries: new Set([country]), openPrefixes: [] });
      assert.equal(listed.kind, 'allowed', `${number} with ${country} listed`);
    }
  });

  for (const number of ['+49112', '+49110', '+33112', '+81119', '+61000']) {
    it(`${number} is no subscriber’s number, wherever calls are allowed`, () => {
      const everywhere = { countries: new Set(getCountries()), openPrefixes: [] };
      assert.equal(judgeDestination(number, everywhere).kind, 'not allowed');
    });
  }

  it('tells the country of an allowed number', () => {
    const verdict = judgeDestination('+442079460000', usEast1);
    assert.equal(verdict.kind === 'allowed' && verdict.country, 'GB');
  });

  it('an opened prefix lets a closed range through', () => {
    const policy = { ...usEast1, openPrefixes: ['+447'] };
    assert.equal(judgeDestination('+447400123456', policy).kind, 'allowed');
  });

  it('with a trunk nothing is open until configured', () => {
    const policy = { countries: defaultCountries('us-east-1', 'trunk'), openPrefixes: [] };
    assert.equal(judgeDestination('+12065550100', policy).kind, 'not allowed');
  });
});
