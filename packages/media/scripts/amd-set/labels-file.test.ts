import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { hasPart } from '../amd-train/labelled-audio.ts';
import { type LabelRow, writeLabels } from './labels-file.ts';

const row = (part: LabelRow['part'], file: string): LabelRow => ({
  ...{ file, part, label: 'human', fold: 0, kind: 'short', greetingStartMs: 300, greetingEndMs: 800 },
  ...{ beepStartMs: '', beepEndMs: '', engine: 'flite', voice: 'kal', greeting: 'hello', noise: '' },
  ...{ snrDb: '', codec: 'PCMU', gsm: '', loss: '0.0000', speechMs: '300-800' },
});

describe('labels file', () => {
  it('keeps the rows of parts that are not built again', (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'labels-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const file = path.join(directory, 'labels.csv');
    const filesThere = () =>
      readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(',')[0]);
    writeLabels(file, [row('train', 'a'), row('train', 'b')]);
    writeLabels(file, [row('dev', 'c')]);
    assert.deepEqual(filesThere(), ['a', 'b', 'c']);
    writeLabels(file, [row('train', 'd')]);
    assert.deepEqual(filesThere(), ['c', 'd']);
    writeFileSync(file, 'file,label\nold,human\n');
    writeLabels(file, [row('dev', 'e')]);
    assert.deepEqual(filesThere(), ['e']);
  });

  it('tells which parts are there', (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'labels-'));
    t.after(() => rmSync(directory, { recursive: true }));
    writeLabels(path.join(directory, 'labels.csv'), [row('dev', 'c')]);
    assert.deepEqual([hasPart(directory, 'train'), hasPart(directory, 'dev')], [false, true]);
  });
});
