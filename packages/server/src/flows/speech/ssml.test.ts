/** SSML as text: what each tag does to the segments, and what is refused. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SsmlMalformed } from './speech-errors.ts';
import { readSsml } from './ssml.ts';
import { outerSilence, type SpeechSegment } from './ssml-segments.ts';

type Expected = ReadonlyArray<string | number | { text: string; rate?: number; languageCode?: string }>;

/** Text is a string, silence its milliseconds. */
function segmentsOf(expected: Expected): SpeechSegment[] {
  return expected.map((item): SpeechSegment => {
    if (typeof item === 'number') return { kind: 'silence', durationMs: item };
    const { text, rate = 1, languageCode } = typeof item === 'string' ? { text: item } : item;
    return { kind: 'text', text, rate, languageCode };
  });
}

const SPOKEN: ReadonlyArray<readonly [name: string, ssml: string, expected: Expected]> = [
  ['speak', '<speak>Hello.</speak>', ['Hello.']],
  ['no speak element', 'Hello <w role="amazon:NN">live</w> world', ['Hello live world']],
  [
    'declaration, comment and instruction',
    '<?xml version="1.0"?><!-- <p> --><speak>a<!-- b -->c</speak>',
    ['ac'],
  ],
  ['CDATA', '<speak><![CDATA[a < b & c]]></speak>', ['a < b & c']],
  ['entities', '<speak>A &amp; B &lt;&#67;&#x44;&gt; &quot;&apos;</speak>', ['A & B <CD> "\'']],
  ['controls by entity', '<speak>a&#0;b&#x1b;c</speak>', ['a b c']],
  ['white space', '<speak>\n  a \t b\n</speak>', ['a b']],
  ['nothing', '<speak/>', []],
  ['only white space', '<speak> \n </speak>', []],
  ['break in milliseconds', '<speak>a<break time="300ms"/>b</speak>', ['a', 300, 'b']],
  ['break in seconds', "<speak>a<break time='1.5s'></break>b</speak>", ['a', 1500, 'b']],
  ['longest break', '<speak>a<break time="99999s"/>b</speak>', ['a', 10_000, 'b']],
  ['break without time', '<speak>a<break/>b</speak>', ['a', 250, 'b']],
  ['break by strength', '<speak>a<break strength="x-strong"/>b</speak>', ['a', 800, 'b']],
  ['break of strength none', '<speak>a<break strength="none"/>b</speak>', ['a', 'b']],
  ['break with an unknown time', '<speak>a<break time="soon"/>b</speak>', ['a', 250, 'b']],
  ['breaks add up', '<speak>a<break time="1s"/> <break time="2s"/>b</speak>', ['a', 3000, 'b']],
  ['breaks at both ends stay', '<speak><break time="1s"/>a<break time="2s"/></speak>', [1000, 'a', 2000]],
  ['paragraphs', '<speak><p>a</p><p>b</p></speak>', ['a', 800, 'b']],
  ['sentences', '<speak><s>a</s><s>b</s></speak>', ['a', 500, 'b']],
  [
    'a break outlasts the pause beside it',
    '<speak><p>a</p><break time="2s"/><p>b</p></speak>',
    ['a', 2000, 'b'],
  ],
  [
    'a pause outlasts the break beside it',
    '<speak><p>a</p><break time="1ms"/><p>b</p></speak>',
    ['a', 800, 'b'],
  ],
  ['emphasis', '<speak>a <emphasis>b</emphasis></speak>', ['a', { text: 'b', rate: 0.9 }]],
  ['strong emphasis', '<speak><emphasis level="strong">a</emphasis></speak>', [{ text: 'a', rate: 0.8 }]],
  ['emphasis of an unknown level', '<speak><emphasis level="loud">a</emphasis></speak>', ['a']],
  ['rate in percent', '<speak><prosody rate="80%">a</prosody> b</speak>', [{ text: 'a', rate: 0.8 }, 'b']],
  ['rate by name', '<speak><prosody rate="x-slow">a</prosody></speak>', [{ text: 'a', rate: 0.5 }]],
  ['rate within bounds', '<speak><prosody rate="9000%">a</prosody></speak>', [{ text: 'a', rate: 2 }]],
  [
    'rates multiply',
    '<speak><prosody rate="50%">a <prosody rate="80%">b</prosody></prosody></speak>',
    [
      { text: 'a', rate: 0.5 },
      { text: 'b', rate: 0.4 },
    ],
  ],
  ['other prosody', '<speak><prosody volume="loud" pitch="+5%">a</prosody></speak>', ['a']],
  [
    'language',
    '<speak>Say <lang xml:lang="de-DE">Guten Tag</lang> now</speak>',
    ['Say', { text: 'Guten Tag', languageCode: 'de-DE' }, 'now'],
  ],
  ['hostile language', `<speak><lang xml:lang="de'; rm -rf /">a</lang></speak>`, ['a']],
  ['digits', '<speak><say-as interpret-as="digits">1234</say-as></speak>', ['1 2 3 4']],
  ['characters', '<speak><say-as interpret-as="characters">aB-9ß</say-as></speak>', ['A, B, dash, 9, ß']],
  ['spell-out', '<speak>x<say-as interpret-as="spell-out">id</say-as>y</speak>', ['x I, D y']],
  [
    'telephone, grouped',
    '<speak><say-as interpret-as="telephone">(206) 555-0100</say-as></speak>',
    ['2 0 6, 5 5 5, 0 1 0 0'],
  ],
  [
    'telephone, E.164',
    '<speak><say-as interpret-as="telephone">+12065550100</say-as></speak>',
    ['plus 1, 2 0 6, 5 5 5, 0 1 0 0'],
  ],
  [
    'ordinals',
    '<speak><say-as interpret-as="ordinal">1</say-as> <say-as interpret-as="ordinal">12</say-as> <say-as interpret-as="ordinal">23</say-as></speak>',
    ['1st 12th 23rd'],
  ],
  ['expletive', '<speak>oh <say-as interpret-as="expletive">damn</say-as> it</speak>', ['oh beep it']],
  [
    'unknown say-as',
    '<speak><say-as interpret-as="date" format="mdy">1/2/2026</say-as></speak>',
    ['1/2/2026'],
  ],
  ['sub', '<speak><sub alias="mercury">Hg</sub> is &lt; lead</speak>', ['mercury is < lead']],
  [
    'nothing sounds inside sub',
    '<speak><sub alias="x">a<break time="1s"/><sub alias="z">b</sub></sub></speak>',
    ['x'],
  ],
  [
    'phoneme speaks its text',
    '<speak><phoneme alphabet="ipa" ph="pɪˈkɑːn">pecan</phoneme></speak>',
    ['pecan'],
  ],
  ['mark', '<speak>a <mark name="here"/>b</speak>', ['a b']],
  [
    'tags without effect',
    '<speak><amazon:effect name="whispered">a</amazon:effect> <amazon:domain name="news">b</amazon:domain> <blink>c</blink></speak>',
    ['a b c'],
  ],
];

