// Scenarios from outside: what is taken, and that every mistake is found with its place.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ANY_OTHER_NUMBER, MAGIC_NUMBERS } from './magic-numbers.ts';
import { readScenarios, ScenarioUnusable, scenarioFor } from './scenario-book.ts';

const NUMBER = '+12065550100';

function mistakesIn(value: unknown): string[] {
  try {
    readScenarios(value);
  } catch (error) {
    assert.ok(error instanceof ScenarioUnusable);
    return error.mistakes.map(({ path, problem }) => `${path}: ${problem}`);
  }
  return [];
}

const stepsMistakes = (...steps: unknown[]) =>
  mistakesIn({ otherNumbers: steps }).map((mistake) => mistake.replace('otherNumbers', ''));

describe('scenario', () => {
  test('every magic number is a scenario that a file could hold', () => {
    const numbers = JSON.parse(JSON.stringify(Object.fromEntries(MAGIC_NUMBERS)));
    assert.deepEqual(mistakesIn({ numbers, otherNumbers: ANY_OTHER_NUMBER }), []);
  });

  test('every step is known', () => {
    const early = [
      { step: 'challenge' },
      { step: 'pause', forMs: 10 },
      { step: 'progress', status: 181, reason: 'Forwarded' },
      { step: 'ring', forMs: 0 },
      { step: 'earlyMedia' },
      { step: 'tones', tones: [{ frequenciesHz: [350, 440], forMs: 10, levelDbm0: -20 }] },
    ];
    const answered = [
      { step: 'answer' },
      { step: 'say', clip: 'hello', repeat: 'once' },
      { step: 'beep' },
      { step: 'awaitPromptEnd' },
      { step: 'press', digits: '1,#' },
      { step: 'press', digits: '1', by: 'inband' },
    ];
    assert.deepEqual(stepsMistakes(...early, ...answered, { step: 'hangUp', afterAnswerMs: 5 }), []);
    assert.deepEqual(stepsMistakes(...early, { step: 'reject', status: 480, reason: 'Away' }), []);
    assert.deepEqual(stepsMistakes(...early, ...answered, { step: 'repeat', steps: answered.slice(1) }), []);
    assert.deepEqual(stepsMistakes({ step: 'ignore' }), []);
  });

  for (const [name, steps, expected] of [
    ['no list', 'hello', [': must be a list of 1 to 1000 steps']],
    ['no steps', [], [': must be a list of 1 to 1000 steps']],
    ['a step that is no object', ['answer'], ['[0]: must be an object with a member "step"']],
    ['a member that is missing', [{ step: 'ring' }], ['[0].forMs: is missing']],
    [
      'a member too many',
      [{ step: 'ring', forMs: 1, ms: 1 }],
      ['[0].ms: is not known here; members are: forMs'],
    ],
    [
      'a length that is no number',
      [{ step: 'ring', forMs: '2s' }],
      ['[0].forMs: must be a whole number of ms, or "forever"'],
    ],
    [
      'a length below nothing',
      [{ step: 'pause', forMs: -1 }],
      ['[0].forMs: must be a whole number of ms from 0 to 86400000'],
    ],
    [
      'a status of the wrong class',
      [{ step: 'reject', status: 200 }],
      ['[0].status: must be a final status from 300 to 699'],
    ],
    [
      'a reason phrase with a line break',
      [{ step: 'reject', status: 480, reason: 'a\r\nb' }],
      ['[0].reason: must be 1 to 100 printable ASCII characters'],
    ],
    [
      'keys that no phone has',
      [{ step: 'answer' }, { step: 'press', digits: '1x' }],
      ['[1].digits: must be 1 to 100 of 0-9 * # A-D and comma'],
    ],
    [
      'a tone that cannot be heard',
      [{ step: 'answer' }, { step: 'tones', tones: [{ frequenciesHz: [9_000], forMs: 1 }, 7] }],
      [
        '[1].tones[0].frequenciesHz: must be a list of 1 to 8 frequencies from 1 to 3999 Hz',
        '[1].tones[1]: must be an object',
      ],
    ],
    [
      'all mistakes at once',
      [{ step: 'ring' }, { step: 'reject', status: 'busy' }],
      ['[0].forMs: is missing', '[1].status: must be a final status'],
    ],
    [
      'sound before media',
      [{ step: 'ring', forMs: 0 }, { step: 'beep' }],
      ['[1]: "beep" has no place before media flows'],
    ],
    [
      'two answers',
      [{ step: 'answer' }, { step: 'answer' }],
      ['[1]: "answer" has no place after the answer'],
    ],
    [
      'a rejection after the answer',
      [{ step: 'answer' }, { step: 'reject', status: 486 }],
      ['[1]: "reject" has no place after the answer'],
    ],
    [
      'a challenge too late',
      [{ step: 'ring', forMs: 0 }, { step: 'challenge' }],
      ['[1]: "challenge" has no place before media flows'],
    ],
    [
      'a step after the end',
      [{ step: 'ignore' }, { step: 'ring', forMs: 0 }],
      ['[1]: "ring" has no place after the call is over or a step that never ends'],
    ],
    [
      'a step after ringing forever',
      [{ step: 'ring', forMs: 'forever' }, { step: 'answer' }],
      ['[1]: "answer" has no place after the call is over or a step that never ends'],
    ],
    [
      'a repeat that would spin',
      [{ step: 'repeat', steps: [{ step: 'ring', forMs: 0 }] }],
      ['[0].steps: must contain a step that takes time, or it would spin'],
    ],
    [
      'a repeat that answers again and again',
      [{ step: 'repeat', steps: [{ step: 'answer' }, { step: 'beep' }] }],
      ['[0].steps: may not answer or begin early media, which is possible only once'],
    ],
  ] as const) {
    test(`${name} is refused`, () => {
      const mistakes = mistakesIn({ otherNumbers: steps }).map((each) => each.replace('otherNumbers', ''));
      assert.deepEqual(mistakes, expected);
    });
  }

  test('an unknown step lists the known ones', () => {
    const [mistake = ''] = stepsMistakes({ step: 'rign', forMs: 1 });
    assert.match(mistake, /^\[0\]\.step: must be one of challenge, ignore, ring, /);
  });

  test('names inherited by every object are no steps', () => {
    const [mistake = ''] = stepsMistakes({ step: 'constructor' });
    assert.match(mistake, /must be one of/);
  });

  test('repeats nest three deep and no deeper', () => {
    const nest = (depth: number): unknown =>
      depth === 0 ? { step: 'pause', forMs: 1 } : { step: 'repeat', steps: [nest(depth - 1)] };
    assert.deepEqual(stepsMistakes(nest(3)), []);
    const [mistake = ''] = stepsMistakes(nest(4));
    assert.match(mistake, /nested deeper than 3 repeats$/);
  });

  test('a book names what it does not know', () => {
    assert.deepEqual(mistakesIn([]), [': must be an object with "numbers"']);
    assert.deepEqual(mistakesIn({ numbers: { '0100': [{ step: 'answer' }] }, number: {} }), [
      'numbers["0100"]: must be an E.164 number, such as +12065550100',
      'number: is not known here; members are: numbers, otherNumbers',
    ]);
  });
});

