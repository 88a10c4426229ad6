import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kindOfOwnNumber, mayBeShown } from './own-numbers.ts';

describe('own numbers', () => {
  for (const [number, kind] of [
    ['+12065550199', 'DID'],
    ['+18005550199', 'TOLL_FREE'],
    ['+448081570000', 'TOLL_FREE'],
    ['+80055501990', 'UIFN'],
    ['+81312345678', 'DID'],
    ['+4930123456', 'DID'],
  ] as const) {
    it(`${number} is of the kind ${kind}`, () => assert.equal(kindOfOwnNumber(number), kind));
  }

  for (const [source, destination, expected] of [
    ['+12065550199', '+442079460000', 'yes'],
    ['+18005550199', '+12065550100', 'yes'],
    ['+18005550199', '+14165550123', 'yes'],
    ['+18005550199', '+442079460000', 'not abroad'],
    ['+448081570000', '+442079460000', 'yes'],
    ['+448081570000', '+12065550100', 'not abroad'],
    ['+80055501990', '+12065550100', 'never'],
  ] as const) {
    it(`${source} may be shown to ${destination} › ${expected}`, () => {
      // Twice: the second time it is remembered.
      assert.equal(mayBeShown(source, destination), expected);
      assert.equal(mayBeShown(source, destination), expected);
    });
  }
});
