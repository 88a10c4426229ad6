import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultAmdSettings } from '@ringback/media';
import { settingArgument } from './setting-argument.ts';

describe('a setting of detection on a command line', () => {
  it('is added to those before it', () => {
    assert.deepEqual(settingArgument('humanLogOdds=-3.5', { decideByMs: 900 }), {
      decideByMs: 900,
      humanLogOdds: -3.5,
    });
  });

  it('is any that detection has, at its default, too', () => {
    for (const [name, value] of Object.entries(defaultAmdSettings))
      assert.deepEqual(settingArgument(`${name}=${value}`, {}), { [name]: value });
  });

  it('stays within the bounds of the configuration file', () => {
    for (const text of ['longestAnalysisMs=-5', 'initialSilenceMs=1e12', 'lowestLevelDb=0'])
      assert.throws(() => settingArgument(text, {}), /is a number from -?\d+ to -?\d+\.$/, text);
  });

  it('is refused where name or number is none', () => {
    assert.throws(() => settingArgument('foo=1', {}), /^.*Settings are lowestLevelDb, /);
    for (const text of [
      'humanLogOdds',
      'humanLogOdds=',
      'humanLogOdds= ',
      'humanLogOdds=x',
      'humanLogOdds=1=2',
    ])
      assert.throws(() => settingArgument(text, {}), /humanLogOdds is a number from -5 to 10\./, text);
  });
});
