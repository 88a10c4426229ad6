// A leg: digits that travel as SIP INFO, against a scripted dialog.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MediaSession } from '@ringback/media';
import type { InviteDialog, SipBody } from '@ringback/sip';
import { VirtualClock } from '@ringback/testkit';
import { KeyPresses } from './key-presses.ts';
import { DigitsRefused, joinLeg } from './leg.ts';

function infoLeg(answer: (digit: string) => Promise<{ status: number }>) {
  const clock = new VirtualClock();
  const dialog = {
    callId: 'call',
    ended: new Promise(() => undefined),
    sendInfo: ({ content }: SipBody) => answer(content.slice('Signal='.length, 'Signal='.length + 1)),
  };
  const leg = joinLeg({
    dialog: dialog as unknown as InviteDialog,
    media: {} as MediaSession,
    dtmf: 'info',
    clock,
    keys: new KeyPresses(clock),
    mediaEnded: new Promise(() => undefined),
    answeredAtMs: 0,
  });
  return { leg, clock };
}

describe('digits in SIP INFO', () => {
  it('keep their order when keys are pressed faster than they are answered', async () => {
    const sent: string[] = [];
    const answered = Promise.withResolvers<{ status: number }>();
    const { leg, clock } = infoLeg((digit) => {
      sent.push(digit);
      return digit === '1' ? answered.promise : Promise.resolve({ status: 200 });
    });
    const presses = ['1', '2', '3'].map((digit) => leg.sendDigits(digit));
    await clock.advance(5_000);
    assert.deepEqual(sent, ['1']);
    answered.resolve({ status: 200 });
    await clock.advance(1_000);
    await Promise.all(presses);
    assert.deepEqual(sent, ['1', '2', '3']);
  });

  it('go on after one that was refused', async () => {
    const { leg, clock } = infoLeg(async (digit) => ({ status: digit === '1' ? 415 : 200 }));
    const refused = assert.rejects(leg.sendDigits('1'), DigitsRefused);
    const taken = leg.sendDigits('2');
    await clock.advance(1_000);
    await refused;
    await taken;
  });
});