const MALFORMED: ReadonlyArray<readonly [name: string, ssml: string, offset: number]> = [
  ['element not closed', '<speak>Hello', 12],
  ['wrong end tag', '<speak><p>a</s></p></speak>', 11],
  ['end tag alone', 'a</p>', 1],
  ['text after the end', '<speak>a</speak> b', 18],
  ['second root', '<speak>a</speak><speak>b</speak>', 16],
  ['tag cut off', '<speak', 0],
  ['lone less-than', '<speak>a < b</speak>', 9],
  ['lone ampersand', '<speak>Smith & Sons</speak>', 13],
  ['unknown entity', '<speak>&nbsp;</speak>', 7],
  ['entity named like a property of objects', '<speak>&constructor;</speak>', 7],
  ['entity for half a character', '<speak>&#xD800;</speak>', 7],
  ['entity past Unicode', '<speak>&#x110000;</speak>', 7],
  ['attribute without quotes', '<speak><break time=1s/></speak>', 19],
  ['attribute without value', '<speak><break time/></speak>', 14],
  ['attribute twice', '<speak><break time="1s" time="2s"/></speak>', 24],
  ['attribute never closed', '<speak><break time="1s/></speak>', 19],
  ['attributes run together', '<speak><break a="1"b="2"/></speak>', 7],
  ['comment not closed', '<speak><!-- a</speak>', 7],
  ['CDATA not closed', '<speak><![CDATA[ a</speak>', 7],
  ['document type', '<!DOCTYPE speak [<!ENTITY a "b">]><speak>&a;</speak>', 0],
  ['nested too deeply', `${'<p>'.repeat(65)}${'</p>'.repeat(65)}`, 192],
];

