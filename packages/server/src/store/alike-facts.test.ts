import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type AlikeText,
  type FactForm,
  type FactText,
  factsOfSharedRow,
  keptText,
  shareRows,
  spelledOut,
} from './alike-facts.ts';

const form: FactForm = { fixed: ['{"id":"', '","to":"', '","again":"', '"}'], varying: [0, 1, 0] };
const alike = (contactId: string, to: string, of = form): AlikeText => ({
  form: of,
  values: [contactId, to],
});

/** As the database puts a row together. */
function rowsOf(texts: readonly FactText[]): string[] {
  const { rowOf, forms } = shareRows(texts);
  return forms.map((formText, index) => {
    const facts = texts.flatMap((text, n) => (rowOf[n] === index + 1 ? [keptText(n + 1, text)] : []));
    return `{"form":${formText},"facts":[${facts.join(',')}]}`;
  });
}

describe('alike facts', () => {
  it('are spelled out as their form and values say', () => {
    assert.equal(spelledOut(alike('a', '+1')), '{"id":"a","to":"+1","again":"a"}');
    assert.equal(spelledOut('whole'), 'whole');
  });

  it('share a row with those of their form, and no other', () => {
    const otherForm = { ...form };
    const texts = [alike('a', '1'), 'whole', alike('b', '2', otherForm), alike('c', '3')];
    const { rowOf, forms } = shareRows(texts);
    assert.deepEqual([rowOf, forms.length], [[1, 0, 2, 1], 2]);
    assert.equal(keptText(1, 'whole'), 'whole');
  });

  it('take as many rows as they need, none of which grows beyond some kilobytes', () => {
    const texts = Array.from({ length: 100 }, (_, n) => alike(`${n}`.padStart(36, '0'), `+1206555${n}`));
    const rows = rowsOf(texts);
    assert.equal(rows.length, 3);
    assert.ok(rows.every((row) => row.length < 6000));
    assert.deepEqual(
      rows.flatMap(factsOfSharedRow),
      texts.map((text, n) => ({ contactId: text.values[0], sequence: n + 1, payload: spelledOut(text) })),
    );
  });

  it('come out of a row as they went in, whatever they say', () => {
    const texts = fc.string({ unit: 'binary' });
    const forms = fc.array(fc.tuple(texts, fc.nat({ max: 2 })), { maxLength: 5 }).chain((pieces) =>
      texts.map((last) => ({
        fixed: [...pieces.map(([piece]) => piece), last],
        varying: pieces.map(([, value]) => value),
      })),
    );
    fc.assert(
      fc.property(
        forms,
        fc.array(fc.tuple(texts, texts, texts), { minLength: 1, maxLength: 5 }),
        (of, values) => {
          const written = values.map((own): AlikeText => ({ form: of, values: own }));
          const [row = ''] = rowsOf(written);
          assert.deepEqual(
            factsOfSharedRow(row).map(({ contactId, payload }) => [contactId, payload]),
            written.map((text) => [text.values[0], spelledOut(text)]),
          );
        },
      ),
    );
  });
});
