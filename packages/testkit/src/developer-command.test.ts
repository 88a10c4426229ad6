import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { amountOf, countOf, countsOf, namesAmong, shareOf } from './developer-command.ts';

const partsOf = namesAmong(['train', 'dev']);

const read: readonly [(text: string) => unknown, string, unknown][] = [
  [countOf, '12', 12],
  [countsOf, '100,200', [100, 200]],
  [amountOf, '0.5', 0.5],
  [shareOf, '1', 1],
  [partsOf, 'dev,train', ['dev', 'train']],
];

const refused: readonly [(text: string) => unknown, readonly string[], RegExp][] = [
  [countOf, ['x', '', '0', '-1', '1.5', 'Infinity'], /^Give a whole number from 1\.$/],
  [countsOf, ['1,x', '', '1,', '1;2'], /^Give whole numbers from 1, with commas between them\.$/],
  [amountOf, ['x', '', '0', '-1', 'Infinity'], /^Give a number above 0\.$/],
  [shareOf, ['7', 'x', '', '0', '-0.1'], /^Give a number above 0 and up to 1\.$/],
  [partsOf, ['nonsense', '', 'dev,nonsense', 'Dev'], /^Choose from train,dev\.$/],
];

describe('the options of developer commands', () => {
  for (const [reader, text, expected] of read)
    it(`${reader.name || 'names'} › reads ${text}`, () => {
      assert.deepEqual(reader(text), expected);
    });

  for (const [reader, texts, message] of refused)
    for (const text of texts)
      it(`${reader.name || 'names'} › refuses "${text}" and says what is allowed`, () => {
        assert.throws(() => reader(text), { code: 'commander.invalidArgument', message });
      });
});