describe('readSsml', () => {
  for (const [name, ssml, expected] of SPOKEN) {
    it(`reads ${name}`, () => assert.deepEqual(readSsml(ssml, 'en-US').segments, segmentsOf(expected)));
  }

  for (const [name, ssml, offset] of MALFORMED) {
    it(`refuses: ${name}`, () => {
      assert.throws(
        () => readSsml(ssml, 'en-US'),
        (error: unknown) => error instanceof SsmlMalformed && error.offset === offset,
      );
    });
  }

  it('names symbols in English only', () => {
    const ssml = '<say-as interpret-as="characters">a-b</say-as>';
    assert.deepEqual(readSsml(ssml, 'de-DE').segments, segmentsOf(['A, -, B']));
  });

  it('lists once what has no effect, and nothing else', () => {
    const ssml =
      '<speak><amazon:effect name="whispered">a</amazon:effect><amazon:effect phonation="soft">b</amazon:effect>' +
      '<prosody pitch="high" volume="loud" rate="slow">c</prosody><say-as interpret-as="date">5.1.2026</say-as>' +
      '<phoneme alphabet="ipa" ph="x">d</phoneme></speak>';
    const { ignored, segments } = readSsml(ssml, 'en-US');
    assert.deepEqual(ignored, [
      '<amazon:effect>',
      'prosody pitch',
      'prosody volume',
      'say-as "date"',
      '<phoneme>',
    ]);
    assert.deepEqual(segments, segmentsOf(['ab', { text: 'c', rate: 0.75 }, '5.1.2026d']));
    const known =
      '<speak><p><s>a<break/></s></p><emphasis level="strong">b</emphasis><sub alias="c">d</sub><mark name="e"/>' +
      '<say-as interpret-as="digits">1</say-as><say-as interpret-as="cardinal">2</say-as><lang xml:lang="de-DE">f</lang></speak>';
    assert.deepEqual(readSsml(known, 'en-US').ignored, []);
    const many = Array.from({ length: 100 }, (_, n) => `<x${n}/>`).join('');
    assert.equal(readSsml(`<speak>${many}</speak>`, 'en-US').ignored.length, 10);
  });

  it('counts spoken characters without markup', () => {
    assert.equal(
      readSsml('<speak>a&amp;😀<sub alias="long alias">b</sub></speak>', 'en-US').spokenCharacters,
      4,
    );
  });

  it('reads garbage in linear time', () => {
    const started = performance.now();
    for (const piece of [
      '<',
      '&',
      '<a ',
      '<a b="',
      '<!--',
      '<![CDATA[',
      '&#',
      '<?',
      '</',
      ' ',
      '<a/>',
      '<a>',
      '"',
    ]) {
      const garbage = piece.repeat(Math.ceil(12_000 / piece.length));
      try {
        readSsml(garbage, 'en-US');
      } catch (error) {
        assert.ok(error instanceof SsmlMalformed, piece);
      }
    }
    assert.ok(performance.now() - started < 5000);
  });

  it('throws nothing but SsmlMalformed on mutilated input', () => {
    const whole =
      '<speak>a<break time="1s"/><prosody rate="90%">b &amp; <say-as interpret-as="digits">12</say-as></prosody></speak>';
    let refused = 0;
    for (let cut = 0; cut < whole.length; cut++) {
      for (const mutilated of [
        whole.slice(0, cut),
        whole.slice(cut),
        whole.slice(0, cut) + whole.slice(cut + 1),
      ]) {
        try {
          readSsml(mutilated, 'en-US');
        } catch (error) {
          assert.ok(error instanceof SsmlMalformed, mutilated);
          refused++;
        }
      }
    }
    assert.ok(refused > whole.length);
  });
});

describe('outerSilence', () => {
  const TABLE: ReadonlyArray<readonly [Expected, number, number]> = [
    [[], 0, 0],
    [['a'], 0, 0],
    [[500], 500, 0],
    [[1000, 'a', 300, 'b', 2000], 1000, 2000],
  ];
  for (const [segments, leadMs, tailMs] of TABLE) {
    it(`of ${JSON.stringify(segments)}`, () => {
      assert.deepEqual(outerSilence(segmentsOf(segments)), { leadMs, tailMs });
    });
  }
});
