// The story of one call at a simulated phone, from the INVITE to the end.
import type { Phone } from './phone.ts';
import type { PhoneScenario, PhoneStep } from './phone-scenario.ts';

/**
 * Performs a scenario on a phone that is being called. Resolves when the call is over, its dialog ended and its media
 * closed; never rejects. The first step begins before this function returns.
 */
export async function runPhone(phone: Phone, scenario: PhoneScenario): Promise<void> {
  try {
    for (const step of scenario) await perform(step, phone);
    await phone.waitForCaller();
  } catch (error) {
    // The end of a call interrupts whatever the phone was doing; anything else is a failure of the phone.
    if (!phone.isOver) phone.fail(error);
  } finally {
    await phone.close();
  }
}

async function perform(step: PhoneStep, phone: Phone): Promise<void> {
  phone.throwIfOver();
  switch (step.step) {
    case 'challenge':
      return phone.challenge();
    case 'ignore':
      return phone.ignore();
    case 'ring':
      return phone.ring(step.forMs);
    case 'progress':
      return phone.progress(step.status, step.reason);
    case 'earlyMedia':
      return phone.sendEarlyMedia();
    case 'answer':
      return phone.answer();
    case 'reject':
      return phone.reject(step.status, step.reason);
    case 'say':
      return phone.say(step.clip, step.repeat);
    case 'tones':
      return phone.play(step.tones);
    case 'beep':
      return phone.play([VOICEMAIL_BEEP]);
    case 'awaitPromptEnd':
      return phone.awaitPromptEnd();
    case 'press':
      return phone.press(step.digits, step.by);
    case 'hangUp':
      return phone.hangUp(step.afterAnswerMs);
    case 'pause':
      return phone.pause(step.forMs);
    case 'repeat':
      for (;;) for (const inner of step.steps) await perform(inner, phone);
  }
}

const VOICEMAIL_BEEP = { frequenciesHz: [1_000], forMs: 400 } as const;