describe('scenario of a number', () => {
  const busy = [{ step: 'reject', status: 486 }];
  const ringing = [{ step: 'ring', forMs: 'forever' }];

  test('an earlier book goes before a later one, and both before the magic numbers', () => {
    const first = readScenarios({ numbers: { [NUMBER]: busy } });
    const second = readScenarios({ numbers: { [NUMBER]: ringing, '+12065550101': ringing } });
    assert.deepEqual(scenarioFor(NUMBER, [first, second]), busy);
    assert.deepEqual(scenarioFor('+12065550101', [first, second]), ringing);
    assert.deepEqual(scenarioFor('+12065550126', [first, second]), [{ step: 'ignore' }]);
  });

  test('a number that is not magic behaves as …0100, or as the book says', () => {
    assert.equal(scenarioFor('+442079460000', []), MAGIC_NUMBERS.get(NUMBER));
    const book = readScenarios({ otherNumbers: busy });
    assert.deepEqual(scenarioFor('+442079460000', [book]), busy);
    assert.equal(scenarioFor(NUMBER, [book]), MAGIC_NUMBERS.get(NUMBER));
  });
});

describe('magic numbers', () => {
  test('…140 to …149 ring four seconds longer each', () => {
    const rings = Array.from({ length: 10 }, (_, n) => {
      const [first, ...rest] = MAGIC_NUMBERS.get(`+1206555014${n}`) ?? [];
      assert.deepEqual(rest, MAGIC_NUMBERS.get(NUMBER)?.slice(1));
      return first;
    });
    const expected = [0, 4, 8, 12, 16, 20, 24, 28, 32, 36].map((s) => ({ step: 'ring', forMs: s * 1_000 }));
    assert.deepEqual(rings, expected);
  });

  test('there is one for each line of the table', () => {
    const endings = [...MAGIC_NUMBERS.keys()].map((number) => number.slice(-3));
    const table =
      '100 101 102 103 110 111 112 113 120 121 122 123 124 125 126 127 130 131 132 133 ' +
      '140 141 142 143 144 145 146 147 148 149';
    assert.equal(endings.join(' '), table);
  });
});
