/** Content as it arrives: what counts as SSML, what is cleaned away, what is too long. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SpeechTooLong, SsmlMalformed } from './speech-errors.ts';
import { readContent, type SpeechContent } from './speech-request.ts';

function read(content: SpeechContent): string[] {
  const segments = readContent({ content, voiceId: 'Joanna', languageCode: 'en-US', engine: 'standard' });
  return segments.map((segment) => (segment.kind === 'text' ? segment.text : `${segment.durationMs} ms`));
}

const text = (value: string): SpeechContent => ({ kind: 'text', text: value });
const ssml = (value: string): SpeechContent => ({ kind: 'ssml', ssml: value });

describe('readContent', () => {
  const TABLE: ReadonlyArray<readonly [name: string, content: SpeechContent, expected: string[]]> = [
    ['leaves plain text alone', text('-rf $(reboot) & <b>bold</b>'), ['-rf $(reboot) & <b>bold</b>']],
    [
      'reads text that begins with <speak as SSML',
      text(' \n<speak>a<break time="1s"/>b</speak>'),
      ['a', '1000 ms', 'b'],
    ],
    ['takes <speaker> for text', text('<speaker> on'), ['<speaker> on']],
    ['supplies a missing speak element', ssml('a<break time="1s"/>b'), ['a', '1000 ms', 'b']],
    ['makes controls spaces', text('a\u0000b\u001b[31mc\u0085d\r\ne'), ['a b [31mc d e']],
    ['replaces lone surrogates', text('a\ud800b'), ['a\ufffdb']],
    ['keeps other scripts', text('こんにちは 😀 Grüße'), ['こんにちは 😀 Grüße']],
    ['finds nothing in nothing', text(''), []],
    ['finds nothing in white space', text(' \u0000\t\n'), []],
    ['takes the longest text', text('a'.repeat(3000)), ['a'.repeat(3000)]],
    ['counts characters, not units', text('😀'.repeat(3000)), ['😀'.repeat(3000)]],
    ['does not count markup', ssml(`<speak>${'<w>a</w>'.repeat(740)}</speak>`), ['a'.repeat(740)]],
  ];
  for (const [name, content, expected] of TABLE) {
    it(name, () => assert.deepEqual(read(content), expected));
  }

  const TOO_LONG: ReadonlyArray<readonly [name: string, content: SpeechContent]> = [
    ['3001 spoken characters', text('a'.repeat(3001))],
    ['6000 characters of text', text('a'.repeat(6000))],
    ['3001 spoken characters in SSML', ssml(`<speak>${'a'.repeat(3001)}</speak>`)],
    ['6001 characters altogether', ssml('<w/>'.repeat(1500).concat('a'))],
    ['megabytes', text('a'.repeat(5_000_000))],
  ];
  for (const [name, content] of TOO_LONG) {
    it(`refuses ${name}`, () => assert.throws(() => read(content), SpeechTooLong));
  }

  it('refuses malformed SSML, also in text', () => {
    assert.throws(() => read(text('<speak>Smith & Sons</speak>')), SsmlMalformed);
  });
});
