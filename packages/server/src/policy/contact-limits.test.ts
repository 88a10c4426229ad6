// Limits of attributes and references, at their very edges.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { problemWithAttributes, problemWithReferences } from './contact-limits.ts';

describe('contact limits › attributes', () => {
  it('may take 32 768 bytes over all keys and values, and not one more', () => {
    assert.equal(problemWithAttributes({}), undefined);
    assert.equal(problemWithAttributes({ ab: 'x'.repeat(32_766) }), undefined);
    assert.match(problemWithAttributes({ ab: 'x'.repeat(32_767) }) ?? '', /32769 bytes.*32768/);
    const many = Object.fromEntries(Array.from({ length: 4096 }, (_, n) => [String(1000 + n), 'abcd']));
    assert.equal(problemWithAttributes(many), undefined);
    assert.ok(problemWithAttributes({ ...many, z: '' }));
  });

  it('are counted in UTF-8', () => {
    assert.equal(problemWithAttributes({ a: 'é'.repeat(16_383) }), undefined);
    assert.ok(problemWithAttributes({ a: 'é'.repeat(16_384) }));
    assert.ok(problemWithAttributes({ a: '😀'.repeat(8192) }));
  });

  it('have keys of letters, digits, hyphens and underscores', () => {
    assert.equal(problemWithAttributes({ 'Aa0-_': '' }), undefined);
    for (const key of ['', 'a b', 'a.b', 'ä', 'a\n', '$.x', 'a:b']) {
      assert.match(problemWithAttributes({ [key]: 'secret' }) ?? '', /keys/, JSON.stringify(key));
    }
  });

  it('are not repeated in the answer', () => {
    assert.doesNotMatch(problemWithAttributes({ 'a b': 'secret' }) ?? '', /secret/);
  });
});

describe('contact limits › references', () => {
  it('may be of the five types that can be given at the creation', () => {
    for (const Type of ['URL', 'NUMBER', 'STRING', 'DATE', 'EMAIL']) {
      assert.equal(problemWithReferences({ r: { Type, Value: 'v' } }), undefined, Type);
    }
    for (const Type of ['ATTACHMENT', 'CONTACT_ANALYSIS', 'EMAIL_MESSAGE', 'url']) {
      assert.match(problemWithReferences({ r: { Type, Value: 'v' } }) ?? '', new RegExp(Type));
    }
  });

  it('may take 4 096 bytes over all of them, and not one more', () => {
    const halves = (second: string) => ({
      a: { Type: 'STRING', Value: 'x'.repeat(2047) },
      b: { Type: 'STRING', Value: second },
    });
    assert.equal(problemWithReferences(halves('x'.repeat(2047))), undefined);
    assert.match(problemWithReferences(halves('x'.repeat(2048))) ?? '', /4097 bytes.*4096/);
    assert.ok(problemWithReferences(halves('é'.repeat(1024))));
    assert.equal(problemWithReferences({ a: { Type: 'URL' } }), undefined, 'a value may be absent');
  });
});
