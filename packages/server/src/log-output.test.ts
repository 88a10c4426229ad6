// The way of the log to standard output, also where that takes nothing: a full disk, a terminal that closed.

import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { describe, it } from 'node:test';
import { untilDefined, VirtualClock } from '@ringback/testkit';
import { pino } from 'pino';
import { LogOutput, type LogSink } from './log-output.ts';

/** Standard output as a test wishes it. */
class FakeSink implements LogSink {
  text = '';
  fault: NodeJS.ErrnoException | undefined;
  /** Bytes that one write takes at most. */
  takes = Number.POSITIVE_INFINITY;
  readonly #open: (() => void)[] = [];

  write(chunk: Buffer, done: (error: Error | null, written: number) => void): void {
    this.#open.push(() => {
      if (this.fault) done(this.fault, 0);
      else done(null, this.writeSync(chunk));
    });
  }

  writeSync(chunk: Buffer): number {
    if (this.fault) throw this.fault;
    const taken = chunk.subarray(0, this.takes);
    this.text += taken.toString();
    return taken.length;
  }

  /** What was asked for comes about; so does what follows from it. */
  settle(): void {
    for (let next = this.#open.shift(); next; next = this.#open.shift()) next();
  }
}

const noSpace = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });

function makeWorld(mostWaitingBytes = 1_000) {
  const clock = new VirtualClock();
  const sink = new FakeSink();
  const output = new LogOutput({ sink, clock, mostWaitingBytes });
  return { clock, sink, output };
}

describe('log output', () => {
  it('writes lines in order, however little is taken at a time', () => {
    const { sink, output } = makeWorld();
    sink.takes = 3;
    for (const line of ['one\n', 'two\n', 'drei ü\n']) output.write(line);
    sink.settle();
    assert.equal(sink.text, 'one\ntwo\ndrei ü\n');
  });

  it('keeps what a full disk does not take, and tries it again', async () => {
    const { clock, sink, output } = makeWorld();
    sink.fault = noSpace;
    output.write('one\n');
    sink.settle();
    output.write('two\n');
    sink.settle();
    sink.fault = undefined;
    await clock.advance(1_000);
    sink.settle();
    assert.equal(sink.text, 'one\ntwo\n');
    assert.equal(clock.pendingTimers, 0);
  });

  it('loses what is too much, and says so afterwards', async () => {
    const { clock, sink, output } = makeWorld(8);
    sink.fault = noSpace;
    for (const line of ['one\n', 'two\n', 'three\n', 'four\n']) output.write(line);
    sink.settle();
    sink.fault = undefined;
    await clock.advance(1_000);
    sink.settle();
    const [one, two, told, ...rest] = sink.text.split('\n');
    assert.deepEqual([one, two, rest], ['one', 'two', ['']]);
    const { level, msg } = JSON.parse(told ?? '');
    assert.equal(level, 40);
    assert.match(msg, /^2 lines of the log were lost.*ENOSPC/);
  });

  it('writes what waits when the process ends, and does not hang where nothing is taken', () => {
    const ended = makeWorld();
    ended.output.write('one\n');
    ended.output.write('two\n');
    ended.output.finish();
    assert.equal(ended.sink.text, 'one\ntwo\n');

    const full = makeWorld();
    full.sink.fault = noSpace;
    full.output.write('one\n');
    full.output.finish();
    assert.equal(full.sink.text, '');
  });

  it('holds up nobody where a device is really full', { skip: process.platform !== 'linux' }, async () => {
    const fd = openSync('/dev/full', 'w');
    const output = LogOutput.of(fd);
    const logger = pino({}, output);
    logger.info('nobody hears this');
    await untilDefined(5_000, 'the write did not fail', () => output.fault);
    logger.info('nor this');
    output.finish();
    closeSync(fd);
  });
});
