import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Foreground } from './foreground.ts';

describe('foreground', () => {
  /** What is said of the last of ten frames of one level. */
  function hear(foreground: Foreground, levelDb: number, isBeginning: boolean, isSpeech = true): boolean {
    let isOwn = false;
    for (let n = 0; n < 10; n += 1)
      isOwn = foreground.hear({ isSpeech, isVoiced: true, logOdds: 3, levelDb, floorDb: -70 }, isBeginning);
    return isOwn;
  }

  it('takes who begins 11 dB below the loudest so far for somebody behind', () => {
    const foreground = new Foreground(11);
    assert.ok(hear(foreground, -20, false));
    assert.ok(!hear(foreground, -32, true));
    assert.ok(hear(foreground, -30, true));
  });

  it('lets who goes on fall off by 16 dB', () => {
    const foreground = new Foreground(11);
    assert.ok(hear(foreground, -20, false));
    assert.ok(hear(foreground, -35, false));
    assert.ok(!hear(foreground, -37, false));
  });

  it('takes who is louder than all before for the one in front', () => {
    const foreground = new Foreground(11);
    assert.ok(hear(foreground, -40, true));
    assert.ok(hear(foreground, -20, false));
    assert.ok(!hear(foreground, -40, true));
  });

  it('does not measure by what is no speech', () => {
    const foreground = new Foreground(11);
    assert.ok(!hear(foreground, -10, true, false));
    assert.ok(hear(foreground, -35, true));
  });
});
