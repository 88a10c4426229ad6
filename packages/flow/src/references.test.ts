// References in all spellings, and the borders between them and the text around.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { followPath, parseReference, parseTemplate } from './references.ts';

function cut(text: string): readonly string[] {
  return parseTemplate(text).parts.map((part) =>
    typeof part === 'string' ? part : `<${[part.root, ...part.path].join('|')}>`,
  );
}

const TEXTS: readonly (readonly [text: string, expected: readonly string[]])[] = [
  ['no reference', ['no reference']],
  ['', ['']],
  ['$.Attributes.name', ['<Attributes|name>']],
  ['Hello $.Attributes.first_name, bye', ['Hello ', '<Attributes|first_name>', ', bye']],
  ['The code is $.External.code.', ['The code is ', '<External|code>', '.']],
  ['It is $.External.a.b. Next', ['It is ', '<External|a|b>', '. Next']],
  ["$['Attributes']['Language']/1.wav", ['<Attributes|Language>', '/1.wav']],
  ['$["Attributes"]["x"]', ['<Attributes|x>']],
  ["$.Attributes.['key with spaces']!", ['<Attributes|key with spaces>', '!']],
  ["$.SegmentAttributes['connect:Subtype']", ['<SegmentAttributes|connect:Subtype>']],
  ['$.Media.Sip.Headers.P-Charge-Info', ['<Media|Sip|Headers|P-Charge-Info>']],
  ['well, $.Attributes.name- yes', ['well, ', '<Attributes|name>', '- yes']],
  ['so $.Attributes.-- yes', ['so ', '<Attributes>', '.-- yes']],
  ['$.Views.ViewResultData.Table.0.id', ['<Views|ViewResultData|Table|0|id>']],
  ['`$.DataTableList.rows[0].id` it', ['<DataTableList|rows|0|id>', ' it']],
  ['<say-as>$.Attributes.acc</say-as>', ['<say-as>', '<Attributes|acc>', '</say-as>']],
  ["where Phone = '$.CustomerEndpoint.Address'", ["where Phone = '", '<CustomerEndpoint|Address>', "'"]],
  ['it costs $5 or $.50', ['it costs $5 or $.50']],
  ['$.Unknown.root stays', ['$.Unknown.root stays']],
  ['$.Attributes.a$.Attributes.b', ['<Attributes|a>', '<Attributes|b>']],
  ['$.Attributes.größe ok', ['<Attributes|größe>', ' ok']],
  ["$.Attributes['open", ['<Attributes>', "['open"]],
  ['100$', ['100$']],
];

for (const [text, expected] of TEXTS) {
  test(`references › ${text === '' ? 'an empty text' : text}`, () => assert.deepEqual(cut(text), expected));
}

test('references › a text that is one reference and white space has it as its single one', () => {
  assert.equal(parseTemplate(' $.External.x\n').single?.path[0], 'x');
  assert.equal(parseTemplate('$.External.x!').single, undefined);
});

test('references › a whole value may have any root; the text after a reference is refused', () => {
  assert.equal(parseReference('$.Nothing.x')?.root, 'Nothing');
  assert.equal(parseReference('$.External.x and more'), undefined);
  assert.equal(parseReference('External.x'), undefined);
  assert.deepEqual(parseReference('$.External')?.path, []);
});

test('references › paths never reach a prototype', () => {
  assert.equal(followPath({}, ['__proto__', 'toString']), undefined);
  assert.equal(followPath({}, ['constructor', 'name']), undefined);
  assert.equal(followPath('text', ['length']), undefined);
  assert.equal(followPath([1], ['length']), undefined);
  assert.equal(followPath(new Map([['a', { b: [{ c: 1 }] }]]), ['a', 'b', '0', 'c']), 1);
  assert.equal(followPath({ a: [1] }, ['a', '0'], 'opaque'), undefined);
});

test('references › any text is cut without loss and without a throw', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom('$', '.', '[', ']', "'", '`', 'a', 'Attributes', '0', '-', ' ', 'é'),
      }),
      (text) => {
        const { parts } = parseTemplate(text);
        const rebuilt = parts.map((part) => (typeof part === 'string' ? part : part.text)).join('');
        assert.equal(rebuilt.replaceAll('`', ''), text.replaceAll('`', ''));
      },
    ),
    { numRuns: 500 },
  );
});
