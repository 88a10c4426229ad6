/** Signing in against a real database: sessions, their ends, and lock-out, on the virtual clock. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import type { AgentId } from '../ids.ts';
import { openAgentSessionStore } from '../store/agent-session-store.ts';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.ts';
import { type AgentSessions, openAgentSessions } from './agent-sessions.ts';
import { PasswordsBusy } from './passwords.ts';

const minuteMs = 60_000;
let test: TestDatabase;
let agentId: AgentId;
let clock: VirtualClock;
let sessions: AgentSessions;
const verified: (string | undefined)[] = [];
let isBusy: boolean;

before(async () => {
  test = await openTestDatabase();
  const { rows } = await test.database.query<{ id: string }>('SELECT id FROM agent LIMIT 1');
  agentId = rows[0]?.id as AgentId;
});

after(() => test.close());

beforeEach(async () => {
  await test.database.query('DELETE FROM agent_session');
  await test.database.query('DELETE FROM sign_in_failure');
  verified.length = 0;
  isBusy = false;
  clock = new VirtualClock();
  sessions = openAgentSessions({
    store: openAgentSessionStore(test.database),
    agents: {
      findByUsername: async (_instance, username) =>
        username === 'ada' ? { id: agentId, passwordHash: 'hash of right' } : undefined,
    },
    verifyPassword: async (password, hash) => {
      if (isBusy) throw new PasswordsBusy();
      verified.push(hash);
      return hash === `hash of ${password}`;
    },
    clock,
  });
});

function signIn(password: string, { username = 'ada', source = '192.0.2.1' } = {}) {
  return sessions.signIn({ instanceId: test.instanceId, username, password, source });
}

async function signedIn() {
  const outcome = await signIn('right');
  assert.ok(outcome.kind === 'signedIn');
  return outcome.session;
}

describe('agent sessions › signing in', () => {
  it('gives a session to the right password, found by its token only', async () => {
    const session = await signedIn();
    assert.deepEqual(await sessions.find(session.token), session);
    assert.equal(await sessions.find(session.csrfToken), undefined);
    assert.equal(await sessions.find(`${session.token.slice(0, -1)}_`), undefined);
    assert.equal(await sessions.find("' OR 1=1 --"), undefined);
    const { rows } = await test.database.query('SELECT * FROM agent_session');
    assert.ok(!JSON.stringify(rows).includes(session.token), 'the token is stored nowhere');
  });

  it('checks a password for an unknown name as well, and says the same', async () => {
    assert.deepEqual(await signIn('right', { username: 'bob' }), { kind: 'refused' });
    assert.deepEqual(await signIn('wrong'), { kind: 'refused' });
    assert.deepEqual(verified, [undefined, 'hash of right']);
  });

  it('locks a name and address after five wrong passwords, guesses made at once included', async () => {
    const guesses = await Promise.all(Array.from({ length: 12 }, () => signIn('wrong')));
    assert.equal(guesses.filter(({ kind }) => kind === 'refused').length, 5);
    assert.equal(verified.length, 5, 'the others were not even tried');
    assert.deepEqual(await signIn('right'), { kind: 'locked', retryAfterSeconds: 900 });
    assert.equal(
      (await signIn('right', { source: '192.0.2.2' })).kind,
      'signedIn',
      'from elsewhere it goes on',
    );
  });

  it('counts nothing against those whose passwords nobody had time to check', async () => {
    for (let n = 0; n < 4; n += 1) await signIn('wrong');
    isBusy = true;
    for (let n = 0; n < 60; n += 1) {
      assert.deepEqual(await signIn('right'), { kind: 'busy', retryAfterSeconds: 5 });
    }
    isBusy = false;
    assert.equal((await signIn('right')).kind, 'signedIn');
  });

  it('opens again a quarter of an hour after the last guess that counted, though guessing goes on', async () => {
    for (let n = 0; n < 6; n += 1) await signIn('wrong');
    for (let n = 0; n < 14; n += 1) {
      await clock.advance(minuteMs);
      assert.equal((await signIn('wrong')).kind, 'locked');
    }
    await clock.advance(2 * minuteMs);
    assert.equal((await signIn('right')).kind, 'signedIn');
  });

  it('locks a name that is guessed from many addresses, and an address that guesses many names', async () => {
    for (let n = 0; n < 50; n += 1) await signIn('wrong', { source: `198.51.100.${n}` });
    assert.equal((await signIn('right', { source: '203.0.113.1' })).kind, 'locked');
    for (let n = 0; n < 50; n += 1) await signIn('wrong', { username: `user${n}`, source: '203.0.113.2' });
    assert.equal((await signIn('wrong', { username: 'another', source: '203.0.113.2' })).kind, 'locked');
  });

  it('goes on counting the guesses of an address that knows one right password', async () => {
    const source = '203.0.113.3';
    for (let n = 0; n < 50; n += 1) {
      await signIn('wrong', { username: `user${n}`, source });
      if (n % 10 === 0) assert.equal((await signIn('right', { source })).kind, 'signedIn');
    }
    assert.equal((await signIn('right', { source })).kind, 'locked');
  });

  it('counts no right password against an address that many agents share', async () => {
    const source = '203.0.113.4';
    for (let n = 0; n < 60; n += 1) assert.equal((await signIn('right', { source })).kind, 'signedIn');
  });

  it('forgets wrong passwords after a right one', async () => {
    for (let round = 0; round < 3; round += 1) {
      for (let n = 0; n < 4; n += 1) assert.equal((await signIn('wrong')).kind, 'refused');
      assert.equal((await signIn('right')).kind, 'signedIn');
    }
  });
});

describe('agent sessions › ends', () => {
  it('ends an hour after its last use', async () => {
    const { token } = await signedIn();
    for (let n = 0; n < 3; n += 1) {
      await clock.advance(50 * minuteMs);
      await sessions.touch(token);
      assert.ok(await sessions.find(token));
    }
    await clock.advance(60 * minuteMs);
    assert.equal(await sessions.find(token), undefined);
  });

  it('ends twelve hours after its beginning, however much it is used', async () => {
    const { token } = await signedIn();
    for (let n = 0; n < 23; n += 1) {
      await clock.advance(30 * minuteMs);
      await sessions.touch(token);
    }
    assert.ok(await sessions.find(token));
    await clock.advance(30 * minuteMs);
    assert.equal(await sessions.find(token), undefined);
    await sessions.removeOld();
    assert.equal((await test.database.query('SELECT FROM agent_session')).rowCount, 0);
  });

  it('ends when it is ended', async () => {
    const { token } = await signedIn();
    await sessions.end(token);
    assert.equal(await sessions.find(token), undefined);
  });

  it('knows its own token against forgery from other sites, and no other', async () => {
    const mine = await signedIn();
    const other = await signedIn();
    assert.ok(sessions.isCsrfTokenOf(mine, mine.csrfToken));
    assert.ok(!sessions.isCsrfTokenOf(mine, other.csrfToken));
    assert.ok(!sessions.isCsrfTokenOf(mine, undefined));
    assert.ok(!sessions.isCsrfTokenOf(mine, ''));
  });
});
