// The SSML reader: what is well formed, what is not, and what is said.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeMarkup, parseSsml, spokenText } from './ssml.ts';

const GOOD: readonly (readonly [ssml: string, spoken: string])[] = [
  ['<speak>Hi</speak>', 'Hi'],
  ['<speak/>', ''],
  ['<?xml version="1.0"?><speak version="1.1">Hi <break time="1s"/> you</speak>', 'Hi  you'],
  ['<speak><prosody rate="slow">a<emphasis>b</emphasis></prosody>&amp; &#65;&#x42;</speak>', 'ab& AB'],
  ['<speak><!-- no > comment --><![CDATA[<raw>]]></speak>', '<raw>'],
  ["<speak><sub alias='World Wide'>WW</sub></speak>", 'World Wide'],
  ['<speak><amazon:effect name="whispered">x</amazon:effect></speak>', 'x'],
  ['<speak><say-as interpret-as="digits">12</say-as></speak>', '12'],
];

for (const [ssml, spoken] of GOOD) {
  test(`ssml › reads ${ssml}`, () => {
    const parsed = parseSsml(ssml);
    assert.ok(parsed.ok, JSON.stringify(parsed));
    assert.equal(spokenText(parsed.speak), spoken);
  });
}

const BAD = [
  '',
  'Hi',
  '<p>Hi</p>',
  '<speak>',
  '<speak></p></speak>',
  '<speak><p></speak></p>',
  '<speak>a & b</speak>',
  '<speak>&nope;</speak>',
  '<speak a=1></speak>',
  '<speak>x</speak>y',
  '<speak/><speak/>',
  '<speak <p>></speak>',
  '<speak><!-- </speak>',
  `${'<speak>'.repeat(40)}${'</speak>'.repeat(40)}`,
];

for (const ssml of BAD) {
  test(`ssml › refuses ${ssml.slice(0, 40) || 'nothing'}`, () => assert.equal(parseSsml(ssml).ok, false));
}

test('ssml › escaped text is read back as it was', () => {
  fc.assert(
    fc.property(
      fc.string().filter((text) => !text.includes('&')),
      (text) => {
        const parsed = parseSsml(`<speak>a${escapeMarkup(text)}b</speak>`);
        assert.ok(parsed.ok);
        assert.equal(spokenText(parsed.speak), `a${text}b`);
      },
    ),
    { numRuns: 300 },
  );
});
