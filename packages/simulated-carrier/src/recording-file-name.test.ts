import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { test } from 'node:test';
import { recordingFileName } from './recording-file-name.ts';

test('recording file name › an ordinary Call-ID stays readable', () => {
  assert.equal(recordingFileName('0190-ab.c@10.0.0.1'), '0190-ab.c@10.0.0.1.wav');
});

test('recording file name › nothing leads out of the folder', () => {
  for (const callId of ['../../etc/passwd', '..', '/etc/passwd', 'a\\b', 'a\0b', '.hidden', 'ü/\ud800']) {
    const name = recordingFileName(callId);
    assert.equal(basename(name), name);
    assert.match(name, /^[^./\\\0][^/\\\0]*\.wav$/);
  }
});

test('recording file name › distinct calls have distinct files, however long their names', () => {
  const long = 'x'.repeat(1_000);
  const names = ['a/b', 'a%2Fb', 'a*b', 'a~b', long, `${long}y`].map(recordingFileName);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.every((name) => Buffer.byteLength(name) <= 255));
});
