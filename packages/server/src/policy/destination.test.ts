import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultCountries, judgeDestination } from './destination.ts';

const usEast1 = { countries: defaultCountries('us-east-1', 'simulated'), openPrefixes: [] };

describe('destination', () => {
  const cases: [number: string, expected: string][] = [
    ['+12065550100', 'allowed'],
    ['+12065550149', 'allowed'],
    ['+14165550123', 'allowed'],
    ['+442079460000', 'allowed'],
    ['+447700900123', 'not allowed'],
    ['+4411812345', 'not allowed'],
    ['+4915112345678', 'not allowed'],
    ['+18765550123', 'not allowed'],
    ['+1911', 'not allowed'],
    ['+1411', 'not allowed'],
    ['+112', 'not allowed'],
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

  it('an opened prefix lets a closed range through', () => {
    const policy = { ...usEast1, openPrefixes: ['+447'] };
    assert.equal(judgeDestination('+447400123456', policy).kind, 'allowed');
  });

  it('with a trunk nothing is open until configured', () => {
    const policy = { countries: defaultCountries('us-east-1', 'trunk'), openPrefixes: [] };
    assert.equal(judgeDestination('+12065550100', policy).kind, 'not allowed');
  });
});
