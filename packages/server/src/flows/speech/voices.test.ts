/** From Polly's names to eSpeak's. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { espeakLanguage, espeakVoice, languageOf, soundOf } from './voices.ts';

describe('voices', () => {
  const TABLE: ReadonlyArray<readonly [voiceId: string, languageCode: string, espeak: string]> = [
    ['Joanna', 'en-US', 'en-us+f3'],
    ['Matthew', '', 'en-us'],
    ['amy', '', 'en+f3'],
    ['Hans', '', 'de'],
    ['Vicki', 'de-DE', 'de+f3'],
    ['Lea', '', 'fr+f3'],
    ['Miguel', 'es-US', 'es-419'],
    ['Enrique', '', 'es'],
    ['Ricardo', '', 'pt-br'],
    ['Giorgio', 'it-IT', 'it'],
    ['Takumi', '', 'ja'],
    ['Aditi', 'hi-IN', 'hi+f3'],
    ['Nobody', 'nl-BE', 'nl+f3'],
    ['Nobody', '', 'en-us+f3'],
    ['Nobody', 'tlh', 'en-us+f3'],
    ['-x; rm', '--path=/etc', 'en-us+f3'],
    ['__proto__', 'constructor', 'en-us+f3'],
  ];
  for (const [voiceId, languageCode, espeak] of TABLE) {
    it(`${voiceId} in ${languageCode || 'its own language'} is ${espeak}`, () => {
      assert.equal(espeakVoice({ voiceId, languageCode }), espeak);
    });
  }

  it('prefers the language asked for over that of the voice', () => {
    assert.equal(languageOf({ voiceId: 'Joanna', languageCode: 'fr-FR' }), 'fr-FR');
    assert.equal(languageOf({ voiceId: 'Bianca', languageCode: '' }), 'it-IT');
    assert.equal(soundOf({ voiceId: 'Brian' }), 'male');
    assert.equal(espeakLanguage('cmn-CN'), 'cmn');
  });
});
