import assert from 'node:assert/strict';
import { it } from 'node:test';
import { NoMediaPort } from './media-errors.ts';

it('no media port › says what to do: a wider range does not help where no further file may be opened', () => {
  assert.match(
    new NoMediaPort('127.0.0.1', 20000, 20100, 'EADDRINUSE').message,
    /\(EADDRINUSE\)\. Widen the range/,
  );
  assert.match(
    new NoMediaPort('127.0.0.1', 20000, 20100, 'EMFILE').message,
    /\(EMFILE\)\. Raise the limit of open files/,
  );
});
