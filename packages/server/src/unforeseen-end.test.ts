import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, it } from 'node:test';

const at = (name: string) => JSON.stringify(path.join(import.meta.dirname, name));

/** A process that logs as the service does, and then `ends`. */
function ended(ends: string) {
  const program = `
    import { pino } from 'pino';
    import { LogOutput } from ${at('log-output.ts')};
    import { tellUnforeseenEnd } from ${at('unforeseen-end.ts')};
    const logger = pino(LogOutput.of(1));
    tellUnforeseenEnd(process, logger);
    logger.info('before');
    setInterval(() => undefined, 1000);
    ${ends}`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
    timeout: 60_000,
  });
  return {
    status,
    lines: stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  };
}

describe('an end that nobody foresaw', () => {
  for (const [what, ends, origin] of [
    [
      'a rejection that nobody handles',
      "Promise.reject(new TypeError('x is no function'));",
      'unhandledRejection',
    ],
    [
      'an error that nobody catches',
      "setImmediate(() => { throw new TypeError('x is no function'); });",
      'uncaughtException',
    ],
    ['one that is no error', "Promise.reject('x is no function');", 'unhandledRejection'],
  ] as const) {
    it(`is told in the log, behind what stood there, and ends the process › ${what}`, () => {
      const { status, lines } = ended(ends);
      assert.equal(status, 1);
      const [before, last, ...others] = lines;
      assert.equal(before.msg, 'before');
      assert.deepEqual([last.level, last.origin], [60, origin]);
      assert.match(last.err.message, /x is no function/);
      assert.ok(last.err.stack, 'says where');
      assert.match(last.msg, /Start it again/);
      assert.deepEqual(others, []);
    });
  }
});
