// What each magic number does: North American numbers reserved for fiction, one scenario each. Any other number is …0100.
import type { PhoneScenario, PhoneStep, Tone } from './phone-scenario.ts';

/** People take a moment from picking up to speaking. */
const PICK_UP: PhoneScenario = [{ step: 'answer' }, { step: 'pause', forMs: 300 }];
const SAY_HELLO: PhoneStep = { step: 'say', clip: 'hello' };

/** Rings without waiting: the caller sees 180 and 200 in one breath. */
const RING: PhoneStep = { step: 'ring', forMs: 0 };

function personAfterRinging(ringMs: number): PhoneScenario {
  return [{ step: 'ring', forMs: ringMs }, ...PICK_UP, SAY_HELLO];
}

/** "Vacant code" of the North American special information tones: high and long, low and short, long. ITU-T E.180 §5 gives the level. */
const VACANT_CODE: readonly Tone[] = [
  { frequenciesHz: [985.2], forMs: 380, levelDbm0: -24 },
  { frequenciesHz: [1370.6], forMs: 274, levelDbm0: -24 },
  { frequenciesHz: [1776.7], forMs: 380, levelDbm0: -24 },
];

/** The answering fax machine's CED: 2100 Hz, 2.6–4 s (ITU-T T.30 §4.1). */
const FAX_ANSWER: readonly Tone[] = [{ frequenciesHz: [2100], forMs: 3_000 }];

const ANSWERS_AFTER_TWO_SECONDS = personAfterRinging(2_000);

/** By E.164 number. */
export const MAGIC_NUMBERS: ReadonlyMap<string, PhoneScenario> = new Map<string, PhoneScenario>([
  // People
  ['+12065550100', ANSWERS_AFTER_TWO_SECONDS],
  [
    '+12065550101',
    [
      RING,
      { step: 'answer' },
      { step: 'say', clip: 'hello-in-street' },
      { step: 'say', clip: 'street-noise', repeat: 'forever' },
    ],
  ],
  ['+12065550102', [RING, ...PICK_UP, { step: 'say', clip: 'business-greeting' }]],
  ['+12065550103', [RING, { step: 'answer' }]],
  // Machines
  [
    '+12065550110',
    [
      RING,
      ...PICK_UP,
      { step: 'say', clip: 'voicemail-greeting' },
      { step: 'pause', forMs: 500 },
      { step: 'beep' },
    ],
  ],
  ['+12065550111', [RING, ...PICK_UP, { step: 'say', clip: 'voicemail-greeting' }]],
  [
    '+12065550112',
    [
      RING,
      ...PICK_UP,
      { step: 'say', clip: 'voicemail-greeting-short' },
      { step: 'pause', forMs: 500 },
      { step: 'beep' },
    ],
  ],
  ['+12065550113', [RING, ...PICK_UP, { step: 'tones', tones: FAX_ANSWER }]],
  // Failures
  ['+12065550120', [{ step: 'reject', status: 486 }]],
  ['+12065550121', [{ step: 'ring', forMs: 'forever' }]],
  ['+12065550122', [{ step: 'reject', status: 603 }]],
  ['+12065550123', [{ step: 'reject', status: 404 }]],
  [
    '+12065550124',
    [
      { step: 'earlyMedia' },
      { step: 'pause', forMs: 200 },
      { step: 'tones', tones: VACANT_CODE },
      { step: 'pause', forMs: 300 },
      { step: 'reject', status: 404 },
    ],
  ],
  ['+12065550125', [{ step: 'reject', status: 503 }]],
  ['+12065550126', [{ step: 'ignore' }]],
  ['+12065550127', [{ step: 'reject', status: 608 }]],
  // People who do something
  ['+12065550130', [RING, ...PICK_UP, SAY_HELLO, { step: 'hangUp', afterAnswerMs: 3_000 }]],
  [
    '+12065550131',
    [
      RING,
      ...PICK_UP,
      SAY_HELLO,
      { step: 'repeat', steps: [{ step: 'awaitPromptEnd' }, { step: 'press', digits: '1' }] },
    ],
  ],
  [
    '+12065550132',
    [
      RING,
      ...PICK_UP,
      SAY_HELLO,
      { step: 'awaitPromptEnd' },
      { step: 'press', digits: '2' },
      { step: 'awaitPromptEnd' },
      { step: 'press', digits: '1234#' },
    ],
  ],
  ['+12065550133', [{ step: 'challenge' }, ...ANSWERS_AFTER_TWO_SECONDS]],
  // …140 to …149 ring 0, 4, 8 … 36 s
  ...Array.from({ length: 10 }, (_, n): [string, PhoneScenario] => [
    `+1206555014${n}`,
    personAfterRinging(n * 4_000),
  ]),
]);

/** What every number does that is neither magic nor in a scenario file. */
export const ANY_OTHER_NUMBER: PhoneScenario = ANSWERS_AFTER_TWO_SECONDS;
