/** Who may run, who waits, who is turned away. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type TurnedAway, Turnstile } from './turnstile.ts';

const NEVER = new AbortController().signal;
const errorFor = (why: TurnedAway): Error => new Error(why);
const isFailure = (why: TurnedAway) => ({ message: why });

describe('Turnstile', () => {
  it('admits in order, as places become free', async () => {
    const turnstile = new Turnstile(2, 10, errorFor);
    const order: string[] = [];
    const ends = new Map<string, () => void>();
    const passes = ['a', 'b', 'c', 'd'].map((name) =>
      turnstile.pass(NEVER, () => {
        order.push(name);
        return new Promise<void>((resolve) => ends.set(name, resolve));
      }),
    );
    await Promise.resolve();
    assert.deepEqual(order, ['a', 'b']);
    ends.get('b')?.();
    await passes[1];
    await Promise.resolve();
    assert.deepEqual(order, ['a', 'b', 'c']);
    ends.get('a')?.();
    ends.get('c')?.();
    await passes[0];
    await passes[2];
    ends.get('d')?.();
    await passes[3];
    assert.deepEqual(order, ['a', 'b', 'c', 'd']);
  });

  it('frees the place of a task that failed', async () => {
    const turnstile = new Turnstile(1, 0, errorFor);
    await assert.rejects(
      turnstile.pass(NEVER, () => Promise.reject(new Error('broken'))),
      /broken/,
    );
    assert.equal(await turnstile.pass(NEVER, async () => 1), 1);
  });

  it('turns away beyond its bound, those who abort, and everyone once closed', async () => {
    const turnstile = new Turnstile(1, 1, errorFor);
    let end: () => void = () => {};
    const running = turnstile.pass(NEVER, () => new Promise<void>((resolve) => (end = resolve)));
    const leaver = new AbortController();
    const waiting = turnstile.pass(leaver.signal, async () => assert.fail('must not run'));
    await assert.rejects(
      turnstile.pass(NEVER, async () => {}),
      isFailure('overloaded'),
    );
    leaver.abort(new Error('gone'));
    await assert.rejects(waiting, /gone/);
    const refused = turnstile.pass(NEVER, async () => assert.fail('must not run'));
    turnstile.close();
    await assert.rejects(refused, isFailure('closed'));
    await assert.rejects(
      turnstile.pass(NEVER, async () => {}),
      isFailure('closed'),
    );
    end();
    await running;
  });
});
